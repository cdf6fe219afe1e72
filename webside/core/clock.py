"""The one place that asks what time it is."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return timezone.now()


def countable(day: date) -> bool:
    """Whether time can be counted around a day: at both ends of the calendar there is no next day and no other zone."""
    return date.min.year < day.year < date.max.year


def today(zone: str) -> date:
    """Return the calendar day that it is now in an IANA time zone."""
    return now().astimezone(ZoneInfo(zone)).date()
