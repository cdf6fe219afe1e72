"""The figures by which the line is kept: dated rows, each with its source. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from webside.core.dated import figure

FIGURES = Path(__file__).resolve().parent.parent / "data" / "figures.csv"


def number(name: str, on: date) -> int | None:
    """Return a figure that holds on a day; nothing where no row says, and then nobody may act as if one did."""
    row = figure(FIGURES, name, on)
    return int(row["value"]) if row else None


def lasting(name: str, on: date) -> timedelta | None:
    """Return a figure that is a length of time (its unit says of what), or nothing."""
    row = figure(FIGURES, name, on)
    return timedelta(**{row["unit"]: int(row["value"])}) if row else None
