"""The dates of visits that come again and again, at the same time by the wall clock. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from webside.scheduling.codes import Every
from webside.scheduling.rules.times import at_wall

_WEEKS = {Every.WEEKLY: 1, Every.FORTNIGHTLY: 2}


def series(first: datetime, zone: str, every: Every, count: int) -> list[datetime]:
    """Return ``count`` moments from ``first`` on, each at its time of the day on the wall of ``zone``, in UTC.

    Monthly is the same weekday of the month (the second Tuesday; what is the fifth is the last where there are four).
    A time that a clock change skips is the moment of the jump.
    """
    there = ZoneInfo(zone)
    wall = first.astimezone(there).replace(tzinfo=None, fold=0)
    days = [_day(wall.date(), every, number) for number in range(count)]
    return [at_wall(datetime.combine(day, wall.time()), there) for day in days]


def _day(first: date, every: Every, number: int) -> date:
    if every in _WEEKS:
        return first + timedelta(weeks=_WEEKS[every] * number)
    months = first.year * 12 + first.month - 1 + number
    begin = first.replace(year=months // 12, month=months % 12 + 1, day=1)
    ahead = (first.weekday() - begin.weekday()) % 7
    day = begin + timedelta(days=ahead, weeks=(first.day - 1) // 7)
    return day if day.month == begin.month else day - timedelta(weeks=1)
