"""Which free time suits somebody on the waiting list, and how long it is held for her. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from webside.core.dated import figure
from webside.notifications.rules import Quiet
from webside.scheduling.codes import EVENING, NOON, DayPart

OFFERS = Path(__file__).resolve().parent.parent / "data" / "offers.csv"


def offering(name: str, on: date) -> timedelta | None:
    """Return a length of time by which times are offered (``data/offers.csv``), or nothing where no row holds."""
    row = figure(OFFERS, name, on)
    return timedelta(**{row["unit"]: int(row["value"])}) if row else None


def part_of(moment: datetime, zone: str) -> DayPart:
    """Return the part of the day in which a moment lies, by the wall clock of a zone."""
    wall = moment.astimezone(ZoneInfo(zone)).time()
    return DayPart.MORNING if wall < NOON else DayPart.AFTERNOON if wall < EVENING else DayPart.EVENING


@dataclass(frozen=True, slots=True)
class Wish:
    """What suits somebody who waits; empty ``weekdays`` (0 is Monday) or ``parts``: any. ``until`` is the last day.

    ``practitioner``: with nobody else. ``before``: the visit that she has; a later one is no help. ``refused`` are the
    times, each with whom, that she was offered before.
    """

    zone: str
    until: date
    notice: timedelta
    weekdays: frozenset[int] = frozenset()
    parts: frozenset[DayPart] = frozenset()
    practitioner: UUID | None = None
    before: datetime | None = None
    refused: frozenset[tuple[UUID, datetime]] = frozenset()


def suits(wish: Wish, start: datetime, practitioner: UUID, now: datetime) -> bool:
    """Whether a time that is free suits somebody, by her own wall clock."""
    day = start.astimezone(ZoneInfo(wish.zone)).date()
    return (
        start - now >= wish.notice
        and day <= wish.until
        and (wish.before is None or start < wish.before)
        and wish.practitioner in (None, practitioner)
        and (not wish.weekdays or day.weekday() in wish.weekdays)
        and (not wish.parts or part_of(start, wish.zone) in wish.parts)
        and (practitioner, start) not in wish.refused
    )


def first_suiting(wish: Wish, times: Iterable[tuple[datetime, UUID]], now: datetime) -> tuple[datetime, UUID] | None:
    """Return the earliest of ``times`` (when, with whom) that suits somebody."""
    return min((each for each in times if suits(wish, *each, now)), default=None)


def held_until(*, now: datetime, start: datetime, quiet: Quiet, on: date) -> datetime | None:
    """Return until when a time that begins at ``start`` is held for somebody who is offered it ``now``.

    Nothing where it can't be offered to her: at night, when there is too little time to answer, or where no figure holds.
    What would run out at night runs on in the morning by as much; and it ends while others can still book the time.
    """
    hold, least, ahead = (offering(name, on) for name in ("offer_hold", "offer_least", "offer_ahead"))
    if hold is None or least is None or ahead is None or quiet.holds(now):
        return None
    end = now + hold
    if quiet.holds(end):
        end = quiet.ends(end) + (end - quiet.began(end))
    end = min(end, start - ahead)
    awake = min(end, quiet.began(end)) if quiet.holds(end) else end
    return end if awake - now >= least else None
