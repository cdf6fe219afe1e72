"""``/api/push/``: a browser says that its push service gave it another address (``pushsubscriptionchange``).

The worker of a browser asks by itself, often long after anybody was signed in there: what it shows is the token that it got
when pushes were turned on. Whoever has none gets one answer, whatever they ask for.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from django.db import connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webside.accounts.selectors import tenant_by_slug
from webside.core import frames, lean
from webside.core.actor import system
from webside.core.bucket import Buckets
from webside.notifications import ports, selectors, services

MAX_BYTES = 8 * 1024
BURST, PER_SECOND = 30, 1.0
"""How often one browser is answered by a process, and all who show no token of ours: an address changes once in months."""

_buckets = Buckets(BURST, PER_SECOND)
FIELDS = ("token", "endpoint", "p256dh", "auth")


async def _said(request: Request) -> dict[str, str] | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            return None
    try:
        told = json.loads(bytes(body))
    except ValueError:
        return None
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in FIELDS):
        return None
    return {name: told[name] for name in FIELDS}


def _renew(slug: str, said: dict[str, str]) -> int:
    """Do it in the frame of the clinic, in a thread's own connection; return the status of the answer."""
    try:
        tenant = tenant_by_slug(slug)
        if tenant is None or selectors.device_behind(said["token"]) is None:
            return 404
        target = ports.PushTarget(said["endpoint"], said["p256dh"], said["auth"])
        actor = system("browser", tenant.id)
        with frames.begin(tenant_id=tenant.id, actor=actor):
            known = services.renew_device(actor=actor, token=said["token"], target=target)
        return 204 if known else 404
    except (services.NotTaken, services.NoSender):
        return 400
    finally:
        connection.close()


async def renew(request: Request) -> Response:
    """Take another address for a browser that pushes go to."""
    said = await _said(request)
    # Whose token is ours is counted apart: whoever guesses can't keep a browser from being followed.
    who = selectors.device_behind(said["token"]) if said is not None else None
    if wait := _buckets.wait(who or "anybody", time.monotonic()):
        return Response(status_code=429, headers={"Retry-After": str(int(wait) + 1)})
    if said is None:
        return Response(status_code=400)
    slug: Any = request.path_params["slug"]
    return Response(status_code=await asyncio.to_thread(_renew, slug, said))


ROUTES = [Route("/api/push/{slug:str}/renew", renew, methods=["POST"])]


def register() -> None:
    """Add the route."""
    lean.register(*ROUTES)
