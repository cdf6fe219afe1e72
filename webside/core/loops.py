"""What the worker does again and again, and the heartbeats by which people see that it does.

An app registers a loop in ``AppConfig.ready()``: a function that does what is due and returns how
much it did. The worker calls it until nothing is left, then waits ``every`` seconds. Each round
leaves a heartbeat; a heartbeat older than three rounds (at least 10 s) turns health red.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, close_old_connections, connection

from webside.core import clock
from webside.core.models import Heartbeat

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loop:
    """A named round of work, every so many seconds."""

    name: str
    run: Callable[[], int]
    every: float
    close: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a part is: its name, seconds since it was last seen, and whether that is in time."""

    name: str
    age_seconds: float | None
    alive: bool
    detail: str = ""


BEAT_EVERY_SECONDS = 2.5
"""A beat is a commit: four busy loops that beat each round made an idle clinic write eight times a second."""

_loops: dict[str, Loop] = {}


def register(name: str, run: Callable[[], int], *, every: float, close: Callable[[], None] | None = None) -> None:
    """Let the worker call ``run`` every ``every`` seconds, and ``close`` when it stops."""
    _loops[name] = Loop(name, run, every, close)


def registered() -> list[Loop]:
    """Return all loops."""
    return list(_loops.values())


def beat(name: str, every: float, detail: str = "") -> None:
    """Leave a heartbeat."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": clock.now(), "every_seconds": max(1, round(every)), "detail": detail[:200]}
    )


def pulses() -> list[Pulse]:
    """Return how every registered loop is; one that was never seen is not alive."""
    seen = {row.name: row for row in Heartbeat.objects.all()}
    now = clock.now()
    result = []
    for loop in registered():
        row = seen.get(loop.name)
        age = (now - row.beat_at).total_seconds() if row else None
        limit = timedelta(seconds=max(10, 3 * loop.every)).total_seconds()
        # One that lies ahead was left before the clock was set back: it says nothing about now.
        result.append(Pulse(loop.name, age, age is not None and -limit <= age <= limit, row.detail if row else ""))
    return result


def run_forever(stop: threading.Event) -> None:
    """Run every loop in a thread of its own until ``stop`` is set."""
    threads = [
        threading.Thread(target=_turn, args=(loop, stop), name=f"loop-{loop.name}", daemon=True)
        for loop in registered()
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(timeout=5)
    for loop in registered():
        if loop.close is not None:
            loop.close()


def _turn(loop: Loop, stop: threading.Event) -> None:
    last_beat = None
    while not stop.is_set():
        try:
            while loop.run() and not stop.is_set():
                pass
            if last_beat is None or time.monotonic() - last_beat > BEAT_EVERY_SECONDS:
                beat(loop.name, loop.every)
                last_beat = time.monotonic()  # a clock that is set back must not silence the heart
        except DatabaseError as error:
            logger.warning("%s waits for the database: %s", loop.name, type(error).__name__)
            connection.close()
            stop.wait(0.5)
        except Exception:
            logger.exception("%s failed; it goes on", loop.name)
        close_old_connections()
        stop.wait(loop.every)
