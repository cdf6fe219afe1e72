"""How long somebody may wait, as an honest range. Pure, and the same for the same facts.

The rest of the day is lived through some dozens of times with visit lengths drawn from those of late; the range holds
the middle of what came out. The draws are the same each time, so that the range moves with the facts and with nothing
else. What nobody can know (nobody on duty may see her, nobody will before they go) gives no range.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from statistics import NormalDist
from uuid import UUID

from webside.scheduling.rules.figures import number
from webside.scheduling.rules.line import Place
from webside.scheduling.rules.times import Span

_MINUTE = timedelta(minutes=1)
_NORMAL = NormalDist()
_PERCENT = 1 / 100
_HALF = 1 / 2
_HOUR = timedelta(hours=1) / _MINUTE


@dataclass(frozen=True, slots=True)
class Server:
    """Somebody on duty: with somebody from the line since ``since``, or free; ``booked`` visits; on duty ``until``."""

    id: UUID
    since: datetime | None = None
    booked: tuple[Span, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long visits take: the middle and the spread of the logarithm of their minutes."""

    middle: float
    spread: float


@dataclass(frozen=True, slots=True)
class Range:
    """Between how many minutes from now her turn should come."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class _Manner:
    """The figures by which a range is made."""

    worlds: int
    leave: int
    gap: int
    low: int
    high: int
    step: int
    longest: int

    @classmethod
    def on(cls, on: date) -> _Manner | None:
        """Return those of a day; nothing where one of them has no row."""
        names = ("worlds", "leave", "between_visits", "range_low", "range_high", "range_step", "longest_said")
        found = [each for name in names if (each := number(name, on)) is not None]
        return cls(*found) if len(found) == len(names) else None


def lengths(recent: Iterable[float], usual_minutes: int, on: date) -> Lengths | None:
    """Return how long visits take, from the minutes of recent ones.

    Few visits say little: the length that the service has in the catalogue counts as some visits more. Nothing where no
    row says how many.
    """
    weight, spread = number("prior_visits", on), number("prior_spread", on)
    if not weight or spread is None or usual_minutes <= 0:
        return None
    logs = [math.log(max(1.0, minutes)) for minutes in recent]
    usual = math.log(usual_minutes)
    middle = (weight * usual + sum(logs)) / (weight + len(logs))
    away = [each - middle for each in logs]
    squares = weight * (spread * _PERCENT) * (spread * _PERCENT) + sum(each * each for each in away)
    return Lengths(middle, math.sqrt(squares / (weight + len(logs))))


@cache
def _draws(worlds: int, size: int) -> tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]:
    """Return for each world how its visits are drawn (normal) and who leaves before her turn (even)."""
    source = random.Random(1)  # noqa: S311 - no secret: the same draws each time
    return tuple(
        (tuple(source.gauss(0, 1) for _ in range(size)), tuple(source.random() for _ in range(size)))
        for _ in range(worlds)
    )


def estimate(
    line: Sequence[Place],
    *,
    servers: Sequence[Server],
    visits: Lengths | None,
    now: datetime,
    on: date,
    urgent_an_hour: float = 0.0,
) -> dict[UUID, Range | None]:
    """Return for everybody of an ordered line when her turn should come, or None where nobody can say.

    ``urgent_an_hour``: how many came of late who went before others.
    """
    manner = _Manner.on(on)
    if visits is None or manner is None:
        return dict.fromkeys(place.id for place in line)
    numbers = {server.id: index for index, server in enumerate(servers)}
    seen_by = [_seen_by(place, numbers) for place in line]
    hours = [_Hours.of(server, now) for server in servers]
    waits: list[list[float]] = [[] for _ in line]
    size = 1 << (len(line) + len(servers)).bit_length()
    middle, spread, gap, leaving = visits.middle, visits.spread, manner.gap, manner.leave * _PERCENT
    for lengths_, leaves in _draws(manner.worlds, size):
        free = [each.first_free(visits, lengths_[-1 - index], gap) for index, each in enumerate(hours)]
        for index, who in enumerate(seen_by):
            if not who:
                continue
            best = who[0]
            for other in who:
                if free[other] < free[best]:
                    best = other
            at = free[best]
            waits[index].append(at)
            if leaves[index] >= leaving and at < math.inf:
                free[best] = hours[best].after(at + gap + math.exp(middle + spread * lengths_[index]))
    pace = math.exp(middle + spread * spread * _HALF) + gap  # the mean of a log-normal length
    result: dict[UUID, Range | None] = {}
    for place, found, who in zip(line, waits, seen_by, strict=True):
        overtaken = 1.0 if place.urgency == "urgent" or not who else 1 + urgent_an_hour * pace / len(who) / _HOUR
        result[place.id] = _range(found, manner, overtaken)
    return result


def _seen_by(place: Place, numbers: dict[UUID, int]) -> list[int]:
    """Return the numbers of those who may see somebody: whom the front desk chose, where somebody was chosen."""
    may = place.may if place.asked_for not in place.may else {place.asked_for}
    return sorted(numbers[each] for each in may if each in numbers)


@dataclass(frozen=True, slots=True)
class _Hours:
    """Somebody's time in minutes from now."""

    busy_for: float | None
    booked: tuple[tuple[float, float], ...]
    until: float

    @classmethod
    def of(cls, server: Server, now: datetime) -> _Hours:
        def minutes(moment: datetime) -> float:
            return (moment - now) / _MINUTE

        return cls(
            None if server.since is None else max(0.0, -minutes(server.since)),
            tuple(sorted((minutes(span.start), minutes(span.end)) for span in server.booked)),
            math.inf if server.until is None else minutes(server.until),
        )

    def first_free(self, visits: Lengths, draw: float, gap: float) -> float:
        """Return when they take somebody next. Who has been long in a visit will be so for a while: they mostly are."""
        if self.busy_for is None:
            return self.after(0.0)
        if self.busy_for < 1:
            return self.after(math.exp(visits.middle + visits.spread * draw) + gap)
        passed = _NORMAL.cdf((math.log(self.busy_for) - visits.middle) / visits.spread) if visits.spread else 0.0
        share = passed + _NORMAL.cdf(draw) * (1 - passed)
        # At the very end of the curve nothing can be told apart any more: as long again as it has taken.
        if not 0 < share < 1:
            return self.after(self.busy_for)
        return self.after(math.exp(visits.middle + visits.spread * _NORMAL.inv_cdf(share)) - self.busy_for + gap)

    def after(self, at: float) -> float:
        """Return the first moment from ``at`` on that lies in no booked visit; never, if they have gone by then."""
        for start, end in self.booked:
            if start <= at < end:
                at = end
        return at if at < self.until else math.inf


def _range(found: list[float], manner: _Manner, overtaken: float) -> Range | None:
    if not found:
        return None
    found.sort()
    last = len(found) - 1
    least, most = (found[round(share * _PERCENT * last)] for share in (manner.low, manner.high))
    if most * overtaken > manner.longest:
        return None
    begins = int(least // manner.step) * manner.step
    ends = math.ceil(most * overtaken / manner.step) * manner.step
    return Range(begins, max(ends, begins + manner.step))


def scored(waits: Iterable[tuple[float, Range]]) -> tuple[int, int]:
    """Return how many true waits (minutes) lay within the range that was shown, and how many there were."""
    inside = [each.low <= waited <= each.high for waited, each in waits]
    return sum(inside), len(inside)
