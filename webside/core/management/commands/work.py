"""Run the worker."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from webside.core import loops


class Command(BaseCommand):
    """Runs every registered loop until it is told to stop."""

    help = "Deliver events, run timers and jobs, seal the trail and leave heartbeats, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("worker: " + ", ".join(loop.name for loop in loops.registered()))
        loops.run_forever(stop)
