"""Changing visits: check in, let in, hold, end; what the clinician answers for; what is said in the chat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from webside.audit.services import action, record
from webside.catalog import gates
from webside.catalog import services as catalog
from webside.catalog.gates import Finding
from webside.chart import selectors as chart_selectors
from webside.chart import services as chart
from webside.compliance import services as compliance
from webside.compliance.models import Consent
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.outbox.services import publish
from webside.realtime.services import disconnect_on_commit, push_on_commit
from webside.scheduling import selectors as scheduling_selectors
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.scheduling.selectors import CONSENT_SCOPES
from webside.visits import policies, rules, selectors
from webside.visits.codes import AudioReason, DeviceVerdict, EndReason, ParticipantRole, PlaceKind, Stage, VisitStatus
from webside.visits.events import VisitEnded, VisitStarted, VisitStopped
from webside.visits.models import ChatMessage, Participant, SafeStart, Visit

VISIT_CONSENT = "visit"
CHECK_IN_SOON = timedelta(minutes=15)
LONGEST_MESSAGE = 2000
PLACE = ("location", "address_line", "city", "state", "postal_code")
ANSWERS = ("identity_confirmed", *PLACE, "phone", "alone", "nearby_name", "nearby_phone")


class NotAllowed(PermissionError):
    """The actor may not do this."""


class WrongStage(Exception):
    """The visit is not where this can be done; ``stage`` says where it is."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.value)
        self.stage = stage


class Incomplete(ValueError):
    """Answers are missing; ``fields`` names them."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(", ".join(self.fields))


class NeedsReason(Exception):
    """The clinician must answer for these findings before the visit goes on."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        super().__init__(", ".join(finding.gate for finding in self.findings))


class NotOffered(Exception):
    """The time of the colleague is gone; a fresh look shows what there is now."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """How a check-in went: the patient waits now, or ``stopped_by`` says why the visit may not begin."""

    visit: Visit
    stopped_by: tuple[Finding, ...] = ()


# The room


def open_visit(*, appointment: Appointment) -> Visit:
    """Return the room of an appointment; make it, and its two seats, at first need. Again changes nothing.

    An appointment that has gone to another practitioner gives the seat to them.
    """
    visit, _ = Visit.objects.get_or_create(appointment=appointment, defaults={"id": appointment.id})
    people = {
        ParticipantRole.PATIENT: (appointment.patient.user_id, appointment.patient.full_name),
        ParticipantRole.CLINICIAN: (appointment.practitioner.user_id, appointment.practitioner.display_name),
    }
    seats = selectors.participants(visit)
    for role, (user_id, name) in people.items():
        seat = seats.get(role)
        if seat is None:
            Participant.objects.get_or_create(visit=visit, role=role, defaults={"user_id": user_id, "name": name})
        elif (seat.user_id, seat.name) != (user_id, name):
            Participant.objects.filter(id=seat.id).update(
                user_id=user_id, name=name, socket_id=None, seen_at=None, joined_at=None, left_at=None, code_check=""
            )
    return selectors.visit_for(appointment) or visit


def _locked(visit: Visit) -> Visit:
    """Lock a visit, then read it with its people."""
    lock(visit)
    return selectors.by_id(visit.id)


def _tell(visit: Visit, kind: str) -> None:
    """Hint to the room, and to pages that only follow it."""
    push_on_commit(f"visit:{visit.id}", kind, visit.id)
    push_on_commit(f"visit-news:{visit.id}", kind, visit.id)


def _note(name: str, actor: Actor, visit: Visit, **more: Any) -> None:
    record(
        name, actor=actor, target=visit, patient_id=visit.appointment.patient_id, ground=_ground(actor, visit), **more
    )


def _ground(actor: Actor, visit: Visit) -> str:
    role = policies.role_in(actor, visit)
    return {ParticipantRole.PATIENT: "own visit", ParticipantRole.CLINICIAN: "treating"}.get(role, "") if role else ""


def _require_stage(visit: Visit, *stages: Stage) -> None:
    stage = selectors.stage_of(visit)
    if stage not in stages:
        raise WrongStage(stage)


# Check in


@action("visits.devices.check")
def check_devices(*, actor: Actor, visit: Visit, verdict: DeviceVerdict) -> Participant:
    """Keep how a visit can be held from here. Nothing of the devices themselves is kept."""
    role = policies.role_in(actor, visit)
    if role is None or not policies.is_open(visit):
        raise NotAllowed
    seat = Participant.objects.get(visit=visit, role=role)
    seat.device_check = {"verdict": verdict.value, "at": clock.now().isoformat()}
    seat.save(update_fields=["device_check", "updated_at"])
    _note("visits.devices.check", actor, visit, changes={"verdict": verdict.value})
    _tell(visit, "gates")
    return seat


@action("visits.safe-start.save")
def save_safe_start(*, actor: Actor, visit: Visit, answers: Mapping[str, Any]) -> SafeStart:
    """Keep answers as they are typed; names not given stay as they were. Consent is never taken here.

    Another place undoes a check-in that was complete: the gates have not been asked about it. Raises
    :class:`NotAllowed`, and :class:`WrongStage` once the patient has been let in.
    """
    visit = _locked(visit)
    _require_check_in(actor, visit)
    start, changed = _keep(visit, answers)
    if start.completed_at is not None and set(changed) & set(PLACE):
        _undo_check_in(visit, start)
    _note("visits.safe-start.save", actor, visit, changes={"answered": changed})
    _tell(visit, "check-in")
    return start


def _require_check_in(actor: Actor, visit: Visit) -> None:
    if not policies.can_check_in(actor, visit):
        raise NotAllowed
    _require_stage(visit, Stage.CHECK_IN, Stage.WAITING, Stage.STOPPED)


def _keep(visit: Visit, answers: Mapping[str, Any]) -> tuple[SafeStart, list[str]]:
    start = selectors.safe_start_of(visit) or SafeStart(visit=visit)
    given = {name: value for name, value in answers.items() if name in ANSWERS}
    if given.get("location") == PlaceKind.HOME:
        given |= selectors.home_of(visit)
    changed = [name for name, value in given.items() if getattr(start, name) != value]
    for name in changed:
        setattr(start, name, given[name])
    if set(changed) & set(PLACE):
        start.place_said_at = clock.now()
    start.save()
    visit.safe_start = start
    return start, changed


def _undo_check_in(visit: Visit, start: SafeStart) -> None:
    start.completed_at = None
    start.save(update_fields=["completed_at", "updated_at"])
    if visit.status == VisitStatus.WAITING:
        visit.status = VisitStatus.PLANNED
        visit.waiting_since = None
        visit.save()
    scheduling.tell_lists(visit.appointment.practitioner_id)


def _missing(start: SafeStart, agrees: bool) -> list[str]:
    wanted = {
        "identity_confirmed": start.identity_confirmed,
        "location": start.location,
        "address_line": start.address_line,
        "city": start.city,
        "state": start.state,
        "alone": start.alone is not None,
        "nearby_name": start.alone is not False or start.nearby_name,
        "agrees": agrees,
    }
    return [name for name, answered in wanted.items() if not answered]


@action("visits.safe-start.complete")
def complete_safe_start(*, actor: Actor, visit: Visit, answers: Mapping[str, Any], agrees: bool) -> CheckIn:
    """Check a patient in: keep her answers and consent, ask the gates about the place she gave.

    She goes to the waiting room, or the visit is stopped by what nobody may answer for (a licence, a
    refused consent, a check that could not run); her answers stay. Raises :class:`NotAllowed`,
    :class:`WrongStage`, :class:`Incomplete`.
    """
    visit = _locked(visit)
    _require_check_in(actor, visit)
    start, _ = _keep(visit, answers)
    missing = _missing(start, agrees)
    if missing:
        raise Incomplete(missing)
    start.place_said_at = clock.now()
    start.consent = _consent(actor, visit)
    findings = _ask(visit, start)
    barring = selectors.barring(findings)
    outcome = "stopped" if barring else "waiting"
    if barring:
        _stop(visit, start, barring)
    else:
        _let_wait(actor, visit, start)
    changes = {"outcome": outcome, "state": start.state, "gates": [finding.gate for finding in barring]}
    _note("visits.safe-start.complete", actor, visit, changes=changes)
    return CheckIn(visit, tuple(barring))


def _consent(actor: Actor, visit: Visit) -> Consent:
    """Take the agreement to this visit, and the one that its kind of service asks for, where it is not given yet."""
    patient = visit.appointment.patient
    given = {
        consent.scope: consent
        for consent in Consent.objects.filter(patient=patient, status="active", withdrawn_at=None)
        if consent.visit_id in (None, visit.id) and (consent.scope != VISIT_CONSENT or consent.visit_id == visit.id)
    }
    standing = standing_consent(visit)
    if standing and standing not in given:
        compliance.give_consent(actor=actor, patient=patient, scope=standing, given_by=patient.full_name)
    return given.get(VISIT_CONSENT) or compliance.give_consent(
        actor=actor, patient=patient, scope=VISIT_CONSENT, given_by=patient.full_name, visit_id=visit.id
    )


def standing_consent(visit: Visit) -> str:
    """Return the scope of the consent that the visit's kind of service asks for once, or nothing."""
    return CONSENT_SCOPES.get(visit.appointment.service.kind, "")


def _ask(visit: Visit, start: SafeStart) -> list[Finding]:
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


def _stop(visit: Visit, start: SafeStart, barring: Iterable[Finding]) -> None:
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
    _tell(visit, "stopped")
    scheduling.tell_lists(visit.appointment.practitioner_id)
    publish(VisitStopped(visit_id=visit.id))


def _let_wait(actor: Actor, visit: Visit, start: SafeStart) -> None:
    start.completed_at = clock.now()
    start.save()
    visit.status = VisitStatus.WAITING
    visit.waiting_since = visit.waiting_since or clock.now()
    visit.stopped_by = None
    visit.save()
    visit.appointment = scheduling.check_in_appointment(actor=actor, appointment=visit.appointment)
    _tell(visit, "waiting")
    scheduling.tell_lists(visit.appointment.practitioner_id)


@action("visits.visit.hand-over")
def hand_over(*, actor: Actor, visit: Visit, practitioner_id: UUID, start: datetime) -> Visit:
    """Give a stopped visit to the colleague who was offered, at the time that was offered; keep the check-in.

    A time within the hour lets the patient wait right away; a later one asks her again where she is.
    Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NotOffered`.
    """
    visit = _locked(visit)
    if not policies.can_view_visit(actor, visit) or not policies.is_open(visit):
        raise NotAllowed
    _require_stage(visit, Stage.STOPPED)
    slot = selectors.colleague_for(visit)
    if slot is None or (slot.practitioner.id, slot.start) != (practitioner_id, start):
        raise NotOffered
    ground, was = _ground(actor, visit), visit.appointment.practitioner_id
    answers = visit.safe_start
    try:
        moved = scheduling.move_appointment(
            actor=actor, appointment=visit.appointment, start=slot.start, practitioner=slot.practitioner,
            state=answers.state, timezone=_zone(visit),
        )  # fmt: skip
    except (scheduling.CannotBook, scheduling.WrongStatus):
        raise NotOffered from None
    visit = open_visit(appointment=moved)
    visit.status, visit.stopped_by, visit.admitted_at, visit.waiting_since = VisitStatus.PLANNED, None, None, None
    soon = not rules.place_is_old(answers.place_said_at, slot.start, holds=selectors.PLACE_HOLDS)
    # The clinician who hands over has no say in the colleague's appointment: its check-in follows at the door.
    if soon and not selectors.barring(_ask(visit, answers)):
        visit.status, visit.waiting_since = VisitStatus.WAITING, clock.now()
    answers.completed_at = clock.now() if visit.status == VisitStatus.WAITING else None
    answers.save()
    visit.save()
    visit.safe_start = answers
    record("visits.visit.hand-over", actor=actor, target=visit, patient_id=moved.patient_id, ground=ground,
           changes={"was": str(was), "now": str(slot.practitioner.id)})  # fmt: skip
    _tell(visit, "handed-over")
    scheduling.tell_lists(was, slot.practitioner.id)
    return visit


def _zone(visit: Visit) -> str:
    """Return the patient's time zone where she is now."""
    place = scheduling_selectors.state(visit.safe_start.state, clock.now().date())
    zone: str = visit.appointment.patient_timezone
    return zone if place is None or zone in place.zones else place.zones[0]


# The clinician's side


@action("visits.visit.admit")
def admit(*, actor: Actor, visit: Visit) -> CheckIn:
    """Let the patient in: ask the gates once more, make the encounter, open the call.

    What nobody may answer for stops the visit (a licence that ended meanwhile). Letting in twice
    changes nothing. Raises :class:`NotAllowed`, :class:`WrongStage`, :class:`NeedsReason`.
    """
    visit = _locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    _require_stage(visit, Stage.WAITING, Stage.ROOM)
    barring: list[Finding] = []
    if visit.admitted_at is None:
        start = visit.safe_start
        findings = _ask(visit, start)
        barring = selectors.barring(findings)
        if barring:
            _stop(visit, start, barring)
        elif reasons := selectors.to_answer_for(findings):
            raise NeedsReason(reasons)
        else:
            _let_in(actor, visit, start)
    outcome = "stopped" if barring else "admitted"
    _note("visits.visit.admit", actor, visit, changes={"outcome": outcome, "gates": [found.gate for found in barring]})
    return CheckIn(visit, tuple(barring))


def _let_in(actor: Actor, visit: Visit, start: SafeStart) -> None:
    start.save()
    visit.admitted_at = clock.now()
    visit.appointment = scheduling.check_in_appointment(actor=actor, appointment=visit.appointment)
    if visit.encounter_id is None:
        encounter = chart.start_encounter(
            actor=actor, appointment=visit.appointment, visit_id=visit.id, location=start.location,
            location_state=start.state,
        )  # fmt: skip
        visit.encounter_id = encounter.id
    if visit.started_at is not None:
        visit.status = VisitStatus.IN_PROGRESS
    visit.save()
    _tell(visit, "admitted")
    scheduling.tell_lists(visit.appointment.practitioner_id)


@action("visits.visit.start")
def start_visit(*, actor: Actor, visit: Visit, started_at: datetime) -> Visit:
    """Note that both hear each other since ``started_at``. The first word counts; later ones change nothing."""
    visit = _locked(visit)
    if not policies.can_view_visit(actor, visit):
        raise NotAllowed
    if visit.started_at is None and selectors.stage_of(visit) is Stage.ROOM:
        # No earlier than the door was opened: what was heard before is no visit.
        visit.started_at = max(started_at, visit.admitted_at or started_at)
        visit.status = VisitStatus.IN_PROGRESS
        visit.save()
        publish(VisitStarted(visit_id=visit.id))
        _tell(visit, "started")
        scheduling.tell_lists(visit.appointment.practitioner_id)
    _note("visits.visit.start", actor, visit)
    return visit


@action("visits.visit.hold")
def hold_visit(*, actor: Actor, visit: Visit) -> Visit:
    """Ask the patient back to the waiting room; the encounter and the note stay open."""
    visit = _locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    _require_stage(visit, Stage.ROOM, Stage.WAITING)
    if visit.admitted_at is not None:
        visit.admitted_at = None
        visit.status = VisitStatus.WAITING
        visit.save()
        _tell(visit, "held")
        scheduling.tell_lists(visit.appointment.practitioner_id)
    _note("visits.visit.hold", actor, visit)
    return visit


@action("visits.visit.end")
def end_visit(*, actor: Actor, visit: Visit, audio_reason: AudioReason | None = None) -> Visit:
    """Close the room after a visit. ``audio_reason`` says why there was no picture, where there was none.

    Ending twice changes nothing. The note stays open until it is signed.
    """
    visit = _locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    if visit.status not in (VisitStatus.FINISHED, VisitStatus.FAILED):
        _require_stage(visit, Stage.ROOM, Stage.WAITING)
        if visit.encounter_id is None:
            raise WrongStage(Stage.WAITING)
        visit.audio_reason = audio_reason.value if audio_reason else ""
        _close(actor, visit, VisitStatus.FINISHED, EndReason.COMPLETED)
        visit.appointment = scheduling.fulfil_appointment(actor=actor, appointment=visit.appointment)
    _note("visits.visit.end", actor, visit, changes={"reason": visit.end_reason})
    return visit


@action("visits.visit.fail")
def fail_visit(*, actor: Actor, visit: Visit) -> Visit:
    """Close a room in which no visit came about, because the call did not work. It gives no code.

    In the chart the encounter is cancelled; where both heard each other before the call broke for good,
    it did begin, and is finished.
    """
    visit = _locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    if visit.status not in (VisitStatus.FINISHED, VisitStatus.FAILED):
        _require_stage(visit, Stage.ROOM, Stage.WAITING)
        _close(actor, visit, VisitStatus.FAILED, EndReason.TECHNICAL)
    _note("visits.visit.fail", actor, visit, changes={"reason": visit.end_reason})
    return visit


@action("visits.visit.noshow")
def note_noshow(*, actor: Actor, visit: Visit) -> Visit:
    """Close a room to which the patient did not come. Only after the booked time, only if she never checked in."""
    visit = _locked(visit)
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    _require_stage(visit, Stage.CHECK_IN)
    try:
        visit.appointment = scheduling.mark_noshow(actor=actor, appointment=visit.appointment)
    except scheduling.WrongStatus:
        raise WrongStage(Stage.CHECK_IN) from None
    _close(actor, visit, VisitStatus.FAILED, EndReason.NOSHOW)
    _note("visits.visit.noshow", actor, visit)
    return visit


def _close(actor: Actor, visit: Visit, status: VisitStatus, reason: EndReason) -> None:
    visit.status, visit.end_reason = status, reason
    visit.ended_at = clock.now()
    visit.save()
    encounter = chart_selectors.encounter_of_visit(actor, visit.id) if visit.encounter_id else None
    if encounter is not None:
        never = status == VisitStatus.FAILED and visit.started_at is None
        (chart.cancel_encounter if never else chart.finish_encounter)(actor=actor, encounter=encounter)
    push_on_commit(f"visit-news:{visit.id}", "ended", visit.id)
    scheduling.tell_lists(visit.appointment.practitioner_id)
    disconnect_on_commit(topic=f"visit:{visit.id}", reason="ended")
    publish(VisitEnded(visit_id=visit.id))


@action("visits.identity.confirm")
def confirm_identity(*, actor: Actor, visit: Visit) -> SafeStart:
    """Note that the clinician has seen the patient's identity on a document."""
    visit = _locked(visit)
    start = selectors.safe_start_of(visit)
    if not policies.can_run_visit(actor, visit) or start is None:
        raise NotAllowed
    start.identity_document = True
    start.save(update_fields=["identity_document", "updated_at"])
    _note("visits.identity.confirm", actor, visit)
    _tell(visit, "gates")
    return start


@action("visits.gate.answer")
def answer_for_gate(*, actor: Actor, visit: Visit, gate: str, reason: str) -> None:
    """Go on past a gate of this visit with a reason; ``catalog`` keeps it and compliance reviews it.

    Raises :class:`NotAllowed`, ``catalog.NotOverridable``, ``catalog.ReasonMissing``, ``gates.UnknownGate``.
    """
    if not policies.can_run_visit(actor, visit):
        raise NotAllowed
    said = next((found.text for found in selectors.join_findings(visit) if found.gate == gate), "")
    catalog.override_gate(
        actor=actor, gate=gate, subject_type="visit", subject_id=visit.id, patient=visit.appointment.patient,
        reason=reason, said=said,
    )  # fmt: skip
    _note("visits.gate.answer", actor, visit, target_label=str(gates.get(gate).title))
    _tell(visit, "gates")


# Chat


@action("visits.chat.write")
def write_message(*, actor: Actor, visit: Visit, text: str, client_key: str) -> ChatMessage:
    """Write a line in the chat. The same ``client_key`` again returns the first line and writes nothing.

    Raises :class:`NotAllowed`, :class:`WrongStage` once the visit is over, :class:`ValueError` for an
    empty or too long text and a key that belongs to somebody else's line.
    """
    role = policies.role_in(actor, visit)
    if role is None:
        raise NotAllowed
    text = text.strip()
    if not text or len(text) > LONGEST_MESSAGE or not client_key or len(client_key) > 40:
        raise ValueError("not a message")
    author = Participant.objects.get(visit=visit, role=role)
    message = ChatMessage.objects.filter(visit=visit, client_key=client_key).first()
    if message is None:
        if not policies.is_open(visit):
            raise WrongStage(selectors.stage_of(visit))
        try:
            with transaction.atomic():
                message = ChatMessage.objects.create(visit=visit, author=author, text=text, client_key=client_key)
        except IntegrityError:
            message = ChatMessage.objects.get(visit=visit, client_key=client_key)
        else:
            _tell(visit, "chat")
    if message.author_id != author.id:
        raise ValueError("this key belongs to another line")
    _note("visits.chat.write", actor, visit)
    return message
