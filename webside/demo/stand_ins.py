"""Servers that stand in for services outside: the worker keeps each running, and every process finds it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from django.conf import settings


class Server(Protocol):
    """What a stand-in is to who keeps it."""

    @property
    def running(self) -> bool:
        """Whether it still answers."""

    @property
    def port(self) -> int:
        """Where it listens, on this machine alone."""

    def start(self) -> object:
        """Begin to listen, on a free port."""

    def stop(self) -> None:
        """Listen no more."""


class Kept:
    """One stand-in: a worker starts it whenever it doesn't run, and notes its port for the others.

    ``name``: what the note is called. ``make`` makes a server that isn't started yet.
    """

    def __init__(self, name: str, make: Callable[[], Server]) -> None:
        self._name, self._make = name, make
        self._server: Server | None = None

    def _note(self) -> Path:
        return Path(settings.VAR) / "run" / f"{self._name}.json"

    def keep_running(self) -> int:
        """Start the server if it doesn't run, and note its port; return 0 (a loop of the worker)."""
        if self._server is None or not self._server.running:
            self._server = self._make()
            self._server.start()
            note = self._note()
            note.parent.mkdir(parents=True, exist_ok=True)
            draft = note.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps({"port": self._server.port}))
            draft.rename(note)
        return 0

    def stop(self) -> None:
        """Stop this process's server, if it has one."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def port(self) -> int | None:
        """Return where it listens: this process's own, else the one that another worker noted; nothing before that."""
        if self._server is not None and self._server.running:
            return self._server.port
        try:
            return int(json.loads(self._note().read_text())["port"])
        except (OSError, ValueError, KeyError):
            return None

    def address(self) -> str:
        """Return where it is, as a URL; nothing before a worker has started it."""
        port = self.port()
        return f"http://127.0.0.1:{port}" if port else ""
