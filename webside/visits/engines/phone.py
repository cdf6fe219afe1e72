"""The port of telephony: who carries the phone calls of visits.

A clinic without a number shows none; nothing pretends to be one. ``integrations.voice`` names itself here when the settings
name a carrier; where they don't, something above may lend one (the demo's stand-in).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from webside.visits.codes import PhoneWhy


class CarrierAway(Exception):
    """The carrier could not be asked now. ``unsure``: it may have done it all the same, its answer was lost."""

    def __init__(self, text: str, *, unsure: bool = False) -> None:
        super().__init__(text)
        self.unsure = unsure


class CarrierRefused(Exception):
    """The carrier will not do this, now or later. The text holds no number."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the carrier says of a call: whether it is over, since when by its clock, and why."""

    over: bool
    ended_at: datetime | None = None
    why: PhoneWhy = PhoneWhy.HUNG_UP


class VoicePort(Protocol):
    """Carries phone calls. Each clinic, by its slug, has a number of its own."""

    @property
    def name(self) -> str:
        """What stands in logs for the service."""

    def number_of(self, clinic: str) -> str:
        """Return the number that people dial to reach a clinic's visits (E.164), or nothing while it has none."""

    def call(self, *, clinic: str, to: str, call_id: UUID) -> str:
        """Call a number (E.164); return the carrier's id of the call. What it says is asked of us under ``call_id``.

        Raises :class:`CarrierAway` or :class:`CarrierRefused`.
        """

    def turn(self, *, clinic: str, call_id: UUID, carrier_id: str) -> None:
        """Let the carrier ask us anew what a call that goes on is to do. Raises as :meth:`call`."""

    def standing(self, *, carrier_id: str) -> Standing:
        """Return how a call stands. Raises as :meth:`call`."""


class Then(StrEnum):
    """What a call does after what is said."""

    CODE = "code"
    PRESS = "press"
    WAIT = "wait"
    JOIN = "join"
    HANG_UP = "hang-up"


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence that a call hears, and its language (``en``, ``es``)."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What the carrier is to do with a call: say something, then this.

    ``number``: which try the caller has, or which round of waiting it is. ``digits``: how many are asked for. ``room`` is
    the visit; ``leads``: the room opens and closes with her; ``listens``: she isn't heard.
    """

    call_id: UUID
    say: tuple[Said, ...]
    then: Then
    number: int = 0
    digits: int = 0
    room: UUID | None = None
    leads: bool = False
    listens: bool = False


_port: VoicePort | None = None
_lent: Callable[[], VoicePort | None] | None = None


def use(port: VoicePort | None) -> None:
    """Name what carries phone calls."""
    global _port  # noqa: PLW0603 - composed once at start
    _port = port


def lend(port: Callable[[], VoicePort | None] | None) -> None:
    """Name what carries phone calls where nothing else does; None takes it back."""
    global _lent  # noqa: PLW0603 - composed once at start
    _lent = port


def voice() -> VoicePort | None:
    """Return what carries phone calls, if anything does."""
    return _port or (_lent() if _lent else None)


def number_of(clinic: str) -> str:
    """Return the number that people dial to reach a clinic's visits, or nothing while it has none."""
    port = voice()
    return port.number_of(clinic) if port else ""
