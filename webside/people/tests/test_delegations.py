"""Letting somebody act for a patient: given, taken, ended, and over by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from webside.accounts import registry
from webside.accounts.models import Membership, User
from webside.audit.models import AuditEvent
from webside.core import clock, timers
from webside.core.actor import Role
from webside.core.models import Timer
from webside.people import rules, selectors, services
from webside.people.codes import Basis, Relation, Scope
from webside.people.models import Delegation
from webside.people.services.delegations import MOST_IN_A_DAY
from webside.testing.cast import Cast, acting, delegation, sign_in

GIVEN: dict[str, Any] = {
    "name": "Ben Ortega",
    "email": "Ben@example.test",
    "relation": Relation.FRIEND,
    "scopes": [Scope.APPOINTMENTS],
}
SENT = {**GIVEN, "relation": "FRND", "scopes": ["appointments"], "lasts": "30"}


def _grant(cast: Cast, days: int = 30, **more: Any) -> tuple[Delegation, str]:
    tokens: list[str] = []
    with cast.as_(cast.liz_user) as liz:
        made = services.grant_delegation(
            actor=liz, patient=cast.liz, expires_at=clock.now() + timedelta(days=days),
            link_to=lambda token: tokens.append(token) or token, **GIVEN | more,
        )  # fmt: skip
    return made, tokens[0]


def test_it_is_given_by_a_mail_that_names_no_more_than_it_must(cast: Cast) -> None:
    made, token = _grant(cast)
    assert made.email == "ben@example.test" and made.accepted_at is None
    message = mail.outbox[-1]
    assert message.to == ["ben@example.test"] and token in message.body
    assert "Moreno" not in message.body + message.subject and "Liz" not in message.subject


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_nobody_acts_for_longer_than_a_year_at_once(cast: Cast, days: int) -> None:
    with pytest.raises(services.TooLong):
        _grant(cast, days)


def test_the_database_too_holds_a_year(cast: Cast) -> None:
    with cast.as_(cast.liz_user), pytest.raises(IntegrityError), transaction.atomic():
        delegation(cast.liz, cast.daniel_user, expires_at=clock.now() + timedelta(days=400))


def test_what_there_is_not_can_not_be_given(cast: Cast) -> None:
    for scopes in ([], [Scope.BILLING], ["everything"]):
        with pytest.raises(ValueError, match="something to do"):
            _grant(cast, scopes=scopes)


def test_nobody_is_her_own_delegate(cast: Cast) -> None:
    with pytest.raises(services.NotForOneself):
        _grant(cast, email="liz@example.test")


def test_the_clinic_sends_a_stranger_no_letters_without_end(cast: Cast) -> None:
    for number in range(MOST_IN_A_DAY):
        _grant(cast, email=f"ben{number}@example.test")
    sent = len(mail.outbox)
    with pytest.raises(services.TooMany):
        _grant(cast, email="one-more@example.test")
    page = sign_in(Client(), cast.liz_user).post(reverse("people:delegate-add", args=["larkspur"]), SENT)
    assert page.status_code == 422 and "as many people as you can in one day" in page.content.decode()
    assert len(mail.outbox) == sent
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1), tick=False):
        _grant(cast, email="one-more@example.test")


@pytest.mark.parametrize("who", ["ana", "maya", "grace", "admin", "ingrid"])
def test_only_the_patient_herself_gives_it(cast: Cast, who: str) -> None:
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        doers = [actor, acting(actor, cast.ana_for_liz)] if who == "ana" else [actor]
        for each in doers:
            with pytest.raises(services.NotAllowed):
                services.grant_delegation(
                    actor=each, patient=cast.liz, expires_at=clock.now() + timedelta(days=3), link_to=str, **GIVEN
                )


def test_who_has_no_account_takes_it_with_a_password(cast: Cast, client: Client) -> None:
    made, token = _grant(cast)
    page = reverse("people:delegation-accept", args=["larkspur", token])
    assert "Act for Liz" in client.get(page).content.decode()
    answer = client.post(page, {"password": "four-words-that-fit-not"})
    assert answer.status_code == 302 and answer["Location"] == reverse("people:acting", args=["larkspur"])
    ben = User.objects.get(email="ben@example.test")
    assert Membership.objects.get(user=ben).roles == [Role.DELEGATE]
    assert "Act for Liz" in client.get(answer["Location"]).content.decode()
    assert client.get(page).status_code == 404, "it works once"
    with cast.as_(cast.liz_user):
        made.refresh_from_db()
        assert made.user == ben and made.token_hash is None
        assert set(Timer.objects.filter(key=str(made.id)).values_list("name", flat=True)) == {
            "people.delegation.remind",
            "people.delegation.over",
        }
    assert mail.outbox[-1].to == ["liz@example.test"], "she is told"


def test_a_link_takes_over_no_account(cast: Cast, client: Client) -> None:
    _, token = _grant(cast, email="daniel@example.test")
    page = reverse("people:delegation-accept", args=["larkspur", token])
    assert client.post(page, {"password": "four-words-that-fit-not"}).status_code == 422
    assert sign_in(client, cast.marcus_user).post(page).status_code == 422, "nor is it taken as somebody else"
    assert sign_in(client, cast.daniel_user).post(page).status_code == 302
    assert Membership.objects.get(user=cast.daniel_user).roles == [Role.CLINICIAN, Role.DELEGATE]


def test_who_worked_here_once_gets_no_role_back_by_it(cast: Cast, client: Client) -> None:
    Membership.objects.filter(user=cast.daniel_user).update(active=False)
    _, token = _grant(cast, email="daniel@example.test")
    sign_in(client, cast.daniel_user).post(reverse("people:delegation-accept", args=["larkspur", token]))
    assert Membership.objects.get(user=cast.daniel_user).roles == [Role.DELEGATE]


def test_an_invitation_of_another_clinic_is_unknown_here(cast: Cast, client: Client) -> None:
    _, token = _grant(cast)
    assert client.get(reverse("people:delegation-accept", args=["northgate", token])).status_code == 404


@pytest.mark.parametrize(("after", "status"), [({"days": 6}, 200), ({"days": 7}, 404)])
def test_an_invitation_lasts_a_week(cast: Cast, client: Client, after: dict[str, int], status: int) -> None:
    _, token = _grant(cast)
    with time_machine.travel(clock.now() + timedelta(**after), tick=False):
        assert client.get(reverse("people:delegation-accept", args=["larkspur", token])).status_code == status


def test_a_new_grant_takes_the_place_of_the_old_one(cast: Cast) -> None:
    _, token = _grant(cast, email="ana@example.test")
    with cast.as_(cast.ana_user) as ana:
        services.accept_delegation(actor=ana, token=token, password=None)
        [left] = selectors.choices_of(ana)
        assert left.scopes == [Scope.APPOINTMENTS], "narrower than before"
        assert selectors.behalf_of(ana, cast.ana_for_liz.id) is None


@pytest.mark.parametrize(
    ("who", "may"),
    [("liz", True), ("ana", True), ("grace", True), ("maya", False), ("ingrid", False), ("marcus", False)],
)
def test_who_ends_it(cast: Cast, who: str, may: bool) -> None:
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        if not may:
            with pytest.raises(services.NotAllowed):
                services.end_delegation(actor=actor, delegation=cast.ana_for_liz)
            return
        ended = services.end_delegation(actor=actor, delegation=cast.ana_for_liz)
        assert ended.revoked_by == actor.label and selectors.behalf_of(cast.actor_of(cast.ana_user), ended.id) is None


def test_its_end_closes_what_is_open(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, str]] = []
    monkeypatch.setattr(registry, "_revoked", [lambda user_id, reason: told.append((user_id, reason))])
    with cast.as_(cast.liz_user) as liz:
        services.end_delegation(actor=liz, delegation=cast.ana_for_liz)
    assert told == [(cast.ana_user.id, registry.RENEWED)]


def test_what_the_law_gives_is_not_the_patients_to_end(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        Delegation.objects.filter(id=cast.ana_for_liz.id).update(basis=Basis.COURT)
        cast.ana_for_liz.refresh_from_db()
        with pytest.raises(services.NotAllowed):
            services.end_delegation(actor=liz, delegation=cast.ana_for_liz)


def test_it_ends_with_its_moment_and_not_after_it(cast: Cast) -> None:
    ends = cast.ana_for_liz.expires_at
    assert ends is not None
    with cast.as_(cast.ana_user) as ana:
        with time_machine.travel(ends - timedelta(seconds=1), tick=False):
            assert selectors.behalf_of(ana, cast.ana_for_liz.id) is not None
        with time_machine.travel(ends, tick=False):
            assert selectors.behalf_of(ana, cast.ana_for_liz.id) is None


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": "2026-01-01T00:00:00Z"},
        {"accepted_at": None},
        {"expires_at": "2026-01-01T00:00:00Z"},
        {"starts_at": "2099-01-01T00:00:00Z", "expires_at": "2099-02-01T00:00:00Z"},
    ],
)
def test_the_rule_and_the_query_say_the_same(cast: Cast, change: dict[str, Any]) -> None:
    now = clock.now()
    with cast.as_(cast.ana_user) as ana:
        assert selectors.behalf_of(ana, cast.ana_for_liz.id) is not None
        Delegation.objects.filter(id=cast.ana_for_liz.id).update(**change)
        grant = Delegation.objects.get(id=cast.ana_for_liz.id)
        assert selectors.behalf_of(ana, grant.id) is None
        assert not rules.stands(
            now=now, starts_at=grant.starts_at, expires_at=grant.expires_at, accepted=grant.accepted_at is not None,
            revoked=grant.revoked_at is not None,
        )  # fmt: skip


def test_nobody_acts_by_the_grant_of_somebody_else(cast: Cast) -> None:
    with cast.as_(cast.daniel_user) as daniel:
        assert selectors.behalf_of(daniel, cast.ana_for_liz.id) is None
    with cast.as_(cast.ana_user, cast.northgate) as abroad:
        assert selectors.behalf_of(abroad, cast.ana_for_liz.id) is None


def test_both_are_told_before_it_ends_and_when_it_has(cast: Cast) -> None:
    made, token = _grant(cast, email="ana@example.test")
    with cast.as_(cast.ana_user) as ana:
        services.accept_delegation(actor=ana, token=token, password=None)
    mail.outbox.clear()
    with time_machine.travel(made.expires_at - timedelta(days=13)):
        timers.run_due()
    assert sorted(to for message in mail.outbox for to in message.to) == ["ana@example.test", "liz@example.test"]
    assert all("ends soon" in message.subject and "Moreno" not in message.subject for message in mail.outbox)
    mail.outbox.clear()
    with time_machine.travel(made.expires_at + timedelta(seconds=1)):
        timers.run_due()
    assert sorted(to for message in mail.outbox for to in message.to) == ["ana@example.test", "liz@example.test"]
    assert all("has ended" in message.subject for message in mail.outbox)


def test_nobody_is_reminded_of_what_was_ended(cast: Cast) -> None:
    made, token = _grant(cast, email="ana@example.test")
    with cast.as_(cast.ana_user) as ana:
        services.accept_delegation(actor=ana, token=token, password=None)
    with cast.as_(cast.liz_user) as liz:
        services.end_delegation(actor=liz, delegation=made)
    mail.outbox.clear()
    with time_machine.travel(made.expires_at + timedelta(seconds=1)):
        timers.run_due()
    assert mail.outbox == []


def test_the_front_desk_records_a_guardian_with_what_it_saw(cast: Cast) -> None:
    later = clock.now() + timedelta(days=900)
    given = GIVEN | {"relation": Relation.MOTHER, "basis": Basis.GUARDIAN, "expires_at": later, "link_to": str}
    with cast.as_(cast.grace_user) as grace:
        with pytest.raises(ValueError, match="document"):
            services.record_guardian(actor=grace, patient=cast.liz, evidence=" ", **given)
        made = services.record_guardian(actor=grace, patient=cast.liz, evidence="Birth certificate 12, NY", **given)
        assert (made.evidence_seen_by, made.expires_at) == (grace.label, later)
        event = AuditEvent.objects.filter(action="people.delegation.record").latest("sequence")
        assert event.reason == "Birth certificate 12, NY" and event.patient_id == cast.liz.id
    for who in ("liz", "maya", "admin"):
        with cast.as_(getattr(cast, f"{who}_user")) as actor, pytest.raises(services.NotAllowed):
            services.record_guardian(actor=actor, patient=cast.liz, evidence="A paper", **given)


# --------------------------------------------------------------------------------------------------- the pages


def test_the_patient_lets_somebody_act_for_her_on_her_page(cast: Cast, client: Client) -> None:
    liz = sign_in(client, cast.liz_user)
    page = reverse("people:delegate-list", args=["larkspur"])
    assert "Ana Moreno" in liz.get(page).content.decode()
    add = reverse("people:delegate-add", args=["larkspur"])
    assert liz.get(add).status_code == 200
    refused = liz.post(add, {"name": "Ben"})
    assert refused.status_code == 422 and 'value="Ben"' in refused.content.decode(), "what was typed is kept"
    assert liz.post(add, SENT).status_code == 302
    shown = re.sub(r"\s+", " ", liz.get(page).content.decode())
    assert "Ben Ortega" in shown and "Friend." in shown and "has not said yes yet" in shown
    with cast.as_(cast.liz_user):
        made = Delegation.objects.get(email="ben@example.test")
    assert liz.post(reverse("people:delegation-end", args=["larkspur", made.id])).status_code == 302
    assert "Take back" not in liz.get(page).content.decode()


def test_acting_for_somebody_does_not_lengthen_a_sign_in(cast: Cast, client: Client) -> None:
    ana = sign_in(client, cast.ana_user)
    known = {name: value for name, value in ana.session.items() if name.startswith("sign_in")}
    assert len(known) == 4, "which sign-in, since when, when used, and for how long it may lie unused"
    ana.post(reverse("people:acting-begin", args=["larkspur", cast.ana_for_liz.id]))
    assert "acting" in ana.session
    for name in ("sign_in", "sign_in_began", "sign_in_minutes"):
        assert ana.session[name] == known[name]


def test_her_page_says_what_a_delegate_did_for_her(cast: Cast, client: Client) -> None:
    ana = sign_in(client, cast.ana_user)
    ana.post(reverse("people:acting-begin", args=["larkspur", cast.ana_for_liz.id]))
    liz = sign_in(Client(), cast.liz_user)
    shown = liz.get(reverse("portal:record-access", args=["larkspur"])).content.decode()
    assert "Ana Moreno" in shown and "your daughter, for you" in shown and "began to act for the patient" in shown
