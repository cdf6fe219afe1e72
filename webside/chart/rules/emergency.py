"""For how long a chart that was opened in an emergency stays open. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from webside.core.dated import figure

FIGURES = Path(__file__).resolve().parent.parent / "data" / "figures.csv"


def closes_at(opened_at: datetime, on: date) -> datetime | None:
    """Return when it closes by itself; nothing where no row says for how long it is open, and then it isn't opened."""
    row = figure(FIGURES, "emergency_open", on)
    return opened_at + timedelta(hours=int(row["value"])) if row is not None else None
