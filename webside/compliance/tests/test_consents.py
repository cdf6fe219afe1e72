"""Consent: given by the person, taken back as easily, and asked by the rule."""

from __future__ import annotations

import json

import pytest

from webside.audit.selectors import trail
from webside.compliance import selectors, services
from webside.compliance.models import Consent
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, Role, anonymous, system
from webside.core.ids import uuid7
from webside.fhirkit.models import ResourceVersion
from webside.outbox.models import OutboxEvent
from webside.testing.cast import Cast, agreed


def _allowed(cast: Cast) -> bool:
    return selectors.may_treat(
        practitioner=cast.maya, patient=cast.liz, service=cast.video_visit, state="NY", at=clock.now()
    ).allowed


def test_the_rule_asks_for_consent_until_it_is_given_and_again_once_it_is_taken_back(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        assert not _allowed(cast)
        given = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz Moreno")
        assert _allowed(cast)
        services.withdraw_consent(actor=liz, consent=given)
        assert not _allowed(cast)


def test_consent_given_in_the_same_step_counts(cast: Cast) -> None:
    with cast.as_(cast.liz_user):
        answer = selectors.may_treat(
            practitioner=cast.maya, patient=cast.liz, service=cast.video_visit, state="NY", at=clock.now(),
            consents={"telehealth"},
        )  # fmt: skip
    assert answer.allowed


def test_what_is_not_on_record_is_never_fine(cast: Cast) -> None:
    with cast.as_(cast.liz_user):
        answer = selectors.may_treat(
            practitioner=cast.priya, patient=cast.liz, service=cast.video_visit, state="", at=clock.now(),
            consents={"telehealth"},
        )  # fmt: skip
    assert not answer.allowed
    assert answer.not_checked


def test_it_keeps_the_words_that_were_shown(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        given = services.give_consent(
            actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz Moreno", words=agreed("telehealth")
        )
        assert given.text is not None
        assert (given.text.scope, given.text.version) == ("telehealth", "2026-10-01")


def test_the_same_consent_again_is_the_same(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        once = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
        again = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
        one, other = (
            services.give_consent(actor=liz, patient=cast.liz, scope="visit", given_by="Liz", visit_id=uuid7())
            for _ in range(2)
        )
    assert once.id == again.id
    assert one.id != other.id


def test_taking_it_back_is_said_once_and_given_again_is_a_new_one(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        given = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
        for _ in range(2):
            services.withdraw_consent(actor=liz, consent=given)
        again = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
        assert again.id != given.id
        assert [each.id for each in selectors.consents_of(cast.liz)] == [again.id, given.id]
    events = OutboxEvent.objects.filter(name="compliance.ConsentWithdrawn", payload__consent_id=str(given.id))
    assert events.count() == 1


def test_each_step_has_its_fhir_version(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        given = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz Moreno")
        services.withdraw_consent(actor=liz, consent=given)
        versions = [
            row.body
            for row in ResourceVersion.objects.filter(resource_type="Consent", resource_id=given.id).order_by("version")
        ]
    first, second = (json.loads(bytes(body)) for body in versions)
    assert (first["status"], second["status"]) == ("active", "inactive")
    assert first["patient"] == {"reference": f"Patient/{cast.liz.id}"}
    # R4 demands a category and a policy (ppc-1).
    assert first["category"] == [{"text": "telehealth"}]
    assert first["policyRule"]["coding"][0]["code"] == "OPTIN"
    assert "provision" not in first
    assert second["provision"]["period"]["end"]


@pytest.mark.parametrize(
    ("who", "may"),
    [("liz_user", True), ("grace_user", True), ("maya_user", False), ("priya_user", False), ("marcus_user", False),
     ("ingrid_user", False), ("admin_user", False)],
)  # fmt: skip
def test_the_person_and_the_front_desk_give_it_and_take_it_back(cast: Cast, who: str, may: bool) -> None:
    with cast.as_(cast.liz_user) as liz:
        standing = services.give_consent(actor=liz, patient=cast.liz, scope="telecare", given_by="Liz")
    with cast.as_(getattr(cast, who)) as actor:
        if may:
            services.give_consent(actor=actor, patient=cast.liz, scope="telehealth", given_by="Liz")
            services.withdraw_consent(actor=actor, consent=standing)
            ground = "own decision" if who == "liz_user" else "said to the front desk"
            noted = trail().filter(actor_id=actor.user_id, action__startswith="compliance.consent")
            assert {event.ground for event in noted} == {ground}
        else:
            with pytest.raises(services.NotAllowed):
                services.give_consent(actor=actor, patient=cast.liz, scope="telehealth", given_by="Liz")
            with pytest.raises(services.NotAllowed):
                services.withdraw_consent(actor=actor, consent=standing)


def test_a_clinician_does_not_agree_for_somebody_without_an_account(cast: Cast) -> None:
    with cast.as_(cast.grace_user):
        cast.liz.user = None
        cast.liz.save()
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NotAllowed):
        services.give_consent(actor=maya, patient=cast.liz, scope="telehealth", given_by="Liz")


def test_who_comes_by_a_link_or_books_without_an_account_agrees_for_herself(cast: Cast) -> None:
    tenant_id = cast.larkspur.id
    link = Actor(
        kind=ActorKind.LINK, label="Liz Moreno", tenant_id=tenant_id, roles=frozenset({Role.PATIENT}),
        subject_id=uuid7(),
    )  # fmt: skip
    for number, actor in enumerate((link, anonymous(tenant_id), system("demo", tenant_id))):
        with frames.begin(tenant_id=tenant_id, actor=actor):
            services.give_consent(actor=actor, patient=cast.liz, scope="visit", given_by="Liz", visit_id=uuid7())
            assert Consent.objects.count() == number + 1
    with frames.begin(tenant_id=tenant_id, actor=link):
        services.withdraw_consent(actor=link, consent=Consent.objects.first())
    stranger = anonymous(tenant_id)
    with frames.begin(tenant_id=tenant_id, actor=stranger), pytest.raises(services.NotAllowed):
        services.withdraw_consent(actor=stranger, consent=Consent.objects.first())


def test_another_clinic_sees_none_of_it(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
    with cast.as_(cast.mallory_user) as mallory:
        assert list(selectors.consents(mallory)) == []
        assert selectors.consent_counts()["everything"] == 0
        assert list(selectors.consents_of(cast.liz)) == []
