"""The app ``api``."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Our rules over HTTP."""

    name = "webside.api"

    def ready(self) -> None:
        """Serve ``/api/decide`` on the lean lane."""
        from webside.api.lean import ROUTES
        from webside.core import lean

        lean.register(*ROUTES)
