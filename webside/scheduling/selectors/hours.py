"""Weekly hours, time off and extra time."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from webside.core import clock
from webside.people.models import Practitioner
from webside.scheduling import rules
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment, Availability, AvailabilityException
from webside.scheduling.rules import Span, WeeklyHours


def exceptions_of(practitioner: Practitioner, now: datetime) -> QuerySet[AvailabilityException]:
    """Return time off and extra time that is not over, the earliest first."""
    return AvailabilityException.objects.filter(practitioner=practitioner, period__endswith__gt=now).order_by("period")


def exception(exception_id: UUID) -> AvailabilityException | None:
    """Return one stretch of time off or extra time. Who may change it, a policy says."""
    return AvailabilityException.objects.select_related("practitioner").filter(id=exception_id).first()


def as_rule(row: Availability) -> WeeklyHours:
    """Return weekly hours as the rules take them."""
    return WeeklyHours(row.weekday, row.starts_at, row.ends_at, row.timezone, row.valid_from, row.valid_to)


def hours_of(practitioner: Practitioner, today: date) -> QuerySet[Availability]:
    """Return the weekly hours of a practitioner that hold today or will, from Monday."""
    return _held(practitioner).filter(Q(valid_to=None) | Q(valid_to__gte=today))


def hours_ended(practitioner: Practitioner, today: date) -> QuerySet[Availability]:
    """Return the weekly hours of a practitioner that have ended, the latest first."""
    return _held(practitioner).filter(valid_to__lt=today).order_by("-valid_to", "weekday", "starts_at")


def _held(practitioner: Practitioner) -> QuerySet[Availability]:
    """Return hours but those that were taken back before their first day: they never held."""
    found = Availability.objects.filter(practitioner=practitioner).exclude(valid_to__lt=F("valid_from"))
    return found.order_by("weekday", "starts_at", "valid_from")


def one_of_the_hours(hours_id: UUID) -> Availability | None:
    """Return weekly hours by their id. Who may change them, a policy says."""
    return Availability.objects.select_related("practitioner").filter(id=hours_id).first()


def booked_outside_hours(practitioner: Practitioner) -> list[Appointment]:
    """Return what is booked and still ahead outside weekly hours and extra time, the earliest first.

    It stays booked when hours end; somebody must keep it or move it. The caller asks who may see which.
    """
    now = clock.now()
    ahead = list(
        Appointment.objects.filter(
            practitioner=practitioner, status=AppointmentStatus.BOOKED, period__startswith__gt=now
        )
        .select_related("patient", "practitioner", "service")
        .order_by("period")
    )
    if not ahead:
        return []
    hours = [as_rule(row) for row in Availability.objects.filter(practitioner=practitioner)]
    extra = [
        Span(one.period.lower, one.period.upper) for one in exceptions_of(practitioner, now).filter(available=True)
    ]
    return [each for each in ahead if not rules.covered(Span(each.start, each.end), hours=hours, extra=extra)]
