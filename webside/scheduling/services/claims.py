"""Calling somebody from the line, and letting her go: back to her place, to a colleague, or because she did not come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from psycopg.types.range import TimestamptzRange

from webside.audit.services import action, record
from webside.catalog import gates
from webside.core import clock, frames, timers
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner
from webside.realtime.services import push_on_commit
from webside.scheduling import policies, rules, selectors
from webside.scheduling.codes import HOLDS_TIME, AppointmentStatus, QueueStatus
from webside.scheduling.events import (
    AppointmentBooked,
    AppointmentMissed,
    AppointmentMoved,
    AppointmentTaken,
    QueueCalled,
    QueueUnanswered,
)
from webside.scheduling.models import Appointment, HeldTime, QueueEntry
from webside.scheduling.services.errors import (
    CannotBook,
    GatesStop,
    NobodyMay,
    NotAllowed,
    NoTime,
    NotOnDuty,
    PatientBusy,
    WithSomebody,
    WrongPlace,
    WrongStatus,
)
from webside.scheduling.services.people import take_her_place
from webside.scheduling.services.queue import (
    CALL_TIMER,
    UNANSWERED_TIMER,
    end_entry,
    give_time_back,
    has_begun,
    has_come,
    in_words,
    locked_entry,
    note,
    require_status,
    tell_queue,
    wait_again,
)
from webside.scheduling.services.times import locked, save_if_free


@dataclass(frozen=True, slots=True)
class Called:
    """Who was called, with her appointment; ``passed_over`` are those who were before her and can't be seen, and why."""

    entry: QueueEntry | None = None
    appointment: Appointment | None = None
    passed_over: list[tuple[QueueEntry, CannotBook]] = field(default_factory=list)


@action("scheduling.queue.claim")
def call_next(*, actor: Actor, practitioner: Practitioner) -> Called:
    """Call who is next of those whom somebody may see; nobody, where nobody waits for them.

    Two who press at once get two people: who is being called by one isn't waited for by the other. Pressed twice it is
    the same person. Raises :class:`NotAllowed`, :class:`NotOnDuty`, :class:`WithSomebody`, :class:`NoTime`.
    """
    held = _ready(actor, practitioner)
    if held is not None:
        note("scheduling.queue.claim", actor, held, repeated=True)
        return Called(held, selectors.appointment_of(held))
    passed_over: list[tuple[QueueEntry, CannotBook]] = []
    for waiting in selectors.line().waiting_for(practitioner):
        entry = _take(waiting.id)
        if entry is None:
            continue
        try:
            appointment = _call(actor, entry, practitioner)
        except CannotBook as refusal:
            passed_over.append((entry, refusal))
            continue
        _note_claim(actor, entry, "", [each.id for each, _why in passed_over])
        return Called(entry, appointment, passed_over)
    _note_nobody(actor, practitioner)
    return Called(passed_over=passed_over)


@action("scheduling.queue.claim")
def call_entry(*, actor: Actor, practitioner: Practitioner, entry: QueueEntry, reason: str) -> Called:
    """Call another one than who is next, with a reason. Raises what :func:`call_next` raises, and
    :class:`NobodyMay` for whom they may not see, :class:`WrongPlace` where somebody was faster, :class:`GatesStop`,
    :class:`PatientBusy`, ``ReasonMissing``.
    """
    said = in_words(reason)
    held = _ready(actor, practitioner)
    if held is not None:
        if held.id != entry.id:
            raise WithSomebody(held)
        note("scheduling.queue.claim", actor, held, repeated=True)
        return Called(held, selectors.appointment_of(held))
    if entry.id not in {each.id for each in selectors.line().waiting_for(practitioner)}:
        raise NobodyMay if entry.status == QueueStatus.WAITING else WrongPlace(entry.status)
    taken = _take(entry.id)
    if taken is None:
        raise WrongPlace(QueueStatus.CLAIMED)
    appointment = _call(actor, taken, practitioner)
    _note_claim(actor, taken, said, [])
    return Called(taken, appointment)


def _note_claim(actor: Actor, entry: QueueEntry, reason: str, passed_over: list[UUID]) -> None:
    note("scheduling.queue.claim", actor, entry, reason=reason, passed_over=[str(each) for each in passed_over])


def _note_nobody(actor: Actor, practitioner: Practitioner) -> None:
    record("scheduling.queue.claim", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"nobody": True})  # fmt: skip


def _ready(actor: Actor, practitioner: Practitioner) -> QueueEntry | None:
    """Return whom somebody has called just now and who has not come yet; else see that they may call one.

    Presses of one person wait for each other here.
    """
    if not policies.can_take_from_line(actor, practitioner):
        raise NotAllowed
    lock(practitioner)
    duty = selectors.duty_of(practitioner)
    if duty is None:
        raise NotOnDuty
    duty.seen_at = clock.now()
    duty.save(update_fields=["seen_at", "updated_at"])
    held = QueueEntry.objects.filter(practitioner=practitioner, status=QueueStatus.CLAIMED).first()
    if held is None:
        return None
    held = locked_entry(held)
    if has_begun(held):
        raise WithSomebody(held)
    return held


def _take(entry_id: UUID) -> QueueEntry | None:
    """Lock somebody who waits; nothing if somebody else has her, or is just taking her."""
    mine = QueueEntry.objects.select_for_update(skip_locked=True, no_key=True).filter(
        id=entry_id, status=QueueStatus.WAITING
    )
    if not list(mine.values_list("id")):
        return None
    return QueueEntry.objects.select_related("patient", "service", "practitioner", "asked_for").get(id=entry_id)


def _call(actor: Actor, entry: QueueEntry, practitioner: Practitioner) -> Appointment:
    """Make the appointment for now, and call her."""
    now = clock.now()
    lock(entry.patient)
    known = selectors.appointment_of(entry)
    appointment = known or Appointment(
        id=entry.id, patient=entry.patient, service=entry.service, idempotency_key=f"queue:{entry.id}"
    )
    _appoint(appointment, entry, practitioner, now)
    appointment.booked_by, appointment.by_guardian = actor.label, entry.by_guardian
    _save(appointment, entry)
    entry.status = QueueStatus.CLAIMED
    entry.practitioner = practitioner
    entry.claimed_at = entry.moved_on_at = now
    entry.answered_at = None
    entry.save()
    _set_timers(entry, now)
    # Who was called before has a room already: it follows, and asks for her place again if that is old.
    publish((AppointmentMoved if known else AppointmentBooked)(appointment_id=appointment.id))
    tell_queue()
    return appointment


def _appoint(appointment: Appointment, entry: QueueEntry, practitioner: Practitioner, now: datetime) -> None:
    """Give an appointment its person and its time from now on, if the gates and both calendars allow it."""
    stops = gates.stops(
        gates.ask(
            gates.Case(
                moment=gates.Moment.BOOK, at=now, service=entry.service, patient=entry.patient,
                practitioner=practitioner, state=entry.state, visit_id=entry.id,
                facts={"guardian_present": entry.by_guardian},
            )
        )
    )  # fmt: skip
    if stops:
        raise GatesStop(stops)
    _end_early(practitioner, entry.patient, now)
    until = now + selectors.length_of(entry.service)
    least = rules.lasting("least_visit", now.date())
    for whose, refusal in (({"practitioner": practitioner}, None), ({"patient": entry.patient}, PatientBusy)):
        start = _next_visit(now, until, besides=entry.id, **whose)
        if start is None:
            continue
        if least is None or start - now < least:
            raise refusal() if refusal else NoTime(start)
        until = min(until, start)
    appointment.practitioner = practitioner
    appointment.period = TimestamptzRange(now, until)
    appointment.minutes_before = appointment.minutes_after = 0
    appointment.patient_state, appointment.patient_timezone = entry.state, entry.timezone
    appointment.reason_text = entry.reason_text
    appointment.status = AppointmentStatus.BOOKED
    appointment.cancelled_at, appointment.cancellation_reason = None, ""


def _next_visit(
    now: datetime, until: datetime, *, besides: UUID, practitioner: Practitioner | None = None,
    patient: Patient | None = None,
) -> datetime | None:  # fmt: skip
    """Return when somebody's next booked visit begins within a time; a moment that is past for one that goes on."""
    soon = TimestamptzRange(now, until)
    if practitioner is not None:
        # Her time is kept with what stays free around it, while it is held for somebody, and where she is booked too.
        held = HeldTime.objects.filter(practitioner=practitioner, blocked__overlap=soon).exclude(appointment_id=besides)
        periods = held.values_list("blocked", flat=True)
    else:
        visits = Appointment.objects.filter(patient=patient, status__in=HOLDS_TIME, period__overlap=soon)
        periods = visits.exclude(id=besides).values_list("period", flat=True)
    return min((period.lower for period in periods), default=None)


def _end_early(practitioner: Practitioner, patient: Patient, now: datetime) -> None:
    """Let visits that took place and were over sooner hold their time no longer: they would keep both from this one."""
    over = Appointment.objects.filter(
        selectors.is_beside(practitioner) | Q(patient=patient),
        status=AppointmentStatus.FULFILLED,
        blocked__contains=now,
    ).select_related("patient", "practitioner", "service")
    for appointment in over:
        if appointment.start < now:
            appointment.period = TimestamptzRange(appointment.start, min(now, appointment.end))
            appointment.minutes_after = 0
            appointment.save()
            write_version(appointment)


def _save(appointment: Appointment, entry: QueueEntry) -> None:
    appointment.sequence += 0 if appointment._state.adding else 1
    # Nobody waits for another time here: what stands in the way is said, and the next one is called.
    save_if_free(appointment, entry.state)
    write_version(appointment)


def _set_timers(entry: QueueEntry, now: datetime) -> None:
    payload = {"entry_id": str(entry.id), "claimed_at": now.isoformat()}
    for name, after in ((UNANSWERED_TIMER, "answer_within"), (CALL_TIMER, "call_after")):
        lasting = rules.lasting(after, now.date())
        if lasting is not None:
            timers.set_timer(name, key=str(entry.id), due_at=now + lasting, payload=payload)


@action("scheduling.queue.answer")
def answer_call(*, actor: Actor, entry: QueueEntry) -> Appointment:
    """Note that she has come who was called; coming twice changes nothing. Return her appointment.

    Raises :class:`NotAllowed`, and :class:`WrongPlace` where nobody waits for her any more.
    """
    entry = locked_entry(entry)
    if not policies.can_answer_call(actor, entry):
        raise NotAllowed
    require_status(entry, QueueStatus.CLAIMED)
    if entry.answered_at is None:
        has_come(entry)
    note("scheduling.queue.answer", actor, entry)
    appointment = selectors.appointment_of(entry)
    if appointment is None:
        raise WrongPlace(entry.status)
    return appointment


# ------------------------------------------------------------------------------------------- letting go


@action("scheduling.queue.release")
def release_entry(*, actor: Actor, entry: QueueEntry, reason: str) -> QueueEntry:
    """Put somebody who was called back in line, at the place that she had.

    Raises :class:`NotAllowed`, ``ReasonMissing``, and :class:`WrongPlace` once her visit has begun.
    """
    entry = locked_entry(entry)
    if not policies.can_let_go(actor, entry):
        raise NotAllowed
    said = in_words(reason)
    _require_called(entry, QueueStatus.CLAIMED, QueueStatus.UNANSWERED)
    give_time_back(entry)
    wait_again(entry)
    note("scheduling.queue.release", actor, entry, reason=said)
    return entry


@action("scheduling.queue.noshow")
def mark_absent(*, actor: Actor, entry: QueueEntry, reason: str) -> QueueEntry:
    """Note that somebody who was called did not come, with a reason. Raises what :func:`release_entry` raises."""
    entry = locked_entry(entry)
    if not policies.can_let_go(actor, entry):
        raise NotAllowed
    said = in_words(reason)
    _require_called(entry, QueueStatus.CLAIMED, QueueStatus.UNANSWERED)
    appointment = selectors.appointment_of(entry)
    end_entry(entry, QueueStatus.NOSHOW, said)
    if appointment is not None:
        appointment.refresh_from_db()
        appointment.status = AppointmentStatus.NOSHOW
        appointment.save()
        write_version(appointment)
        publish(AppointmentMissed(appointment_id=appointment.id))
    note("scheduling.queue.noshow", actor, entry, reason=said)
    return entry


@action("scheduling.queue.hand-over")
def hand_over_entry(*, actor: Actor, entry: QueueEntry, to: Practitioner, reason: str) -> Appointment:
    """Give somebody who was called to a colleague who is on duty, free, and may see her where she is.

    Raises :class:`NotAllowed`, ``ReasonMissing``, :class:`WrongPlace`, :class:`NobodyMay`, :class:`WithSomebody`,
    :class:`GatesStop`, :class:`NoTime`.
    """
    lock(to)
    entry = locked_entry(entry)
    if not policies.can_let_go(actor, entry):
        raise NotAllowed
    said = in_words(reason)
    _require_called(entry, QueueStatus.CLAIMED)
    if to not in selectors.line().who_may_see(entry):
        raise NobodyMay
    held = QueueEntry.objects.filter(practitioner=to, status=QueueStatus.CLAIMED).exclude(id=entry.id).first()
    if held is not None:
        raise WithSomebody(held)
    appointment = selectors.appointment_of(entry)
    if appointment is None:
        raise WrongPlace(entry.status)
    was = entry.practitioner_id
    arrived = appointment.status == AppointmentStatus.CHECKED_IN
    _appoint(appointment, entry, to, clock.now())
    if arrived:
        # She sits in the waiting room, and her answers are hers: she isn't asked again because of whom she meets.
        appointment.status = AppointmentStatus.CHECKED_IN
    if appointment.doors_since is None:
        appointment.doors_since = appointment.sequence
    _save(appointment, entry)
    entry.practitioner = to
    entry.save()
    publish(AppointmentMoved(appointment_id=appointment.id))
    for who in (was, to.id):
        push_on_commit(f"day:{who}", "changed")
    tell_queue()
    note("scheduling.queue.hand-over", actor, entry, reason=said, was=str(was), to=str(to.id))
    return appointment


@action("scheduling.appointment.take")
def take_over_appointment(*, actor: Actor, appointment: Appointment, to: Practitioner) -> Appointment:
    """Give an appointment whose patient is there to the colleague who takes it; the caller has asked who may, and the gates.

    Its time stays where it can; where the colleague's own visits leave less, it is from now until the next of them. Her
    links and what she has open go on: the same person, the same visit, and she has done nothing. Taken twice it is taken
    once. Raises :class:`NotAllowed`, ``WrongStatus``, :class:`WithSomebody`, :class:`NoTime`, :class:`PatientBusy`.
    """
    lock(to)
    lock(appointment.patient)
    appointment = locked(appointment)
    if not policies.can_take_over(actor, to):
        raise NotAllowed
    if appointment.status not in (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN):
        raise WrongStatus(appointment.status)
    was = appointment.practitioner
    if was.id != to.id:
        entry = _follows_in_line(appointment, to)
        _end_early(to, appointment.patient, clock.now())
        appointment.period = _time_left(appointment, to)
        appointment.practitioner = to
        take_her_place(actor, appointment)
        appointment.minutes_before = appointment.minutes_after = 0
        if appointment.doors_since is None:
            appointment.doors_since = appointment.sequence
        appointment.sequence += 1
        save_if_free(appointment, appointment.patient_state)
        write_version(appointment)
        if entry is not None:
            entry.practitioner = to
            entry.save()
            tell_queue()
        publish(AppointmentTaken(appointment_id=appointment.id))
        for who in (was.id, to.id):
            push_on_commit(f"day:{who}", "changed")
        push_on_commit(f"tenant:{frames.current_tenant_id()}", "changed")
    record("scheduling.appointment.take", actor=actor, target=appointment, patient_id=appointment.patient_id,
           changes={"was": str(was.id), "now": str(to.id)})  # fmt: skip
    return appointment


def _follows_in_line(appointment: Appointment, to: Practitioner) -> QueueEntry | None:
    """Return the place in line that an appointment came of; raise :class:`WithSomebody` where the other is with one already."""
    entry = QueueEntry.objects.filter(id=appointment.id, status=QueueStatus.CLAIMED).first()
    if entry is not None:
        held = QueueEntry.objects.filter(practitioner=to, status=QueueStatus.CLAIMED).exclude(id=entry.id).first()
        if held is not None:
            raise WithSomebody(held)
    return entry


def _time_left(appointment: Appointment, to: Practitioner) -> TimestamptzRange:
    """Return the time that an appointment has with another one: its own, or from now until they are booked again."""
    now = clock.now()
    if _next_visit(appointment.start, appointment.end, besides=appointment.id, practitioner=to) is None:
        return appointment.period
    begins = max(now, appointment.start)
    until = appointment.end if appointment.end > begins else begins + selectors.length_of(appointment.service)
    booked = _next_visit(begins, until, besides=appointment.id, practitioner=to)
    if booked is None:
        return TimestamptzRange(begins, until)
    least = rules.lasting("least_visit", now.date())
    if least is None or booked - begins < least:
        raise NoTime(booked)
    return TimestamptzRange(begins, booked)


def _require_called(entry: QueueEntry, *statuses: QueueStatus) -> None:
    """Raise :class:`WrongPlace` for who isn't called, or whose visit has begun."""
    require_status(entry, *statuses)
    if has_begun(entry):
        raise WrongPlace(entry.status)


# ------------------------------------------------------------------------------------------- by themselves


@action("scheduling.queue.unanswered")
def give_up_waiting(*, entry_id: UUID, claimed_at: datetime) -> None:
    """Note that somebody did not come in time: her clinician sees the next one, her place is kept. A timer's work.

    Nothing happens where she came, was let go, or was called anew meanwhile.
    """
    actor = frames.current().actor
    entry = locked_entry(QueueEntry.objects.get(id=entry_id))
    if entry.status == QueueStatus.CLAIMED and entry.answered_at is None and entry.claimed_at == claimed_at:
        give_time_back(entry)
        practitioner_id = entry.practitioner_id
        entry.status = QueueStatus.UNANSWERED
        entry.moved_on_at = clock.now()
        entry.save()
        write_version(entry)
        publish(QueueUnanswered(entry_id=entry.id))
        push_on_commit(f"day:{practitioner_id}", "changed")
        tell_queue()
    note("scheduling.queue.unanswered", actor, entry)


@action("scheduling.queue.call")
def call_by_message(*, entry_id: UUID, claimed_at: datetime) -> None:
    """Send a message to somebody who was called and whose page did not go on. A timer's work."""
    entry = locked_entry(QueueEntry.objects.get(id=entry_id))
    if entry.status == QueueStatus.CLAIMED and entry.answered_at is None and entry.claimed_at == claimed_at:
        publish(QueueCalled(entry_id=entry.id))
    note("scheduling.queue.call", frames.current().actor, entry)
