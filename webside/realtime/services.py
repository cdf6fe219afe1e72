"""Hints, tickets and revocation."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, OnBehalf, Role
from webside.realtime import registry
from webside.realtime.models import Ticket

CHANNEL = "webside_live"
TICKET_SECONDS = 60
LONGEST = timedelta(hours=12)
"""For which a socket may be open; its page then comes back with a new ticket, if it still gets one."""
MAX_TOPICS = 12


class TopicRefused(PermissionError):
    """The actor may not listen to a topic, or there is no such topic: both look the same."""


def push_on_commit(topic: str, kind: str, id: UUID | str = "") -> None:
    """Tell the sockets on ``topic`` that something of ``kind`` changed, once the transaction commits.

    PostgreSQL sends a NOTIFY when its transaction commits and drops it on rollback. The hint holds
    ids, never content: the page fetches through its guarded view.
    """
    _notify({"t": str(frames.current().tenant_id), "topic": topic, "kind": kind, "id": str(id)})


def say_on_commit(topic: str, item: str) -> None:
    """Send an item to the sockets on ``topic`` once the transaction commits; its room turns it into what each is told."""
    _notify({"t": str(frames.current().tenant_id), "topic": topic, "item": item})


def disconnect_on_commit(
    *, user_id: UUID | None = None, subject_id: UUID | None = None, topic: str = "", reason: str = "revoked"
) -> None:
    """Close sockets once the transaction commits: a user's, or within the tenant a link's or a topic's.

    ``subject_id`` names what a link opens: whoever came by it is meant, and nobody who is signed in. A user's and a
    link's tickets that nobody has used yet go too: they were minted with rights that are gone.
    """
    if user_id:
        Ticket.objects.filter(user_id=user_id).delete()
    if subject_id:
        Ticket.objects.filter(tenant_id=frames.current_tenant_id(), actor__subject=str(subject_id)).delete()
    _notify(
        {
            "t": str(frames.current().tenant_id or ""),
            "bye": reason,
            "user": str(user_id or ""),
            "subject": str(subject_id or ""),
            "topic": topic,
        }
    )


def _notify(message: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(message)])


def mint_ticket(*, actor: Actor, topics: Iterable[str], ends_at: datetime | None = None) -> str:
    """Return a token that opens one socket on ``topics`` within a minute.

    The socket is closed at ``ends_at``, when what let the actor in ends, and after :data:`LONGEST` anyway. Raises
    :class:`TopicRefused` unless every topic's own authoriser agrees.
    """
    wanted = list(dict.fromkeys(topics))
    if not wanted or len(wanted) > MAX_TOPICS:
        raise TopicRefused
    for name in wanted:
        _authorise(actor, name)
    token = secrets.token_urlsafe(32)
    now = clock.now()
    Ticket.objects.create(
        token_hash=digest(token),
        tenant_id=frames.current_tenant_id(),
        user_id=actor.user_id,
        actor=pack(actor),
        topics=wanted,
        expires_at=now + timedelta(seconds=TICKET_SECONDS),
        ends_at=min(now + LONGEST, ends_at or now + LONGEST),
    )
    return token


def _authorise(actor: Actor, name: str) -> None:
    kind, _, raw = name.partition(":")
    try:
        allowed = registry.topic(kind).authorise(actor, UUID(raw))
    except (KeyError, ValueError):
        raise TopicRefused from None
    if not allowed:
        raise TopicRefused


def digest(token: str) -> bytes:
    """Return the hash under which a ticket is kept."""
    return hashlib.sha256(token.encode()).digest()


def pack(actor: Actor) -> dict[str, Any]:
    """Return an actor as JSON."""
    return {
        "kind": actor.kind.value,
        "label": actor.label,
        "tenant": str(actor.tenant_id),
        "user": str(actor.user_id) if actor.user_id else None,
        "roles": sorted(actor.roles),
        "subject": str(actor.subject_id) if actor.subject_id else None,
        "behalf": _pack_behalf(actor.on_behalf) if actor.on_behalf else None,
    }


def unpack(packed: dict[str, Any]) -> Actor:
    """Return the actor that :func:`pack` gave."""
    return Actor(
        kind=ActorKind(packed["kind"]),
        label=packed["label"],
        tenant_id=UUID(packed["tenant"]),
        user_id=UUID(packed["user"]) if packed["user"] else None,
        roles=frozenset(Role(role) for role in packed["roles"]),
        subject_id=UUID(packed["subject"]) if packed["subject"] else None,
        on_behalf=_unpack_behalf(packed["behalf"]) if packed.get("behalf") else None,
    )


def _pack_behalf(behalf: OnBehalf) -> dict[str, Any]:
    return {
        "grant": str(behalf.grant_id),
        "patient": str(behalf.patient_id),
        "name": behalf.name,
        "relation": behalf.relation,
        "scopes": sorted(behalf.scopes),
        "hidden": sorted(behalf.hidden),
        "until": behalf.until.isoformat() if behalf.until else None,
        "stands": behalf.stands,
        "law": behalf.by_law,
    }


def _unpack_behalf(packed: dict[str, Any]) -> OnBehalf:
    return OnBehalf(
        grant_id=UUID(packed["grant"]),
        patient_id=UUID(packed["patient"]),
        name=packed["name"],
        relation=packed["relation"],
        scopes=frozenset(packed["scopes"]),
        hidden=frozenset(packed["hidden"]),
        until=datetime.fromisoformat(packed["until"]) if packed["until"] else None,
        stands=packed["stands"],
        by_law=packed["law"],
    )


def drop_expired_tickets() -> int:
    """Delete tickets that nobody used in time; return 0, for the loop that calls it."""
    Ticket.objects.filter(expires_at__lt=clock.now()).delete()
    return 0
