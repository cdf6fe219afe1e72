"""Weekly hours, time off and extra time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from webside.people.models import Practitioner
from webside.scheduling.models import Availability, AvailabilityException


def exceptions_of(practitioner: Practitioner, now: datetime) -> QuerySet[AvailabilityException]:
    """Return time off and extra time that is not over, the earliest first."""
    return AvailabilityException.objects.filter(practitioner=practitioner, period__endswith__gt=now).order_by("period")


def exception(exception_id: UUID) -> AvailabilityException | None:
    """Return one stretch of time off or extra time. Who may change it, a policy says."""
    return AvailabilityException.objects.select_related("practitioner").filter(id=exception_id).first()


def hours_of(practitioner: Practitioner) -> QuerySet[Availability]:
    """Return the weekly hours of a practitioner, from Monday."""
    return Availability.objects.filter(practitioner=practitioner).order_by("weekday", "starts_at")
