"""The app ``realtime``."""

from __future__ import annotations

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """The live lane."""

    name = "webside.realtime"

    def ready(self) -> None:
        """Serve ``/ws``; sweep tickets."""
        from webside.accounts import registry
        from webside.core import lean as lanes
        from webside.core import loops
        from webside.realtime import hub, lean, services

        registry.on_revoke(lambda user_id, reason: services.disconnect_on_commit(user_id=user_id, reason=reason))
        lanes.register(*lean.ROUTES)
        lanes.on_start(hub.start)
        lanes.on_stop(hub.stop)
        loops.register("tickets", services.drop_expired_tickets, every=30)
