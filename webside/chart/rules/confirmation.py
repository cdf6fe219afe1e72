"""How far the confirmation of a list can be leant on: gone through with the patient lately, and the same since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from webside.core.dated import Row, figure

FIGURES = Path(__file__).resolve().parent.parent / "data" / "figures.csv"


class Standing(StrEnum):
    """What stands about a list."""

    CURRENT = "current"
    NEVER = "never"
    CHANGED = "changed"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How a list stands on a day, when it was confirmed last, and how many months ago."""

    standing: Standing
    confirmed_at: datetime | None = None
    months: int = 0

    @property
    def holds(self) -> bool:
        """Whether nobody needs to ask again."""
        return self.standing is Standing.CURRENT


def months_good(on: date) -> Row | None:
    """Return for how many months a confirmation can be leant on: the day, the signature and the chart ask it."""
    return figure(FIGURES, "list_confirmed", on)


def whole_months(since: date, until: date) -> int:
    """Return how many months have gone by, the last one to its end."""
    return (until.year - since.year) * 12 + until.month - since.month - (until.day < since.day)


def confirmation(confirmed_at: datetime | None, changed_at: datetime | None, on: date) -> Confirmation:
    """Say how a list stands on the day ``on``. ``changed_at``: since its confirmation an entry came or went.

    Where no row says for how long a confirmation is good, it is asked for again.
    """
    if confirmed_at is None:
        return Confirmation(Standing.NEVER)
    months = whole_months(confirmed_at.date(), on)
    good = months_good(on)
    if changed_at is not None:
        standing = Standing.CHANGED
    elif good is None or months >= int(good["value"]):
        standing = Standing.OLD
    else:
        standing = Standing.CURRENT
    return Confirmation(standing, confirmed_at, months)
