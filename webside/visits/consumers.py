"""``/ws/voice``: a voice on its way to the clinic's recogniser, and its lines to who reads them.

Whose voice it is has agreed, and somebody in the room reads: asked at the beginning, each :data:`LOOK_SECONDS`, and at once
when an answer changes. Nothing that is said is kept or logged; between processes it passes sealed. What the recogniser does
or doesn't do is no matter of the call: this socket alone waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from webside.core import clock, frames
from webside.core import lean as lane
from webside.core.bucket import Bucket
from webside.realtime import hub, registry
from webside.realtime import lean as sockets
from webside.realtime.registry import Json, Refused, Visitor
from webside.visits import selectors
from webside.visits.codes import VoiceAnswer
from webside.visits.engines import captions
from webside.visits.engines.captions import Line, RecogniserAway, RecogniserPort, Stream
from webside.visits.lean import READS, TOPIC, may_enter, sealed, seat_of

logger = logging.getLogger(__name__)

VOICE = "visit-voice"
PATH = "/ws/voice"
MOST_VOICES = 64
"""At once in one process: a recogniser that is asked for more keeps up with none."""
MOST_BYTES = 8000
"""Of one message: a quarter of a second."""
BURST, PER_SECOND = 25, 8
"""Messages; a page sends five a second, some more after its line stood still."""
WAITING = 25
"""Pieces of sound that may wait for the recogniser. What is older says nothing to a conversation, and is dropped."""
SILENT_SECONDS = 10
LOOK_SECONDS = 2.0
AGAIN_SECONDS = 3.0
"""After which a recogniser that was away is asked again."""
PARTIAL_SECONDS = 0.3
MOST_WORDS = 24
"""Of one line; a longer one is told in several."""
LONGEST_WORD = 40
UNSURE_BELOW = 0.8
"""Of the recogniser's own confidence. A word of which it doesn't say how sure it is is not sure."""

_MAY = f"""
SELECT t.slug, s.voice_language
FROM visits_participant s
JOIN core_tenant t ON t.id = s.tenant_id
WHERE s.tenant_id = %(tenant)s AND s.id = %(seat)s AND s.voice = %(agreed)s AND s.speak AND s.left_at IS NULL
  AND EXISTS (
    SELECT 1 FROM visits_participant p
    JOIN visits_visit v ON v.tenant_id = p.tenant_id AND v.id = p.visit_id
    WHERE p.tenant_id = s.tenant_id AND p.visit_id = s.visit_id AND p.id <> s.id AND {READS})
"""  # noqa: S608 - own words

_voices: set[hub.Connection] = set()


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Whose voice it is, where, and which recogniser of which clinic writes it."""

    visit_id: UUID
    seat_id: UUID
    clinic: str
    language: str


async def _speaker(db: Any, visitor: Visitor) -> _Speaker | None:
    """Return whose voice comes by a socket, as long as she has agreed, is in the room, and somebody there reads."""
    seat = await seat_of(db, visitor)
    if seat is None or seat.closed or not seat.inside:
        return None
    asked = {
        "tenant": frames.current_tenant_id(), "seat": seat.id, "agreed": VoiceAnswer.AGREED.value,
        "since": clock.now() - selectors.PRESENT,
    }  # fmt: skip
    row = await (await db.execute(_MAY, asked)).fetchone()
    return _Speaker(visitor.topic_id, seat.id, *row) if row else None


class VoiceRoom:
    """Topic ``visit-voice``: its sockets come by :data:`PATH`, and are told to look whether they may go on."""

    async def opened(self, db: Any, visitor: Visitor) -> Json:
        """No voice comes by ``/ws``."""
        raise Refused

    async def message(self, db: Any, visitor: Visitor, message: Json) -> None:
        """Nobody talks here."""

    async def closed(self, db: Any, visitor: Visitor) -> None:
        """Nobody is missed here."""

    def reads(self, item: str) -> bool:
        """Whether somebody's voice may still be written is asked each time."""
        return True

    async def deliver(self, db: Any, visitor: Visitor, item: str) -> Json | None:
        """Something has changed: whose voice may be written no more is told so, and the socket closes."""
        return None if await _speaker(db, visitor) else {"type": "bye", "reason": "stopped"}


async def voice(socket: WebSocket) -> None:
    """Serve one voice."""
    await sockets.serve(socket, _welcome, _receive)


async def _welcome(connection: hub.Connection) -> Json:
    if await _look(connection) is None or len(_voices) >= MOST_VOICES:
        raise Refused
    return {}


async def _look(connection: hub.Connection) -> _Speaker | None:
    name = next(iter(connection.topics))
    if len(connection.topics) != 1 or name.partition(":")[0] != VOICE:
        return None
    async with _frame(connection) as db:
        return await _speaker(db, connection.visitor(name))


def _frame(connection: hub.Connection) -> Any:
    return frames.begin_lean(lane.pool(), tenant_id=connection.actor.tenant_id, actor=connection.actor)


async def _receive(connection: hub.Connection) -> None:
    """Hear a voice until its socket is over, and let it be written meanwhile."""
    speaker, port = await _look(connection), captions.recogniser()
    if speaker is None or port is None:
        return connection.close("stopped")
    writing = _Writing(connection, speaker, port)
    tasks = [asyncio.create_task(work) for work in (writing.write(), _watch(connection))]
    _voices.add(connection)
    try:
        await _hear(connection, writing)
    finally:
        _voices.discard(connection)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hear(connection: hub.Connection, writing: _Writing) -> None:
    allowance = Bucket(BURST, PER_SECOND, time.monotonic())
    while not connection.over:
        message = await asyncio.wait_for(connection.socket.receive(), SILENT_SECONDS)
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        if connection.over:
            return  # it was under way when she took it back
        connection.heard_at = time.monotonic()
        sound = message.get("bytes")
        if allowance.wait(connection.heard_at):
            connection.close("too_fast")
        elif sound is None:
            await writing.tell({"state": "behind"})  # the page's own line stood still, and it dropped what was said
        elif not sound or len(sound) > MOST_BYTES or len(sound) % 2:
            connection.close("wrong")
        else:
            await writing.take(sound)


async def _watch(connection: hub.Connection) -> None:
    """End what may not go on: the visit is over, she was sent out, nobody reads any more."""
    while not connection.over:
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(Exception):  # a database that is away says nothing about her answer
            if await _look(connection) is None:
                connection.close("stopped")


class _Writing:
    """One voice between its page and its readers."""

    def __init__(self, connection: hub.Connection, speaker: _Speaker, port: RecogniserPort) -> None:
        self._connection = connection
        self._speaker = speaker
        self._port = port
        self._sound: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self._line = 0
        self._partial_at, self._partial = 0.0, False
        self._state = ""

    async def take(self, sound: bytes) -> None:
        """Keep a piece of sound until the recogniser takes it; where it can't keep up, what waits is dropped, which is said."""
        if self._sound.full():
            self._forget()
            if self._state == "on":
                await self.tell({"state": "behind"})
        self._sound.put_nowait(sound)

    def _forget(self) -> None:
        while not self._sound.empty():
            self._sound.get_nowait()

    async def write(self) -> None:
        """Give the voice to the recogniser as long as the socket is open; come back where it is away."""
        while not self._connection.over:
            try:
                await self._session()
            except* Exception as failed:  # noqa: BLE001 - whatever it is, it is tried again
                if others := failed.split(RecogniserAway)[1]:
                    logger.warning("a voice was not written: %s", type(others.exceptions[0]).__name__)
            with contextlib.suppress(Exception):  # who can't be told now hears it when it is written again
                await self._stands("away")
            await asyncio.sleep(AGAIN_SECONDS)
            self._forget()

    async def _session(self) -> None:
        """Let the voice be written until the recogniser is away."""
        stream = await self._port.open(self._speaker.clinic, self._speaker.language)
        try:
            await self._stands("on")
            async with asyncio.TaskGroup() as both:
                both.create_task(self._feed(stream))
                both.create_task(self._read(stream))
        finally:
            await stream.close()

    async def _feed(self, stream: Stream) -> None:
        while True:
            sound = await self._sound.get()
            if not self._connection.over:
                await stream.feed(sound)

    async def _read(self, stream: Stream) -> None:
        async for line in stream.lines():
            await self._tell_line(line)

    async def _tell_line(self, line: Line) -> None:
        now = time.monotonic()
        soon = now - self._partial_at < PARTIAL_SECONDS
        if (soon and not line.final) or not (line.words or self._partial):
            return
        self._partial_at, self._partial = now, not line.final
        words = [
            [word.text[:LONGEST_WORD], line.final and (word.confidence is None or word.confidence < UNSURE_BELOW)]
            for word in line.words
        ]
        parts = [words[at : at + MOST_WORDS] for at in range(0, len(words), MOST_WORDS)] or [[]]
        # Of what may still change, the end: the beginning has been read.
        for part in parts if line.final else parts[-1:]:
            await self.tell({"line": self._name(), "final": line.final, "words": part})
            self._line += line.final

    def _name(self) -> str:
        """Return the name of the line that is being said: no other of this visit has it."""
        return f"{self._connection.socket_id.hex[-12:]}-{self._line}"

    async def _stands(self, state: str) -> None:
        """Say to her and to who reads whether her voice is being written."""
        if state != self._state:
            self._state = state
            self._connection.send({"type": "state", "state": state})
            await self.tell({"state": state})

    async def tell(self, told: Json) -> None:
        """Tell something to who reads."""
        visit = self._speaker.visit_id
        async with _frame(self._connection) as db:
            await hub.notify(db, f"{TOPIC}:{visit}", f"caption {self._speaker.seat_id} {sealed(visit, told)}")


def register() -> None:
    """Open the topic and the way in."""
    registry.register(VOICE, may_enter, VoiceRoom(), most=1)
    lane.register(WebSocketRoute(PATH, voice))
