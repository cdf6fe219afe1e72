"""Joining the line, leaving it, coming back; being called instead. What happens to an entry, whoever does it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.types.range import TimestamptzRange

from webside.audit.services import action, record
from webside.catalog.models import HealthcareService
from webside.compliance import services as compliance
from webside.core import clock, frames, timers
from webside.core.actor import Actor, ActorKind
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner
from webside.people.selectors import given_by
from webside.realtime.services import push_on_commit
from webside.scheduling import policies, registry, rules, selectors
from webside.scheduling.codes import (
    IN_LINE,
    AppointmentStatus,
    CallOutcome,
    CallWindow,
    QueueStatus,
    Urgency,
)
from webside.scheduling.events import AppointmentLetGo, QueueJoined
from webside.scheduling.models import Appointment, CallBack, QueueEntry, QueueLink
from webside.scheduling.services.booking import VisitorDetails, register_visitor, same_person
from webside.scheduling.services.errors import (
    InLineAlready,
    KeyReused,
    NobodyMay,
    NotAllowed,
    QueueShut,
    ReasonMissing,
    WrongPlace,
)
from webside.scheduling.services.links import token_hash
from webside.scheduling.services.times import nobody

UNANSWERED_TIMER = "scheduling.queue.unanswered"
CALL_TIMER = "scheduling.queue.call"
LONGEST_REASON = 200


def tell_queue() -> None:
    """Hint to everybody who follows the line of the frame's clinic that it has changed; nothing else is said."""
    push_on_commit(f"queue:{frames.current_tenant_id()}", "changed")


def locked_entry(entry: QueueEntry) -> QueueEntry:
    """Lock an entry, then read it with its people and service."""
    lock(entry)
    return read_entry(entry.id)


def read_entry(entry_id: UUID) -> QueueEntry:
    """Return an entry with its people and service. The caller asks the policies."""
    return QueueEntry.objects.select_related("patient", "service", "practitioner", "asked_for").get(id=entry_id)


def require_status(entry: QueueEntry, *statuses: QueueStatus) -> None:
    """Raise :class:`WrongPlace` where an entry stands at none of these."""
    if entry.status not in statuses:
        raise WrongPlace(entry.status)


def note(name: str, actor: Actor, entry: QueueEntry, *, reason: str = "", **changes: Any) -> None:
    """Write into the trail what was done with somebody's place."""
    ground = "treating" if policies.has_called(actor, entry) else ""
    if policies.is_person_of(actor, entry):
        ground = "own place in line"
    elif policies.can_order_line(actor):
        ground = "front desk"
    record(name, actor=actor, target=entry, patient_id=entry.patient_id, target_label=entry.service.name,
           ground=ground, reason=reason, changes=changes or None)  # fmt: skip


def in_words(reason: str) -> str:
    """Return a reason as it is kept; raise :class:`ReasonMissing` for one that says nothing."""
    if not reason.strip():
        raise ReasonMissing
    return " ".join(reason.split())[:LONGEST_REASON]


# ------------------------------------------------------------------------------------------------- joining


@action("scheduling.queue.join")
def join_queue(
    *,
    actor: Actor,
    patient: Patient,
    service: HealthcareService,
    state: str,
    timezone: str,
    phone: str,
    reason_text: str = "",
    idempotency_key: str,
    consent_scope: str = "",
    consent_words: str = "",
    urgency: Urgency = Urgency.ROUTINE,
    urgency_reason: str = "",
    urgency_by: str = "",
    wants_message: bool = False,
) -> QueueEntry:
    """Give somebody a place in line; the same form again returns the same place and makes none.

    ``state`` is where she is now, ``timezone`` her IANA zone; ``consent_scope`` is what she agrees to in the
    same form, ``consent_words`` what stood there.
    ``urgency`` is what the screens found (``urgency_by`` says which, ``urgency_reason`` why). Raises
    :class:`NotAllowed`, :class:`KeyReused`, :class:`InLineAlready`, :class:`QueueShut`, :class:`GatesStop`,
    :class:`NobodyMay`.
    """
    lock(service)  # the second of two equal forms waits here, and then finds what the first one made
    known = _joined_with(idempotency_key)
    if known is not None:
        if known.patient_id != patient.id:
            raise KeyReused
        return _joined_before(actor, known)
    if not policies.can_join_queue(actor, patient):
        raise NotAllowed
    lock(patient)
    held = QueueEntry.objects.filter(patient=patient, status__in=IN_LINE).first()
    if held is not None:
        raise InLineAlready(read_entry(held.id))
    now = clock.now()
    opened = selectors.opening(service, now)
    if not opened.is_open:
        raise QueueShut(opened.opens_at)
    _require_somebody(service, patient, state, guardian=actor.is_guardian)
    if consent_scope:
        compliance.give_consent(
            actor=actor, patient=patient, scope=consent_scope, given_by=given_by(actor, patient), words=consent_words
        )
    entry = QueueEntry(
        patient=patient, service=service, state=state, timezone=timezone, phone=phone.strip(),
        reason_text=reason_text.strip(), urgency=urgency, urgency_reason=urgency_reason[:LONGEST_REASON],
        urgency_by=urgency_by, by_guardian=actor.is_guardian, joined_at=now, moved_on_at=now, wants_message=wants_message,
        idempotency_key=idempotency_key,
    )  # fmt: skip
    entry.save(force_insert=True)
    _promise(entry)
    write_version(entry)
    note("scheduling.queue.join", actor, entry, urgency=str(urgency), by=urgency_by)
    publish(QueueJoined(entry_id=entry.id))
    tell_queue()
    return entry


@action("scheduling.queue.join")
def join_as_visitor(
    *, actor: Actor, details: VisitorDetails, service: HealthcareService, state: str, timezone: str, **joining: Any
) -> QueueEntry:
    """Register a person, take her consent and give her a place in line: all of it, or nothing.

    As in ``book_as_visitor`` nobody is looked up by what a stranger types. Who holds a place by her door already and
    types the same name gets :class:`InLineAlready`. ``joining`` is the rest of what :func:`join_queue` takes; raises
    what it raises.
    """
    lock(service)  # before anybody is registered: see join_queue
    known = _joined_with(joining["idempotency_key"])
    if known is not None:
        if not same_person(known.patient, details):
            raise KeyReused
        return _joined_before(actor, known)
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        held = QueueEntry.objects.filter(id=actor.subject_id, status__in=IN_LINE).select_related("patient").first()
        if held is not None and same_person(held.patient, details):
            raise InLineAlready(read_entry(held.id))
    opened = selectors.opening(service, clock.now())
    if not opened.is_open:
        raise QueueShut(opened.opens_at)
    patient = register_visitor(actor, details, state, timezone)
    return join_queue(
        actor=actor, patient=patient, service=service, state=state, timezone=timezone, phone=details.phone, **joining
    )


def _joined_before(actor: Actor, known: QueueEntry) -> QueueEntry:
    note("scheduling.queue.join", actor, known, repeated=True)
    return known


def _joined_with(key: str) -> QueueEntry | None:
    found = QueueEntry.objects.filter(idempotency_key=key)
    return found.select_related("patient", "service", "practitioner").first()


def _require_somebody(service: HealthcareService, patient: Patient, state: str, *, guardian: bool) -> None:
    """Raise where nobody who gives a service may ever see her there: a place in that line would lead nowhere.

    Whether anybody of them is on duty now is another question: she may wait for them, and is told.
    """
    offers = selectors.offers(service=service, state=state, at=clock.now(), patient=patient, guardian=guardian)
    if not any(offer.allowed for offer in offers):
        raise nobody(offers)


def _promise(entry: QueueEntry) -> None:
    """Keep what she is told when she joins, so that it can be scored against the truth."""
    found = selectors.line().range_of(entry.id)
    if found is not None:
        entry.promised_low, entry.promised_high = found.low, found.high
        entry.save(update_fields=["promised_low", "promised_high", "updated_at"])


def issue_queue_link(*, entry: QueueEntry) -> str:
    """Make a link that opens somebody's place in line, and the visit that comes of it; return its token."""
    token = secrets.token_urlsafe(32)
    QueueLink.objects.create(
        entry=entry, token_hash=token_hash(token), expires_at=clock.now() + selectors.QUEUE_LINK_HOLDS
    )
    return token


@action("scheduling.queue.open")
def open_queue_link(*, actor: Actor, link: QueueLink) -> None:
    """Note that somebody came back by the link of a message."""
    link.last_used_at = clock.now()
    link.save(update_fields=["last_used_at", "updated_at"])
    record("scheduling.queue.open", actor=actor, target=link.entry, patient_id=link.entry.patient_id,
           ground="link from a message")  # fmt: skip


# ------------------------------------------------------------------------------------ leaving and coming back


@action("scheduling.queue.leave")
def leave_queue(*, actor: Actor, entry: QueueEntry, reason: str = "") -> QueueEntry:
    """Take somebody out of the line at her own wish; leaving twice changes nothing.

    Raises :class:`NotAllowed`, and :class:`WrongPlace` for who is being seen or was.
    """
    entry = locked_entry(entry)
    if not policies.can_change_place(actor, entry):
        raise NotAllowed
    if entry.status != QueueStatus.LEFT:
        require_status(entry, *IN_LINE)
        _require_not_begun(entry)
        end_entry(entry, QueueStatus.LEFT, reason or "her own wish")
    note("scheduling.queue.leave", actor, entry, reason=reason)
    return entry


@action("scheduling.queue.return")
def return_to_queue(*, actor: Actor, entry: QueueEntry) -> QueueEntry:
    """Let somebody wait again at the place that she had: she left, did not answer, or was to be called.

    Raises :class:`NotAllowed`, :class:`WrongPlace`, and :class:`QueueShut` once the line is closed and empty of staff.
    """
    entry = locked_entry(entry)
    if not policies.can_change_place(actor, entry) and not policies.can_let_go(actor, entry):
        raise NotAllowed
    if entry.status != QueueStatus.WAITING:
        if not selectors.can_return(entry):
            raise WrongPlace(entry.status)
        found = selectors.line()
        opened = selectors.opening(entry.service, found.now)
        if not opened.is_open and not found.who_may_see(entry):
            raise QueueShut(opened.opens_at)
        held = QueueEntry.objects.filter(patient=entry.patient, status__in=IN_LINE).exclude(id=entry.id).first()
        if held is not None:
            raise InLineAlready(read_entry(held.id))
        close_call_backs(entry, CallOutcome.IN_LINE_AGAIN, actor)
        wait_again(entry)
    note("scheduling.queue.return", actor, entry)
    return entry


@action("scheduling.queue.notify")
def ask_for_message(*, actor: Actor, entry: QueueEntry, wanted: bool, phone: str = "") -> QueueEntry:
    """Keep whether she wants a message when she is nearly next; ``phone`` is where, if it is another one."""
    entry = locked_entry(entry)
    if not policies.can_change_place(actor, entry):
        raise NotAllowed
    require_status(entry, *IN_LINE)
    entry.wants_message = wanted
    entry.told_near_at = None
    if phone.strip():
        entry.phone = phone.strip()
    entry.save()
    note("scheduling.queue.notify", actor, entry, wanted=wanted)
    return entry


@action("scheduling.queue.call-back")
def ask_call_back(
    *, actor: Actor, entry: QueueEntry, phone: str, window: CallWindow = CallWindow.SOON, why: str = ""
) -> CallBack:
    """Let somebody be called instead of waiting: it becomes a task of the front desk. Again changes it.

    Raises :class:`NotAllowed`, :class:`WrongPlace`.
    """
    entry = locked_entry(entry)
    if not policies.can_change_place(actor, entry):
        raise NotAllowed
    require_status(entry, *IN_LINE)
    _require_not_begun(entry)
    task = to_call(entry, phone=phone, window=window, why=why)
    note("scheduling.queue.call-back", actor, entry, window=str(window))
    return task


def to_call(
    entry: QueueEntry, *, phone: str = "", window: CallWindow = CallWindow.SOON, why: str = "", took_place: bool = False
) -> CallBack:
    """Make an entry one that is called, and its task; the caller holds it locked.

    ``took_place``: its visit began, so that its room is closed and its appointment stays as it is.
    """
    if entry.status == QueueStatus.CLAIMED and not took_place:
        give_time_back(entry)
    task = CallBack.objects.filter(entry=entry, closed_at=None).first() or CallBack(entry=entry)
    task.phone, task.window, task.why = phone.strip() or entry.phone, window, why[:LONGEST_REASON]
    task.save()
    _stand(entry, QueueStatus.CALLBACK)
    entry.practitioner = entry.claimed_at = entry.answered_at = None
    entry.save()
    write_version(entry)
    tell_queue()
    return task


@action("scheduling.queue.note-call")
def note_call(*, actor: Actor, task: CallBack, outcome: CallOutcome, words: str = "") -> CallBack:
    """Note what became of a call: reached closes it, not reached leaves it to be tried again, closed gives it up.

    What isn't reached needs words. Raises :class:`NotAllowed`, :class:`ReasonMissing`, :class:`WrongPlace`.
    """
    if not policies.can_order_line(actor):
        raise NotAllowed
    said = " ".join(words.split())[:LONGEST_REASON] if outcome is CallOutcome.REACHED else in_words(words)
    entry = locked_entry(task.entry)
    task = CallBack.objects.select_for_update().get(id=task.id)
    if task.closed_at is not None:
        raise WrongPlace(task.outcome)
    now = clock.now()
    task.tries += 1
    task.last_try_at, task.last_note = now, said
    if outcome is not CallOutcome.NOT_REACHED:
        task.closed_at, task.outcome, task.closed_by = now, outcome, actor.label
        if entry.status == QueueStatus.CALLBACK:
            seen = outcome is CallOutcome.REACHED
            end_entry(entry, QueueStatus.SEEN if seen else QueueStatus.REMOVED, said or str(outcome))
    task.save()
    note("scheduling.queue.note-call", actor, entry, reason=said, outcome=str(outcome), tries=task.tries)
    tell_queue()
    return task


def close_call_backs(entry: QueueEntry, outcome: CallOutcome, actor: Actor) -> None:
    """Close what was to be called about an entry: it isn't any more."""
    CallBack.objects.filter(entry=entry, closed_at=None).update(
        closed_at=clock.now(), outcome=outcome, closed_by=actor.label
    )


# ------------------------------------------------------------------------------------------- the front desk


@action("scheduling.queue.order")
def set_urgency(*, actor: Actor, entry: QueueEntry, urgency: Urgency, reason: str) -> QueueEntry:
    """Say how urgent somebody is, with a reason. A person may lower it too. Raises what :func:`remove_entry` raises."""
    if not policies.can_order_line(actor):
        raise NotAllowed
    said = in_words(reason)
    entry = locked_entry(entry)
    require_status(entry, *IN_LINE)
    was = entry.urgency
    _set_urgency(entry, urgency, said, actor.label)
    note("scheduling.queue.order", actor, entry, reason=said, was=was, urgency=str(urgency))
    return entry


@action("scheduling.queue.raise")
def raise_urgency(*, actor: Actor, entry: QueueEntry, urgency: Urgency, reason: str, by: str) -> QueueEntry:
    """Let software say that somebody is more urgent; what is said to be less changes nothing. For higher apps."""
    entry = locked_entry(entry)
    if not policies.can_change_place(actor, entry):
        raise NotAllowed
    require_status(entry, *IN_LINE)
    was = entry.urgency
    greater = rules.raised(Urgency(was), urgency)
    if greater != was:
        _set_urgency(entry, greater, in_words(reason), by)
    note("scheduling.queue.raise", actor, entry, reason=reason, was=was, urgency=entry.urgency, by=by)
    return entry


def _set_urgency(entry: QueueEntry, urgency: Urgency, reason: str, by: str) -> None:
    entry.urgency, entry.urgency_reason, entry.urgency_by = urgency, reason, by[:160]
    entry.save()
    if entry.status != QueueStatus.CLAIMED:
        write_version(entry)
    tell_queue()


@action("scheduling.queue.assign")
def assign_entry(*, actor: Actor, entry: QueueEntry, practitioner: Practitioner | None, reason: str) -> QueueEntry:
    """Choose by whom somebody is seen, or take the choice back. It holds while they are on duty.

    Raises :class:`NotAllowed`, :class:`ReasonMissing`, :class:`WrongPlace`, and :class:`NobodyMay` for somebody who is
    not on duty or may not see her there.
    """
    if not policies.can_order_line(actor):
        raise NotAllowed
    said = in_words(reason)
    entry = locked_entry(entry)
    require_status(entry, QueueStatus.WAITING)
    if practitioner is not None and practitioner not in selectors.line().who_may_see(entry):
        raise NobodyMay
    entry.asked_for = practitioner
    entry.save()
    note(
        "scheduling.queue.assign", actor, entry, reason=said, practitioner=str(practitioner.id) if practitioner else ""
    )
    tell_queue()
    return entry


@action("scheduling.queue.remove")
def remove_entry(*, actor: Actor, entry: QueueEntry, reason: str) -> QueueEntry:
    """Take somebody out of the line who can't be seen in it, with a reason that she reads too.

    Raises :class:`NotAllowed`, :class:`ReasonMissing`, :class:`WrongPlace`.
    """
    if not policies.can_order_line(actor):
        raise NotAllowed
    said = in_words(reason)
    entry = locked_entry(entry)
    require_status(entry, *IN_LINE)
    _require_not_begun(entry)
    close_call_backs(entry, CallOutcome.CLOSED, actor)
    end_entry(entry, QueueStatus.REMOVED, said)
    note("scheduling.queue.remove", actor, entry, reason=said)
    return entry


# ------------------------------------------------------------------------------------------- how it stands


def _stand(entry: QueueEntry, status: QueueStatus) -> None:
    entry.status = status
    entry.moved_on_at = clock.now()
    for name in (UNANSWERED_TIMER, CALL_TIMER):
        timers.cancel_timer(name, key=str(entry.id))


def wait_again(entry: QueueEntry) -> None:
    """Put an entry back in line, at the place that it had; the caller holds it locked."""
    _stand(entry, QueueStatus.WAITING)
    entry.practitioner = entry.claimed_at = entry.answered_at = entry.ended_at = None
    entry.end_reason = ""
    entry.told_near_at = entry.told_alone_at = entry.told_closing_at = None
    entry.save()
    write_version(entry)
    tell_queue()


def end_entry(entry: QueueEntry, status: QueueStatus, reason: str) -> None:
    """Close an entry, and give the time of its appointment back; the caller holds it locked."""
    if entry.status == QueueStatus.CLAIMED:
        give_time_back(entry)
    CallBack.objects.filter(entry=entry, closed_at=None).update(
        closed_at=clock.now(), outcome=CallOutcome.CLOSED, closed_by=frames.current().actor.label
    )
    _stand(entry, status)
    entry.ended_at, entry.end_reason = entry.moved_on_at, reason[:LONGEST_REASON]
    entry.save()
    write_version(entry)
    tell_queue()


def give_time_back(entry: QueueEntry) -> None:
    """Let the appointment of an entry hold no time any more: nobody sees her now."""
    appointment = Appointment.objects.filter(id=entry.id).first()
    if appointment is None or appointment.status not in (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN):
        return
    appointment.status = AppointmentStatus.WAITLIST
    appointment.sequence += 1
    appointment.save()
    push_on_commit(f"visit:{entry.id}", "moved", entry.id)
    push_on_commit(f"visit-news:{entry.id}", "moved", entry.id)
    push_on_commit(f"day:{appointment.practitioner_id}", "changed")
    publish(AppointmentLetGo(appointment_id=appointment.id))


def has_begun(entry: QueueEntry) -> bool:
    """Whether the visit of somebody who was called goes on."""
    appointment = selectors.appointment_of(entry) if entry.status == QueueStatus.CLAIMED else None
    return appointment is not None and registry.is_under_way(appointment)


def _require_not_begun(entry: QueueEntry) -> None:
    if has_begun(entry):
        raise WrongPlace(entry.status)


def follow_appointment(appointment: Appointment, status: QueueStatus, reason: str = "") -> None:
    """Let an entry follow what became of its appointment (seen, missed, cancelled); others have none.

    Its appointment ends now if it is over sooner: whoever sees people one after another is free from then on.
    """
    entry = QueueEntry.objects.filter(id=appointment.id, status=QueueStatus.CLAIMED).first()
    if entry is None:
        return
    entry = locked_entry(entry)
    if status is not QueueStatus.LEFT:
        appointment.period = _until_now(appointment)
    _stand(entry, status)
    entry.ended_at, entry.end_reason = entry.moved_on_at, reason[:LONGEST_REASON]
    entry.save()
    tell_queue()


def note_arrival(appointment: Appointment) -> None:
    """She whom somebody called has checked in, by whichever page she came: nobody waits for her answer any more.

    Before the appointment is locked, as calling and letting go lock them.
    """
    entry = QueueEntry.objects.filter(id=appointment.id, status=QueueStatus.CLAIMED, answered_at=None).first()
    if entry is None:
        return
    entry = locked_entry(entry)
    if entry.status == QueueStatus.CLAIMED and entry.answered_at is None:
        has_come(entry)


def has_come(entry: QueueEntry) -> None:
    """Note that she is here whom somebody called; the caller holds her entry locked."""
    entry.answered_at = clock.now()
    entry.save()
    for name in (UNANSWERED_TIMER, CALL_TIMER):
        timers.cancel_timer(name, key=str(entry.id))
    tell_queue()
    push_on_commit(f"day:{entry.practitioner_id}", "changed")


def leave_for_booked_time(appointment: Appointment) -> None:
    """An appointment that came of the line was given another time: from now on it is one that is booked, like any other.

    Who called her sees the next one, and she is written to as everybody who is booked.
    """
    entry = QueueEntry.objects.filter(id=appointment.id, status=QueueStatus.CLAIMED).first()
    if entry is None:
        return
    entry = locked_entry(entry)
    _stand(entry, QueueStatus.BOOKED)
    entry.ended_at, entry.end_reason = entry.moved_on_at, "given a time of her own"
    entry.save()
    push_on_commit(f"day:{entry.practitioner_id}", "changed")
    tell_queue()


def _until_now(appointment: Appointment) -> TimestamptzRange:
    """Return the time of an appointment, to its end or to now if it is over sooner."""
    now = max(clock.now(), appointment.start + timedelta(minutes=1))
    return TimestamptzRange(appointment.start, min(now, appointment.end))


@action("scheduling.queue.fail")
def follow_failed_visit(*, actor: Actor, appointment: Appointment) -> None:
    """A visit did not come about because the call did not work: who waited in line for it is called.

    One that was booked can still be given another time. Either way its own is over now: both are free for somebody else,
    and she for another place in line. ``visits`` says so when it closes the room.
    """
    entry = QueueEntry.objects.filter(id=appointment.id, status=QueueStatus.CLAIMED).first()
    if entry is not None:
        entry = locked_entry(entry)
    appointment.period = _until_now(appointment)
    appointment.minutes_after = 0
    appointment.save()
    if entry is None:
        write_version(appointment)
        record("scheduling.queue.fail", actor=actor, target=appointment, patient_id=appointment.patient_id)
        return
    to_call(entry, why="The call did not work.", took_place=True)
    note("scheduling.queue.fail", actor, entry)
