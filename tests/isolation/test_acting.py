"""Who acts for a patient does no more than she was given, and nothing once it is over.

Each place that says whose record is somebody's own is asked here, as a delegate with all there is to give, with one
scope, with a grant that has run out and one that was ended. ``people.policies.own`` and ``is_own`` are those places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from webside.audit.models import AuditEvent
from webside.audit.services import record
from webside.chart import policies as chart
from webside.chart.models import Encounter
from webside.chart.tests import factories as charts
from webside.compliance import policies as compliance
from webside.compliance import selectors as compliance_selectors
from webside.core import clock
from webside.core.actor import Actor, Role
from webside.people import policies as people
from webside.people import selectors as people_selectors
from webside.people.codes import Scope
from webside.people.models import Delegation, Patient
from webside.portal import policies as portal
from webside.portal import selectors as portal_selectors
from webside.realtime.services import pack, unpack
from webside.scheduling import policies as scheduling
from webside.scheduling.models import Appointment
from webside.testing.cast import Cast, acting, delegation
from webside.visits import policies as visits
from webside.visits.models import Visit
from webside.visits.selectors import by_id as visit_by_id
from webside.visits.tests import factories as rooms

A, V, S = Scope.APPOINTMENTS, Scope.VISITS, Scope.SUMMARIES


@dataclass(slots=True)
class Things:
    """What there is to see and do, of Liz and of a second patient."""

    cast: Cast
    liz: Patient
    other: Patient
    visit: Visit
    encounter: Encounter

    @property
    def appointment(self) -> Appointment:
        return self.visit.appointment


@pytest.fixture
def things(cast: Cast) -> Iterator[Things]:
    """Give Liz a visit with an encounter, and the clinic another patient, in an open frame."""
    planned = rooms.planned(cast)
    with cast.as_(cast.maya_user):
        encounter = charts.encounter(cast, appointment=planned.appointment)
    with cast.as_(cast.ana_user):
        other = Patient.objects.create(
            given="Olive", family="Other", record_number="L-9", birth_date="1980-01-01", user=cast.marcus_user
        )
        yield Things(cast, Patient.objects.get(id=cast.liz.id), other, visit_by_id(planned.id), encounter)


Check = Callable[[Actor, Things], bool]

WITH: dict[str, tuple[set[Scope], Check]] = {
    "sees who she is": ({A, V, S}, lambda who, t: people_selectors.patient(who, t.liz.id) is not None),
    "is her patient with any": ({A, V, S}, lambda who, t: people_selectors.patient_for(who, *Scope) == t.liz),
    "is her patient where she books": ({A}, lambda who, t: people_selectors.patient_for(who, A) == t.liz),
    "sees appointments": (
        {A, V},
        lambda who, t: scheduling.visible_appointments(who, Appointment.objects.all()).exists(),
    ),
    "sees this appointment": ({A, V}, lambda who, t: scheduling.can_view_appointment(who, t.appointment)),
    "reads why she comes": ({V}, lambda who, t: scheduling.can_read_reason(who, t.appointment)),
    "books": ({A}, lambda who, t: scheduling.can_book_for(who, t.liz)),
    "moves and cancels": ({A}, lambda who, t: scheduling.can_change_appointment(who, t.appointment)),
    "checks in": ({V}, lambda who, t: scheduling.can_check_in(who, t.appointment)),
    "sees visits": ({V}, lambda who, t: visits.visible_visits(who, Visit.objects.all()).exists()),
    "is in the visit": ({V}, lambda who, t: visits.can_view_visit(who, t.visit)),
    "hears of the visit": ({V}, lambda who, t: visits.audible_visits(who, Visit.objects.all()).exists()),
    "reads the chat": ({V}, lambda who, t: visits.can_read_chat(who, t.visit)),
    "may begin the encounter": ({V}, lambda who, t: chart.can_start_encounter(who, t.appointment)),
    "reads summaries": ({S}, lambda who, t: chart.visible_summaries(who, Encounter.objects.all()).exists()),
    "agrees in her name": ({A, V}, lambda who, t: compliance.can_give_consent(who, t.liz)),
    "takes an agreement back": ({A, V}, lambda who, t: compliance.can_withdraw_consent(who, t.liz)),
    "has her home": ({A, V, S}, lambda who, t: portal_selectors.home(who, t.cast.larkspur) is not None),
}
"""What a grant may give, and with which scopes: any of them is enough."""

NEVER: dict[str, Check] = {
    "is the patient herself": lambda who, t: people_selectors.patient_of(who) is not None,
    "changes contact details": lambda who, t: people.can_change_patient(who, t.liz),
    "lets others act": lambda who, t: people.can_delegate(who, t.liz),
    "records guardians": lambda who, t: people.can_record_guardian(who),
    "ends grants by acting": lambda who, t: people.can_end_delegation(who, t.cast.ana_for_liz),
    "registers people": lambda who, t: people.can_register_patient(who),
    "is a practitioner": lambda who, t: people_selectors.practitioner_of(who) is not None,
    "sees who looked": lambda who, t: compliance_selectors.audit_of_patient(who).exists(),
    "reads notes": lambda who, t: chart.visible_encounters(who, Encounter.objects.all()).exists(),
    "opens charts": lambda who, t: chart.visible_charts(who, Patient.objects.all()).exists(),
    "writes notes": lambda who, t: chart.can_write_note(who, t.encounter),
    "runs the visit": lambda who, t: visits.can_run_visit(who, t.visit),
    "runs the appointment": lambda who, t: scheduling.can_run_appointment(who, t.appointment),
    "sees another patient": lambda who, t: people_selectors.patient(who, t.other.id) is not None,
    "books for another patient": lambda who, t: scheduling.can_book_for(who, t.other),
    "sees schedules": lambda who, t: scheduling.can_see_hours(who),
    "sees boards": lambda who, t: portal.can_see_board(who) or portal.can_see_day(who),
    "sees the trail": lambda who, t: compliance.can_see_trail(who),
}
"""What no grant gives."""


def _grant(things: Things, how: str) -> Delegation:
    """Return a grant of Liz for Marcus, who works here and is a patient too: he gets nothing by that meanwhile."""
    user, now = things.cast.marcus_user, clock.now()
    if how == "expired":
        return delegation(things.liz, user, starts_at=now - timedelta(days=9), expires_at=now - timedelta(seconds=1))
    if how == "revoked":
        return delegation(things.liz, user, revoked_at=now)
    return delegation(things.liz, user, *([] if how == "all" else [Scope(how)]))


@pytest.mark.parametrize("how", ["all", *(scope.value for scope in (A, V, S)), "expired", "revoked"])
@pytest.mark.parametrize("role", [Role.BILLER, Role.CLINICIAN, Role.COORDINATOR, Role.ADMINISTRATOR, Role.COMPLIANCE])
def test_a_grant_gives_what_it_says_and_nothing_else(things: Things, how: str, role: Role) -> None:
    himself = replace(things.cast.actor_of(things.cast.marcus_user), roles=frozenset({role, Role.PATIENT}))
    who = acting(himself, _grant(things, how))
    given = {"all": {A, V, S}, "expired": set[Scope](), "revoked": set[Scope]()}.get(how) or {
        scope for scope in Scope if scope == how
    }
    assert {name for name, (_, check) in WITH.items() if check(who, things)} == {
        name for name, (scopes, _) in WITH.items() if scopes & given
    }
    assert {name for name, check in NEVER.items() if check(who, things)} == set()


def test_what_she_is_herself_is_what_these_questions_are_about(things: Things) -> None:
    """Nothing above is refused for want of something to refuse: the patient herself, and staff, get it."""
    liz = things.cast.actor_of(things.cast.liz_user)
    assert [name for name, (_, check) in WITH.items() if not check(liz, things)] == []
    assert people.can_change_patient(liz, things.liz) and people.can_delegate(liz, things.liz)
    record("portal.record-access.read", actor=liz, patient_id=things.liz.id)
    assert compliance_selectors.audit_of_patient(liz).exists()


def test_who_has_a_grant_and_has_not_chosen_gets_nothing_by_it(things: Things) -> None:
    ana = things.cast.actor_of(things.cast.ana_user)
    assert [name for name, (_, check) in WITH.items() if check(ana, things)] == []


def test_the_trail_says_who_acted_for_whom_whatever_the_caller_called_it(things: Things) -> None:
    who = acting(things.cast.actor_of(things.cast.ana_user), things.cast.ana_for_liz)
    event = record("scheduling.appointment.read", actor=who, ground="own appointment")
    event = AuditEvent.objects.get(id=event.id)
    assert (event.actor_id, event.actor_label) == (things.cast.ana_user.id, "Ana Moreno")
    assert (event.patient_id, event.ground, event.actor_roles) == (things.liz.id, "for the patient", "delegate DAUC")


def test_a_consent_in_her_name_says_whose_word_it_was(things: Things) -> None:
    who = acting(things.cast.actor_of(things.cast.ana_user), things.cast.ana_for_liz)
    assert people_selectors.given_by(who, things.liz) == "Ana Moreno, for Liz Moreno"


def test_a_socket_has_the_same_rights_as_its_page(things: Things) -> None:
    who = acting(things.cast.actor_of(things.cast.ana_user), things.cast.ana_for_liz)
    assert unpack(pack(who)) == who
    narrow = acting(things.cast.actor_of(things.cast.marcus_user), _grant(things, "summaries"))
    assert unpack(pack(narrow)) == narrow and not narrow.may(V)


def test_no_policy_says_by_itself_whose_record_is_somebodys_own() -> None:
    """A new place that compares a patient's account with the actor's would know nothing of grants."""
    root = Path(__file__).resolve().parents[2] / "webside"
    pattern = re.compile(
        r"patient(?:__|\.)user(?:_id)?\s*==?\s*actor\.user_id|actor\.user_id\s*==\s*[\w.]*patient\.user_id"
    )
    known = {
        "people/policies.py",
        "people/views/delegates.py",
        "chart/selectors/encounters.py",
        "chart/views/patient.py",
    }
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "/tests/" not in str(path) and pattern.search(path.read_text())
    }
    assert found <= known, "ask people.policies.own or is_own"
