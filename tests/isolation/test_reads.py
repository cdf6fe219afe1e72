"""F11: one event for each access. Everybody opens every page that is open to them, and the trail holds each look once.

``LOOKS`` says which action a page notes. What shows staff something of a patient and stands neither there nor in
``PART_OF_A_LOOK`` fails, and so does a page that forgets its event or writes it twice.
"""

from __future__ import annotations

import pytest

from tests.isolation.expectations import ACTING, CARE, OFFICE, PATIENTS, ROWS, Row
from tests.isolation.matrix import Matrix

STAFF = frozenset(f"{CARE} {OFFICE}".split())
NOT_OF_A_PATIENT = {"staff", "colleague", "timeoff", "guest", "calendar"}

LOOKS = {
    "scheduling:feed": "scheduling.feed.read",
    "scheduling:waitlist-entry": "scheduling.waitlist.read",
    "billing:claim-list": "billing.claim-list.read",
    "billing:claim-csv": "billing.claim.export",
    "billing:claim-detail": "billing.claim.read",
    "chart:patient-list": "chart.patient.search",
    "chart:emergency-list": "chart.emergency.read",
    "chart:note-list": "chart.encounter.read",
    "chart:patient-detail": "chart.patient.read",
    "chart:encounter-detail": "chart.encounter.read",
    "chart:encounter-sign": "chart.encounter.read",
    "chart:encounter-summary": "chart.summary.read",
    "chart:encounter-summary-pdf": "chart.summary.download",
    "chart:plan-list": "chart.plan.read",
    "chart:plan-detail": "chart.plan.read",
    "chart:plan-own": "chart.plan.read",
    "chart:to-do": "chart.to-do.read",
    "chart:transfer": "chart.transfer.read",
    "chart:transfer-sheet": "chart.transfer-sheet.read",
    "chart:transfer-sheet-pdf": "chart.transfer-sheet.download",
    "compliance:trail": "compliance.trail.read",
    "compliance:trail-csv": "compliance.trail.export",
    "compliance:disclosures": "compliance.disclosures.read",
    "compliance:overrides": "compliance.trail.read",
    "compliance:consents": "compliance.consents.read",
    "notifications:message-list": "notifications.message.read",
    "notifications:text-list": "notifications.text.read",
    "notifications:reach": "notifications.preference.read",
    "notifications:reach-of": "notifications.preference.read",
    "people:delegate-list": "people.delegation.read",
    "people:guardian-list": "people.delegation.read",
    "portal:figures": "portal.figures.read",
    "portal:figures-csv": "portal.figures.export",
    "portal:words": "portal.words.read",
    "visits:help-list": "visits.help.read",
    "visits:hand-over": "visits.hand-over.read",
    "portal:record-access": "portal.record-access.read",
    "portal:book-for (for one patient)": "people.patient.read",
    "portal:book-time": "people.patient.read",
    "scheduling:appointment-detail": "scheduling.appointment.read",
    "scheduling:appointment-calendar": "scheduling.appointment.read",
    "scheduling:appointment-people": "scheduling.appointment.read",
    "scheduling:person-link": "scheduling.person.open",
    "scheduling:queue": "scheduling.queue.read",
    "scheduling:queue-entry": "scheduling.queue.read",
    "portal:queue-board": "scheduling.queue.read",
    "visits:seat": "visits.seat.read",
    "chart:document-content": "chart.document.read",
    "chart:document-content (small)": "chart.document.preview",
    "visits:visit-file": "visits.file.read",
    "visits:visit-file (small)": "visits.file.preview",
    "visits:seat-file": "visits.file.read",
}
"""What a page notes, whoever opens it; with a note in brackets for one row of a page alone."""

LOOKS_OF_STAFF = {
    "portal:home": "chart.patient.read",  # the chart of who comes next stands beside the day
    "visits:visit-room": "visits.visit.read",
    "visits:visit-stopped": "visits.visit.read",
    "visits:visit-ended": "visits.visit.read",
    "visits:visit-report": "visits.visit.read",
}
"""What a page notes when the one who cares for the patient opens it. She herself passes it on her way to her visit."""

LOOKS_OF_THE_DESK = {
    "scheduling:waitlist": "scheduling.waitlist.read",
    "scheduling:waitlist-offer": "scheduling.waitlist.read",
    "scheduling:waitlist-join (for an earlier time)": "people.patient.read",
    "scheduling:queue-join (for one patient)": "people.patient.read",
    "scheduling:series-book (for one patient)": "people.patient.read",
}
"""What a page notes when the front desk opens it for somebody."""

PART_OF_A_LOOK = {
    "visits:visit-door": "redrawn within the room's page, which is noted",
    "visits:visit-emergency-card": "redrawn within the room's page, which is noted",
    "visits:visit-colleagues": "opened from the room's page or its door, which is noted; it shows her name",
    "visits:visit-team": "redrawn within the room's page, which is noted",
    "visits:visit-people": "redrawn within the room's page, which is noted",
    "visits:visit-chat": "redrawn within the room's page, which is noted",
    "visits:visit-keeping": "redrawn within the room's page, which is noted",
    "visits:visit-captions": "redrawn within the room's page, which is noted",
    "visits:visit-picture": "its name, redrawn within the room's page, which is noted; the picture itself is noted",
    "scheduling:schedule": "a day's names and times, redrawn as it goes; what stands behind each of them is noted",
    "scheduling:hours": "names and times of what is booked outside them; what stands behind each of them is noted",
    "portal:board": "a day's names and times, redrawn as it goes; what stands behind each of them is noted",
}
"""What shows staff something of a patient without an event of its own, and why."""


def _expected(name: str, row: Row) -> list[str]:
    if action := LOOKS.get(str(row)) or LOOKS.get(row.route):
        return [action]
    if row.route == "portal:home" and name != "maya":
        return []  # nobody comes to the others, so no chart stands there
    if name == "grace" and (action := LOOKS_OF_THE_DESK.get(str(row)) or LOOKS_OF_THE_DESK.get(row.route)):
        return [action]
    return [LOOKS_OF_STAFF[row.route]] if row.route in LOOKS_OF_STAFF and name in STAFF else []


@pytest.mark.parametrize("name", f"visitor guest link {PATIENTS} {CARE} {OFFICE} {ACTING}".split())
def test_each_look_is_in_the_trail_once(matrix: Matrix, name: str) -> None:
    """Shown failing with ``record`` taken out of ``compliance.views.operations.consents``, and with it called twice."""
    clinic = matrix.world.larkspur
    wrong = []
    for row in ROWS:
        if row.allowed.get("GET", {}).get(name) != 200:
            continue
        answer = matrix.ask(name, "GET", row, at=clinic, things=clinic.things)
        expected = _expected(name, row)
        if answer.status != 200 or answer.noted != expected:
            wrong.append(f"{name} {row}: {answer.status}, the trail has {answer.noted}, not {expected}")
        told = answer.spilled(clinic.slug) - NOT_OF_A_PATIENT
        if name in STAFF and told and not expected and row.route not in PART_OF_A_LOOK:
            wrong.append(f"{name} {row} shows {', '.join(sorted(told))}, and the trail says nothing")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "route", "action"),
    [
        ("marcus", "billing:claim-list", "billing.claim.search"),
        ("maya", "chart:patient-list", "chart.patient.search"),
        ("ingrid", "compliance:trail-find", "compliance.trail.search"),
    ],
)
def test_each_search_for_a_name_is_in_the_trail_once(matrix: Matrix, name: str, route: str, action: str) -> None:
    clinic = matrix.world.larkspur
    row = Row(route, {"POST": {name: 200}}, body={"q": "moreno", "words": "moreno"})
    answer = matrix.ask(name, "POST", row, at=clinic, things=clinic.things)
    assert answer.noted == [action]
    found = answer.status == 302 if name == "ingrid" else "name" in answer.spilled(clinic.slug)
    assert found, "to whom she finds alone, Ingrid is led; the others see the name"


def test_the_table_names_pages_that_are_there() -> None:
    known = {row.route for row in ROWS} | {str(row) for row in ROWS}
    assert {*LOOKS, *LOOKS_OF_STAFF, *LOOKS_OF_THE_DESK, *PART_OF_A_LOOK} <= known
