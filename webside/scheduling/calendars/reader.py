"""What another calendar says of when somebody is busy: the text of a calendar in, stretches of time out. Pure.

The text comes from outside, and may be wrong, huge or malicious. So it is read by a process of its own, which ``main`` is
(``calendars.reading`` starts it): with limits of memory and of time, without a database and without keys.
Of titles, places and people nothing leaves it.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

MOST = 20_000
"""So many entries in the time that is asked about are read; a calendar that has more is a mistake."""

SECONDS, MEMORY = 20, 1 << 30
"""What the reading process may use."""

_DAY = timedelta(days=1)
_TIMES = {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"}
_HERE = {"FREE", "WORKINGELSEWHERE"}
"""What Outlook calls time in which somebody may be met."""

Stretch = tuple[datetime, datetime]


class NotACalendar(ValueError):
    """It is no iCalendar text: a web page, an empty file, something else."""


class TooMany(ValueError):
    """More entries than a person's calendar has."""


class Unclear(ValueError):
    """An entry says nothing from which its time could be known."""


@dataclass(frozen=True, slots=True)
class Busy:
    """When somebody is busy, from the earliest, in UTC; stretches that meet are one.

    ``ours``: by an id, when she is busy by what Webside itself has put into that calendar. ``unclear``: how many entries
    could not be understood, or only by a guess.
    """

    periods: list[Stretch] = field(default_factory=list)
    ours: dict[str, list[Stretch]] = field(default_factory=dict)
    unclear: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: ``since`` and ``until`` are aware; ``zone`` is whose clock floating times are of; ``host`` is where
    Webside's own entries come from; ``people`` are her own e-mail addresses, by which it is seen what she has declined."""

    since: datetime
    until: datetime
    zone: str
    host: str = ""
    people: Collection[str] = ()


def busy_in(text: bytes, asked: Asked) -> Busy:
    """Return when a calendar says that its owner is busy. Raises :class:`NotACalendar` and :class:`TooMany`."""
    bare = text.strip(b"\xef\xbb\xbf \t\r\n")
    # Half of a calendar would free what the other half keeps busy.
    if bare[:15].upper() != b"BEGIN:VCALENDAR" or bare[-13:].upper() != b"END:VCALENDAR":
        raise NotACalendar("no calendar")
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise NotACalendar("broken") from error
    own = re.compile(rf"([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})@{re.escape(asked.host)}", re.IGNORECASE)
    found: list[Stretch] = []
    ours: dict[str, list[Stretch]] = {}
    unclear = 0
    for calendar in calendars:
        for uid, events in _series(calendar).items():
            spans, guessed = _of_series(events, calendar, asked)
            unclear += guessed
            known = own.fullmatch(uid)
            (ours.setdefault(known[1].lower(), []) if known else found).extend(spans)
            # Counted together: anybody can write an entry that looks like one of ours.
            if (many := len(found) + sum(map(len, ours.values()))) > MOST:
                raise TooMany(many)
        for shown in calendar.walk("VFREEBUSY"):
            found += _within(_shown(shown), asked)
    return Busy(merged(found), ours, unclear)


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return stretches from the earliest; those that overlap or touch become one."""
    result: list[Stretch] = []
    for start, end in sorted(stretches):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _series(calendar: Any) -> dict[str, list[Any]]:
    """Return the events that belong together: one that comes again, and what was changed of it."""
    found: dict[str, list[Any]] = {}
    for number, event in enumerate(calendar.walk("VEVENT")):
        found.setdefault(str(event.get("UID") or f"nameless {number}"), []).append(event)
    return found


def _of_series(events: list[Any], calendar: Any, asked: Asked) -> tuple[list[Stretch], int]:
    """Return when a series keeps somebody busy, and whether it couldn't be (wholly) understood, as 1 or 0."""
    zone, guessed = _zone(calendar, asked), 0
    try:
        spans = []
        for event in _occurrences(events, calendar, asked):
            if _keeps_busy(event, asked.people):
                guessed = guessed or _is_guess(event)
                spans.append(_span(event, zone))
                if len(spans) > MOST:
                    raise TooMany(len(spans))
        return list(_within(spans, asked)), guessed
    except TooMany:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with one entry, the others are read; that there is one is told
        return [], 1


def _occurrences(events: list[Any], calendar: Any, asked: Asked) -> Iterable[Any]:
    """Return each time that a series comes, near the time that is asked about."""
    if any(name in _TIMES for event in events for name, *_why in event.errors):
        raise Unclear("a broken time")
    if len(events) == 1 and not any(events[0].get(name) for name in ("RRULE", "RDATE", "EXDATE")):
        return events
    for rule in (each for event in events for each in _all(event.get("RRULE"))):
        often = {str(each).upper() for each in _all(rule.get("FREQ"))}
        parts = max(len(_all(rule.get(name))) for name in ("BYSECOND", "BYMINUTE"))
        if often & {"SECONDLY", "MINUTELY"} or parts > 4:
            raise Unclear("nobody meets each minute")
    alone = Calendar()
    if "X-WR-TIMEZONE" in calendar:
        alone["X-WR-TIMEZONE"] = _zone(calendar, asked)
    for event in events:
        alone.add_component(event)
    # A day more: the library compares what floats with what doesn't as it comes, and the edges are cut afterwards.
    return recurring_ical_events.of(alone).between(asked.since - _DAY, asked.until + _DAY)


def _keeps_busy(event: Any, people: Collection[str]) -> bool:
    """Whether an entry takes somebody's time: not one that is shown as free, was cancelled, or that she has declined."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return False
    if str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() in _HERE:
        return False
    for one in _all(event.get("ATTENDEE")):
        address = str(one).lower().removeprefix("mailto:")
        if address in people and str(one.params.get("PARTSTAT", "")).upper() == "DECLINED":
            return False
    return True


def _span(event: Any, zone: str) -> Stretch:
    """Return from when to when an entry lasts. A day without an end lasts a day; a moment without one lasts no time."""
    first = event["DTSTART"].dt
    if "DTEND" in event:
        last = event["DTEND"].dt
    elif "DURATION" in event:
        last = first + event["DURATION"].dt
    else:
        last = first + _DAY if _is_day(first) else first
    if _is_day(first) and last == first:
        last = first + _DAY
    start, end = _moment(first, zone), _moment(last, zone)
    if end < start:
        raise Unclear("it ends before it begins")
    return start, end


def _moment(value: date | datetime, zone: str) -> datetime:
    """Return a moment in UTC: a day begins at midnight of ``zone``, and what floats is of its clock."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0))
    return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _is_day(value: date | datetime) -> bool:
    return not isinstance(value, datetime)


def _is_guess(event: Any) -> int:
    """Whether a time names a zone that nobody knows: it is then taken to be of her own clock."""
    start = event["DTSTART"]
    return int(not _is_day(start.dt) and start.dt.tzinfo is None and "TZID" in start.params)


def _zone(calendar: Any, asked: Asked) -> str:
    """Return whose clock floating times are of: the calendar's own, where it names one that is known, or hers."""
    named = str(calendar.get("X-WR-TIMEZONE", ""))
    try:
        return ZoneInfo(named).key if named else asked.zone
    except (KeyError, ValueError, OSError):
        return asked.zone


def _shown(shown: Any) -> Iterator[Stretch]:
    """Yield the busy times of a calendar that shows nothing else (VFREEBUSY)."""
    for each in _all(shown.get("FREEBUSY")):
        if str(each.params.get("FBTYPE", "BUSY")).upper().startswith("BUSY"):
            yield _moment(each.start, "UTC"), _moment(each.end, "UTC")


def _within(spans: Iterable[Stretch], asked: Asked) -> Iterator[Stretch]:
    """Yield what shares a moment with the time that is asked about, whole: a cut edge would be another one each time."""
    return (each for each in spans if each[0] < each[1] and each[0] < asked.until and each[1] > asked.since)


def _all(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def main() -> None:
    """Read what is asked as a line of JSON and then the text from the standard input; write the answer as JSON."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    line, _newline, text = sys.stdin.buffer.read().partition(b"\n")
    asked = json.loads(line)
    since, until = (datetime.fromisoformat(asked.pop(name)) for name in ("since", "until"))
    try:
        found = busy_in(text, Asked(since, until, **asked))
    except NotACalendar:
        answer: dict[str, Any] = {"error": "not-a-calendar"}
    except TooMany:
        answer = {"error": "too-big"}
    else:
        answer = {
            "periods": _written(found.periods),
            "ours": {each: _written(spans) for each, spans in found.ours.items()},
            "unclear": found.unclear,
        }
    json.dump(answer, sys.stdout)


def _written(spans: Iterable[Stretch]) -> list[list[str]]:
    return [[start.isoformat(), end.isoformat()] for start, end in spans]


if __name__ == "__main__":
    main()
