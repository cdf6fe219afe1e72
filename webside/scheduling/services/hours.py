"""Weekly hours, time off and extra time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from psycopg.types.range import TimestamptzRange

from webside.audit.services import action, record
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.outbox.services import publish
from webside.people.models import Practitioner
from webside.scheduling import policies, rules
from webside.scheduling.events import HoursChanged
from webside.scheduling.models import Availability, AvailabilityException
from webside.scheduling.selectors.hours import as_rule
from webside.scheduling.services.errors import HoursOver, HoursOverlap, NotAllowed


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
    """Add weekly hours in wall-clock time of ``timezone``; ``weekday`` is 0 for Monday.

    Raises :class:`NotAllowed`, and :class:`HoursOverlap` where they share time with hours that hold then.
    """
    _require_may_change(actor, practitioner)
    lock(practitioner)
    hours = Availability(
        practitioner=practitioner, weekday=weekday, starts_at=starts_at, ends_at=ends_at, timezone=timezone,
        valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip
    _require_no_overlap(hours)
    hours.save()
    _note("scheduling.hours.add", actor, hours)
    publish(HoursChanged(practitioner_id=practitioner.id))
    return hours


@action("scheduling.hours.add")
def add_week(
    *,
    actor: Actor,
    practitioner: Practitioner,
    weekdays: Iterable[int],
    starts_at: time,
    ends_at: time,
    timezone: str,
    valid_from: date,
    valid_to: date | None = None,
) -> list[Availability]:
    """Add the same hours on several days of the week, all of them or none; see :func:`add_hours`."""
    return [
        add_hours(
            actor=actor, practitioner=practitioner, weekday=weekday, starts_at=starts_at, ends_at=ends_at,
            timezone=timezone, valid_from=valid_from, valid_to=valid_to,
        )
        for weekday in weekdays
    ]  # fmt: skip


@action("scheduling.hours.end")
def end_hours(*, actor: Actor, hours: Availability, last_day: date) -> Availability:
    """Let weekly hours end with a day, yesterday at the earliest: what was before stays as it was, and in sight.

    What is booked in them stays booked. A day before their first takes them back. Raises :class:`NotAllowed`, and
    :class:`HoursOver` for hours that have ended, or for an earlier day.
    """
    practitioner = hours.practitioner
    _require_may_change(actor, practitioner)
    lock(practitioner)
    hours.refresh_from_db(fields=["valid_to"])
    yesterday = _today(hours) - timedelta(days=1)
    if last_day < yesterday or (hours.valid_to is not None and hours.valid_to < yesterday):
        raise HoursOver
    was, hours.valid_to = hours.valid_to, last_day
    hours.save(update_fields=["valid_to", "updated_at"])
    _note("scheduling.hours.end", actor, hours, was=was)
    return hours


@action("scheduling.hours.reopen")
def reopen_hours(*, actor: Actor, hours: Availability, last_day: date | None) -> Availability:
    """Take the end of weekly hours back: they hold until ``last_day`` again, or until further notice.

    Raises :class:`NotAllowed`, and :class:`HoursOverlap` where others have taken their place since.
    """
    practitioner = hours.practitioner
    _require_may_change(actor, practitioner)
    lock(practitioner)
    was, hours.valid_to = hours.valid_to, last_day
    _require_no_overlap(hours)
    hours.save(update_fields=["valid_to", "updated_at"])
    _note("scheduling.hours.reopen", actor, hours, was=was)
    publish(HoursChanged(practitioner_id=practitioner.id))
    return hours


def _require_may_change(actor: Actor, practitioner: Practitioner) -> None:
    if not policies.can_change_hours(actor, practitioner):
        raise NotAllowed


def _today(hours: Availability) -> date:
    return clock.today(hours.timezone)


def _require_no_overlap(hours: Availability) -> None:
    rows = Availability.objects.filter(practitioner=hours.practitioner).exclude(id=hours.id)
    others = {as_rule(row): row for row in rows.exclude(valid_to__lt=_today(hours))}
    found = rules.clash(as_rule(hours), others, today=_today(hours))
    if found is not None:
        raise HoursOverlap(others[found])


def _note(name: str, actor: Actor, hours: Availability, **was: date | None) -> None:
    """Write a change of weekly hours into the trail, with its days."""
    days = {"first_day": hours.valid_from, "last_day": hours.valid_to, **was}
    record(name, actor=actor, target=hours.practitioner, target_label=hours.practitioner.display_name,
           changes={"weekday": hours.weekday, "from": f"{hours.starts_at:%H:%M}", "to": f"{hours.ends_at:%H:%M}",
                    "timezone": hours.timezone,
                    **{key: day.isoformat() for key, day in days.items() if day is not None}})  # fmt: skip


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
    if available:
        publish(HoursChanged(practitioner_id=practitioner.id))
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
    if not exception.available:
        publish(HoursChanged(practitioner_id=exception.practitioner_id))
    exception.delete()
