"""A site of one page for browser tests: real modules, real policy, answers that the test decides."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from webside.ui import assets

STATIC = Path(__file__).resolve().parent.parent / "static"
Answer = tuple[int, Any]


class Site:
    """Serves ``html`` in a page of its own, or a ``whole`` page, at ``/``.

    It keeps what was posted and answers from ``answers``, else from ``default``.
    """

    def __init__(self) -> None:
        self.port = 0
        self.html = ""
        self.whole = ""
        self.fragment = "<p>first</p>"
        self.posts: list[dict[str, str]] = []
        self.answers: queue.Queue[Answer | Exception] = queue.Queue()
        self.default: Callable[[dict[str, str]], Answer] = lambda form: (200, {})
        self.delay = 0.0
        self.tickets: list[list[str]] = []
        self.ticket_status = 200
        self.sockets: list[WebSocket] = []
        self.heard: list[dict[str, Any]] = []
        self.silent = False
        self.refuse_sockets = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.map, self.source = assets.import_map(), assets.import_map_source()
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/post", self._post, methods=["POST"]),
                Route("/fragment", self._fragment),
                Route("/ticket", self._ticket, methods=["POST"]),
                WebSocketRoute("/ws", self._socket),
                Mount("/static", StaticFiles(directory=STATIC)),
            ]
        )

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://localhost:{self.port}/"

    async def _page(self, request: Request) -> Response:
        policy = (
            f"default-src 'none'; script-src 'self' {self.source}; style-src 'self'; img-src 'self' data:; "
            f"font-src 'self'; connect-src 'self' ws://localhost:{self.port}; form-action 'self'; base-uri 'none'"
        )
        if self.whole:
            return HTMLResponse(self.whole, headers={"Content-Security-Policy": policy})
        return HTMLResponse(
            f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Test</title>
            <link rel="stylesheet" href="/static/ui/webside.css"><meta name="csrf-token" content="token">
            <meta name="live-ticket" content="/ticket"><script type="importmap">{self.map}</script>
            <script type="module" src="/static/ui/behaviors.js"></script></head>
            <body>{self.html}<div id="toasts" role="status"></div></body></html>""",
            headers={"Content-Security-Policy": policy},
        )

    async def _post(self, request: Request) -> Response:
        self._loop = asyncio.get_running_loop()
        form = {key: str(value) for key, value in (await request.form()).items()}
        form["_csrf"] = request.headers.get("x-csrftoken", "")
        self.posts.append(form)
        if self.delay:
            await asyncio.sleep(self.delay)
        status, body = self.default(form) if self.answers.empty() else self._next()
        return HTMLResponse(body, status) if isinstance(body, str) else JSONResponse(body, status)

    def _next(self) -> Answer:
        answer = self.answers.get_nowait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _fragment(self, request: Request) -> Response:
        return HTMLResponse(self.fragment)

    async def _ticket(self, request: Request) -> Response:
        form = await request.form()
        self.tickets.append([str(topic) for topic in form.getlist("topic")])
        return JSONResponse({"ticket": "t"} if self.ticket_status == 200 else {}, self.ticket_status)

    async def _socket(self, socket: WebSocket) -> None:
        self._loop = asyncio.get_running_loop()
        if self.refuse_sockets:
            await socket.close(1013)
            return
        await socket.accept()
        self.sockets.append(socket)
        try:
            while True:
                message = await socket.receive_json()
                self.heard.append(message)
                if self.silent:
                    continue
                if "ticket" in message:
                    await socket.send_json({"type": "welcome", "topics": []})
                elif message.get("type") == "ping":
                    await socket.send_json({"type": "pong"})
        except WebSocketDisconnect:
            pass
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)

    def say(self, message: dict[str, Any]) -> None:
        """Send a message to every open socket."""
        self._run(*(socket.send_json(message) for socket in list(self.sockets)))

    def cut(self) -> None:
        """Close every open socket."""
        self._run(*(socket.close(1012) for socket in list(self.sockets)))

    def _run(self, *work: Any) -> None:
        async def all_of_it() -> None:
            await asyncio.gather(*work, return_exceptions=True)

        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(all_of_it(), self._loop).result(5)

    def stop(self) -> None:
        """Let go of open sockets so that the server can stop."""
        self.refuse_sockets = True
        self.cut()
