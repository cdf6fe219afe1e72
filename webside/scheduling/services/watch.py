"""Looking after the line, every few seconds: who is gone, who must be told, who can't be seen any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from webside.audit.services import record
from webside.core import clock, frames
from webside.outbox.services import publish
from webside.scheduling import registry, rules, selectors
from webside.scheduling.codes import AppointmentStatus, CallWindow, QueueStatus
from webside.scheduling.events import QueueAlone, QueueClosing, QueueLeft, QueueNear, QueueShut
from webside.scheduling.models import Appointment, QueueDuty, QueueEntry
from webside.scheduling.selectors import Line, Opening
from webside.scheduling.services.duty import duty_is_over, end_duty_by_itself
from webside.scheduling.services.on_call import forget_left_line, remember_left_line
from webside.scheduling.services.queue import locked_entry, tell_queue, to_call


def watch_queue() -> int:
    """Look after the line of the frame's clinic; return how many wait.

    Duties end whose time is over or whose page is gone. Who waits is told once: that she is nearly next (if she wants to
    know), that nobody who may see her is left, that it closes. When it has closed and nobody is left who may see her,
    the front desk calls her: nobody is dropped.
    """
    _end_duties()
    waiting = selectors.line()
    opened = selectors.openings([entry.service for entry in waiting.entries.values()], waiting.now)
    for entry in waiting.in_order:
        _look_after(waiting, entry, opened[entry.service_id])
    for entry in waiting.with_status(QueueStatus.UNANSWERED):
        if not opened[entry.service_id].is_open and not waiting.who_may_see(entry):
            _shut(entry, QueueStatus.UNANSWERED)
    _reach_who_is_on_call(waiting, opened)
    if waiting.entries:
        tell_queue()  # time has passed: places and ranges on open pages are drawn anew
    return len(waiting.waiting)


def _end_duties() -> None:
    now = clock.now()
    with_somebody = _with_somebody(now)
    for duty in QueueDuty.objects.filter(ended_at=None).select_related("practitioner"):
        busy = duty.practitioner_id in with_somebody
        why = duty_is_over(duty, now, with_somebody=busy)
        if why is not None:
            end_duty_by_itself(duty=duty, why=why)
        elif busy:
            # From the end of the visit on the silence is counted anew.
            QueueDuty.objects.filter(id=duty.id).update(seen_at=now)


def _with_somebody(now: datetime) -> set[UUID]:
    """Return who is in a visit, of the line or booked: their page is that of the visit. So is it while somebody comes whom
    they called; who has waited in vain for longer than that is not with anybody.
    """
    coming = now - (rules.lasting("answer_within", now.date()) or timedelta())
    called = QueueEntry.objects.filter(status=QueueStatus.CLAIMED, claimed_at__gt=coming)
    met = Appointment.objects.filter(
        status=AppointmentStatus.CHECKED_IN, period__startswith__gt=now - selectors.RUNS_ON,
        practitioner__in=QueueDuty.objects.filter(ended_at=None).values("practitioner"),
    )  # fmt: skip
    booked = {appointment.practitioner_id for appointment in met if registry.is_under_way(appointment)}
    return booked | {entry.practitioner_id for entry in called if entry.practitioner_id}


def _look_after(waiting: Line, entry: QueueEntry, opened: Opening) -> None:
    now = waiting.now
    near = rules.number("near_place", now.date())
    warning = rules.lasting("closing_warning", now.date())
    alone = not waiting.who_may_see(entry)
    if not opened.is_open and alone:
        _shut(entry, QueueStatus.WAITING)
    elif alone:
        _tell_once(entry, "told_alone_at", QueueAlone(entry_id=entry.id))
    elif warning and opened.closes_at and opened.closes_at - now <= warning:
        _tell_once(entry, "told_closing_at", QueueClosing(entry_id=entry.id))
    if entry.wants_message and near and not alone and waiting.place(entry.id) < near:
        _tell_once(entry, "told_near_at", QueueNear(entry_id=entry.id))


def _reach_who_is_on_call(waiting: Line, opened: Mapping[UUID, Opening]) -> None:
    """Let who is on call be reached while somebody waits and nobody is left; the timer says that it was done, and when again."""
    left = [each for each in waiting.in_order if opened[each.service_id].is_open and not waiting.who_may_see(each)]
    if not left:
        forget_left_line()
    elif remember_left_line(left[0]):
        publish(QueueLeft(entry_id=left[0].id))


def _tell_once(entry: QueueEntry, mark: str, event: QueueAlone | QueueClosing | QueueNear) -> None:
    """Publish an event, unless it was by another look: the mark and the event are kept together."""
    told = QueueEntry.objects.filter(id=entry.id, status=QueueStatus.WAITING, **{mark: None})
    if told.update(**{mark: clock.now()}):
        publish(event)


def _shut(entry: QueueEntry, status: QueueStatus) -> None:
    """Let the front desk call somebody who could not be seen before closing time."""
    entry = locked_entry(entry)
    if entry.status != status:
        return
    to_call(entry, window=CallWindow.NEXT_DAY, why="The line closed before she was seen.")
    record("scheduling.queue.shut", actor=frames.current().actor, target=entry, patient_id=entry.patient_id,
           target_label=entry.service.name)  # fmt: skip
    publish(QueueShut(entry_id=entry.id))
