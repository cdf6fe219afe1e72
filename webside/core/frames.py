"""The frame around everything: one transaction that knows its tenant and its actor.

PostgreSQL's row-level security compares each row's tenant with the setting ``app.tenant``, which is
set for the length of one transaction (``SET LOCAL``): with a pool, a setting of the session would
leak into the next request. Outside a frame nobody sees anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from webside.core.actor import Actor

_SET = "SELECT set_config('app.tenant', %s, true)"


class OutsideFrame(RuntimeError):
    """Data of a tenant were asked for outside a frame, or in the frame of no tenant."""


@dataclass(slots=True)
class Frame:
    """What holds within one transaction: whose data, who acts, where from, what was audited."""

    tenant_id: UUID | None
    actor: Actor
    request_id: str = ""
    remote: str = ""
    audited: list[str] = field(default_factory=list)


_current: ContextVar[Frame | None] = ContextVar("frame", default=None)


def current() -> Frame:
    """Return the frame we are in, or raise :class:`OutsideFrame`."""
    frame = _current.get()
    if frame is None:
        raise OutsideFrame("this needs a frame: `with begin(tenant_id=…, actor=…)`")
    return frame


def current_or_none() -> Frame | None:
    """Return the frame we are in, if any."""
    return _current.get()


def current_tenant_id() -> UUID:
    """Return the tenant whose data we may see, or raise :class:`OutsideFrame`."""
    tenant_id = current().tenant_id
    if tenant_id is None:
        raise OutsideFrame("this frame has no tenant")
    return tenant_id


@contextmanager
def begin(
    *, tenant_id: UUID | None, actor: Actor, request_id: str = "", remote: str = "", using: str = "default"
) -> Iterator[Frame]:
    """Open the frame: a transaction (a savepoint within one) that sees one tenant's rows.

    ``tenant_id`` may be empty: then no tenant's rows are seen. Commits on leaving, rolls back on an
    exception. The setting of an outer frame is put back, so that a job may visit tenant after tenant.
    """
    outer = _current.get()
    frame = Frame(tenant_id, actor, request_id, remote)
    with transaction.atomic(using=using):
        _set_tenant(using, tenant_id)
        token = _current.set(frame)
        try:
            yield frame
        finally:
            _current.reset(token)
        # A rollback takes the setting back by itself, and refuses further statements.
        if not connections[using].needs_rollback:
            _set_tenant(using, outer.tenant_id if outer else None)


def _set_tenant(using: str, tenant_id: UUID | None) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(_SET, [str(tenant_id) if tenant_id else ""])


@asynccontextmanager
async def begin_lean(pool: Any, *, tenant_id: UUID | None, actor: Actor) -> AsyncIterator[Any]:
    """Open the same frame on the lean lane; gives an async psycopg connection inside a transaction.

    ``pool`` is a :class:`psycopg_pool.AsyncConnectionPool`. One frame per message: a socket may
    live for hours, a transaction must not.
    """
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(_SET, [str(tenant_id) if tenant_id else ""])
        token = _current.set(Frame(tenant_id, actor))
        try:
            yield connection
        finally:
            _current.reset(token)
