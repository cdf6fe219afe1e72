"""The app ``triage``."""

from __future__ import annotations

from django.apps import AppConfig


class TriageConfig(AppConfig):
    """What a person's own words ask for."""

    name = "webside.triage"

    def ready(self) -> None:
        """Register the rule, and let it read what is written on forms that book or wait."""
        from webside.scheduling import registry
        from webside.triage import rules  # noqa: F401 - importing registers the rule
        from webside.triage.selectors import asked_signs, screen, screen_signs

        registry.register_screen(screen)
        registry.register_signs(asked_signs, screen_signs)
