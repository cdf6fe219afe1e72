"""Which times are free: weekly hours, minus what is off, minus what is taken. Pure.

Weekly hours are wall-clock times of an IANA zone, and a wall clock is not a line: once a year an
hour does not exist, once a year an hour comes twice. A slot begins at a wall-clock time that exists,
an hour that comes twice is offered once (its first coming, with the offset shown), and a slot always
lasts its full minutes in real time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time from ``start`` up to, but without, ``end``. Both aware."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a moment; touching is not sharing."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Hours on one weekday (0 is Monday) in a zone's wall-clock time. An end not after the start is the next day's."""

    weekday: int
    starts_at: time
    ends_at: time
    timezone: str
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the hours are kept on a calendar day; both ends of their validity count."""
        return (
            day.weekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether a naive wall-clock time comes at all in ``zone`` (a clock that jumps ahead skips some)."""
    there = wall.replace(tzinfo=zone, fold=0)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == wall


def comes_twice(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock of ``zone`` shows the time of an aware ``moment`` twice that day."""
    wall = moment.astimezone(zone).replace(fold=0)
    return exists(wall.replace(tzinfo=None), zone) and wall.utcoffset() != wall.replace(fold=1).utcoffset()


def at_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, of a naive wall-clock time: its first coming; if skipped, the moment of the jump."""
    if exists(wall, zone):
        return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = wall.replace(tzinfo=zone, fold=0).utcoffset() or timedelta(0)
    # PEP 495: in a gap, fold=0 reads the clock before the jump. Walk back, minute by minute, to the last time that is.
    last = wall
    while not exists(last, zone):
        last -= timedelta(minutes=1)
    return (last + timedelta(minutes=1) - before).replace(tzinfo=UTC)


def _walls(hours: WeeklyHours, day: date) -> tuple[datetime, datetime]:
    """Return when hours begin and end by the wall clock; an end that isn't after the start is on the next day."""
    wall, closing = datetime.combine(day, hours.starts_at), datetime.combine(day, hours.ends_at)
    return wall, closing if closing > wall else closing + _DAY


def slots_of_hours(hours: WeeklyHours, day: date, length: timedelta) -> Iterator[Span]:
    """Yield the slots that weekly hours give on one calendar day of their zone, in UTC, in order.

    Slots begin at the start of the hours and then every ``length`` by the wall clock.
    """
    if not hours.holds_on(day) or length <= timedelta(0):
        return
    zone = ZoneInfo(hours.timezone)
    wall, closing = _walls(hours, day)
    first = wall.replace(tzinfo=zone, fold=0)
    if first.utcoffset() == closing.replace(tzinfo=zone, fold=1).utcoffset():
        # The clock doesn't change within the hours, as on nearly every day: wall clock and real time go together.
        yield from slots_of_span(Span(first, first + (closing - wall)), length)
        return
    end = at_wall(closing, zone)
    free_from: datetime | None = None
    while wall < closing:
        if exists(wall, zone):
            start = at_wall(wall, zone)
            # Around a jump the wall clock's steps and the real minutes differ: never two at once.
            if (free_from is None or start >= free_from) and start + length <= end:
                free_from = start + length
                yield Span(start, free_from)
        wall += length


def span_of_hours(hours: WeeklyHours, day: date) -> Span | None:
    """Return what weekly hours give on one calendar day of their zone, in UTC; nothing on a day that isn't theirs."""
    if not hours.holds_on(day):
        return None
    zone = ZoneInfo(hours.timezone)
    wall, closing = _walls(hours, day)
    return Span(at_wall(wall, zone), at_wall(closing, zone))


def _spans_around(hours: Iterable[WeeklyHours], first: date, last: date) -> list[Span]:
    """Return what hours give from the day before ``first`` to the day after ``last``: a day begins elsewhere earlier."""
    days = [first + number * _DAY for number in range(-1, (last - first).days + 2)]
    return [span for block in hours for day in days if (span := span_of_hours(block, day))]


def clash(new: WeeklyHours, others: Iterable[WeeklyHours], *, today: date) -> WeeklyHours | None:
    """Return the first of ``others`` that shares time with ``new``, from ``today`` on; nothing where none does.

    Looked at in the first week in which both hold and half a year later: two zones may change their clocks on
    different days.
    """
    for other in others:
        first = max(day for day in (today, new.valid_from, other.valid_from) if day)
        for begin in (first, first + timedelta(weeks=26)):
            mine, theirs = (_spans_around([block], begin, begin + 7 * _DAY) for block in (new, other))
            if any(one.overlaps(two) for one in mine for two in theirs):
                return other
    return None


def covered(span: Span, *, hours: Iterable[WeeklyHours], extra: Iterable[Span] = ()) -> bool:
    """Whether a stretch of time lies within weekly hours and extra time; blocks that touch are one."""
    opened = _spans_around(hours, span.start.astimezone(UTC).date(), span.end.astimezone(UTC).date())
    reached = span.start
    for stretch in sorted([*opened, *extra]):
        if stretch.start <= reached < stretch.end:
            reached = stretch.end
    return reached >= span.end


def slots_of_span(span: Span, length: timedelta) -> Iterator[Span]:
    """Yield the slots of an extra stretch of time, one after another from its start, in UTC."""
    start, end = span.start.astimezone(UTC), span.end.astimezone(UTC)
    while length > timedelta(0) and (until := start + length) <= end:
        yield Span(start, until)
        start = until


def _start(span: Span) -> datetime:
    return span.start


def free_slots(
    *,
    hours: Iterable[WeeklyHours],
    extra: Iterable[Span] = (),
    off: Iterable[Span] = (),
    busy: Iterable[Span] = (),
    since: datetime,
    until: datetime,
    length: timedelta,
    before: timedelta = timedelta(0),
    after: timedelta = timedelta(0),
    full: Collection[date] = (),
    zone: str = "UTC",
) -> list[Span]:
    """Return one practitioner's free slots that begin from ``since`` up to ``until``, in order, in UTC.

    ``extra`` is on besides the weekly hours, ``off`` is off, ``busy`` is taken, each with what stays free around it. All
    moments are aware. ``before`` and ``after`` must be free of what is taken too, in real minutes; they may lie outside the
    hours. On the ``full`` calendar days of ``zone`` nothing is free.
    """
    hours = tuple(hours)
    away, taken = sorted(off), sorted(busy)
    found: list[Span] = []
    # A calendar day somewhere may begin a day earlier or later than in UTC.
    first, last = since.astimezone(UTC).date() - _DAY, until.astimezone(UTC).date() + _DAY
    for number in range((last - first).days + 1):
        for block in hours:
            found.extend(slots_of_hours(block, first + number * _DAY, length))
    for span in extra:
        found.extend(slots_of_span(span, length))
    found.sort(key=_start)
    result: list[Span] = []
    for slot in found:
        if not since <= slot.start < until:
            continue
        # Two blocks may offer overlapping times; the earlier one stands.
        if result and slot.start < result[-1].end:
            continue
        if full and slot.start.astimezone(ZoneInfo(zone)).date() in full:
            continue
        around = Span(slot.start - before, slot.end + after)
        if not any(slot.overlaps(other) for other in away) and not any(around.overlaps(other) for other in taken):
            result.append(slot)
    return result


def full_days(starts: Iterable[datetime], most: int | None, zone: str) -> frozenset[date]:
    """Return the calendar days of a zone on which as many visits begin as there may be."""
    if most is None:
        return frozenset()
    counted = Counter(start.astimezone(ZoneInfo(zone)).date() for start in starts)
    return frozenset(day for day, number in counted.items() if number >= most)


def nearest(spans: Sequence[Span], wanted: datetime, count: int) -> list[Span]:
    """Return the ``count`` spans whose start is nearest to ``wanted``, in the order of time."""
    return sorted(sorted(spans, key=lambda span: (abs(span.start - wanted), span.start))[:count])


def offset_text(moment: datetime) -> str:
    """Return the offset of an aware moment as people read it: "UTC−4", "UTC+5:30"."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a moment without a zone has no offset")
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def opening(hours: Iterable[WeeklyHours], now: datetime) -> tuple[Span | None, datetime | None]:
    """Return the stretch of weekly hours that holds now, and when the next one begins if none does.

    Stretches that touch are one: who closes at midnight and opens at midnight doesn't close.
    """
    today = now.astimezone(UTC).date()
    spans = sorted(_spans_around(hours, today, today + _WEEK))
    opened: Span | None = None
    for span in spans:
        if opened is not None and span.start <= opened.end:
            opened = Span(opened.start, max(opened.end, span.end))
        elif span.start <= now < span.end:
            opened = span
        elif opened is None and span.start > now:
            return None, span.start
    return opened, None
