"""The clinician's side: let in, hold, end, and what she answers for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webside.audit.services import action
from webside.catalog import gates
from webside.catalog import services as catalog
from webside.catalog.gates import Finding
from webside.chart import selectors as chart_selectors
from webside.chart import services as chart
from webside.core import clock
from webside.core.actor import Actor
from webside.outbox.services import publish
from webside.realtime.services import disconnect_on_commit, push_on_commit
from webside.scheduling import services as scheduling
from webside.visits import policies, rules, selectors
from webside.visits.codes import AudioReason, EndReason, ParticipantRole, Stage, VisitStatus
from webside.visits.events import VisitEnded
from webside.visits.models import Participant, PhoneCall, SafeStart, Visit
from webside.visits.services.check_in import CheckIn
from webside.visits.services.errors import NeedsReason, NotAllowed, WrongStage
from webside.visits.services.handing import end_hand_overs
from webside.visits.services.pictures import hide_board
from webside.visits.services.rooms import (
    begin,
    begin_by_phone,
    close_meeting,
    dismiss,
    follow_calls,
    locked,
    note_step,
    open_meeting,
    require_stage,
    tell,
)
from webside.visits.services.seats import make_room, send_out_without_patient
from webside.visits.services.stops import ask_gates, stop_visit


@action("visits.visit.admit")
def admit(*, actor: Actor, visit: Visit, makes_room: UUID | None = None) -> CheckIn:
    """Let the patient in: ask the gates once more, make the encounter, open the call.

    What nobody may answer for stops the visit (a licence that ended meanwhile). Letting in twice
    changes nothing. ``makes_room``: who goes to the lobby for her, where the team fills the call.
    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NeedsReason`, and :class:`RoomFull` where somebody must make
    room and nobody who is there was named: then nothing has changed, and nobody is sent out whom the clinician did not name.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.WAITING, Stage.ROOM)
    barring: list[Finding] = []
    made_room: dict[str, str] = {}
    if visit.admitted_at is None:
        start = visit.safe_start
        findings = ask_gates(visit, start)
        barring = selectors.barring(findings)
        if barring:
            stop_visit(visit, start, barring)
        elif reasons := selectors.to_answer_for(findings):
            raise NeedsReason(reasons)
        else:
            places = rules.guests_at_once(clock.now().date(), with_patient=True)
            made_room = make_room(visit, places, makes_room)
            _let_in(actor, visit, start)
    outcome = "stopped" if barring else "admitted"
    changes = {"outcome": outcome, "gates": [found.gate for found in barring], **made_room}
    note_step("visits.visit.admit", actor, visit, changes=changes)
    return CheckIn(visit, tuple(barring))


def _let_in(actor: Actor, visit: Visit, start: SafeStart) -> None:
    start.save()
    visit.admitted_at = clock.now()
    if close_meeting(visit):
        # What the team looked at without her is not put before her by her coming in.
        hide_board(visit)
    visit.appointment = scheduling.check_in_appointment(actor=actor, appointment=visit.appointment)
    if visit.encounter_id is None:
        encounter = chart.start_encounter(
            actor=actor, appointment=visit.appointment, visit_id=visit.id, location=start.location,
            location_state=start.state, location_name=start.site_name, location_kind=start.site_kind,
        )  # fmt: skip
        visit.encounter_id = encounter.id
    if visit.started_at is not None:
        visit.status = VisitStatus.IN_PROGRESS
    visit.save()
    tell(visit, "admitted")
    scheduling.tell_lists(visit.appointment.practitioner_id)
    begin_by_phone(visit)


@action("visits.visit.start")
def start_visit(*, actor: Actor, visit: Visit, started_at: datetime) -> Visit:
    """Note that both hear each other since ``started_at``. The first word counts; later ones change nothing."""
    visit = locked(visit)
    if not policies.can_view_visit(actor, visit):
        raise NotAllowed
    begin(visit, started_at)
    note_step("visits.visit.start", actor, visit)
    return visit


@action("visits.visit.hold")
def hold_visit(*, actor: Actor, visit: Visit, team_stays: bool = False) -> Visit:
    """Ask the patient back to the waiting room; the encounter and the note stay open.

    ``team_stays``: the clinician goes on in the call with those who may be there without her; their time is no time of
    the visit. Who may not stay is out of it either way.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.ROOM, Stage.WAITING)
    if visit.admitted_at is not None:
        visit.admitted_at = None
        visit.status = VisitStatus.WAITING
        visit.save()
        send_out_without_patient(visit)
        if team_stays:
            open_meeting(visit, actor.label)
        # Back in the waiting room she hears nothing of the room, by phone too: the others hang up whatever her page does.
        patient = selectors.participants(visit)[ParticipantRole.PATIENT]
        dismiss(patient, "lobby")
        Participant.objects.filter(id=patient.id).update(socket_id=None, updated_at=clock.now())
        PhoneCall.objects.filter(visit=visit, seat__role=ParticipantRole.PATIENT).update(admitted_at=None)
        follow_calls(visit)
        tell(visit, "held")
        scheduling.tell_lists(visit.appointment.practitioner_id)
    note_step("visits.visit.hold", actor, visit, changes={"team_stays": team_stays})
    return visit


@action("visits.visit.end")
def end_visit(*, actor: Actor, visit: Visit, audio_reason: AudioReason | None = None) -> Visit:
    """Close the room after a visit. ``audio_reason`` says why there was no picture, where there was none.

    What was said of it before (``say_audio_reason``) stands where nothing is said now. Ending twice changes nothing.
    The note stays open until it is signed.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    if visit.status not in (VisitStatus.FINISHED, VisitStatus.FAILED):
        require_stage(visit, Stage.ROOM, Stage.WAITING)
        if visit.encounter_id is None:
            raise WrongStage(Stage.WAITING)
        visit.audio_reason = audio_reason.value if audio_reason else visit.audio_reason
        _close(actor, visit, VisitStatus.FINISHED, EndReason.COMPLETED)
        visit.appointment = scheduling.fulfil_appointment(actor=actor, appointment=visit.appointment)
    note_step("visits.visit.end", actor, visit, changes={"reason": visit.end_reason})
    return visit


@action("visits.visit.fail")
def fail_visit(*, actor: Actor, visit: Visit) -> Visit:
    """Close a room in which no visit came about, because the call did not work. It gives no code.

    In the chart the encounter is cancelled; where both heard each other before the call broke for good,
    it did begin, and is finished.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    if visit.status not in (VisitStatus.FINISHED, VisitStatus.FAILED):
        require_stage(visit, Stage.ROOM, Stage.WAITING)
        _close(actor, visit, VisitStatus.FAILED, EndReason.TECHNICAL)
        scheduling.follow_failed_visit(actor=actor, appointment=visit.appointment)
    note_step("visits.visit.fail", actor, visit, changes={"reason": visit.end_reason})
    return visit


@action("visits.visit.noshow")
def note_noshow(*, actor: Actor, visit: Visit) -> Visit:
    """Close a room to which the patient did not come. Only after the booked time, only if she never checked in."""
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.CHECK_IN)
    try:
        visit.appointment = scheduling.mark_noshow(actor=actor, appointment=visit.appointment)
    except scheduling.WrongStatus:
        raise WrongStage(Stage.CHECK_IN) from None
    _close(actor, visit, VisitStatus.FAILED, EndReason.NOSHOW)
    note_step("visits.visit.noshow", actor, visit)
    return visit


def _close(actor: Actor, visit: Visit, status: VisitStatus, reason: EndReason) -> None:
    visit.status, visit.end_reason = status, reason
    visit.ended_at = clock.now()
    visit.save()
    encounter = chart_selectors.encounter_of_visit(actor, visit.id) if visit.encounter_id else None
    if encounter is not None:
        never = status == VisitStatus.FAILED and visit.started_at is None
        (chart.cancel_encounter if never else chart.finish_encounter)(actor=actor, encounter=encounter)
    close_meeting(visit)
    follow_calls(visit)
    end_hand_overs(visit)
    push_on_commit(f"visit-news:{visit.id}", "ended", visit.id)
    scheduling.tell_lists(visit.appointment.practitioner_id)
    disconnect_on_commit(topic=f"visit:{visit.id}", reason="ended")
    publish(VisitEnded(visit_id=visit.id))


@action("visits.identity.confirm")
def confirm_identity(*, actor: Actor, visit: Visit) -> SafeStart:
    """Note that the clinician has seen the patient's identity on a document: while they are in the room together.

    Raises :class:`NotAllowed`, :class:`WrongStage`.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.ROOM)
    start = visit.safe_start
    start.identity_document = True
    start.save(update_fields=["identity_document", "updated_at"])
    note_step("visits.identity.confirm", actor, visit)
    tell(visit, "gates")
    return start


@action("visits.gate.answer")
def answer_for_gate(*, actor: Actor, visit: Visit, gate: str, reason: str) -> None:
    """Go on past a gate that stands in this visit's way, with a reason; ``catalog`` keeps it and compliance reviews it.

    Raises :class:`NotAllowed`, :class:`WrongStage`, ``catalog.NotOverridable``, ``catalog.ReasonMissing``, and
    ``gates.UnknownGate`` for one that doesn't stand in the way.
    """
    visit = locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    require_stage(visit, Stage.CHECK_IN, Stage.WAITING, Stage.ROOM, Stage.STOPPED)
    found = next((finding for finding in selectors.join_findings(visit) if finding.gate == gate), None)
    if found is None or (found.outcome == "pass" and found.overridable):
        raise gates.UnknownGate(gate)
    catalog.override_gate(
        actor=actor, gate=gate, subject_type="visit", subject_id=visit.id, patient=visit.appointment.patient,
        reason=reason, said=found.text,
    )  # fmt: skip
    note_step("visits.gate.answer", actor, visit, target_label=str(gates.get(gate).title))
    tell(visit, "gates")
