"""Dates and times as people say them: "today, 3:20 pm, in 12 minutes"."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as django_format
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

# Generic names that people in these zones use; elsewhere the abbreviation of the zone data.
ZONE_NAMES = {
    "America/New_York": gettext_lazy("Eastern Time"),
    "America/Detroit": gettext_lazy("Eastern Time"),
    "America/Kentucky/Louisville": gettext_lazy("Eastern Time"),
    "America/Indiana/Indianapolis": gettext_lazy("Eastern Time"),
    "America/Chicago": gettext_lazy("Central Time"),
    "America/Menominee": gettext_lazy("Central Time"),
    "America/Denver": gettext_lazy("Mountain Time"),
    "America/Boise": gettext_lazy("Mountain Time"),
    "America/Phoenix": gettext_lazy("Arizona Time"),
    "America/Los_Angeles": gettext_lazy("Pacific Time"),
    "America/Anchorage": gettext_lazy("Alaska Time"),
    "Pacific/Honolulu": gettext_lazy("Hawaii Time"),
    "America/Puerto_Rico": gettext_lazy("Atlantic Time"),
    "Pacific/Guam": gettext_lazy("Chamorro Time"),
    "UTC": gettext_lazy("UTC"),
}
NEAR = timedelta(hours=12)
MINUTE = 60
HOUR = 3600
DAY = 86400


def zone_name(moment: datetime) -> str:
    """Return how people call the zone of an aware ``moment``."""
    key = getattr(moment.tzinfo, "key", "")
    if key in ZONE_NAMES:
        return str(ZONE_NAMES[key])
    name = moment.tzname() or ""
    return name if name.isalpha() else f"UTC{moment.strftime('%z')[:3]}:{moment.strftime('%z')[3:]}"


def clock_time(moment: datetime, *, seconds: bool = False) -> str:
    """Return "3:20 pm" (or what the language uses), optionally with seconds."""
    style = pgettext("time format: 12 or 24", "12")
    if style == "24":
        return moment.strftime("%H:%M:%S" if seconds else "%H:%M")
    hour = moment.hour % 12 or 12
    half = pgettext("time", "am") if moment.hour < 12 else pgettext("time", "pm")
    return f"{hour}:{moment:%M:%S} {half}" if seconds else f"{hour}:{moment:%M} {half}"


def day(moment: datetime, now: datetime, *, weekday: bool = True) -> str:
    """Return "today", "tomorrow", "Thursday, December 3" or "March 4, 2025". Both in one zone."""
    distance = (moment.date() - now.date()).days
    near = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}.get(distance)
    if near:
        return near
    if moment.year != now.year and abs(distance) > 180:
        return _written(moment.date(), pgettext("date in another year", "F j, Y"), get_language())
    if weekday:
        return _written(moment.date(), pgettext("date with weekday", "l, F j"), get_language())
    return _written(moment.date(), pgettext("date", "F j"), get_language())


def short_day(moment: datetime) -> str:
    """Return "Mar 4" of an aware ``moment``, on the calendar of the current zone."""
    return _written(local(moment).date(), pgettext("short date", "M j"), get_language())


def weekday_date(day: date) -> str:
    """Return "Thursday, December 3" of a day, or of a moment on its own clock."""
    return _written(_day_of(day), pgettext("date with weekday", "l, F j"), get_language())


def whole_date(day: date) -> str:
    """Return "March 4, 2025" of a day, or of a moment on its own clock."""
    return _written(_day_of(day), pgettext("date in another year", "F j, Y"), get_language())


def _day_of(day: date) -> date:
    return day.date() if isinstance(day, datetime) else day


@lru_cache(maxsize=4096)
def _written(day: date, pattern: str, _language: str | None) -> str:
    # The same days stand on many pages, and each takes longer to write than the rest of its line.
    return django_format(day, pattern)


def _between(start: datetime, end: datetime) -> timedelta:
    # Two moments of one zone are subtracted by their clocks, which is an hour off when the clocks change.
    return end.astimezone(UTC) - start.astimezone(UTC)


def _comes_twice(moment: datetime) -> bool:
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


def distance(moment: datetime, now: datetime) -> str:
    """Return "in 12 minutes", "2 hours ago", "now"; for far moments, days."""
    seconds = round(_between(now, moment).total_seconds())
    size = abs(seconds)
    if size < MINUTE // 2:
        return _("now")
    if size < HOUR - MINUTE // 2:
        number = max(1, round(size / MINUTE))
        words = ngettext("%(n)d minute", "%(n)d minutes", number) % {"n": number}
    elif size < 36 * HOUR:
        minutes = round(size / MINUTE)
        hours, rest = divmod(minutes, 60)
        words = ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
        if rest and hours < 6:
            words = _("%(hours)s and %(minutes)s") % {
                "hours": words,
                "minutes": ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest},
            }
    else:
        days = round(size / DAY)
        words = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    return (_("in %(time)s") if seconds > 0 else _("%(time)s ago")) % {"time": words}


def local(moment: datetime, zone: str | None = None) -> datetime:
    """Return an aware ``moment`` in an IANA zone, or in the current one of Django.

    Raises :class:`ValueError` for a naive moment: we never guess a zone.
    """
    if timezone.is_naive(moment):
        raise ValueError("a moment without a zone can't be shown")
    return moment.astimezone(ZoneInfo(zone)) if zone else timezone.localtime(moment)


def say(
    moment: datetime, now: datetime, *, zone: str | None = None, style: str = "full", show_zone: bool = False
) -> str:
    """Say an aware ``moment`` as people do.

    ``style``: full ("today, 3:20 pm, in 12 minutes"), short (no distance), time ("3:20 pm"), seconds
    ("3:43:07 pm"), day ("Thursday, December 3"), distance ("in 12 minutes"), exact ("2026-11-23
    3:20:07 pm", for trails). ``show_zone`` adds the name of the zone, for when two people's differ. In
    the hour that comes twice when summer time ends, "EDT" or "EST" says which one is meant.
    """
    here, there = local(moment, zone), local(now, zone)
    if style == "distance":
        return distance(here, there)
    if style == "day":
        return day(here, there)
    if style == "exact":
        text = f"{here:%Y-%m-%d} {clock_time(here, seconds=True)}"
    elif style in ("time", "seconds"):
        text = clock_time(here, seconds=style == "seconds")
    elif style in ("full", "short"):
        text = _("%(day)s, %(time)s") % {"day": day(here, there), "time": clock_time(here)}
    else:
        raise ValueError(f"unknown style {style!r}")
    if _comes_twice(here):
        text = f"{text} {here.tzname()}"
    elif show_zone:
        text = f"{text} {zone_name(here)}"
    if style == "full" and abs(_between(there, here)) < NEAR:
        text = _("%(when)s, %(distance)s") % {"when": text, "distance": distance(here, there)}
    return text
