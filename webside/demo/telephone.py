"""The demo's telephone: the carrier that the worker keeps running, the texts that it took, and answering them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from django.conf import settings

from webside.demo.stand_ins import Kept
from webside.integrations.sms import lean
from webside.integrations.sms.client import HttpSms
from webside.integrations.sms.stand_in import IN, StandIn, Text, text_through, texts
from webside.notifications.telephone import shown

ACCOUNT = "ACdemo"
NUMBERS = {"larkspur": "+15185550100", "northgate": "+12125550100"}
TAKEN = 200
NOT_YET = "http://127.0.0.1:9"


def folder() -> Path:
    """Where texts lie, one file each."""
    return Path(settings.VAR) / "telephone"


def _secret() -> str:
    return settings.ENV.secret("demo-texts").hex()


def _received(number: str) -> str:
    return lean.received_address(next((slug for slug, own in NUMBERS.items() if own == number), "nobody"))


kept = Kept("telephone", lambda: StandIn(folder(), ACCOUNT, _secret(), _received))
"""The carrier that the worker keeps running."""


def service() -> HttpSms:
    """Return the client of the carrier that a worker runs; before it does, of one that doesn't answer yet."""
    address = kept.address() or NOT_YET
    return HttpSms.at(address.replace("//", f"//{ACCOUNT}:{_secret()}@"), NUMBERS, lean.status_address)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text as a telephone shows it. ``ours``: the clinic sent it."""

    body: str
    at: datetime
    ours: bool
    status: str


@dataclass(frozen=True, slots=True)
class Talk:
    """What one telephone and one clinic wrote to each other, the oldest first."""

    phone: str
    clinic: str
    bubbles: list[Bubble]

    @property
    def who(self) -> str:
        """The telephone's number as people write it."""
        return shown(self.phone)

    @property
    def last(self) -> Bubble:
        """The newest text."""
        return self.bubbles[-1]


def _pair(text: Text) -> tuple[str, str]:
    """Return the telephone's number and the clinic's."""
    return (text.sender, text.to) if text.direction == IN else (text.to, text.sender)


def talks() -> list[Talk]:
    """Return what was written, by telephone and clinic, the newest talk first."""
    found = sorted(texts(folder()), key=lambda text: (_pair(text), text.at))
    made = [
        Talk(phone, clinic, [
            Bubble(each.body, datetime.fromisoformat(each.at), each.direction != IN, each.status) for each in group
        ])
        for (phone, clinic), group in groupby(found, key=_pair)
    ]  # fmt: skip
    return sorted(made, key=lambda talk: talk.last.at, reverse=True)


def reply(phone: str, clinic: str, body: str) -> bool:
    """Let a telephone answer, by way of the carrier; return whether the clinic took it."""
    if not kept.address():
        return False
    return text_through(kept.address(), ACCOUNT, _secret(), sender=phone, to=clinic, body=body) == TAKEN
