"""A mail server for demo and tests: it speaks real SMTP, keeps what it is sent, and delivers to nobody."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from webside.core.ids import uuid7

KEPT = 500
MOST_BYTES = 25 * 1024 * 1024
START_SECONDS = 10


class _Handler:
    """Takes any message; two local parts fail on purpose, so that both ways of failing can be tried."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer one recipient."""
        local = address.partition("@")[0].lower()
        if local == "refuse":
            return "550 5.1.1 no such mailbox"
        if local == "later":
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message, and say so only once it is on disk."""
        await asyncio.get_running_loop().run_in_executor(None, self._keep, bytes(envelope.original_content or b""))
        return "250 OK kept"

    def _keep(self, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = str(uuid7())  # sorts by time
        draft = self.folder / f".{name}"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self.folder / f"{name}.eml")
        for old in sorted(self.folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)


@dataclass
class StandIn:
    """One server in a thread of its own. ``folder`` takes the messages; ``port`` is known after ``start``."""

    folder: Path
    port: int = 0
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)
    _ready: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def running(self) -> bool:
        """Whether the server answers."""
        return self._thread is not None and self._thread.is_alive() and self._ready.is_set()

    def start(self) -> int:
        """Start on a free loopback port; return it. Raises :class:`RuntimeError` if it doesn't come up."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._serve, name="smtp-stand-in", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("the mail stand-in did not start")
        return self.port

    def stop(self) -> None:
        """Stop and wait for the end."""
        if self._loop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)

    def _serve(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", self.port))
        server: Any = loop.run_until_complete(loop.create_server(self._protocol, sock=listener))
        self.port = listener.getsockname()[1]
        self._ready.set()
        try:
            loop.run_forever()
        finally:
            self._ready.clear()
            server.close()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            _Handler(self.folder), hostname="localhost", data_size_limit=MOST_BYTES, enable_SMTPUTF8=True,
            loop=self._loop,
        )  # fmt: skip
