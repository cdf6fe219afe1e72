"""The real application, both lanes, in a thread of the test's process and on its database."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serve(port: int | None = None) -> Iterator[str]:
    """Serve the application; give its address, ``http://localhost:<port>``.

    Needs committed data (``transactional_db``): the server has connections of its own.
    """
    from config import asgi

    port = port or free_port()
    asgi.lean._app = None  # made anew in this server's event loop
    server = uvicorn.Server(
        uvicorn.Config(
            asgi.application, host="127.0.0.1", port=port, log_level="error", access_log=False, ws="websockets-sansio"
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the application did not start")
        time.sleep(0.02)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
