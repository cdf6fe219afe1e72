"""Appointments that the actor may see, and where each stands."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import first, prepared
from webside.notifications import selectors as notifications
from webside.notifications.codes import MessageKind
from webside.notifications.models import OutgoingMessage
from webside.scheduling import policies, registry
from webside.scheduling.codes import HOLDS_TIME, AppointmentStatus, Confirmed, Missed
from webside.scheduling.models import Appointment

MISSED: dict[str, Promise] = {
    Missed.PATIENT: _("The patient did not come"),
    Missed.LATE_CANCEL: _("The patient cancelled too late"),
    Missed.TECHNICAL: _("Sound, picture or network failed"),
    Missed.CLINICIAN: _("The clinician was not there"),
    Missed.OTHER: _("Something else"),
}
"""Why a visit did not take place, in words."""

CONFIRMED: dict[str, Promise] = {
    Confirmed.TEXT: _("Confirmed by text"),
    Confirmed.LINK: _("Confirmed by link"),
    Confirmed.PAGE: _("Confirmed by the patient"),
    Confirmed.DESK: _("Confirmed by the front desk"),
}

RUNS_ON = timedelta(hours=3)
"""A visit that is checked in and not over is thought to go on for as long as this, from when it was to begin."""

ABOUT_VISIT = frozenset({MessageKind.REMINDER, MessageKind.CHANGE, MessageKind.ASKED})


def appointments_for(actor: Actor) -> QuerySet[Appointment]:
    """Return the appointments that the actor may see, the earliest first."""
    return policies.visible_appointments(
        actor, Appointment.objects.select_related("patient", "practitioner", "service").order_by("period")
    )


def appointment(actor: Actor, appointment_id: UUID) -> Appointment | None:
    """Return one appointment that the actor may see; nothing if there is none or they may not."""
    return first(_seen_by(actor=actor, appointment=appointment_id))


@prepared
def _seen_by(actor: Actor, appointment: UUID) -> QuerySet[Appointment]:
    return appointments_for(actor).filter(id=appointment).order_by()


def upcoming_for(actor: Actor, now: datetime, since: datetime) -> QuerySet[Appointment]:
    """Return what is booked and not over, the earliest first: ahead, going on, and what began late or runs over.

    ``since`` is :data:`RUNS_ON` before ``now``, for queries that are put together once.
    """
    ahead = Q(status=AppointmentStatus.BOOKED, period__endswith__gt=now)
    goes_on = Q(status=AppointmentStatus.CHECKED_IN, period__startswith__gt=since)
    return appointments_for(actor).filter(ahead | goes_on).exclude(registry.closed())


def is_past(appointment: Appointment) -> bool:
    """Whether its time is over, and nobody waits or is seen in it any more."""
    return appointment.end <= clock.now() and not runs_on(appointment)


def runs_on(appointment: Appointment) -> bool:
    """Whether its time is over and it isn't: who has checked in waits still, or is just being seen."""
    late = appointment.status == AppointmentStatus.CHECKED_IN and appointment.end <= clock.now()
    if not late or appointment.start <= clock.now() - RUNS_ON:
        return False
    closed: bool | None = getattr(appointment, "room_closed", None)  # of a day it is read with all its rows
    if closed is None:
        closed = Appointment.objects.filter(registry.closed(), id=appointment.id).exists()
    return not closed


def of_days(start: datetime, end: datetime) -> Q:
    """Return what the days from one midnight to another show: what begins in them, and what still goes on from the day before."""
    return of_days_after(start - timedelta(days=1), start, end)


def of_days_after(before: datetime, start: datetime, end: datetime) -> Q:
    """Return the same, where ``before`` is a day earlier than ``start``: for queries that are put together once."""
    from_the_day_before = Q(period__startswith__gte=before, period__startswith__lt=start)
    goes_on = Q(status=AppointmentStatus.CHECKED_IN) | Q(status=AppointmentStatus.BOOKED, period__endswith__gt=start)
    return Q(period__startswith__gte=start, period__startswith__lt=end) | (from_the_day_before & goes_on)


def day_for(actor: Actor, day: date, zone: str) -> QuerySet[Appointment]:
    """Return the appointments of a calendar day of a zone, cancelled ones too; who waits since before midnight is among them."""
    return with_rooms(appointments_for(actor).filter(of_days(*midnights(day, zone))))


def with_rooms(found: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Read with each whether its room is closed, for :func:`runs_on`."""
    return found.annotate(room_closed=registry.closed())


def midnights(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return when a calendar day of a zone begins and ends."""
    start, end = (datetime.combine(day + timedelta(days=days), time(0), tzinfo=ZoneInfo(zone)) for days in (0, 1))
    return start, end


def holds_time(appointment: Appointment) -> bool:
    """Whether an appointment is booked, under way or was held."""
    return appointment.status in HOLDS_TIME


def standing(appointment: Appointment) -> str:
    """Return where an appointment stands for people: ahead, now, over, cancelled or missed."""
    if appointment.status == AppointmentStatus.CANCELLED:
        return "cancelled"
    if appointment.status == AppointmentStatus.NOSHOW:
        return "missed"
    now = clock.now()
    if appointment.status == AppointmentStatus.FULFILLED or is_past(appointment):
        return "over"
    return "now" if appointment.start <= now or appointment.status == AppointmentStatus.CHECKED_IN else "ahead"


def can_still_change(appointment: Appointment) -> bool:
    """Whether an appointment can be moved or cancelled: booked and not begun."""
    return appointment.status == AppointmentStatus.BOOKED and appointment.start > clock.now()


def is_checked_in(appointment: Appointment) -> bool:
    """Whether its patient has checked in and waits, as far as is known here. It is no more moved; who waits is told."""
    return appointment.status == AppointmentStatus.CHECKED_IN


def may_be_noshow(appointment: Appointment) -> bool:
    """Whether it can be noted that nobody came."""
    return appointment.status == AppointmentStatus.BOOKED and appointment.start <= clock.now()


def confirmed_text(appointment: Appointment) -> str:
    """Return in words how the patient confirmed; nothing if she has not."""
    return str(CONFIRMED.get(appointment.confirmed_how, "")) if appointment.confirmed_at else ""


def missed_text(appointment: Appointment) -> str:
    """Return in words why a visit did not take place; nothing for any other, and for one of before reasons were kept."""
    if appointment.status != AppointmentStatus.NOSHOW or not appointment.missed_reason:
        return ""
    words = str(MISSED[appointment.missed_reason])
    return f"{words}: {appointment.missed_note}" if appointment.missed_note else words


def messages_of(actor: Actor, appointment: Appointment) -> list[OutgoingMessage]:
    """Return what was sent about an appointment, for who reaches people when a message doesn't."""
    if not policies.can_see_messages_of(actor, appointment):
        return []
    return notifications.messages_about(appointment.id, ABOUT_VISIT)
