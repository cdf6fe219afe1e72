"""What a carrier tells us by calling our address: reading its form, and doing what it says in a clinic's frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from starlette.requests import Request

from webside.accounts.selectors import tenant_by_slug
from webside.core import frames
from webside.core.actor import system

MAX_BYTES = 64 * 1024
MAX_FIELDS = 100


async def form_of(request: Request) -> dict[str, str] | None:
    """Return the fields of a call, if it is a form no larger than a carrier's are."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            return None
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    request._body = bytes(body)
    async with request.form(max_fields=MAX_FIELDS) as fields:
        return {name: str(value) for name, value in fields.items()}


def in_clinic(slug: str, part: str, work: Callable[..., Any], **values: Any) -> tuple[bool, Any]:
    """Do ``work(actor=…)`` as ``part`` in the frame of a clinic, in a thread's own connection.

    Return whether there is such a clinic, and what came of it. It is committed by then.
    """
    try:
        tenant = tenant_by_slug(slug)
        if tenant is None:
            return False, None
        actor = system(part, tenant.id)
        with frames.begin(tenant_id=tenant.id, actor=actor):
            found = work(actor=actor, **values)
        return True, found
    finally:
        connection.close()
