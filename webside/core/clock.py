"""The one place that asks what time it is."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return timezone.now()


def today(zone: str) -> date:
    """Return the calendar day that it is now in an IANA time zone."""
    return now().astimezone(ZoneInfo(zone)).date()
