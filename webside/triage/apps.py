"""The app ``triage``."""

from __future__ import annotations

from django.apps import AppConfig


class TriageConfig(AppConfig):
    """What a person's own words ask for."""

    name = "webside.triage"

    def ready(self) -> None:
        """Register the rule."""
        from webside.triage import rules  # noqa: F401 - importing registers the rule
