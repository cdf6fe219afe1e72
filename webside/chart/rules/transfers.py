"""When somebody must ask whether a patient who was sent elsewhere is there; how long what was sent ahead opens. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from webside.chart.codes import AheadStanding, HowSoon
from webside.core.dated import figure

FIGURES = Path(__file__).resolve().parent.parent / "data" / "figures.csv"


def ask_at(started_at: datetime, how_soon: HowSoon | str, on: date) -> datetime | None:
    """Return when to ask; nothing where no row says so for that day. Whoever didn't say how soon meant at once."""
    row = figure(FIGURES, f"transfer_{how_soon or HowSoon.NOW}", on)
    return None if row is None else started_at + timedelta(hours=int(row["value"]))


def within_a_day(how_soon: HowSoon | str) -> bool | None:
    """Whether she is to be seen within a day of the visit; None where that is not sure.

    >>> within_a_day("today"), within_a_day("tomorrow"), within_a_day("days")
    (True, None, False)
    """
    return {HowSoon.NOW: True, HowSoon.TODAY: True, HowSoon.DAYS: False}.get(HowSoon(how_soon)) if how_soon else True


def ahead_standing(*, now: datetime, expires_at: datetime, ended: bool, tries_left: int) -> AheadStanding:
    """Return whether a link that was sent ahead shows the sheet, or why not."""
    if ended:
        return AheadStanding.ENDED
    if now >= expires_at:
        return AheadStanding.OVER
    return AheadStanding.OPEN if tries_left > 0 else AheadStanding.TRIED
