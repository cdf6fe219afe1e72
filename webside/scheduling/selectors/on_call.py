"""Who is on call, now and to come, and where nobody is though the clinic wants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from webside.scheduling import rules
from webside.scheduling.models import OnCallHours, OnCallStretch, QueueEntry
from webside.scheduling.rules import Span, WeeklyHours
from webside.scheduling.selectors.queue import line, openings

ON_CALL_SHOWN = timedelta(days=28)
"""So far ahead stretches stand on the page at first; of later ones it says how many there are."""
GAPS_SHOWN = timedelta(days=14)


def _planned() -> QuerySet[OnCallStretch]:
    """Return what is planned for people who work here, the earliest first."""
    found = OnCallStretch.objects.filter(removed_at=None, practitioner__active=True)
    return found.select_related("practitioner__user", "taken_from").order_by("period", "practitioner__family", "id")


def on_call_at(moment: datetime) -> list[OnCallStretch]:
    """Return who is on call at a moment, who began first first."""
    return list(_planned().filter(period__contains=moment))


@dataclass(frozen=True, slots=True)
class OnCallPlan:
    """Who is on call from ``now`` on, the earliest first, the clinic's ``hours``, and the ``gaps`` in them."""

    now: datetime
    ahead: list[OnCallStretch]
    hours: list[OnCallHours]
    gaps: list[Span]

    @property
    def on_now(self) -> list[OnCallStretch]:
        """Who is on call now."""
        return [each for each in self.ahead if each.start <= self.now]

    @property
    def next(self) -> OnCallStretch | None:
        """The next stretch to begin."""
        return next((each for each in self.ahead if each.start > self.now), None)

    @property
    def gap_now(self) -> bool:
        """Whether nobody is on call now though somebody is wanted."""
        return bool(self.gaps) and self.gaps[0].start <= self.now


def on_call_plan(now: datetime, until: datetime) -> OnCallPlan:
    """Return the plan from ``now`` on, with what is uncovered up to ``until``, in two queries."""
    hours = on_call_hours()
    # Hours that hold now may have begun before: who was on call then counts.
    rows = list(_planned().filter(period__endswith__gt=now - timedelta(days=2)))
    weekly = [WeeklyHours(row.weekday, row.starts_at, row.ends_at, row.timezone) for row in hours]
    gaps = rules.uncovered(weekly, [Span(row.start, row.end) for row in rows], since=now, until=until)
    return OnCallPlan(now, [row for row in rows if row.end > now], hours, gaps)


def on_call_from(now: datetime) -> list[OnCallStretch]:
    """Return the stretches that are not over."""
    return list(_planned().filter(period__endswith__gt=now))


def on_call_stretch(stretch_id: UUID) -> OnCallStretch | None:
    """Return one stretch, a removed one too. Who may change it, a policy says."""
    found = OnCallStretch.objects.select_related("practitioner__user", "taken_from")
    return found.filter(id=stretch_id).first()


def on_call_hours() -> list[OnCallHours]:
    """Return the hours in which the clinic wants somebody on call, from Monday."""
    return list(OnCallHours.objects.order_by("weekday", "starts_at"))


def on_call_hours_row(hours_id: UUID) -> OnCallHours | None:
    """Return one of these hours. Who may change it, a policy says."""
    return OnCallHours.objects.filter(id=hours_id).first()


def left_in_line() -> list[QueueEntry]:
    """Return who waits in an open line while nobody who may see her takes people from it, the longest wait first."""
    waiting = line()
    opened = openings([entry.service for entry in waiting.entries.values()], waiting.now)
    return [entry for entry in waiting.in_order if opened[entry.service_id].is_open and not waiting.who_may_see(entry)]
