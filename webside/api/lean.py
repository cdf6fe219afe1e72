"""``/api/decide``: ask a rule over HTTP, with a key. Nothing of what is asked is kept."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webside.core import clock, decisions, lean
from webside.core.bucket import Buckets

MAX_BYTES = 256 * 1024
SCOPE = "decide"
BURST = 60
PER_SECOND = 30.0
"""How much each key may ask of a process: so much at once, then so much a second."""

_buckets = Buckets(BURST, PER_SECOND)


def _json(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(
        orjson.dumps(body), status, {k.replace("_", "-"): v for k, v in headers.items()}, "application/json"
    )


def _error(status: int, code: str, text: str, **headers: str) -> Response:
    return _json({"error": {"code": code, "text": text}}, status, **headers)


async def _key(request: Request) -> bytes | None:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    digest = hashlib.sha256(secret.strip().encode()).digest()
    async with lean.pool().connection() as connection:
        found = await connection.execute(
            "UPDATE accounts_apikey SET last_used_at = %s WHERE secret_hash = %s AND revoked_at IS NULL"
            " AND %s = ANY(scopes) RETURNING id",
            [clock.now(), digest, SCOPE],
        )
        return digest if await found.fetchone() else None


async def _admit(request: Request) -> Response | None:
    key = await _key(request)
    if key is None:
        return _error(401, "unauthorized", "Send a key with the scope ‘decide’ as a bearer token.",
                      www_authenticate="Bearer")  # fmt: skip
    wait = _buckets.wait(key, time.monotonic())
    if wait:
        return _error(429, "too_many", "This key asks too often. Wait, then ask again.", retry_after=str(int(wait) + 1))
    return None


async def rules(request: Request) -> Response:
    """Return every rule's name and summary."""
    return await _admit(request) or _json(
        {"rules": [{"name": rule.name, "summary": rule.summary} for rule in decisions.all_rules()]}
    )


async def schema(request: Request) -> Response:
    """Return the JSON Schema of a rule's facts and answer."""
    refused = await _admit(request)
    if refused:
        return refused
    try:
        return _json(decisions.get(request.path_params["name"]).schema())
    except decisions.UnknownRule:
        return _error(404, "not_found", "No rule has this name.")


async def decide(request: Request) -> Response:
    """Answer one JSON object of facts."""
    refused = await _admit(request)
    if refused:
        return refused
    if int(request.headers.get("content-length") or 0) > MAX_BYTES:
        return _error(413, "too_large", "Facts are at most 256 kB.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            return _error(413, "too_large", "Facts are at most 256 kB.")
    name = request.path_params["name"]
    try:
        answer = decisions.ask(name, decisions.parse(name, bytes(body)))
    except decisions.UnknownRule:
        return _error(404, "not_found", "No rule has this name.")
    except decisions.InvalidFacts as error:
        return _error(400, "facts.invalid", str(error))
    return Response(decisions.encode(answer), 200, None, "application/json")


ROUTES = [
    Route("/api/decide", rules, methods=["GET"]),
    Route("/api/decide/{name}", schema, methods=["GET"]),
    Route("/api/decide/{name}", decide, methods=["POST"]),
]
