"""A worker that is killed after it has deleted and before that is committed.

Run as a program with ``<database name>``. It runs the jobs that wait; SIGKILL ends it at the point.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any


def main(database: str) -> None:
    """Run what waits in ``database`` until the kill."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connections

    from webside.core import job_worker, tasks

    connections["default"].settings_dict["NAME"] = database
    let_go = tasks._let_go

    def let_go_and_die(*given: Any) -> int:
        if count := let_go(*given):
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    tasks._let_go = let_go_and_die
    job_worker.run_waiting()


if __name__ == "__main__":
    main(sys.argv[1])
