"""The client of vosk-server, over its WebSocket: a message with the rate, pieces of sound, and an answer to each."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import websockets

from webside.visits.engines.captions import RATE, Line, Offer, RecogniserAway, Word

OPEN_SECONDS = 4.0
SEND_SECONDS = 4.0
ANSWER_SECONDS = 10.0
"""Each piece of sound is answered. A recogniser that says nothing for so long has stopped, or is far behind."""
CLOSE_SECONDS = 1.0
_SILENT = logging.Logger("captions", logging.CRITICAL + 1)
"""The library would write down what is said where a log is kept in detail."""
MOST_BYTES = 64 * 1024
"""Of one answer; a line of a minute's speech has a fifth of that."""
MOST_ANSWERS = 16
"""Read ahead of us; then it has to wait."""
CONFIG = json.dumps({"config": {"sample_rate": RATE, "words": True, "max_alternatives": 0}})
END = '{"eof" : 1}'
"""Compared letter by letter by the server."""


class Server(Protocol):
    """Where the recogniser of one language is, as the settings say."""

    url: str
    word_error: float | None
    measured: date | None


def line_of(text: str | bytes) -> Line | None:
    """Return what an answer says was heard; nothing where it heard nothing yet. A final one may take back what was partial.

    Raises :class:`RecogniserAway` for what is no answer: its text is told to nobody.
    """
    try:
        told = json.loads(text)
        if not isinstance(told, dict):
            raise TypeError
        if "partial" in told:
            words = tuple(Word(word) for word in _text(told["partial"]).split())
            return Line(words, final=False) if words else None
        heard = _text(told["text"]).split()
        words = tuple(Word(_text(each["word"]), _share(each.get("conf"))) for each in told.get("result") or ())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RecogniserAway("the recogniser's answer can't be read") from None
    # Some models tell no single words; none of them may be shown as sure then.
    return Line(words or tuple(Word(word) for word in heard), final=True)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _share(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return max(0.0, min(1.0, float(value)))


@dataclass(slots=True)
class SocketStream:
    """One voice. See ``visits.engines.captions``."""

    socket: websockets.ClientConnection = field(repr=False)

    async def feed(self, sound: bytes) -> None:
        """Send a piece of sound; a server that doesn't take it in time is away."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.socket.send(sound)
        except (websockets.WebSocketException, OSError, TimeoutError) as error:
            raise RecogniserAway(type(error).__name__) from None

    async def lines(self) -> AsyncIterator[Line]:
        """Give what is heard; a server that is silent although it is fed is away."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    text = await self.socket.recv()
            except (websockets.WebSocketException, OSError, TimeoutError) as error:
                raise RecogniserAway(type(error).__name__) from None
            if (line := line_of(text)) is not None:
                yield line

    async def close(self) -> None:
        """Say that it is over, so that the server lets go of what it heard and hangs up; if it doesn't, we do."""
        with suppress(websockets.WebSocketException, OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.socket.send(END)
                async for _ in self.socket:
                    pass
        self.socket.transport.abort()


@dataclass(frozen=True, slots=True)
class SocketRecogniser:
    """The recognisers of all clinics: by the clinic's slug, then by the language."""

    servers: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, servers: Mapping[str, Mapping[str, Server]]) -> SocketRecogniser:
        """Make the client of what the settings name."""
        return cls(servers)

    def offered(self, clinic: str) -> tuple[Offer, ...]:
        """Return the languages of a clinic's recognisers. See ``visits.engines.captions``."""
        found = self.servers.get(clinic, {})
        return tuple(Offer(language, server.word_error, server.measured) for language, server in found.items())

    async def open(self, clinic: str, language: str) -> SocketStream:
        """Begin to write down one voice. See ``visits.engines.captions``."""
        url = self.servers[clinic][language].url
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                # By no proxy of the environment: a voice goes to the clinic's own machine and by no other way.
                socket = await websockets.connect(
                    url, max_size=MOST_BYTES, max_queue=MOST_ANSWERS, compression=None, proxy=None, open_timeout=None,
                    close_timeout=CLOSE_SECONDS, logger=_SILENT,
                )  # fmt: skip
                await socket.send(CONFIG)
        except (websockets.WebSocketException, OSError, TimeoutError) as error:
            raise RecogniserAway(type(error).__name__) from None
        return SocketStream(socket)
