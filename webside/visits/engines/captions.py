"""The port of captions: who writes down what is said in a visit, for whoever reads it.

Each clinic runs its own recogniser, or has none; then nobody's voice goes anywhere and no page offers captions.
``integrations.captions`` names itself here when the settings name a recogniser.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

RATE = 16_000
"""Samples a second of the sound that a stream is fed: one channel, 16 bits each, the lower byte first."""


class RecogniserAway(Exception):
    """The recogniser doesn't answer, or not soon enough. The text holds nothing that was said."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word. ``confidence`` is from 0 to 1; None: the recogniser didn't say how sure it is."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What was heard. One that isn't ``final`` is taken back by the next one, which may have no words."""

    words: tuple[Word, ...]
    final: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A language that a clinic's recogniser writes.

    ``word_error``: how many words of a hundred were wrong when the clinic measured it, on ``measured_on``; None: it has not.
    """

    language: str
    word_error: float | None = None
    measured_on: date | None = None


class Stream(Protocol):
    """One voice on its way to a recogniser."""

    async def feed(self, sound: bytes) -> None:
        """Take the next piece of sound (:data:`RATE`). Raises :class:`RecogniserAway`."""

    def lines(self) -> AsyncIterator[Line]:
        """Give what is heard until the stream is closed. Raises :class:`RecogniserAway`."""

    async def close(self) -> None:
        """End the stream; what it may still have heard is dropped."""


class RecogniserPort(Protocol):
    """Writes down voices. Each clinic, by its slug, has its own."""

    def offered(self, clinic: str) -> tuple[Offer, ...]:
        """Return the languages that a clinic's recogniser writes; none where it has no recogniser."""

    async def open(self, clinic: str, language: str) -> Stream:
        """Begin to write down one voice. Raises :class:`RecogniserAway`, and :class:`KeyError` for what isn't offered."""


_port: RecogniserPort | None = None


def use(port: RecogniserPort | None) -> None:
    """Name what writes down voices."""
    global _port  # noqa: PLW0603 - composed once at start
    _port = port


def recogniser() -> RecogniserPort | None:
    """Return what writes down voices, if anything does."""
    return _port


def offered(clinic: str) -> tuple[Offer, ...]:
    """Return the languages that a clinic's recogniser writes; none where it has no recogniser."""
    return _port.offered(clinic) if _port else ()
