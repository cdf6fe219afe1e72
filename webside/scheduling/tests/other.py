"""Another calendar for the tests: a small server on this machine that says what it is told to say, and how it says it."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def text(*events: str, head: str = "") -> str:
    """Return the text of a calendar with these components."""
    body = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Elsewhere//EN", head, *events, "END:VCALENDAR"])
    return "\r\n".join(line.strip() for line in body.splitlines() if line.strip()) + "\r\n"


def event(start: str, end: str = "", *more: str, uid: str = "one@elsewhere.example") -> str:
    """Return an event; ``start`` and ``end`` are what stands after DTSTART and DTEND, with their sign."""
    lines = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"DTSTART{start}", f"DTEND{end}" if end else ""]
    return "\n".join([*lines, *more, "END:VEVENT"])


def meeting(start: datetime, end: datetime, *more: str, uid: str = "one@elsewhere.example") -> str:
    """Return an event between two moments, with much in it that is nobody's business here."""
    written = [f":{each.astimezone(UTC):%Y%m%dT%H%M%SZ}" for each in (start, end)]
    private = (
        "SUMMARY:Lunch with Barnaby Quill",
        "LOCATION:12 Secret Lane",
        "ATTENDEE:mailto:barnaby@elsewhere.example",
    )
    return event(*written, *private, *more, uid=uid)


@dataclass
class Other:
    """What the server says next, and what it was asked."""

    port: int
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = ""
    packed: bool = False
    drip: float = 0.0
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it is, with a secret in it."""
        return f"http://localhost:{self.port}/ical/very-private-0815/basic.ics"

    def says(self, *events: str, head: str = "") -> None:
        """Let it give a calendar with these events."""
        self.body, self.status = text(*events, head=head).encode(), 200


@contextmanager
def other_calendar() -> Iterator[Other]:
    """Start it; it ends with the block."""
    said = Other(0)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            if said.etag and self.headers.get("If-None-Match") == said.etag:
                self.send_response(304)
                self.end_headers()
                return
            body = gzip.compress(said.body) if said.packed else said.body
            self.send_response(said.status)
            for name, value in {
                "Content-Type": "text/calendar", **({"ETag": said.etag} if said.etag else {}),
                **({"Content-Encoding": "gzip"} if said.packed else {}), **said.headers,
            }.items():  # fmt: skip
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self._write(body)

        def _write(self, body: bytes) -> None:
            try:
                if not said.drip:
                    self.wfile.write(body)
                for one in body if said.drip else b"":
                    self.wfile.write(bytes([one]))
                    self.wfile.flush()
                    time.sleep(said.drip)
            except OSError:
                return

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("localhost", 0), Answers)
    said.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
