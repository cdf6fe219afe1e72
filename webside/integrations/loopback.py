"""A small HTTP server on a loopback port, in threads of its own: what a stand-in of an outside service answers by."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Quiet:
    """Beside ``BaseHTTPRequestHandler``: it writes no log of what was asked, which may be of a person."""

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@dataclass
class Loopback:
    """Started and stopped as often as one likes; it keeps the port that it first got."""

    name: str
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._server is not None

    def start(self, handler: type[BaseHTTPRequestHandler], stand_in: object, port: int) -> int:
        """Answer on a port (a free one for 0); return it. Each handler finds the stand-in as its ``stand_in``."""
        theirs = type(handler.__name__, (handler,), {"stand_in": stand_in})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), theirs)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name=self.name, daemon=True).start()
        return self._server.server_port

    def stop(self) -> None:
        """Stop, and free the port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
