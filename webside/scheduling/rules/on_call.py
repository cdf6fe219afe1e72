"""When somebody is on call, and when nobody is though the clinic wants it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from webside.scheduling.rules.figures import lasting, number
from webside.scheduling.rules.times import Span, WeeklyHours, at_wall, span_of_hours

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)


class NotAStretch(ValueError):
    """Nobody can be on call for this: it ends before it begins, is too long, comes too often, or into its own next one."""


def stretches(starts: datetime, ends: datetime, timezone: str, *, weeks: int, on: date) -> list[Span]:
    """Return a stretch by the wall clock of ``timezone``, and the same in each of the following weeks, ``weeks`` in all.

    ``starts`` and ``ends`` are naive. It begins and ends when the clock on the wall says so, each week: over a change of the
    clocks it is an hour longer or shorter. Raises :class:`NotAStretch`. Where no figure says how often, it comes once; where
    none says how long, only its own next one ends it.
    """
    zone = ZoneInfo(timezone)
    most, longest = number("on_call_weeks", on) or 1, lasting("on_call_longest", on)
    length = ends - starts
    too_long = (longest is not None and length > longest) or (weeks > 1 and length > _WEEK)
    if not 1 <= weeks <= most or too_long:
        raise NotAStretch
    found = [Span(at_wall(starts + n * _WEEK, zone), at_wall(ends + n * _WEEK, zone)) for n in range(weeks)]
    if any(span.end <= span.start for span in found):
        raise NotAStretch
    return found


def wanted(hours: Iterable[WeeklyHours], *, since: datetime, until: datetime) -> list[Span]:
    """Return the stretches that weekly hours give and that share time with ``since`` to ``until``, whole, in order."""
    first, last = (since - _DAY).astimezone(UTC).date() - _DAY, until.astimezone(UTC).date() + _DAY
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    around = Span(since, until)
    found = {span for block in hours for day in days if (span := span_of_hours(block, day)) and span.overlaps(around)}
    return sorted(span for span in found if span.end > span.start)


def uncovered(hours: Iterable[WeeklyHours], planned: Iterable[Span], *, since: datetime, until: datetime) -> list[Span]:
    """Return what of the clinic's hours nobody is on call for, in order; what has ended by ``since`` is left out.

    Each day's hours are looked at alone, so that what is uncovered on two days is two gaps, also around midnight.
    """
    people = sorted(planned)
    found = []
    for span in wanted(hours, since=since, until=until):
        reached = span.start
        for one in people:
            if one.end <= reached or one.start >= span.end:
                continue
            if one.start > reached:
                found.append(Span(reached, one.start))
            reached = max(reached, one.end)
        if reached < span.end:
            found.append(Span(reached, span.end))
    return [gap for gap in found if gap.end > since]


def told(gap: Span, known: Iterable[Span]) -> bool:
    """Whether a gap lies within one that was told before: then nobody is told again."""
    return any(one.start <= gap.start and gap.end <= one.end for one in known)


def to_tell(gaps: Iterable[Span], now: datetime) -> list[Span]:
    """Return the gaps of which the front desk is to know by now: where no figure says how long before, once they begin."""
    return [gap for gap in gaps if gap.start - _notice(now) <= now]


def next_look(gaps: Iterable[Span], now: datetime) -> datetime:
    """Return when to look for gaps again: when the next one is to be told, and after a day at the latest."""
    ahead = [due for gap in gaps if (due := gap.start - _notice(now)) > now]
    return min([*ahead, now + _DAY])


def horizon(now: datetime) -> datetime:
    """Return until when gaps are looked for, so that none comes too near before the next look."""
    return now + _notice(now) + _DAY + _DAY


def _notice(now: datetime) -> timedelta:
    return lasting("on_call_notice", now.date()) or timedelta(0)
