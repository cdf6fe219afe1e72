"""How far the confirmation of a list can be leant on: gone through with the patient lately, and the same since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

MONTHS_GOOD = 12
"""After so many months a list is gone through again. Our own figure: the day, the signature and the chart use it."""


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


def confirmation(confirmed_at: datetime | None, changed_at: datetime | None, on: date) -> Confirmation:
    """Say how a list stands on the day ``on``. ``changed_at``: since its confirmation an entry came or went."""
    if confirmed_at is None:
        return Confirmation(Standing.NEVER)
    months = round((on - confirmed_at.date()).days / 30)
    if changed_at is not None:
        standing = Standing.CHANGED
    elif months >= MONTHS_GOOD:
        standing = Standing.OLD
    else:
        standing = Standing.CURRENT
    return Confirmation(standing, confirmed_at, months)
