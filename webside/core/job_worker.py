"""Running jobs: procrastinate's worker in a thread of ours, watched by the loop ``jobs``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time

import psycopg
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app as queue
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from procrastinate.worker import Worker

from webside.core import jobs, lean

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How soon a job begins. Listening would be sooner and hold one more connection for good."""
BEAT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""A worker that was not heard of for so long is dead, and what it was doing is taken back."""
START_SECONDS = 5.0
STOP_SECONDS = 4.0
LOCK = 7305  # of the advisory lock: one worker at a time takes jobs back
MISSED_SECONDS = 3700
"""Recurring work that was missed is done as long as this later: a clinic that was off at the full hour."""


class Silent(RuntimeError):
    """The job worker runs and has not been heard of."""


class JobThread(threading.Thread):
    """One worker with its own event loop and one connection, until it is told to stop or its connection dies."""

    def __init__(self) -> None:
        super().__init__(name="jobs", daemon=True)
        self.worker: Worker | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Work until stopped; an error ends the thread, and :func:`tend` starts another."""
        try:
            asyncio.run(self._work())
        except (ConnectorException, psycopg.Error, OSError) as error:
            logger.warning("the job worker lost the database: %s", type(error).__name__)
        except Exception:
            logger.exception("the job worker ended")
        finally:
            connection.close()

    async def _work(self) -> None:
        connector = PsycopgConnector(kwargs=lean.conninfo(), min_size=1, max_size=2, timeout=5)
        app = jobs.fill(App(connector=connector, periodic_defaults={"max_delay": MISSED_SECONDS}))
        async with app.open_async():
            self.worker = Worker(
                app=app,
                name="webside",
                listen_notify=False,
                fetch_job_polling_interval=POLL_SECONDS,
                abort_job_polling_interval=3600,  # nothing of ours is aborted from outside
                update_heartbeat_interval=BEAT_SECONDS,
                stalled_worker_timeout=SILENT_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
            if not self._stopped.is_set():
                await self.worker.run()

    def stop(self) -> None:
        """Finish what is running and end."""
        self._stopped.set()
        if self.worker is not None:
            self.worker.stop()


_thread: JobThread | None = None


def tend() -> int:
    """Keep the job worker alive, and take back the jobs of workers that died; return how many."""
    global _thread  # noqa: PLW0603 - one worker a process
    if _thread is None or not _thread.is_alive():
        _thread = JobThread()
        _thread.start()
        deadline = time.monotonic() + START_SECONDS
        while _thread.is_alive() and _silent(_thread) and time.monotonic() < deadline:
            _thread.join(0.1)
    if _silent(_thread):
        raise Silent
    return rescue()


def close() -> None:
    """Stop the job worker of this process and wait for it."""
    if _thread is not None:
        _thread.stop()
        _thread.join(STOP_SECONDS)


def _silent(thread: JobThread) -> bool:
    worker_id = thread.worker.worker_id if thread.worker else None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE id = %s AND last_heartbeat > now() - %s * interval '1 s')",
            [worker_id, SILENT_SECONDS],
        )
        return not cursor.fetchone()[0]


def rescue() -> int:
    """Put the jobs of dead workers back into the queue, or give them up after too many tries; return how many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        manager = queue.job_manager
        stalled = list(async_to_sync(manager.get_stalled_jobs)(seconds_since_heartbeat=SILENT_SECONDS))
        for number, each in ((each.id, each) for each in stalled if each.id is not None):
            logger.warning("job %s (%s) lost its worker", number, each.task_name)
            if again := jobs.next_try(each.attempts + 1):
                manager.retry_job_by_id(number, retry_at=again)
            else:
                async_to_sync(manager.finish_job_by_id_async)(number, status=Status.FAILED, delete_job=False)
        return len(stalled)


def run_waiting(seconds: float = 30) -> None:
    """Run what waits in the queue and return: for tests and for commands."""

    async def work() -> None:
        app = jobs.fill(App(connector=PsycopgConnector(kwargs=lean.conninfo(), min_size=1, max_size=2)))
        app.periodic_registry.periodic_tasks.clear()
        async with app.open_async():
            worker = Worker(app=app, wait=False, listen_notify=False, install_signal_handlers=False,
                            delete_jobs="successful")  # fmt: skip
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(worker.run(), seconds)

    asyncio.run(work())
