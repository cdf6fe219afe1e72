"""What the gates say about a visit; one that they stop, and giving it to a colleague."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from webside.audit.services import action, record
from webside.catalog.gates import Finding
from webside.core import clock
from webside.core.actor import Actor
from webside.outbox.services import publish
from webside.people.codes import Scope
from webside.scheduling import selectors as scheduling_selectors
from webside.scheduling import services as scheduling
from webside.visits import policies, rules, selectors
from webside.visits.codes import ParticipantRole, Stage, VisitStatus
from webside.visits.events import VisitStopped
from webside.visits.models import SafeStart, Visit
from webside.visits.services.errors import NotAllowed, NotOffered
from webside.visits.services.rooms import close_meeting, ground_of, locked, open_visit, require_stage, tell
from webside.visits.services.seats import send_everybody_out


def ask_gates(visit: Visit, start: SafeStart) -> list[Finding]:
    """Ask the gates about a visit now and keep in ``start`` what they said; the caller saves it."""
    at = clock.now()
    findings = selectors.join_findings(visit, at=at)
    start.decision = {"at": at.isoformat(), "state": start.state, "findings": [_packed(found) for found in findings]}
    return findings


def _packed(finding: Finding) -> dict[str, Any]:
    return {
        "gate": finding.gate,
        "area": finding.area,
        "outcome": finding.outcome,
        "text": finding.text,
        "reasons": [{"code": why.code, "text": why.text, "source": why.source} for why in finding.reasons],
        "fixes": list(finding.fixes),
    }


def stop_visit(visit: Visit, start: SafeStart, barring: Iterable[Finding]) -> None:
    """Stop a visit by findings that nobody may answer for, and undo its check-in; the answers stay."""
    start.completed_at = None
    start.save()
    visit.status = VisitStatus.STOPPED
    visit.admitted_at = visit.waiting_since = None
    visit.stopped_by = {
        "at": clock.now().isoformat(),
        "state": start.state,
        "practitioner": str(visit.appointment.practitioner_id),
        "findings": [_packed(finding) for finding in barring],
    }
    visit.save()
    if close_meeting(visit):
        send_everybody_out(visit)
    tell(visit, "stopped")
    scheduling.tell_lists(visit.appointment.practitioner_id)
    publish(VisitStopped(visit_id=visit.id))


@action("visits.visit.hand-over")
def hand_over(*, actor: Actor, visit: Visit, practitioner_id: UUID, start: datetime) -> Visit:
    """Give a stopped visit to the colleague who was offered, at the time that was offered; keep the check-in.

    A time within the hour lets the patient wait right away; a later one asks her again where she is. What she has open
    without an account follows when the clinician gives the visit away: she did nothing, and must not be shut out. Where
    she does it herself, the browser that did stays, as with any change of hers.
    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NotOffered`.
    """
    visit = locked(visit)
    may = policies.can_view_visit(actor, visit) and actor.may(Scope.APPOINTMENTS)
    if not may or not policies.is_open(visit):
        raise NotAllowed
    require_stage(visit, Stage.STOPPED)
    slot = selectors.colleague_for(visit)
    if slot is None or (slot.practitioner.id, slot.start) != (practitioner_id, start):
        raise NotOffered
    ground, was = ground_of(actor, visit), visit.appointment.practitioner_id
    answers = visit.safe_start
    by_patient = policies.role_in(actor, visit) is ParticipantRole.PATIENT
    try:
        moved = scheduling.move_appointment(
            actor=actor, appointment=visit.appointment, start=slot.start, practitioner=slot.practitioner,
            state=answers.state, timezone=_zone(visit), doors_follow=not by_patient,
            guardian=selectors.came_with_guardian(visit),
        )  # fmt: skip
    except (scheduling.CannotBook, scheduling.WrongStatus):
        raise NotOffered from None
    visit = open_visit(appointment=moved)
    visit.status, visit.stopped_by, visit.admitted_at, visit.waiting_since = VisitStatus.PLANNED, None, None, None
    soon = not rules.place_is_old(answers.place_said_at, slot.start)
    # The clinician who hands over has no say in the colleague's appointment: its check-in follows at the door.
    if soon and not selectors.barring(ask_gates(visit, answers)):
        visit.status, visit.waiting_since = VisitStatus.WAITING, clock.now()
    answers.completed_at = clock.now() if visit.status == VisitStatus.WAITING else None
    answers.save()
    visit.save()
    visit.safe_start = answers
    record("visits.visit.hand-over", actor=actor, target=visit, patient_id=moved.patient_id, ground=ground,
           changes={"was": str(was), "now": str(slot.practitioner.id)})  # fmt: skip
    tell(visit, "handed-over")
    scheduling.tell_lists(was, slot.practitioner.id)
    return visit


def _zone(visit: Visit) -> str:
    """Return the patient's time zone where she is now."""
    place = scheduling_selectors.state(visit.safe_start.state, clock.now().date())
    zone: str = visit.appointment.patient_timezone
    return zone if place is None or zone in place.zones else place.zones[0]
