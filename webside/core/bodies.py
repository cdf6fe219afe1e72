"""What pages are sent is read whole before a thread is asked for, with a limit of bytes and of seconds.

A thread that waits for a body serves nobody else, and so does the connection that its transaction
holds: a handful of people who send two bytes and then nothing could keep everybody out. In the
event loop a waiting body costs its bytes alone.
"""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import FileUploadHandler

REFUSED = "webside.body_refused"
"""The key of an ASGI scope under which the status stands when a body was refused."""

TOO_SLOW = 408
TOO_LARGE = 413


class BodyRefused(BadRequest):
    """What was sent is not taken. ``status`` says why: 408 too slow, 413 too large or a file."""

    def __init__(self, status: int) -> None:
        super().__init__(f"body refused with {status}")
        self.status = status


class RefuseFiles(FileUploadHandler):
    """Django's upload handler until a page takes files: none is kept, not even for a moment on the disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise :class:`BodyRefused` for the first file of a form; an empty file field is none."""
        raise BodyRefused(TOO_LARGE)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep nothing."""

    def file_complete(self, file_size: int) -> None:
        """Give no file."""


class WholeBodies:
    """An ASGI application around the pages' one: it hands over requests whose body is here.

    A body over ``WEBSIDE_BODY_BYTES``, or one that takes longer than ``WEBSIDE_BODY_SECONDS``, is
    thrown away, and the pages are asked for the answer: the scope then holds a status under
    :data:`REFUSED` (see :class:`webside.core.middleware.InputMiddleware`).
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; say nothing to whoever left before the end of what they sent."""
        deadline = asyncio.get_running_loop().time() + settings.ENV.body_seconds
        try:
            async with asyncio.timeout_at(deadline):
                body = await _read(scope, receive, settings.ENV.body_bytes)
        except TimeoutError:
            await self._refuse(TOO_SLOW, scope, send)
        except BodyRefused as refusal:
            await self._refuse(refusal.status, scope, _Draining(receive, send, deadline))
        else:
            if body is not None:
                await self.app(scope, _Given(body, receive), send)

    async def _refuse(self, status: int, scope: Any, send: Any) -> None:
        async def closing(message: Any) -> None:
            if message["type"] == "http.response.start":
                # The rest of the body would be read as the next request.
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await self.app({**scope, REFUSED: status}, _Given(b"", None), closing)


async def _read(scope: Any, receive: Any, limit: int) -> bytes | None:
    """Return the whole body; nothing when the sender left. Raises :class:`BodyRefused` over ``limit``."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise BodyRefused(TOO_LARGE)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyRefused(TOO_LARGE)
        more = message.get("more_body", False)
    return bytes(body)


class _Given:
    """``receive`` of a request whose body is known."""

    def __init__(self, body: bytes, receive: Any) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Any:
        if self._body is None and self._receive is not None:
            return await self._receive()
        body, self._body = self._body or b"", None
        return {"type": "http.request", "body": body, "more_body": False}


class _Draining:
    """``send`` that ends an answer only when the rest of what is sent has been thrown away, or at a deadline.

    A connection that is closed on a sender who is still at it takes the answer away before it is read.
    """

    def __init__(self, receive: Any, send: Any, deadline: float) -> None:
        self._receive, self._send, self._deadline = receive, send, deadline

    async def __call__(self, message: Any) -> None:
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        if message.get("body"):
            await self._send({**message, "more_body": True})
        try:
            async with asyncio.timeout_at(self._deadline):
                while (await self._receive()).get("more_body", False):
                    pass
        except TimeoutError:
            pass
        await self._send({"type": "http.response.body", "body": b""})
