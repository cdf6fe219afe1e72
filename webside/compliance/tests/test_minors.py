"""Minors: when they come of age, what a guardian isn't shown, and that somebody must stand in for them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from webside.chart import policies as chart
from webside.chart.models import Encounter
from webside.chart.tests import factories as charts
from webside.compliance.codes import PrivateTopic
from webside.compliance.rules import minors
from webside.compliance.rules.tables import table
from webside.compliance.selectors.minors import hidden_from_guardian, of_age
from webside.core import clock, timers
from webside.core.dated import ended, gaps_and_overlaps, load
from webside.people import selectors as people
from webside.people import services as people_services
from webside.people.codes import OFFERED, Basis, Relation
from webside.people.models import Delegation, Patient
from webside.portal import selectors as portal
from webside.scheduling import policies as scheduling
from webside.scheduling import selectors as slots
from webside.scheduling import services as booking
from webside.scheduling.models import Appointment
from webside.testing.cast import Cast, acting, delegation, sign_in
from webside.visits import policies as visits
from webside.visits.models import Visit
from webside.visits.tests import factories as rooms

ENDED = (minors.CONSENT,)
DAY = date(2026, 11, 27)
TEEN = date(2011, 3, 1)  # fifteen on DAY


@pytest.mark.parametrize("row", [row for path in ENDED for row in load(path).rows], ids=lambda row: row.id)
def test_ending_any_row_changes_an_answer(row: Any) -> None:
    born = DAY.replace(year=DAY.year - max(int(row["age"]), 1))
    before = minors.stays_private(row["topic"], born, row["state"], DAY)
    with ended(row):
        after = minors.stays_private(row["topic"], born, row["state"], DAY)
    assert after.private and not after.checked
    # A row that nobody has confirmed counts as none does; it is there so that somebody confirms it.
    assert (before != after) is (row.confidence != "low")


def test_the_rows_hold_together() -> None:
    rows = load(minors.CONSENT)
    assert gaps_and_overlaps(rows, key=("state", "topic")) == []
    states = {row["state"] for row in table("jurisdictions").rows}
    assert {row["state"] for row in rows.rows} <= states
    assert {row["topic"] for row in rows.rows} <= set(PrivateTopic)
    assert all(str(row["age"]).isdigit() for row in rows.rows)


@pytest.mark.parametrize(
    ("born", "state", "on"),
    [
        (TEEN, "NY", date(2029, 3, 1)),
        (TEEN, "AL", date(2030, 3, 1)),
        (TEEN, "MS", date(2032, 3, 1)),
        (date(2012, 2, 29), "NY", date(2030, 3, 1)),
        (TEEN, "", None),
        (TEEN, "ZZ", None),
    ],
)
def test_when_somebody_comes_of_age(born: date, state: str, on: date | None) -> None:
    found = minors.majority(born, state, DAY)
    assert found.on == on
    assert found.text.startswith("Not checked") is (on is None)


@pytest.mark.parametrize(
    ("topic", "born", "state", "private", "checked"),
    [
        ("sti", TEEN, "NY", True, True),
        ("mental_health", TEEN, "CA", True, True),
        ("mental_health", date(2015, 3, 1), "CA", False, True),
        ("mental_health", TEEN, "NJ", False, True),
        ("mental_health", TEEN, "NY", True, False),
        ("contraception", TEEN, "WY", True, False),
        ("sti", TEEN, "", True, False),
    ],
)
def test_what_stays_hers(topic: str, born: date, state: str, private: bool, checked: bool) -> None:
    found = minors.stays_private(topic, born, state, DAY)
    assert (found.private, found.checked) == (private, checked)
    assert found.text.startswith("Not checked") is not checked


# -------------------------------------------------------------------------------------------- a mother and her son


@pytest.fixture
def teen(cast: Cast) -> Patient:
    with cast.as_(cast.grace_user):
        return Patient.objects.create(
            given="Theo", family="Quist", record_number="L-50", birth_date=clock.now().date() - timedelta(days=15 * 366),
            state="NY", timezone="America/New_York", email="theo@example.test",
        )  # fmt: skip


@pytest.fixture
def mother(cast: Cast, teen: Patient) -> Delegation:
    with cast.as_(cast.grace_user):
        return delegation(
            teen, cast.ana_user, basis=Basis.GUARDIAN, relation=Relation.MOTHER, evidence="Birth certificate 1",
            expires_at=datetime.combine(of_age(teen).on, time(0), tzinfo=ZoneInfo("America/New_York")),  # type: ignore[arg-type]
        )  # fmt: skip


def _private(cast: Cast, topic: str) -> None:
    with cast.as_(cast.grace_user):
        cast.video_visit.privacy_topic = topic
        cast.video_visit.save()


def test_a_guardian_sees_no_care_that_is_the_teens_own(cast: Cast, teen: Patient, mother: Delegation) -> None:
    planned = rooms.planned(cast, patient=teen)
    with cast.as_(cast.maya_user):
        made = charts.encounter(cast, appointment=planned.appointment, status="finished")
    with cast.as_(cast.ana_user) as ana:
        for topic, seen in (("", True), ("sti", False), ("mental_health", False)):
            _private(cast, topic)
            who = acting(ana, mother)
            appointment = Appointment.objects.select_related("patient", "practitioner", "service").get(id=planned.id)
            visit = Visit.objects.get(id=planned.id)
            home = portal.home(who, cast.larkspur)
            assert home is not None
            answers = [
                scheduling.visible_appointments(who, Appointment.objects.all()).exists(),
                scheduling.can_view_appointment(who, appointment),
                visits.visible_visits(who, Visit.objects.all()).exists(),
                visits.can_view_visit(who, visit),
                chart.visible_summaries(who, Encounter.objects.filter(id=made.id)).exists(),
                bool(home.past),
                home.next is not None,
            ]
            assert answers == [seen] * len(answers), topic


@pytest.mark.parametrize("minor", [True, False])
def test_a_court_gives_no_more_of_a_minor_than_birth_does(cast: Cast, teen: Patient, minor: bool) -> None:
    patient = teen if minor else cast.liz
    with cast.as_(cast.grace_user):
        grant = delegation(patient, cast.daniel_user, basis=Basis.COURT, relation=Relation.GUARDIAN, expires_at=None)
    with cast.as_(cast.daniel_user) as daniel:
        behalf = people.behalf_of(daniel, grant.id)
        assert behalf is not None and behalf.by_law
        assert ("sti" in behalf.hidden) is minor


def test_what_the_state_leaves_to_parents_is_theirs_to_see(cast: Cast, teen: Patient, mother: Delegation) -> None:
    with cast.as_(cast.grace_user):
        Patient.objects.filter(id=teen.id).update(state="NJ")
    rooms.planned(cast, patient=teen)
    _private(cast, "mental_health")  # sixteen in New Jersey
    with cast.as_(cast.ana_user) as ana:
        who = acting(ana, mother)
        assert who.on_behalf is not None and "mental_health" not in who.on_behalf.hidden
        assert scheduling.visible_appointments(who, Appointment.objects.all()).exists()


def test_who_a_grown_person_lets_act_sees_what_she_lets_her(cast: Cast) -> None:
    rooms.planned(cast)
    _private(cast, "mental_health")
    with cast.as_(cast.ana_user) as ana:
        who = acting(ana, cast.ana_for_liz)
        assert scheduling.visible_appointments(who, Appointment.objects.all()).exists()


def _book(cast: Cast, who: Any, teen: Patient, key: str) -> Appointment:
    slot = slots.free_slots(
        service=cast.video_visit, state="NY", since=clock.now() + timedelta(days=1), days=3, practitioner=cast.maya
    )[0]
    return booking.book_with_consent(
        actor=who, patient=teen, service=cast.video_visit, practitioner=cast.maya, start=slot.start, state="NY",
        timezone="America/New_York", idempotency_key=key, consent_scope="telehealth",
    )  # fmt: skip


def test_a_minor_is_booked_for_by_a_guardian_and_not_without(cast: Cast, teen: Patient, mother: Delegation) -> None:
    with cast.as_(cast.grace_user) as grace, pytest.raises(booking.GatesStop):
        _book(cast, grace, teen, "no-guardian")
    with cast.as_(cast.grace_user):
        friend = delegation(teen, cast.daniel_user, relation=Relation.FRIEND)
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(booking.GatesStop):
        _book(cast, acting(daniel, friend), teen, "a-friend")
    with cast.as_(cast.ana_user) as ana:
        made = _book(cast, acting(ana, mother), teen, "his-mother")
        assert made.patient == teen
        _private(cast, "sti")
        with pytest.raises(booking.NotAllowed):
            _book(cast, acting(ana, mother), teen, "hidden-from-her")


def test_a_guardians_right_ends_on_the_birthday_and_both_are_told(cast: Cast, teen: Patient) -> None:
    tokens: list[str] = []
    grown = of_age(teen).on
    assert grown is not None
    first = datetime.combine(grown, time(0), tzinfo=ZoneInfo("America/New_York"))
    with cast.as_(cast.grace_user) as grace:
        made = people_services.record_guardian(
            actor=grace, patient=teen, name="Ana Moreno", email="ana@example.test", relation=Relation.MOTHER,
            basis=Basis.GUARDIAN, scopes=OFFERED, evidence="Birth certificate 1", expires_at=first,
            link_to=lambda token: tokens.append(token) or token,
        )  # fmt: skip
    with cast.as_(cast.ana_user) as ana:
        people_services.accept_delegation(actor=ana, token=tokens[0], password=None)
        with time_machine.travel(first - timedelta(seconds=1), tick=False):
            assert people.behalf_of(ana, made.id) is not None
        with time_machine.travel(first, tick=False):
            assert people.behalf_of(ana, made.id) is None
    mail.outbox.clear()
    with time_machine.travel(first + timedelta(seconds=1)):
        timers.run_due()
    ends = [message for message in mail.outbox if "has ended" in message.subject]
    assert sorted(to for message in ends for to in message.to) == ["ana@example.test", "theo@example.test"]
    assert all("of age now" in message.body for message in ends)


def test_a_birth_date_that_is_mended_ends_it_too(cast: Cast, teen: Patient, mother: Delegation) -> None:
    with cast.as_(cast.ana_user) as ana:
        assert people.behalf_of(ana, mother.id) is not None
        Patient.objects.filter(id=teen.id).update(birth_date=date(1990, 1, 1))
        assert people.behalf_of(ana, mother.id) is None
        assert hidden_from_guardian(Patient.objects.get(id=teen.id)) == frozenset(PrivateTopic)


def test_the_front_desk_records_no_guardian_of_who_is_of_age(cast: Cast, client: Client, teen: Patient) -> None:
    grace = sign_in(client, cast.grace_user)
    sent = {
        "name": "Ana Moreno", "email": "ana@example.test", "relation": "MTH", "basis": "guardian",
        "evidence": "Birth certificate 1", "scopes": ["appointments", "visits"],
    }  # fmt: skip
    for patient, status in ((cast.liz, 422), (teen, 302)):
        page = reverse("people:guardian-list", args=["larkspur", patient.id])
        assert grace.post(page, sent).status_code == status
    with cast.as_(cast.grace_user):
        Patient.objects.filter(id=teen.id).update(state="")
    answer = grace.post(reverse("people:guardian-list", args=["larkspur", teen.id]), sent)
    assert answer.status_code == 422 and "Give the state of residence first" in answer.content.decode()
