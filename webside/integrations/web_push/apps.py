"""The app ``web_push``: pushes, signed with the key of this installation."""

from __future__ import annotations

from django.apps import AppConfig


class WebPushConfig(AppConfig):
    """Pushes to browsers."""

    name = "webside.integrations.web_push"
    label = "web_push"

    def ready(self) -> None:
        """Send pushes where there is a key to sign them with; it is made when it is first asked for."""
        from webside.integrations.web_push.service import service
        from webside.notifications import ports

        ports.lend_push(service)
