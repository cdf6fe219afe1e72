"""Who is a new patient: nobody of this specialty of the group has seen them for years."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime

from webside.billing.rules.tables import FIGURES


def seen_since(moment: datetime) -> datetime | None:
    """Return since when a patient who is seen at ``moment`` must not have been seen to be new.

    The same time of the same day, years before. Nothing, if no row says on that day how many.
    """
    row = FIGURES.one(moment.date(), figure="new_patient")
    if row is None:
        return None
    year = moment.year - int(row["value"])
    return moment.replace(year=year, day=min(moment.day, monthrange(year, moment.month)[1]))


__all__ = ["seen_since"]
