"""``/ws``: the socket of every page.

The first message is a ticket that a page minted within the last minute; it works once. Then the
socket hears hints on the ticket's topics, and talks to the room of a topic that has one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from django.conf import settings
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from webside.core import clock, frames, lean
from webside.core.bucket import Bucket
from webside.realtime import hub, registry
from webside.realtime.registry import Json
from webside.realtime.services import digest, unpack

logger = logging.getLogger(__name__)

HELLO_SECONDS = 5
MAX_BYTES = 64 * 1024
ALIVE_SECONDS = 5
IDLE_SECONDS = 90
GOODBYE_SECONDS = 5
PER_SECOND = 20
BURST = 60
"""Messages of one socket. A page sends one a second, and some forty at once when a call begins."""


def origin_allowed(origin: str | None, host: str) -> bool:
    """Whether a socket's Origin is this site: the public address, or the very host that was asked."""
    if not origin:
        return False
    return (
        origin.rstrip("/") in (settings.PUBLIC_URL, *settings.CSRF_TRUSTED_ORIGINS) or urlsplit(origin).netloc == host
    )


Welcome = Callable[[hub.Connection], Awaitable[Json]]
"""What a socket is welcomed with; raises ``Refused`` where it may not come."""


async def live(socket: WebSocket) -> None:
    """Serve one socket."""
    await serve(socket, _of_rooms, _receive, _left)


async def serve(
    socket: WebSocket,
    welcome: Welcome,
    receive: Callable[[hub.Connection], Awaitable[None]],
    left: Callable[[hub.Connection], Awaitable[None]] | None = None,
) -> None:
    """Serve a socket that shows a ticket first: ``receive`` hears it until it is over, ``left`` is told that it is."""
    if not origin_allowed(socket.headers.get("origin"), socket.headers.get("host", "")):
        await socket.close(4403)
        return
    await socket.accept()
    connection = await _welcome(socket, welcome)
    if connection is None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.send_json({"type": "bye", "reason": "refused"})
            await socket.close(4401)
        return
    sender = asyncio.create_task(_send(connection))
    lasts = (connection.ends_at - clock.now()).total_seconds()
    end = asyncio.get_running_loop().call_later(max(0, lasts), connection.close, "expired")
    try:
        await receive(connection)
        # Its last word may be under way to somebody who doesn't read: not for ever.
        await asyncio.wait_for(sender, GOODBYE_SECONDS)
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        pass
    finally:
        hub.remove(connection)
        end.cancel()
        sender.cancel()
        if left is not None:
            await left(connection)


async def _welcome(socket: WebSocket, welcome: Welcome) -> hub.Connection | None:
    try:
        hello = await asyncio.wait_for(socket.receive_text(), HELLO_SECONDS)
        ticket = json.loads(hello).get("ticket", "")
    except (TimeoutError, ValueError, AttributeError, WebSocketDisconnect, KeyError):
        return None
    if not await hub.listens():
        return None
    connection = None
    try:
        async with lean.pool().connection() as db, db.transaction():
            row = await (
                await db.execute(
                    "DELETE FROM realtime_ticket WHERE token_hash = %s AND expires_at > %s"
                    " RETURNING id, actor, topics, ends_at",
                    [digest(str(ticket)), clock.now()],  # the clock that made it: the database's may be another
                )
            ).fetchone()
            if row is None:
                return None
            socket_id, actor, topics, ends_at = row
            # The ticket's id tells sockets' age, however long each took to be welcomed.
            connection = hub.Connection(socket, unpack(actor), topics, socket_id, ends_at)
            # Joined before the ticket is gone for good: a revocation finds either the ticket or the socket. And before
            # the rooms are told: whoever hears of a newcomer may send to it at once.
            hub.add(connection)
        await socket.send_json({"type": "welcome"} | await welcome(connection))
    except BaseException as error:
        if connection is not None:
            hub.remove(connection)
        if isinstance(error, registry.Refused):
            return None
        raise
    return connection


async def _of_rooms(connection: hub.Connection) -> Json:
    """Return what each of its rooms says to a socket that has come."""
    said: Json = {"topics": sorted(connection.topics)}
    for name in sorted(connection.topics):
        room = registry.topic(name.partition(":")[0]).room
        if room is not None:
            async with frames.begin_lean(
                lean.pool(), tenant_id=connection.actor.tenant_id, actor=connection.actor
            ) as db:
                said |= await room.opened(db, connection.visitor(name))
    return said


async def _left(connection: hub.Connection) -> None:
    await _in_rooms(connection, "closed")


async def _send(connection: hub.Connection) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (message := await connection.queue.get()) is not None:
            await connection.socket.send_json(message)
        await connection.socket.close(1000)


async def _receive(connection: hub.Connection) -> None:
    """Hear a socket until it is over."""
    allowance = Bucket(BURST, PER_SECOND, time.monotonic())
    told_alive = time.monotonic()
    alive: asyncio.Task[None] | None = None
    while not connection.over:
        text = await asyncio.wait_for(connection.socket.receive_text(), IDLE_SECONDS)
        connection.heard_at = time.monotonic()
        if allowance.wait(connection.heard_at):
            connection.close("too_fast")
            continue
        if len(text) > MAX_BYTES:
            connection.send({"type": "error", "code": "too_large"})
            continue
        try:
            message = json.loads(text)
        except ValueError:
            continue
        if not isinstance(message, dict):
            continue
        if message.get("type") == "ping":
            connection.send({"type": "pong", "n": message.get("n")})
            # Beside the reading: while the database stalls, pings are answered all the same, or pages give up.
            if time.monotonic() - told_alive >= ALIVE_SECONDS and (alive is None or alive.done()):
                told_alive = time.monotonic()
                alive = asyncio.create_task(_in_rooms(connection, "message", {"type": "alive"}))
            continue
        await _in_rooms(connection, "message", message)


async def _in_rooms(connection: hub.Connection, verb: str, *arguments: Json) -> None:
    for name in connection.topics:
        room = registry.topic(name.partition(":")[0]).room
        if room is None:
            continue
        try:
            async with frames.begin_lean(
                lean.pool(), tenant_id=connection.actor.tenant_id, actor=connection.actor
            ) as db:
                await getattr(room, verb)(db, connection.visitor(name), *arguments)
        except registry.Refused:
            connection.send({"type": "error", "code": "refused"})
        except Exception:
            logger.exception("a socket's %s failed", verb)
            connection.send({"type": "error", "code": "try_again"})


ROUTES = [WebSocketRoute("/ws", live)]
