"""Calendars that practitioners keep elsewhere: which are read, how that goes, and what they block here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from psycopg.types.range import TimestamptzRange

from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import prepared
from webside.people.models import Practitioner
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment, BusyTime, OtherCalendar
from webside.scheduling.rules import Span
from webside.scheduling.selectors.appointments import midnights, with_rooms
from webside.scheduling.selectors.people import hers_of_days, with_wishes

CALENDARS = "scheduling.calendars"
"""The loop of the worker that reads them."""

STALE_AFTER = timedelta(hours=24)
"""What was read so long ago may be wrong by now: it blocks still, and people are told."""

_TO_COME = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN)


@dataclass(frozen=True, slots=True)
class CalendarState:
    """A calendar as people see it. ``ahead``: how many busy stretches it has from now on."""

    calendar: OtherCalendar
    ahead: int


def calendars_of(*practitioners: Practitioner) -> list[CalendarState]:
    """Return the calendars of these people that are read, in the order in which they were given. Not their addresses."""
    rows = (
        OtherCalendar.objects.filter(practitioner__in=practitioners)
        .select_related("practitioner")
        .defer("address_sealed")
        .annotate(ahead=Count("busy_times", filter=Q(busy_times__period__endswith__gt=clock.now())))
        .order_by("created_at")
    )
    return [CalendarState(row, row.ahead) for row in rows]


def stale_calendars(practitioner: Practitioner | None = None) -> list[OtherCalendar]:
    """Return the calendars, of one person or of everybody who gives care, that could not be read for too long."""
    rows = OtherCalendar.objects.filter(_stale(), practitioner__active=True)
    rows = rows.filter(practitioner=practitioner) if practitioner is not None else rows
    return list(rows.select_related("practitioner").defer("address_sealed").order_by("created_at"))


def _stale(before: datetime | None = None) -> Q:
    """Ask for the calendars of which nobody should trust what is known: not read for a day, or never although it was tried."""
    return Q(read_at__lt=before or clock.now() - STALE_AFTER) | Q(read_at=None, failing_since__isnull=False)


def other_calendar(calendar_id: UUID) -> OtherCalendar | None:
    """Return a calendar by its id. Who may change it, a policy says."""
    rows = OtherCalendar.objects.select_related("practitioner").defer("address_sealed")
    return rows.filter(id=calendar_id).first()


def is_busy_elsewhere(practitioner: Practitioner, span: Span) -> bool:
    """Whether another calendar of a practitioner takes some of a stretch of time."""
    period = TimestamptzRange(span.start, span.end)
    return BusyTime.objects.filter(practitioner=practitioner, period__overlap=period).exists()


def with_clashes(
    appointments: QuerySet[Appointment], now: datetime | None = None, stale: datetime | None = None
) -> QuerySet[Appointment]:
    """Let each visit say whether another calendar of its practitioner is busy then (``clashes``), or can't be read (``unsure``).

    Only what is to come, at ``now``, clashes. ``stale``: what was last read before is too old.
    """
    old = OtherCalendar.objects.filter(_stale(stale), practitioner_id=OuterRef("practitioner_id"))
    return appointments.annotate(clashes=_clash(now or clock.now()), unsure=Exists(old))


def day_of(actor: Actor, practitioner: Practitioner, day: date, zone: str) -> list[Appointment]:
    """Return the appointments of one practitioner's calendar day that the actor may see, with their clashes and wishes."""
    start, end = midnights(day, zone)
    now = clock.now()
    return _day_of(
        actor=actor, practitioner=practitioner.id, before=start - timedelta(days=1), start=start, end=end, now=now,
        stale=now - STALE_AFTER,
    )  # fmt: skip


@prepared
def _day_of(
    actor: Actor, practitioner: UUID, before: datetime, start: datetime, end: datetime, now: datetime, stale: datetime
) -> QuerySet[Appointment]:
    return with_wishes(with_clashes(with_rooms(hers_of_days(actor, practitioner, before, start, end)), now, stale))


def _clash(now: datetime) -> Q:
    same = BusyTime.objects.filter(practitioner_id=OuterRef("practitioner_id"), period__overlap=OuterRef("period"))
    return Q(status__in=_TO_COME, period__endswith__gt=now) & Q(Exists(same))


def clashes_ahead(practitioner: Practitioner) -> list[Appointment]:
    """Return the visits to come of a practitioner that another calendar of hers clashes with, the earliest first.

    Nothing is cancelled for it. The caller asks who may see which.
    """
    return _clashes(practitioner=practitioner.id, now=clock.now())


@prepared
def _clashes(practitioner: UUID, now: datetime) -> QuerySet[Appointment]:
    found = Appointment.objects.filter(_clash(now), practitioner=practitioner)
    return found.select_related("patient", "practitioner", "service").order_by("period")


def calendars_to_read(most: int) -> QuerySet[OtherCalendar]:
    """Return the calendars whose turn it is, the longest wait first, of those who give care here."""
    due = OtherCalendar.objects.filter(look_at__lte=clock.now(), practitioner__active=True)
    return due.order_by("look_at")[:most]
