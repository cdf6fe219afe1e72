"""Covering and emergencies: who opens the chart of somebody whom she doesn't treat, by what right, for how long."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.chart import policies, selectors, services
from webside.chart.codes import ReadingSource
from webside.chart.models import EmergencyAccess, Encounter
from webside.chart.tests import factories
from webside.core import clock
from webside.people import services as people
from webside.testing.cast import Cast, sign_in

REASON = "Brought in unconscious, allergies unknown"


@pytest.fixture
def encounter(cast: Cast) -> Encounter:
    with cast.as_(cast.maya_user):
        return factories.encounter(cast, parts=factories.PARTS)


@pytest.fixture
def covering(cast: Cast) -> Any:
    now = clock.now()
    with cast.as_(cast.maya_user) as maya:
        return people.set_covering(
            actor=maya, absent=cast.maya, cover=cast.daniel, starts_at=now, ends_at=now + timedelta(hours=8)
        )


@pytest.fixture
def opened(cast: Cast) -> EmergencyAccess:
    with cast.as_(cast.daniel_user) as daniel:
        return services.open_in_emergency(actor=daniel, patient=cast.liz, reason=REASON)


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def _last(cast: Cast, action: str) -> AuditEvent:
    with cast.as_(cast.ingrid_user):
        return AuditEvent.objects.filter(action=action).latest("sequence")


def _chart(cast: Cast) -> str:
    return reverse("chart:patient-detail", args=["larkspur", cast.liz.id])


# ---------------------------------------------------------------------------------------------------- covering


def test_who_covers_treats_the_colleagues_patients_and_the_trail_says_for_whom(
    cast: Cast, client: Client, encounter: Encounter, covering: Any
) -> None:
    daniel = sign_in(client, cast.daniel_user)
    assert daniel.get(_chart(cast)).status_code == 200
    assert _last(cast, "chart.patient.read").ground == "covering for Dr. Maya Chen"
    assert daniel.get(reverse("chart:encounter-detail", args=["larkspur", encounter.id])).status_code == 200
    assert _last(cast, "chart.encounter.read").ground == "covering for Dr. Maya Chen"
    with cast.as_(cast.daniel_user) as who:
        assert policies.can_write_note(who, encounter) and policies.can_change_lists(who, cast.liz)
        assert not policies.can_sign_note(who, encounter), "whose encounter it is signs"
        assert cast.liz in selectors.patients_of(who)
    with time_machine.travel(covering.ends_at, tick=False), cast.as_(cast.daniel_user) as who:
        assert not policies.can_view_chart(who, cast.liz) and not policies.can_view_encounter(who, encounter)


def test_who_covers_for_one_opens_nobody_elses(cast: Cast, covering: Any) -> None:
    with cast.as_(cast.daniel_user) as who:
        assert not policies.can_view_chart(who, cast.liz), "Maya has no visit with her"
    with cast.as_(cast.maya_user):
        factories.encounter(cast, practitioner=cast.priya, service=cast.coaching)
    with cast.as_(cast.daniel_user) as who:
        assert not policies.can_view_chart(who, cast.liz), "it is Priya's"


def test_the_end_of_covering_holds_at_once(cast: Cast, encounter: Encounter, covering: Any) -> None:
    with cast.as_(cast.daniel_user) as who:
        assert policies.can_view_chart(who, cast.liz)
    with cast.as_(cast.maya_user) as maya:
        people.end_covering(actor=maya, covering=covering)
    with cast.as_(cast.daniel_user) as who:
        assert not policies.can_view_chart(who, cast.liz)


# --------------------------------------------------------------------------------------------------- emergency


def test_a_chart_opens_for_a_reason_and_closes_by_itself(
    cast: Cast, encounter: Encounter, opened: EmergencyAccess
) -> None:
    assert opened.ends_at - opened.starts_at == timedelta(hours=4)
    for moment, open_ in ((opened.ends_at - timedelta(seconds=1), True), (opened.ends_at, False)):
        with time_machine.travel(moment, tick=False), cast.as_(cast.daniel_user) as daniel:
            assert policies.can_view_chart(daniel, cast.liz) is open_
            assert policies.can_view_encounter(daniel, encounter) is open_
            assert (selectors.chart_of(daniel, cast.liz.id) is not None) is open_


WRITES: dict[str, Callable[[Any, Cast, Encounter], Any]] = {
    "note": lambda who, cast, e: services.save_note(actor=who, encounter=e, fields={"plan": "x"}, revision=9),
    "addendum": lambda who, cast, e: services.add_addendum(actor=who, encounter=e, text="x"),
    "signature": lambda who, cast, e: services.sign_note(actor=who, encounter=e),
    "finish": lambda who, cast, e: services.finish_encounter(actor=who, encounter=e),
    "diagnosis": lambda who, cast, e: services.add_diagnosis(actor=who, encounter=e, code="E11.65"),
    "allergy": lambda who, cast, e: services.add_allergy(actor=who, patient=cast.liz, substance="Penicillin"),
    "medicine": lambda who, cast, e: services.add_medication(actor=who, patient=cast.liz, medication="Metformin"),
    "problem": lambda who, cast, e: services.add_problem(actor=who, patient=cast.liz, display="Asthma"),
    "confirmation": lambda who, cast, e: services.confirm_list(actor=who, patient=cast.liz, code="allergies"),
    "vital signs": lambda who, cast, e: services.add_vitals(
        actor=who, patient=cast.liz, readings=[], source=ReadingSource.SAID
    ),
}


@pytest.mark.parametrize("what", WRITES)
def test_who_reads_in_an_emergency_writes_nothing(
    cast: Cast, encounter: Encounter, opened: EmergencyAccess, what: str
) -> None:
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
        WRITES[what](daniel, cast, encounter)


def test_the_pages_offer_nothing_to_write_and_refuse_it(
    cast: Cast, client: Client, encounter: Encounter, opened: EmergencyAccess
) -> None:
    daniel = sign_in(client, cast.daniel_user)
    shown = daniel.get(_chart(cast))
    assert "Opened in an emergency" in _text(shown) and "Add an allergy" not in _text(shown)
    assert _last(cast, "chart.patient.read").ground == "emergency access"
    page = daniel.get(reverse("chart:encounter-detail", args=["larkspur", encounter.id]))
    assert "Opened in an emergency" in _text(page) and "Enter vital signs" not in _text(page)
    assert _last(cast, "chart.encounter.read").ground == "emergency access"
    add = reverse("chart:list-add", args=["larkspur", cast.liz.id, "allergies"])
    assert daniel.post(add, {"text": "Penicillin"}).status_code == 404
    save = reverse("chart:note-save", args=["larkspur", encounter.id])
    assert daniel.post(save, {"plan": "x", "version": "5", "note_key": "k"}).status_code == 404


@pytest.mark.parametrize("who", ["priya", "grace", "marcus", "ingrid", "admin", "liz", "ana"])
def test_only_a_clinician_opens_a_chart_in_an_emergency(cast: Cast, who: str) -> None:
    with cast.as_(getattr(cast, f"{who}_user")) as actor, pytest.raises(services.NotAllowed):
        services.open_in_emergency(actor=actor, patient=cast.liz, reason=REASON)


def test_who_treats_the_patient_needs_none(cast: Cast, encounter: Encounter) -> None:
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NotAllowed):
        services.open_in_emergency(actor=maya, patient=cast.liz, reason=REASON)


def test_nobody_opens_a_chart_without_a_sentence(cast: Cast) -> None:
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.Invalid):
        services.open_in_emergency(actor=daniel, patient=cast.liz, reason="urgent        ")


def test_opening_again_makes_it_no_longer(cast: Cast, opened: EmergencyAccess) -> None:
    with time_machine.travel(opened.starts_at + timedelta(hours=3), tick=False), cast.as_(cast.daniel_user) as daniel:
        again = services.open_in_emergency(actor=daniel, patient=cast.liz, reason=REASON)
        assert (again.id, again.ends_at) == (opened.id, opened.ends_at)


def test_another_clinic_opens_nothing(cast: Cast, client: Client, opened: EmergencyAccess) -> None:
    page = reverse("chart:emergency-open", args=["northgate"])
    sent = {"record_number": cast.liz.record_number, "reason": REASON}
    mallory = sign_in(client, cast.mallory_user)
    assert mallory.post(page, sent).status_code == 422
    assert mallory.get(_chart(cast)).status_code == 404
    assert mallory.post(reverse("chart:emergency-open", args=["larkspur"]), sent).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"record_number": "LC-20418"}, 302),
        ({"family": "moreno", "birth_date": "04/18/1969"}, 302),
        ({"family": "Moreno", "birth_date": "04/19/1969"}, 422),
        ({"family": "Mor", "birth_date": "04/18/1969"}, 422),
        ({"family": "Moreno"}, 422),
        ({}, 422),
    ],
)
def test_whoever_opens_a_chart_knows_whose(cast: Cast, client: Client, sent: dict[str, str], status: int) -> None:
    page = reverse("chart:emergency-open", args=["larkspur"])
    answer = sign_in(client, cast.daniel_user).post(page, sent | {"reason": REASON})
    assert answer.status_code == status
    with cast.as_(cast.daniel_user):
        assert EmergencyAccess.objects.exists() is (status == 302)


def test_compliance_reviews_it_and_the_patient_sees_it(cast: Cast, client: Client, opened: EmergencyAccess) -> None:
    sign_in(Client(), cast.daniel_user).get(_chart(cast))
    ingrid = sign_in(client, cast.ingrid_user)
    page = reverse("chart:emergency-list", args=["larkspur"])
    assert REASON in _text(ingrid.get(page))
    review = reverse("chart:emergency-review", args=["larkspur", opened.id])
    ingrid.post(review, {"finding": "ask"})
    assert "Write what is to be asked" in _text(ingrid.get(page))
    assert "Write what is to be asked" not in _text(ingrid.get(page)), "said once"
    ingrid.post(review, {"finding": "justified", "note": "Seen in the ward"})
    assert "Seen in the ward" in _text(ingrid.get(page))
    with cast.as_(cast.ingrid_user) as who:
        assert selectors.to_review(who) == 0
        with pytest.raises(services.NotAllowed):
            services.review_emergency(actor=who, access=opened, finding="justified")
    looked = _text(sign_in(Client(), cast.liz_user).get(reverse("portal:record-access", args=["larkspur"])))
    assert "Dr. Daniel Whitfield" in looked and "opened it in an emergency" in looked and REASON not in looked


def test_an_incident_closes_the_chart_at_once(cast: Cast, opened: EmergencyAccess) -> None:
    with cast.as_(cast.ingrid_user) as ingrid:
        services.review_emergency(actor=ingrid, access=opened, finding="incident", note="He was curious")
    with cast.as_(cast.daniel_user) as daniel:
        assert not policies.can_view_chart(daniel, cast.liz)


@pytest.mark.parametrize(("who", "may"), [("daniel", True), ("ingrid", True), ("maya", False), ("admin", False)])
def test_who_closes_it_before_its_time(cast: Cast, opened: EmergencyAccess, who: str, may: bool) -> None:
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        assert (selectors.emergency_access(actor, opened.id) is not None) is may
        if may:
            services.end_emergency(actor=actor, access=opened)
    with cast.as_(cast.daniel_user) as daniel:
        assert policies.can_view_chart(daniel, cast.liz) is not may


def test_without_a_figure_nothing_is_opened(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from webside.chart.rules import emergency

    monkeypatch.setattr(emergency, "figure", lambda *_: None)
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.Invalid):
        services.open_in_emergency(actor=daniel, patient=cast.liz, reason=REASON)
