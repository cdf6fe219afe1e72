"""How the lines were from which a patient came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models.fields.json import KT

from webside.core.actor import Actor
from webside.visits import policies
from webside.visits.codes import ParticipantRole
from webside.visits.models import Participant, Visit

TESTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tested:
    """One test of a line. ``place`` is what her check-in said afterwards; what was not measured or said is empty."""

    at: datetime
    place: str
    line: str
    kbps: int | None
    rtt_ms: int | None
    loss_pct: int | None


def line_tests(actor: Actor, visit: Visit) -> list[Tested]:
    """Return the last tests of the patient's lines, the newest first, of the visits that the actor may see."""
    seen = policies.visible_visits(actor, Visit.objects.filter(appointment__patient_id=visit.appointment.patient_id))
    seats = (
        Participant.objects.filter(role=ParticipantRole.PATIENT, device_check__has_key="line", visit__in=seen)
        .select_related("visit__safe_start")
        .order_by(KT("device_check__at").desc())
    )
    return [_tested(seat) for seat in seats[:TESTS_SHOWN]]


def _tested(seat: Participant) -> Tested:
    check = seat.device_check or {}
    start = getattr(seat.visit, "safe_start", None)
    return Tested(
        datetime.fromisoformat(check["at"]),
        start.location if start is not None else "",
        check.get("line", ""),
        *(check.get(name) for name in ("kbps", "rtt_ms", "loss_pct")),
    )
