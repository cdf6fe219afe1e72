"""The demo's telephone calls: the carrier that the worker keeps running, and dialling, picking up, typing, hanging up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from webside.demo.stand_ins import Kept
from webside.integrations.voice import lean
from webside.integrations.voice.client import HttpVoice
from webside.integrations.voice.stand_in import IN, OVER, StandIn, ask_people
from webside.notifications.telephone import e164, shown

ACCOUNT = "ACdemo"
NUMBERS = {"larkspur": "+15185550190", "northgate": "+12125550190"}
NOT_YET = "http://127.0.0.1:9"
MOST_SHOWN = 12


def _secret() -> str:
    return settings.ENV.secret("demo-calls").hex()


def _slug(number: str) -> str:
    return next((slug for slug, own in NUMBERS.items() if own == number), "nobody")


def _made() -> StandIn:
    return StandIn(
        ACCOUNT, _secret(), answer=lambda number: lean.address(_slug(number), "answer"),
        status=lambda number: lean.address(_slug(number), "status"),
    )  # fmt: skip


kept = Kept("calls", _made)
"""The carrier that the worker keeps running."""


def service() -> HttpVoice:
    """Return the client of the carrier that a worker runs; before it does, of one that doesn't answer yet."""
    address = kept.address() or NOT_YET
    return HttpVoice.at(address.replace("//", f"//{ACCOUNT}:{_secret()}@"), NUMBERS, lean.address)


@dataclass(frozen=True, slots=True)
class Phone:
    """One call as the telephone at its other end shows it. ``asks``: it waits for so many digits."""

    sid: str
    who: str
    clinic: str
    incoming: bool
    status: str
    heard: list[str]
    asks: int
    in_room: bool
    began: datetime

    @property
    def rings(self) -> bool:
        """Whether it may be picked up."""
        return self.incoming and self.status == "ringing"

    @property
    def over(self) -> bool:
        """Whether nobody is on it any more."""
        return self.status in OVER


def phones() -> list[Phone]:
    """Return the newest calls, the newest first; none while the carrier doesn't run."""
    found = _ask("calls") or {"calls": []}
    return [_phone(call) for call in found["calls"][:MOST_SHOWN]]


def _phone(call: dict[str, Any]) -> Phone:
    dialled = call["direction"] == IN
    theirs, ours = (call["from"], call["to"]) if dialled else (call["to"], call["from"])
    return Phone(
        sid=call["sid"], who=shown(theirs), clinic=shown(ours), incoming=not dialled, status=call["status"],
        heard=[text for text, _language in call["heard"]][-6:], asks=call["asks"], in_room=bool(call["room"]),
        began=datetime.fromisoformat(call["began"]),
    )  # fmt: skip


def dial(sender: str, to: str) -> bool:
    """Let a telephone dial a clinic's number; return whether that is a number of a clinic, and the carrier there."""
    number, own = e164(sender), e164(to)
    return bool(number) and own in NUMBERS.values() and _ask("dial", {"from": number, "to": own}) is not None


def act(what: str, sid: str, digits: str = "") -> bool:
    """Pick up, type or hang up; return whether there is such a call. What comes of it is there by then, or soon."""
    return _ask(what, {"sid": sid, "digits": digits}) is not None


def _ask(what: str, form: dict[str, str] | None = None) -> Any:
    address = kept.address()
    return ask_people(address, ACCOUNT, _secret(), what, form) if address else None
