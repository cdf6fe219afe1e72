"""The app ``demo``."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """A clinic to try, on this machine only."""

    name = "webside.demo"

    def ready(self) -> None:
        """In demo mode: our front page, the mail stand-in, and its address for whoever sends."""
        from django.conf import settings

        from webside.demo import register

        if settings.DEMO:
            register.everything()
