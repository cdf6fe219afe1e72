"""The app ``outbox``."""

from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Durable events."""

    name = "webside.outbox"

    def ready(self) -> None:
        """Let the worker deliver."""
        from webside.core import loops
        from webside.outbox import services

        loops.register("events", services.deliver_due, every=0.4)
