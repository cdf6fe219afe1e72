"""The sockets of one process, and the one connection that listens for all of them.

Between processes PostgreSQL's LISTEN/NOTIFY carries ids. What is lost while the listener is away
(a restart of the database, say) is made good by a ``hint`` to every socket when it is back: the
pages fetch again. The live lane is a hint, never the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterable
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


class Connection:
    """One open socket: who, on which topics, and what waits to be sent."""

    def __init__(self, socket: WebSocket, actor: Actor, topics: Iterable[str], socket_id: UUID) -> None:
        self.socket = socket
        self.actor = actor
        self.tenant = str(actor.tenant_id)
        self.topics = frozenset(topics)
        self.socket_id = socket_id
        self.queue: asyncio.Queue[Json | None] = asyncio.Queue(QUEUE)

    def visitor(self, topic: str) -> Visitor:
        """Return who this is in one of its topics."""
        return Visitor(self.actor, UUID(topic.partition(":")[2]), self.socket_id)

    def send(self, message: Json | None) -> None:
        """Queue a message; ``None`` closes. A socket that can't keep up is closed."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


_connections: set[Connection] = set()
_listener: asyncio.Task[None] | None = None


def add(connection: Connection) -> None:
    """Take a welcomed socket in."""
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
    global _listener  # noqa: PLW0603 - one listener a process
    _listener = asyncio.create_task(_listen())


async def stop() -> None:
    """Stop listening; tell every socket to come back."""
    if _listener is not None:
        _listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await _listener
    for connection in list(_connections):
        connection.send(None)


async def _listen() -> None:
    away = False
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**lean.conninfo(), autocommit=True) as listener:
                await listener.execute(f"LISTEN {CHANNEL}")
                if away:
                    for connection in list(_connections):
                        connection.send({"type": "hint", "topic": "", "kind": "refresh", "id": ""})
                async for note in listener.notifies():
                    await _dispatch(json.loads(note.payload))
        except (psycopg.Error, OSError) as error:
            away = True
            logger.warning("the live lane waits for the database: %s", type(error).__name__)
            await asyncio.sleep(0.5)


async def _dispatch(message: Json) -> None:
    for connection in list(_connections):
        if "bye" in message:
            if _is_meant(connection, message):
                connection.send({"type": "bye", "reason": message["bye"]})
                connection.send(None)
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
        async with frames.begin_lean(lean.pool(), tenant_id=connection.actor.tenant_id, actor=connection.actor) as db:
            message = await room.deliver(db, visitor, item)
    except Exception:
        logger.exception("an item could not be delivered")
        return
    if message is not None:
        connection.send(message)
        if message.get("type") == "bye":
            connection.send(None)
