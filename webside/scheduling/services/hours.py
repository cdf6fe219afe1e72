"""Weekly hours, time off and extra time."""

from __future__ import annotations

from datetime import date, datetime, time

from psycopg.types.range import TimestamptzRange

from webside.audit.services import action, record
from webside.core.actor import Actor
from webside.people.models import Practitioner
from webside.scheduling import policies
from webside.scheduling.models import Availability, AvailabilityException
from webside.scheduling.services.errors import NotAllowed


@action("scheduling.hours.add")
def add_hours(
    *,
    actor: Actor,
    practitioner: Practitioner,
    weekday: int,
    starts_at: time,
    ends_at: time,
    timezone: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Availability:
    """Add weekly hours in wall-clock time of ``timezone``; ``weekday`` is 0 for Monday."""
    if not policies.can_change_hours(actor, practitioner):
        raise NotAllowed
    hours = Availability.objects.create(
        practitioner=practitioner, weekday=weekday, starts_at=starts_at, ends_at=ends_at, timezone=timezone,
        valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip
    record("scheduling.hours.add", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"weekday": weekday, "from": f"{starts_at:%H:%M}", "to": f"{ends_at:%H:%M}",
                    "timezone": timezone})  # fmt: skip
    return hours


@action("scheduling.hours.remove")
def remove_hours(*, actor: Actor, hours: Availability) -> None:
    """Take weekly hours away. What is booked in them stays booked."""
    if not policies.can_change_hours(actor, hours.practitioner):
        raise NotAllowed
    record("scheduling.hours.remove", actor=actor, target=hours.practitioner,
           target_label=hours.practitioner.display_name,
           changes={"weekday": hours.weekday, "from": f"{hours.starts_at:%H:%M}",
                    "to": f"{hours.ends_at:%H:%M}"})  # fmt: skip
    hours.delete()


@action("scheduling.exception.add")
def add_exception(
    *, actor: Actor, practitioner: Practitioner, start: datetime, end: datetime, available: bool = False,
    reason: str = "",
) -> AvailabilityException:  # fmt: skip
    """Add a stretch of time off or, with ``available``, of extra time. What is booked in it stays booked."""
    if not policies.can_change_hours(actor, practitioner):
        raise NotAllowed
    if end <= start:
        raise ValueError("it ends before it begins")
    exception = AvailabilityException.objects.create(
        practitioner=practitioner, period=TimestamptzRange(start, end), available=available, reason=reason.strip()
    )
    record("scheduling.exception.add", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"from": start.isoformat(), "to": end.isoformat(), "available": available})  # fmt: skip
    return exception


@action("scheduling.exception.remove")
def remove_exception(*, actor: Actor, exception: AvailabilityException) -> None:
    """Take time off, or extra time, away again."""
    if not policies.can_change_hours(actor, exception.practitioner):
        raise NotAllowed
    record("scheduling.exception.remove", actor=actor, target=exception.practitioner,
           target_label=exception.practitioner.display_name,
           changes={"from": exception.period.lower.isoformat(),
                    "to": exception.period.upper.isoformat()})  # fmt: skip
    exception.delete()
