"""Durable timers: what must happen later is a row, not a sleep.

An app registers a handler under a name in ``AppConfig.ready()`` and sets timers from its services.
The worker runs what is due, each in a frame of its tenant; a crash between running and marking runs
it again, so handlers ask whether their work is still to be done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from webside.core import actor, clock, frames
from webside.core.models import Timer

logger = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], None]
MAX_ATTEMPTS = 8

_handlers: dict[str, Handler] = {}


def register(name: str, handler: Handler) -> None:
    """Say what happens when a timer called ``name`` is due."""
    _handlers[name] = handler


def set_timer(name: str, *, key: str, due_at: datetime, payload: Mapping[str, Any] | None = None) -> None:
    """Set or move the timer (name, key) of the frame's tenant. ``payload`` holds ids only."""
    Timer.objects.update_or_create(
        name=name,
        key=key,
        defaults={
            "tenant_id": frames.current().tenant_id,
            "due_at": due_at,
            "payload": dict(payload or {}),
            "done_at": None,
            "attempts": 0,
            "last_error": "",
        },
    )


def cancel_timer(name: str, *, key: str) -> None:
    """Drop the timer (name, key) if it has not run."""
    Timer.objects.filter(name=name, key=key, done_at=None).delete()


def is_set(name: str, *, key: str) -> bool:
    """Whether the timer (name, key) is still to run."""
    return Timer.objects.filter(name=name, key=key, done_at=None, attempts__lt=MAX_ATTEMPTS).exists()


def run_due(limit: int = 50) -> int:
    """Run the timers that are due; return how many were tried. Safe in several workers at once."""
    tried = 0
    for _ in range(limit):
        with transaction.atomic():
            timer = (
                Timer.objects.select_for_update(skip_locked=True)
                .filter(done_at=None, due_at__lte=clock.now(), attempts__lt=MAX_ATTEMPTS)
                .order_by("due_at")
                .first()
            )
            if timer is None:
                return tried
            tried += 1
            _run(timer)
    return tried


def _run(timer: Timer) -> None:
    """Run one. It is marked as done before: a handler that sets its own timer anew, for later, must find that kept."""
    tenant_id: UUID | None = timer.tenant_id
    timer.attempts += 1
    timer.done_at = clock.now()
    timer.save()
    try:
        with frames.begin(tenant_id=tenant_id, actor=actor.system("timer", tenant_id)):
            _handlers[timer.name](timer.payload)
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("timer %s failed", timer.name)
        timer.last_error = type(error).__name__
        timer.due_at = clock.now() + timedelta(seconds=min(3600, 2**timer.attempts))
        timer.done_at = None
        timer.save()


def given_up(tenant_id: UUID) -> QuerySet[Timer]:
    """Return the timers of a tenant that failed as often as they may, newest first."""
    return Timer.objects.filter(tenant_id=tenant_id, done_at=None, attempts__gte=MAX_ATTEMPTS).order_by("-due_at")


def try_again(*, timer_id: UUID, tenant_id: UUID) -> bool:
    """Let a timer of a tenant that was given up run again at once; return whether there was one."""
    found = given_up(tenant_id).filter(id=timer_id)
    return bool(found.update(attempts=0, last_error="", due_at=clock.now()))
