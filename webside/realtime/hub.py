"""The sockets of one process, and the one connection that listens for all of them.

Between processes PostgreSQL's LISTEN/NOTIFY carries ids. What is lost while the listener is away
(a restart of the database, say) may have been a revocation: when it is back, every socket is closed,
and whoever still may comes back with a new ticket and fetches again. The live lane is a hint, never
the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from starlette.websockets import WebSocket

from webside.core import frames, lean
from webside.core.actor import Actor
from webside.realtime import registry
from webside.realtime.registry import Json, Visitor
from webside.realtime.services import CHANNEL

logger = logging.getLogger(__name__)

QUEUE = 200
"""Messages that may wait for one slow socket before it is closed; its page then comes back and fetches."""

SPREAD_SECONDS = 2.0
"""Within which all sockets are closed after the listener was away: their pages don't come back all at once."""


class Connection:
    """One open socket: who, on which topics, until when, and what waits to be sent.

    ``socket_id`` says which of two sockets is the newer one: the greater. ``over`` once it is being closed.
    """

    def __init__(
        self, socket: WebSocket, actor: Actor, topics: Iterable[str], socket_id: UUID, ends_at: datetime
    ) -> None:
        self.socket = socket
        self.actor = actor
        self.tenant = str(actor.tenant_id)
        self.topics = frozenset(topics)
        self.socket_id = socket_id
        self.ends_at = ends_at
        self.heard_at = time.monotonic()
        self.over = False
        self.queue: asyncio.Queue[Json | None] = asyncio.Queue(QUEUE)

    @property
    def who(self) -> tuple[UUID | None, UUID | None, UUID | None]:
        """Return whose socket this is: a person's, or of whoever came by the link to one thing."""
        return self.actor.tenant_id, self.actor.user_id, self.actor.subject_id

    def visitor(self, topic: str) -> Visitor:
        """Return who this is in one of its topics."""
        return Visitor(self.actor, UUID(topic.partition(":")[2]), self.socket_id)

    def send(self, message: Json | None) -> None:
        """Queue a message; ``None`` closes. A socket that can't keep up is closed."""
        self.over |= message is None
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)
            self.over = True

    def close(self, reason: str) -> None:
        """Say why, and close. Whether the page comes back with a new ticket depends on the reason."""
        self.send({"type": "bye", "reason": reason})
        self.send(None)


_connections: set[Connection] = set()
_listener: asyncio.Task[None] | None = None
_listening = asyncio.Event()
LISTENS_WITHIN_SECONDS = 5.0


def add(connection: Connection) -> None:
    """Take a socket in. Where its person has too many on a topic, the one that was silent longest goes.

    That is a socket whose network is gone, if there is one: such a person must not be kept out by her own ghosts.
    """
    for name in connection.topics:
        own = [each for each in _connections if each.who == connection.who and name in each.topics]
        if len(own) >= registry.topic(name.partition(":")[0]).most:
            silent = min(own, key=lambda each: each.heard_at)
            remove(silent)
            silent.close("too_many")
    _connections.add(connection)


def remove(connection: Connection) -> None:
    """Let a socket go."""
    _connections.discard(connection)


def open_sockets() -> int:
    """Return how many sockets this process holds."""
    return len(_connections)


async def notify(connection: Any, topic: str, item: str) -> None:
    """Send an item to every socket of a topic once the frame commits; its room turns it into a message."""
    message = {"t": str(frames.current().tenant_id), "topic": topic, "item": item}
    await connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(message)])


async def start() -> None:
    """Begin to listen."""
    global _listener, _listening  # noqa: PLW0603 - one listener a process
    _listening = asyncio.Event()
    _listener = asyncio.create_task(_listen())


async def stop() -> None:
    """Stop listening; tell every socket to come back."""
    if _listener is not None:
        _listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await _listener
    for connection in list(_connections):
        connection.send(None)


async def listens() -> bool:
    """Wait until what is said would be heard; return whether it is. A socket that is welcomed sooner misses it."""
    try:
        await asyncio.wait_for(_listening.wait(), LISTENS_WITHIN_SECONDS)
    except TimeoutError:
        return False
    return True


async def _listen() -> None:
    away = False
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**lean.conninfo(), autocommit=True) as listener:
                await listener.execute(f"LISTEN {CHANNEL}")
                if away:
                    _come_back()
                _listening.set()
                try:
                    async for note in listener.notifies():
                        await _dispatch(json.loads(note.payload))
                finally:
                    _listening.clear()
        except (psycopg.Error, OSError) as error:
            away = True
            logger.warning("the live lane waits for the database: %s", type(error).__name__)
            await asyncio.sleep(0.5)
        except Exception:
            away = True
            logger.exception("the live lane begins to listen again")
            await asyncio.sleep(0.5)


def _come_back() -> None:
    loop = asyncio.get_running_loop()
    for connection in list(_connections):
        loop.call_later(random.uniform(0, SPREAD_SECONDS), connection.close, "missed")  # noqa: S311 # nosec B311


async def _dispatch(message: Json) -> None:
    for connection in list(_connections):
        if "bye" in message:
            if _is_meant(connection, message):
                connection.close(message["bye"])
        elif connection.tenant == message["t"] and message["topic"] in connection.topics:
            if "item" in message:
                await _deliver(connection, message["topic"], message["item"])
            else:
                connection.send({"type": "hint", **{key: message[key] for key in ("topic", "kind", "id")}})


def _is_meant(connection: Connection, message: Json) -> bool:
    if message["user"]:
        return str(connection.actor.user_id) == message["user"]
    if message["subject"]:
        # Only who came by a link has a subject.
        return connection.tenant == message["t"] and str(connection.actor.subject_id) == message["subject"]
    return connection.tenant == message["t"] and message["topic"] in connection.topics


async def _deliver(connection: Connection, topic: str, item: str) -> None:
    room = registry.topic(topic.partition(":")[0]).room
    if room is None:
        return
    visitor = connection.visitor(topic)
    try:
        if room.reads(item):
            actor = connection.actor
            async with frames.begin_lean(lean.pool(), tenant_id=actor.tenant_id, actor=actor) as db:
                message = await room.deliver(db, visitor, item)
        else:
            message = await room.deliver(None, visitor, item)
    except Exception:
        logger.exception("an item could not be delivered")
        return
    if message is not None:
        connection.send(message)
        if message.get("type") == "bye":
            connection.send(None)
