"""Topics: what a socket may listen to, who may, and what happens on it.

A topic is a name and an id: ``visit:0199…``. The app that owns the name registers it with an
authoriser (asked when a page mints the ticket, on the page lane, in its frame) and, where people
talk through it, with a room (asked on the lean lane, one frame per message).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from webside.core.actor import Actor

Json = dict[str, Any]
MANY_TABS = 100
Authorise = Callable[[Actor, UUID], bool]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the other end of one socket, in one topic."""

    actor: Actor
    topic_id: UUID
    socket_id: UUID


class Room(Protocol):
    """What an app does on the sockets of its topic.

    Each call runs on the lean lane in a frame of its own; ``connection`` is its async psycopg
    connection. What is sent to others goes through :func:`webside.realtime.hub.notify`.
    """

    async def opened(self, connection: Any, visitor: Visitor) -> Json:
        """Return what the welcome adds for a socket that has just come; raise :class:`Refused`."""

    async def message(self, connection: Any, visitor: Visitor, message: Json) -> None:
        """Handle a message; raise :class:`Refused` if it is not allowed. ``{"type": "alive"}`` comes every 5 s."""

    async def closed(self, connection: Any, visitor: Visitor) -> None:
        """Note that a socket has gone without a word."""

    def reads(self, item: str) -> bool:
        """Whether :meth:`deliver` asks the database about an item. One frame a socket is too much for what needs none."""

    async def deliver(self, connection: Any, visitor: Visitor, item: str) -> Json | None:
        """Turn a notified item into what this socket receives, or nothing. A ``bye`` closes the socket.

        ``connection`` is ``None`` for an item of which :meth:`reads` says that it needs none.
        """


class Refused(Exception):
    """A message is not allowed or not of the topic's form."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A registered topic name; ``most`` sockets of one person hear the same thing at once."""

    name: str
    authorise: Authorise
    room: Room | None = None
    most: int = MANY_TABS


_topics: dict[str, Topic] = {}


def register(name: str, authorise: Authorise, room: Room | None = None, *, most: int = MANY_TABS) -> None:
    """Register a topic name (an app's, in ``AppConfig.ready()``)."""
    _topics[name] = Topic(name, authorise, room, most)


def topic(name: str) -> Topic:
    """Return a topic by its name, or raise ``KeyError``."""
    return _topics[name]


def topics() -> list[Topic]:
    """Return every topic (the isolation matrix walks them)."""
    return [_topics[name] for name in sorted(_topics)]
