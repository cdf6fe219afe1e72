"""What becomes of an appointment: moved, cancelled, restored, confirmed, missed, held."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.fhirkit.services import write_version
from webside.notifications.codes import MessageKind
from webside.notifications.services import withdraw_messages
from webside.outbox.services import publish
from webside.people.models import Practitioner
from webside.realtime.services import push_on_commit
from webside.scheduling import policies, registry, selectors
from webside.scheduling.codes import AppointmentStatus, Confirmed, Missed, QueueStatus
from webside.scheduling.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentMoved,
    SeriesBooked,
)
from webside.scheduling.models import Appointment
from webside.scheduling.services.errors import NeedsWords, NotAllowed, WrongStatus
from webside.scheduling.services.links import revoke_links
from webside.scheduling.services.people import require_all_free, take_her_place
from webside.scheduling.services.queue import follow_appointment, leave_for_booked_time, note_arrival
from webside.scheduling.services.times import check_time, give_time, lock_people, locked, save_if_free


@action("scheduling.appointment.move")
def move_appointment(
    *,
    actor: Actor,
    appointment: Appointment,
    start: datetime,
    practitioner: Practitioner | None = None,
    state: str = "",
    timezone: str = "",
    doors_follow: bool = False,
    held: bool = False,
    guardian: bool = False,
) -> Appointment:
    """Give an appointment another time, with the same person or a colleague; ask the gates again.

    Whoever is booked too moves along, or nobody moves: :class:`ColleagueBusy` names who is not free.

    ``doors_follow``: what the patient has open goes on, as when her clinician gives a stopped visit to a colleague: the
    same person with the same need, who has done nothing and sits there. Links in e-mails are replaced all the same.
    ``held``: the time was held for her. Both are not asked for the service's notice and number of a day.
    ``guardian``: her guardian is there with her, though somebody else does it. Where her guardian asked for the visit, the
    agreement stands for another time too, such as when the front desk moves it; the check-in asks for the guardian again.

    One that has not begun: booked, or checked in. A check-in was for the old time and person: it is
    booked again and the check-in is done anew. Links sent before stop working; the message about the
    new time brings a new one. Raises :class:`NotAllowed`, :class:`WrongStatus` and what booking raises.
    """
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    practitioner = practitioner or appointment.practitioner
    lock_people(practitioner, appointment.patient, others=_colleagues(appointment))
    appointment = locked(appointment)
    _require_not_begun(appointment)
    state = state or appointment.patient_state
    check_time(service=appointment.service, practitioner=practitioner, patient=appointment.patient, start=start,
               state=state, moving=appointment, guardian_present=actor.is_guardian or guardian or appointment.by_guardian,
               limits=not (doors_follow or held))  # fmt: skip
    was = {"start": appointment.start.isoformat(), "practitioner": str(appointment.practitioner_id)}
    if appointment.status == AppointmentStatus.CHECKED_IN:
        was["status"] = AppointmentStatus.CHECKED_IN.value
        appointment.status = AppointmentStatus.BOOKED
    appointment.practitioner = practitioner
    give_time(appointment, start)
    leave_for_booked_time(appointment)
    appointment.by_guardian = appointment.by_guardian or actor.is_guardian
    appointment.patient_state = state
    appointment.patient_timezone = timezone or appointment.patient_timezone
    _count_up(appointment, doors_follow=doors_follow)
    take_her_place(actor, appointment)
    require_all_free(appointment)
    save_if_free(appointment, state)
    revoke_links(appointment, doors_follow=doors_follow)
    write_version(appointment)
    record("scheduling.appointment.move", actor=actor, target=appointment, patient_id=appointment.patient_id,
           changes={"was": was})  # fmt: skip
    publish(AppointmentMoved(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.cancel")
def cancel_appointment(*, actor: Actor, appointment: Appointment, reason: str = "") -> Appointment:
    """Cancel; its time is free again and its links stop working. Cancelling twice changes nothing.

    Raises :class:`NotAllowed`, and :class:`WrongStatus` if the visit has begun or is over.
    """
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    appointment = locked(appointment)
    if appointment.status == AppointmentStatus.CANCELLED:
        record("scheduling.appointment.cancel", actor=actor, target=appointment, patient_id=appointment.patient_id,
               changes={"repeated": True})  # fmt: skip
        return appointment
    _require_not_begun(appointment)
    appointment.status = AppointmentStatus.CANCELLED
    appointment.cancelled_at = clock.now()
    appointment.cancellation_reason = reason.strip()[:160]
    follow_appointment(appointment, QueueStatus.LEFT, appointment.cancellation_reason)
    _count_up(appointment)
    appointment.save()
    revoke_links(appointment, reason="cancelled")
    write_version(appointment)
    record("scheduling.appointment.cancel", actor=actor, target=appointment, patient_id=appointment.patient_id)
    publish(AppointmentCancelled(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.restore")
def restore_appointment(*, actor: Actor, appointment: Appointment) -> Appointment:
    """Take a cancellation back, if its time is still ahead and free. Sent as a booking again.

    Raises :class:`NotAllowed`, :class:`WrongStatus` and what booking raises.
    """
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    lock_people(appointment.practitioner, appointment.patient, others=_colleagues(appointment))
    appointment = locked(appointment)
    if appointment.status != AppointmentStatus.CANCELLED:
        raise WrongStatus(appointment.status)
    check_time(service=appointment.service, practitioner=appointment.practitioner, patient=appointment.patient,
               start=appointment.start, state=appointment.patient_state,
               guardian_present=actor.is_guardian or appointment.by_guardian or None, limits=False,
               reach=selectors.SERIES_DAYS)  # fmt: skip
    appointment.status = AppointmentStatus.BOOKED
    appointment.cancelled_at = None
    appointment.cancellation_reason = ""
    _count_up(appointment)
    require_all_free(appointment)
    save_if_free(appointment, appointment.patient_state)
    revoke_links(appointment)
    write_version(appointment)
    record("scheduling.appointment.restore", actor=actor, target=appointment, patient_id=appointment.patient_id)
    publish(AppointmentBooked(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.confirm")
def confirm_appointment(*, actor: Actor, appointment: Appointment, how: Confirmed) -> Appointment:
    """Note that the patient means to come. Again changes nothing.

    Raises :class:`NotAllowed`, and :class:`WrongStatus` for one that isn't booked or has begun.
    """
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    appointment = locked(appointment)
    if appointment.status != AppointmentStatus.BOOKED or appointment.start <= clock.now():
        raise WrongStatus(appointment.status)
    if appointment.confirmed_at is None:
        appointment.confirmed_at, appointment.confirmed_how = clock.now(), how
        appointment.save()
        tell_lists(appointment.practitioner_id)
    record("scheduling.appointment.confirm", actor=actor, target=appointment, patient_id=appointment.patient_id,
           changes={"how": how})  # fmt: skip
    return appointment


@action("scheduling.appointment.noshow")
def mark_noshow(
    *, actor: Actor, appointment: Appointment, reason: Missed = Missed.PATIENT, note: str = ""
) -> Appointment:
    """Note that the visit did not take place, and why. Only after it should have begun.

    Raises :class:`NotAllowed`, :class:`WrongStatus`, and :class:`NeedsWords` where the reason says nothing by itself.
    """
    if not policies.can_run_appointment(actor, appointment):
        raise NotAllowed
    appointment = locked(appointment)
    if appointment.status != AppointmentStatus.BOOKED or appointment.start > clock.now():
        raise WrongStatus(appointment.status)
    if reason is Missed.OTHER and not note.strip():
        raise NeedsWords
    appointment.missed_reason, appointment.missed_note = reason, note.strip()[:200]
    follow_appointment(appointment, QueueStatus.NOSHOW)
    _set_status(appointment, AppointmentStatus.NOSHOW)
    record("scheduling.appointment.noshow", actor=actor, target=appointment, patient_id=appointment.patient_id,
           reason=appointment.missed_note, changes={"why": reason})  # fmt: skip
    publish(AppointmentMissed(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.check-in")
def check_in_appointment(*, actor: Actor, appointment: Appointment) -> Appointment:
    """Note that the patient is here (in the waiting room). Again changes nothing."""
    if not policies.can_check_in(actor, appointment):
        raise NotAllowed
    note_arrival(appointment)
    appointment = locked(appointment)
    if appointment.status == AppointmentStatus.BOOKED:
        _set_status(appointment, AppointmentStatus.CHECKED_IN)
    elif appointment.status not in (AppointmentStatus.CHECKED_IN, AppointmentStatus.FULFILLED):
        raise WrongStatus(appointment.status)
    record("scheduling.appointment.check-in", actor=actor, target=appointment, patient_id=appointment.patient_id)
    return appointment


@action("scheduling.appointment.fulfil")
def fulfil_appointment(*, actor: Actor, appointment: Appointment) -> Appointment:
    """Note that the visit took place. Again changes nothing."""
    if not policies.can_run_appointment(actor, appointment):
        raise NotAllowed
    appointment = locked(appointment)
    if appointment.status in (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN):
        follow_appointment(appointment, QueueStatus.SEEN)
        _set_status(appointment, AppointmentStatus.FULFILLED)
    elif appointment.status != AppointmentStatus.FULFILLED:
        raise WrongStatus(appointment.status)
    record("scheduling.appointment.fulfil", actor=actor, target=appointment, patient_id=appointment.patient_id)
    return appointment


def _require_not_begun(appointment: Appointment) -> None:
    """Raise :class:`WrongStatus` for one that is over or cancelled, or whose visit has begun."""
    open_for_change = appointment.status in (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN)
    if not open_for_change or registry.is_under_way(appointment):
        raise WrongStatus(appointment.status)


def _colleagues(appointment: Appointment) -> list[Practitioner]:
    """Return the colleagues whose time an appointment holds too."""
    return [each.practitioner for each in selectors.colleagues_of(appointment) if each.practitioner is not None]


def _count_up(appointment: Appointment, *, doors_follow: bool = False) -> None:
    """Count a change; doors that were open before it stand no more, or follow (the caller saves)."""
    if not doors_follow:
        appointment.doors_since = None
    elif appointment.doors_since is None:
        appointment.doors_since = appointment.sequence
    appointment.sequence += 1
    # What was said of the time before holds no more, and what waits about it must not be sent: newer news follows.
    # Others who are booked keep theirs: who was taken off is told nothing newer.
    appointment.confirmed_at, appointment.confirmed_how = None, ""
    gone = withdraw_messages(
        about_id=appointment.id, kinds=frozenset({MessageKind.REMINDER}), texts_to=appointment.patient_id,
        texts=frozenset({MessageKind.CHANGE, MessageKind.ASKED}),
    )  # fmt: skip
    if appointment.series_id is not None and any(row.template == "scheduling/series_booked" for row in gone):
        publish(SeriesBooked(series_id=appointment.series_id))  # what was to be said of the others is said anew


def _set_status(appointment: Appointment, status: AppointmentStatus) -> None:
    appointment.status = status
    appointment.save()
    write_version(appointment)


def tell_lists(*practitioner_ids: UUID) -> None:
    """Hint to the days of these practitioners, and to the board of the frame's clinic, that a visit of theirs changed."""
    for practitioner_id in dict.fromkeys(practitioner_ids):
        push_on_commit(f"day:{practitioner_id}", "changed")
    push_on_commit(f"tenant:{frames.current_tenant_id()}", "changed")
