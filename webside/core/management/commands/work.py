"""Run the worker."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue
from typing import Any

from django.core.management.base import BaseCommand

from webside.core import loops


class Command(BaseCommand):
    """Runs every registered loop until it is told to stop."""

    help = "Deliver events, run timers and jobs, seal the trail and leave heartbeats, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        stop = threading.Event()
        # The supervisor tells its whole group, and the keeper tells it too: twice within a moment. A handler that set
        # `stop` could be interrupted by itself and wait for the lock that it holds; such a queue has none.
        told: SimpleQueue[int] = SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: told.put(number))
        threading.Thread(target=_stop_when, args=(told, stop), name="stop", daemon=True).start()
        self.stdout.write("worker: " + ", ".join(loop.name for loop in loops.registered()))
        loops.run_forever(stop)


def _stop_when(told: SimpleQueue[int], stop: threading.Event) -> None:
    told.get()
    stop.set()
