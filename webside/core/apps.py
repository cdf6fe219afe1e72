"""Core: what everything else stands on."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


def _secure(sender: Any, using: str, **kwargs: Any) -> None:
    from webside.core import schema

    schema.secure(connections[using])


class CoreConfig(AppConfig):
    """The app ``core``."""

    name = "webside.core"
    label = "core"

    def ready(self) -> None:
        """Run timers and jobs; secure the tables after each migration (of the owner; nobody else migrates)."""
        from webside.core import job_worker, loops, timers

        loops.register("timers", timers.run_due, every=0.5)
        loops.register("jobs", job_worker.tend, every=5, close=job_worker.close)
        post_migrate.connect(_secure, sender=self, dispatch_uid="core.secure")
