"""Jobs: work for the worker that has no row of its own. procrastinate's tables hold them.

A job is declared in an app's ``tasks.py`` and is deferred in the transaction of what asks for it:
no job without the change. It runs in a frame of its tenant, leaves a row in the trail, is tried
again with growing pauses, and is in sight when it was given up. It may run twice (a worker dies
between the work and the mark), so it asks what is still to be done.

Arguments are ids and whole numbers, nothing that tells of a person. Events, timers and messages are
rows already and have loops of their own (``core.loops``).
"""

from __future__ import annotations

import inspect
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_type_hints
from uuid import UUID

from django.db import close_old_connections, connection, transaction
from django.db.models import Max, Q
from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app as queue
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job as QueuedJob

from webside.core import actor, clock, frames
from webside.core.models import Tenant

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
LONGEST_WAIT = 3600.0

Work = Callable[..., Mapping[str, int] | None]


class Unrecorded(RuntimeError):
    """A job has written and said nothing for the trail: a defect of ours, so what it did is undone."""


class Job:
    """A kind of job. ``name`` is also its action in the trail."""

    def __init__(self, name: str, work: Work, every: str = "") -> None:
        hints = get_type_hints(work)
        self.name, self.work, self.every = name, work, every
        self.ids = {each: hints.get(each) for each in inspect.signature(work).parameters}
        if told := [each for each, kind in self.ids.items() if kind not in (UUID, int)]:
            raise TypeError(f"job {name}: {', '.join(told)} must be a UUID or an int; no patient's data in a job")

    def defer(self, **ids: UUID | int) -> bool:
        """Let the worker do it for the frame's tenant once this transaction commits.

        Returns false if the very same job waits already. Raises :class:`TypeError` for an argument
        that is neither a UUID nor an int.
        """
        return self.defer_for(frames.current().tenant_id, **ids)

    def defer_for(self, tenant_id: UUID | None, **ids: UUID | int) -> bool:
        """Like :meth:`defer`, for a tenant that is given, or for none."""
        if set(ids) != set(self.ids) or any(type(value) is not self.ids[each] for each, value in ids.items()):
            raise TypeError(f"job {self.name} takes {self.ids}")
        arguments: dict[str, Any] = {each: str(ids[each]) if self.ids[each] is UUID else ids[each] for each in ids}
        key = ":".join([self.name, str(tenant_id or ""), *(str(arguments[each]) for each in sorted(arguments))])
        # The lock: never two at the same time. procrastinate's own lock of the queue is not used: a job that is to
        # be tried again while its like waits would break it, and stand as running for ever.
        if ProcrastinateJob.objects.filter(lock=key, status="todo").exists():
            return False
        arguments["tenant_id"] = str(tenant_id) if tenant_id else None
        queue.configure_task(self.name, lock=key, task_kwargs=arguments).defer()
        return True

    def perform(self, *, tenant_id: str | None = None, **ids: Any) -> None:
        """Do it, in a frame of its tenant; what was counted goes into the trail.

        Raises :class:`Unrecorded`, or whatever the work raises; then nothing has happened.
        """
        tenant = UUID(tenant_id) if tenant_id else None
        system = actor.system("jobs", tenant)
        with frames.begin(tenant_id=tenant, actor=system) as frame:
            before = _has_written()
            counts = self.work(
                **{each: UUID(value) if self.ids[each] is UUID else value for each, value in ids.items()}
            )
            if counts:
                _record(self.name, actor=system, changes=dict(counts))
            elif not before and not frame.audited and _has_written():
                raise Unrecorded(self.name)


def job(name: str, *, every: str = "") -> Callable[[Work], Job]:
    """Make a function a job. It takes UUIDs and ints, and returns what it did as counts by a word.

    What it returns stands in the trail under ``name``; nothing or an empty answer means that there
    was nothing to do. ``every`` is a cron line in UTC: then the job runs by itself for the whole
    installation and for each tenant in turn, each in a transaction of its own.
    """

    def declare(work: Work) -> Job:
        _jobs[name] = declared = Job(name, work, every)
        return declared

    return declare


_jobs: dict[str, Job] = {}


def registered() -> list[Job]:
    """Return all kinds of jobs."""
    return list(_jobs.values())


def _has_written() -> bool:
    """Whether this transaction has changed or locked a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        return bool(cursor.fetchone()[0])


def _no_trail(action: str, **_: Any) -> None:
    raise Unrecorded(f"{action}: nobody keeps the trail")


_record: Callable[..., Any] = _no_trail


def record_with(record: Callable[..., Any]) -> None:
    """Write the trail with this function. ``audit``, which stands above, lends its own."""
    global _record  # noqa: PLW0603 - one trail an installation
    _record = record


# -------------------------------------------------------------------------------------- for the worker


def next_try(attempts: int) -> datetime | None:
    """Return when to try again after ``attempts`` tries failed: in 2, 4, 8 … s, at most an hour; nothing: give up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    wait = min(LONGEST_WAIT, 2.0**attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    return clock.now() + timedelta(seconds=wait)


class GrowingPauses(BaseRetryStrategy):
    """Tries again as :func:`next_try` says. The log gets the job's number and the kind of error, not its words."""

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision | None:
        """Return when to try again, or nothing when it was the last try."""
        logger.warning("job %s (%s) failed: %s", job.id, job.task_name, type(exception).__name__)
        again = next_try(job.attempts + 1)
        return RetryDecision(retry_at=again) if again else None


def fill(app: App) -> App:
    """Give procrastinate's ``app`` every kind of job, and return it."""
    for each in registered():
        app.task(name=each.name, retry=GrowingPauses())(_alone(each.perform))
        if each.every:
            everywhere = app.task(name=f"{each.name}.everywhere", retry=GrowingPauses())(_alone(_everywhere(each)))
            app.periodic(cron=each.every)(everywhere)
    return app


def _alone(work: Callable[..., None]) -> Callable[..., None]:
    """Give a thread that does ``work`` a connection that works, and take it back afterwards."""

    def run(**arguments: Any) -> None:
        close_old_connections()
        try:
            work(**arguments)
        finally:
            connection.close()

    return run


def _everywhere(each: Job) -> Callable[..., None]:
    def defer_all(timestamp: int) -> None:
        with transaction.atomic():
            for tenant_id in (None, *Tenant.objects.values_list("id", flat=True)):
                each.defer_for(tenant_id)

    return defer_all


# ------------------------------------------------------------------------------------ what goes on


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A job that waits or runs. ``since`` is when it began; empty while it waits."""

    since: datetime | None


def going_on(name: str) -> GoingOn | None:
    """Return the job of a kind that the frame's tenant has under way, if any: for pages that show it."""
    begun = Max("procrastinateevent__at", filter=Q(procrastinateevent__type="started"))
    found = ProcrastinateJob.objects.filter(
        task_name=name, args__tenant_id=str(frames.current_tenant_id()), status__in=("todo", "doing")
    ).annotate(begun=begun)
    first = found.order_by("id").values_list("status", "begun").first()
    return GoingOn(first[1] if first[0] == "doing" else None) if first else None


# ------------------------------------------------------------------------------------ what was given up


@dataclass(frozen=True, slots=True)
class JobGivenUp:
    """A job after its last try. ``of_tenant`` is false for one of the whole installation."""

    id: int
    name: str
    tried_at: datetime | None
    of_tenant: bool


def given_up(tenant_id: UUID) -> list[JobGivenUp]:
    """Return the jobs of a tenant, and those of the whole installation, that were given up; newest first."""
    failed = (
        ProcrastinateJob.objects.filter(status="failed")
        .filter(Q(args__tenant_id=str(tenant_id)) | Q(args__tenant_id=None) | ~Q(args__has_key="tenant_id"))
        .annotate(tried_at=Max("procrastinateevent__at"))
        .order_by("-id")
    )
    return [
        JobGivenUp(each.id, each.task_name, each.tried_at, each.args.get("tenant_id") is not None) for each in failed
    ]


def try_again(*, job_id: int, tenant_id: UUID) -> bool:
    """Take a job of a tenant that was given up back into the queue; return whether there was one."""
    failed = ProcrastinateJob.objects.filter(id=job_id, status="failed", args__tenant_id=str(tenant_id))
    if failed.select_for_update().first() is None:
        return False
    queue.job_manager.retry_job_by_id(job_id, retry_at=clock.now())
    return True
