"""The lean lane: a small ASGI application beside Django's pages.

Apps register routes in ``AppConfig.ready()``. A route gets the pool (:func:`pool`) and opens frames
with :func:`webside.core.frames.begin_lean`. It reads no Django session: callers bring a bearer
token, or a ticket that a page minted.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from webside.core.ids import uuid7

logger = logging.getLogger(__name__)

PREFIXES = ("/ws", "/fhir/", "/ingest/", "/api/", "/events/")

_routes: list[BaseRoute] = []
_started: list[Callable[[], Awaitable[None]]] = []
_stopped: list[Callable[[], Awaitable[None]]] = []
_pool: AsyncConnectionPool | None = None


def register(*routes: BaseRoute) -> None:
    """Add routes to the lean lane; their paths start with one of :data:`PREFIXES`."""
    _routes.extend(routes)


def on_start(function: Callable[[], Awaitable[None]]) -> None:
    """Call ``function`` when the process starts to serve."""
    _started.append(function)


def on_stop(function: Callable[[], Awaitable[None]]) -> None:
    """Call ``function`` when the process stops serving."""
    _stopped.append(function)


def pool() -> AsyncConnectionPool:
    """Return the lane's own connections, as the application role."""
    if _pool is None:
        raise RuntimeError("the lean lane has not started")
    return _pool


def conninfo(alias: str = "default") -> dict[str, Any]:
    """Return psycopg's keyword arguments for one of Django's databases."""
    database = connections[alias].settings_dict
    options = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    return {
        **options,
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
    }


def routes() -> tuple[BaseRoute, ...]:
    """Return all registered routes (the isolation matrix walks them)."""
    return tuple(_routes)


async def _check(connection: psycopg.AsyncConnection) -> None:
    """Let the first dead connection empty the pool: those beside it died with it (``core.postgresql`` says more)."""
    try:
        await AsyncConnectionPool.check_connection(connection)
    except psycopg.Error:
        await pool().drain()
        raise


async def _refuse(request: Request, error: Exception) -> Response:
    logger.error("lean request failed", exc_info=error)
    return JSONResponse({"error": {"code": "internal", "text": "Something went wrong on our side."}}, 500)


class LeanApplication:
    """Starlette with the registered routes, made when the process starts to serve."""

    def __init__(self) -> None:
        self._hosts = {host.lower() for host in settings.ALLOWED_HOSTS}
        self._app: Starlette | None = None

    def serves(self, scope: Any) -> bool:
        """Whether a connection belongs to this lane."""
        return scope["type"] == "websocket" or scope["path"].startswith(PREFIXES)

    def _host_allowed(self, scope: Any) -> bool:
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1").lower()
                return (host[: host.rindex("]") + 1] if host.startswith("[") else host.partition(":")[0]) in {
                    *self._hosts,
                    "[::1]",
                }
        return False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if self._app is None:
            self._app = self._build()
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if not self._host_allowed(scope):
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 4400})
            else:
                await Response(status_code=400)(scope, receive, send)
            return
        request_id = uuid7().hex[-12:]
        scope.setdefault("state", {})["request_id"] = request_id

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)

    def _build(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(app: Starlette) -> Any:
            global _pool  # noqa: PLW0603 - one pool a process, made in its event loop
            _pool = AsyncConnectionPool(
                kwargs=conninfo(), min_size=1, max_size=settings.ENV.database_pool, open=False, timeout=10,
                reconnect_timeout=5, check=_check,
            )  # fmt: skip
            await _pool.open()
            for start in _started:
                await start()
            yield
            for stop in _stopped:
                await stop()
            await _pool.close()
            _pool = None

        return Starlette(routes=list(_routes), lifespan=lifespan, exception_handlers={Exception: _refuse})
