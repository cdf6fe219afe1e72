"""Until when a step of a plan is to be done, and whether a plan was gone through lately. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from webside.chart.codes import StepTime
from webside.core.dated import figure

FIGURES = Path(__file__).resolve().parent.parent / "data" / "figures.csv"


def last_day(time: StepTime | str, *, day: date | None, days: int | None, turns_on: date | None) -> date | None:
    """Return the last day on which a step is in time; nothing where there is none, or nobody knows it yet.

    ``turns_on`` is the day of what the plan turns on (an operation). *Before* it is the day before, or so many ``days``
    before; *after* it has a last day only where somebody said how many.

    >>> last_day(StepTime.BEFORE, day=None, days=None, turns_on=date(2026, 12, 14))
    datetime.date(2026, 12, 13)
    """
    if time == StepTime.BY:
        return day
    if turns_on is None:
        return None
    if time == StepTime.BEFORE:
        return turns_on - timedelta(days=days or 1)
    if time == StepTime.AFTER and days is not None:
        return turns_on + timedelta(days=days)
    return None


def is_stale(gone_through_on: date, on: date) -> bool | None:
    """Whether nobody has gone through a plan for longer than the clinic allows; None where no row says how long that is."""
    row = figure(FIGURES, "plan_gone_through", on)
    return None if row is None else on - gone_through_on > timedelta(days=int(row["value"]))
