"""P11: no main page asks the database more than eight times, and none asks more as rows become many.

The table is the measured truth: a page that asks once more than it says fails, and one that asks
less says so too, so that the table can be lowered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.billing import services as billing
from webside.billing.models import Claim
from webside.catalog import services as catalog
from webside.chart.models import Encounter
from webside.chart.tests import factories as charts
from webside.compliance import services as compliance
from webside.compliance.models import Licence
from webside.core import clock, frames
from webside.core.actor import system
from webside.scheduling import selectors as scheduling
from webside.scheduling import services as waiting
from webside.scheduling.forms import slot_value
from webside.scheduling.services import issue_link
from webside.scheduling.tests.line import join, on_duty, open_line
from webside.testing import crowd
from webside.testing.cast import Cast, sign_in
from webside.testing.queries import MOST, page_queries
from webside.visits.tests import factories as visits

MEASURED: dict[str, dict[str, int]] = {
    "visitor": {
        "portal:clinic": 7,
        "portal:embed": 5,
        "portal:people?state=NY": 8,
        "scheduling:service-detail?place=ask": 2,
        "scheduling:service-detail?state=NY": 6,
        "scheduling:appointment-book?slot": 3,
        "scheduling:queue-join?state=NY": 7,
        "scheduling:waitlist-join?state=NY": 4,
    },
    "liz": {
        "portal:home": 8,
        "portal:clinic": 7,
        "portal:record-access": 2,
        "people:delegate-list": 2,
        "people:delegate-add": 1,
        "scheduling:service-detail?state=NY": 7,
        "scheduling:queue-entry": 6,
        "scheduling:waitlist-entry": 3,
        "scheduling:feed-list": 3,
        "scheduling:series-book?slot": 4,
        "notifications:reach": 4,
        "scheduling:appointment-book?slot": 4,
        "scheduling:appointment-detail": 5,
        "scheduling:appointment-people": 2,
        "scheduling:appointment-move": 5,
        "visits:visit-prepare planned": 2,
        "visits:visit-check-in planned": 4,
        "visits:visit-waiting waiting": 5,
        "visits:visit-apart waiting": 2,
        "visits:visit-line waiting": 3,
        "visits:visit-stopped stopped": 6,
        "visits:visit-room admitted": 3,
        "visits:visit-chat admitted": 2,
        "visits:visit-help admitted": 2,
        "chart:encounter-summary": 8,
        "chart:plan-own": 5,
        "visits:visit-picture admitted": 2,
        "visits:visit-keeping admitted": 2,
        "visits:visit-captions admitted": 3,
    },
    "link": {
        "portal:clinic": 8,
        "scheduling:service-detail?state=NY": 7,
        "scheduling:appointment-detail": 6,
        "scheduling:appointment-people": 3,
        "scheduling:appointment-move": 6,
        "visits:visit-prepare planned": 3,
        "visits:visit-check-in planned": 5,
    },
    "link, afterwards": {
        "chart:summary-who": 2,
    },
    "ana": {
        "people:acting": 2,
    },
    "maya": {
        "people:covering-list": 4,
        "chart:emergency-open": 2,
        "portal:home": 8,
        "scheduling:queue": 7,
        "scheduling:schedule": 8,
        "scheduling:hours": 7,
        "scheduling:on-call": 7,
        "scheduling:calendar-list": 3,
        "scheduling:feed-list": 3,
        "scheduling:appointment-detail": 5,
        "scheduling:appointment-people": 3,
        "chart:patient-list": 3,
        "chart:note-list": 4,
        "chart:patient-detail": 6,
        "chart:plan-list": 6,
        "chart:plan-detail": 6,
        "chart:to-do": 8,
        "chart:encounter-detail": 3,
        "chart:encounter-detail admitted": 3,
        "chart:encounter-sign admitted": 8,
        "chart:encounter-summary": 7,
        "chart:transfer admitted": 2,
        "chart:transfer-sheet": 8,
        "visits:visit-room waiting": 6,
        "visits:visit-door waiting": 5,
        "visits:visit-colleagues waiting": 6,
        "visits:visit-room admitted": 8,
        "visits:visit-gates admitted": 3,
        "visits:visit-team admitted": 2,
        "visits:visit-emergency-card admitted": 1,
        "visits:visit-picture admitted": 2,
        "visits:visit-stopped stopped": 6,
    },
    "priya": {
        "portal:home": 6,
        "chart:patient-list": 3,
        "chart:note-list": 3,
        "scheduling:schedule": 8,
    },
    "grace": {
        "people:guardian-list": 2,
        "people:covering-list": 3,
        "portal:queue-board": 8,
        "portal:board": 8,
        "scheduling:on-call": 8,
        "visits:help-list": 3,
        "portal:book-for": 1,
        "portal:book-time": 8,
        "scheduling:schedule": 5,
        "scheduling:limits": 1,
        "scheduling:limits-change": 1,
        "visits:site-list": 1,
        "visits:site-add": 0,
        "visits:site-change": 1,
        "scheduling:waitlist": 2,
        "scheduling:waitlist-offer": 7,
        "scheduling:appointment-detail": 5,
        "scheduling:appointment-people": 3,
        "notifications:text-list": 4,
        "notifications:reach-of": 4,
        "notifications:device-list": 2,
    },
    "marcus": {
        "billing:claim-list": 3,
        "billing:claim-detail": 4,
    },
    "ingrid": {
        "compliance:trail": 6,
        "chart:emergency-list": 4,
        "compliance:overrides": 5,
        "compliance:licences": 6,
        "compliance:licence-detail": 5,
        "compliance:consents": 6,
        "compliance:disclosures": 1,
    },
    "admin": {
        "portal:administration": 4,
        "portal:figures": 7,
        "portal:words": 1,
        "accounts:staff-list": 3,
        "accounts:sso-list": 1,
        "accounts:sso-add": 0,
        "accounts:sso-add-saml": 0,
        "accounts:staff-detail": 1,
        "notifications:message-list": 5,
        "notifications:event-list": 5,
        "compliance:licences": 4,
        "core:health": 2,
    },
}
"""Queries by who looks and at what; counted as ``webside.testing.queries`` says."""


@dataclass(slots=True)
class Clinic:
    """The cast, a visit at each stage, and where each page of the table lies."""

    cast: Cast
    rooms: dict[str, Any]
    parts: dict[str, Any]
    slot: str
    signed: Any

    def address(self, page: str) -> str:
        """Return the address of a line of the table: a URL's name, a visit's stage, a query."""
        name, _, stage = page.partition(" ")
        name, _, query = name.partition("?")
        route = _ROUTES[name]
        room = self.rooms.get(stage)
        own = {"visit_id": room.id, "encounter_id": room.encounter_id} if room else {}
        args = [own.get(part) or self.parts[part] for part in route]
        data: str = {
            "": "",
            "words": "?q=Family2",
            "place=ask": "?place=ask",
            "state=NY": "?state=NY",
            "slot": f"?state=NY&slot={self.slot}",
        }[query]
        return reverse(name, args=args) + data


def _routes() -> dict[str, tuple[str, ...]]:
    from tests.isolation.routes import pages

    return {page.name: page.parts for page in pages()}


_ROUTES: dict[str, tuple[str, ...]] = {}


@pytest.fixture
def clinic(cast: Cast) -> Clinic:
    _ROUTES.update(_routes())
    now = clock.now()
    rooms = {
        "stopped": visits.waiting(cast, answers=visits.AWAY, starts=now - timedelta(minutes=50)),
        "admitted": visits.admitted(cast, starts=now - timedelta(minutes=25)),
        "waiting": visits.waiting(cast, starts=now + timedelta(minutes=1)),
        "planned": visits.planned(cast, starts=now + timedelta(minutes=25)),
    }
    with cast.as_(cast.liz_user) as liz:
        compliance.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
        slot = scheduling.next_free(service=cast.video_visit, state="NY", since=now + timedelta(days=3))
    with cast.as_(cast.maya_user) as maya:
        signed = charts.encounter(cast, parts=charts.PARTS, started_at=now - timedelta(days=2), status="finished",
                                  ended_at=now - timedelta(days=2))  # fmt: skip
        charts.diagnosis(signed)
        signed.note.status, signed.note.signed_at, signed.note.signed_by = "final", now, cast.maya
        signed.note.save()
        catalog.override_gate(actor=maya, gate="identity_document", subject_type="visit",
                              subject_id=rooms["admitted"].id, patient=cast.liz, reason="Known to me")  # fmt: skip
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)) as frame:
        signed = Encounter.objects.select_related("service", "practitioner", "appointment").get(id=signed.id)
        claim: Claim = billing.draft_claim(actor=frame.actor, encounter=signed)
        override = AuditEvent.objects.filter(action="catalog.gate.override").get()
        licence = Licence.objects.get(practitioner=cast.maya, state="NY")
        ending = Licence.objects.filter(practitioner=cast.maya, state="NJ")
        ending.update(period_end=clock.now().date() + timedelta(days=30))
        charts.diagnosis(Encounter.objects.get(id=rooms["admitted"].encounter_id))
        plan = crowd.plan(cast, "Your new hip", steps=2)
        transfer = crowd.transfer(signed)
        crowd.messages(cast, 1)
    open_line(cast)
    on_duty(cast)
    entry = join(cast)
    with cast.as_(cast.liz_user) as liz:
        waits = waiting.join_waitlist(
            actor=liz, patient=cast.liz, service=cast.video_visit, state="NY", timezone="America/New_York",
            until=now.date() + timedelta(days=30), notice_hours=2, idempotency_key="of the table",
        )  # fmt: skip
    parts = {
        "slug": "larkspur", "entry_id": entry.id, "wait_id": waits.id,
        "service_id": cast.video_visit.id, "appointment_id": rooms["planned"].id,
        "patient_id": cast.liz.id, "plan_id": plan.id, "transfer_id": transfer.id,
        "encounter_id": signed.id, "claim_id": claim.id,
        "override_id": override.id,
        "site_id": visits.make_site(cast).id,
        "licence_id": licence.id, "membership_id": cast.maya_user.memberships.first().id,
    }  # fmt: skip
    assert slot is not None
    return Clinic(cast, rooms, parts, slot_value(slot.start, slot.practitioner.id), signed)


def _looker(cast: Cast, who: str, appointment: Any) -> Callable[[str], list[str]]:
    client = Client(HTTP_HOST="localhost")
    if who.startswith("link"):
        with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
            token = issue_link(appointment=appointment, since=clock.now())
        client.get(reverse("scheduling:link-open", args=["larkspur", token]))
    elif who != "visitor":
        sign_in(client, getattr(cast, f"{who}_user"))

    def look(address: str) -> list[str]:
        client.get(address)  # what is made once in a process, or at a first look, is made now
        with page_queries() as queries:
            answer = client.get(address)
        assert answer.status_code == 200, f"{who} gets {answer.status_code} at {address}"
        return queries

    return look


def _shortly(sql: str) -> str:
    start, _, rest = sql.partition(" FROM ")
    return f"{start[:12]}… FROM {rest[:160]}"


@pytest.mark.parametrize("who", MEASURED)
def test_no_page_asks_more_than_the_table_says_however_many_rows_there_are(clinic: Clinic, who: str) -> None:
    booked = clinic.signed.appointment if who == "link, afterwards" else clinic.rooms["planned"].appointment
    look = _looker(clinic.cast, who, booked)
    few = {page: look(clinic.address(page)) for page in MEASURED[who]}
    with frames.begin(tenant_id=clinic.cast.larkspur.id, actor=system("tests", clinic.cast.larkspur.id)):
        crowd.make_crowd(clinic.cast)
        crowd.talk(clinic.rooms["admitted"], lines=60)
    many = {page: look(clinic.address(page)) for page in MEASURED[who]}
    wrong = [
        f"{page}: the table says {measured}, {len(few[page])} with few rows, {len(many[page])} with many\n  "
        + "\n  ".join(_shortly(sql) for sql in many[page])
        for page, measured in MEASURED[who].items()
        if not measured == len(few[page]) == len(many[page])
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_keeps_the_figure() -> None:
    over = {(who, page): number for who, pages in MEASURED.items() for page, number in pages.items() if number > MOST}
    assert not over
