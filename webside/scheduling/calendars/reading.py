"""Reading a calendar that somebody keeps elsewhere: asking for it, and letting a process of its own make sense of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import requests
from django.conf import settings

from webside.core import outgoing
from webside.scheduling.codes import CalendarTrouble
from webside.scheduling.services import Claim, Reading

MOST_BYTES = 6 << 20
"""A calendar of many years has two or three million letters."""

PARSE_SECONDS = 25
READER = Path(__file__).with_name("reader.py")

_SAID: dict[int, CalendarTrouble] = {
    401: CalendarTrouble.REFUSED, 403: CalendarTrouble.REFUSED, 404: CalendarTrouble.GONE, 410: CalendarTrouble.GONE,
}  # fmt: skip
_RAISED: tuple[tuple[type[Exception], CalendarTrouble], ...] = (
    (outgoing.NoSuchHost, CalendarTrouble.UNREACHABLE),
    (outgoing.NotAllowed, CalendarTrouble.INSIDE),
    (outgoing.TooLong, CalendarTrouble.TOO_BIG),
    (requests.Timeout, CalendarTrouble.SLOW),
    (requests.RequestException, CalendarTrouble.UNREACHABLE),
)


def read(claim: Claim) -> Reading:
    """Read a calendar that somebody keeps elsewhere: only whether there is news, where it was read before.

    Raises nothing for what the other side does: that is a ``trouble``. No address is ever written to a log.
    """
    if claim.trouble is not None:
        return Reading(trouble=claim.trouble)
    known = {"If-None-Match": claim.etag, "If-Modified-Since": claim.last_modified}
    headers = {"Accept": "text/calendar, */*;q=0.1", **{name: value for name, value in known.items() if value}}
    try:
        answer = outgoing.ask(claim.address, headers=headers, most=MOST_BYTES)
    except requests.RequestException as error:
        return Reading(trouble=next(trouble for kind, trouble in _RAISED if isinstance(error, kind)))
    if answer.status == requests.codes.not_modified and (claim.etag or claim.last_modified):
        return Reading(unchanged=True)
    if answer.status != requests.codes.ok:
        return Reading(trouble=_SAID.get(answer.status, CalendarTrouble.SERVER))
    return _parsed(claim, answer)


def _parsed(claim: Claim, answer: outgoing.Answer) -> Reading:
    """Let a process of its own make sense of a text from outside; it has a limit of time and memory, and nothing to lose."""
    asked = {
        "since": claim.since.isoformat(), "until": claim.until.isoformat(), "zone": claim.zone,
        "host": urlsplit(settings.PUBLIC_URL).hostname or "localhost", "people": claim.people,
    }  # fmt: skip
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "SYSTEMROOT") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(READER)], input=json.dumps(asked).encode() + b"\n" + answer.body,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PARSE_SECONDS, check=True, env=kept,
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        return Reading(trouble=CalendarTrouble.UNREADABLE)
    if "error" in found:
        return Reading(trouble=CalendarTrouble(found["error"]))
    return Reading(
        etag=_short(answer.headers.get("ETag", ""), 200), last_modified=_short(answer.headers.get("Last-Modified", ""), 80),
        periods=_stretches(found["periods"]), unclear=found["unclear"],
        ours={UUID(each): _stretches(spans) for each, spans in found["ours"].items()},
    )  # fmt: skip


def _short(value: str, most: int) -> str:
    """Return what a server gave to be shown again, unless it is too long to be kept: half of it would be another."""
    return value if len(value) <= most and value.isprintable() else ""


def _stretches(found: list[Any]) -> list[tuple[datetime, datetime]]:
    return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in found]
