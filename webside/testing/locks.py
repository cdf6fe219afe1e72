"""Two transactions that meet, for tests with real threads."""

from __future__ import annotations

import time

from django.db import connection

LONGEST_SECONDS = 20


def until_somebody_waits() -> None:
    """Return as soon as a connection to this database waits for a lock of ours; AssertionError if none does."""
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
