"""A wire between a browser and the server that can be cut: bytes stop, and nobody is told.

It lies beneath the browser, as a dead network does; the browser believes to be online the whole time. As a program,
``python -m tests.faults.wire <address to listen on> <port>``, it carries a port of the loopback to another address of
its namespace.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from urllib.parse import urlsplit


class Wire:
    """Forward ``address`` on a port of its own until closed."""

    def __init__(self, address: str, listen: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.target = ("127.0.0.1", urlsplit(address).port or 80)
        self._flows = threading.Event()
        self._flows.set()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(listen)
        self.address = f"http://localhost:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._flows.set()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def cut(self) -> None:
        """Let nothing pass from now on."""
        self._flows.clear()

    def mend(self) -> None:
        """Let everything pass again, late as it is."""
        self._flows.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(here,), daemon=True).start()

    def _carry(self, here: socket.socket) -> None:
        self._open.append(here)
        self._flows.wait()
        try:
            there = socket.create_connection(self.target)
        except OSError:
            here.close()
            return
        self._open.append(there)
        for source, sink in ((here, there), (there, here)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    with Wire(f"http://localhost:{sys.argv[2]}", (sys.argv[1], int(sys.argv[2]))):
        print("ready", flush=True)
        while True:
            time.sleep(60)
