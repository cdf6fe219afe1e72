"""The app ``compliance``."""

from __future__ import annotations

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Licences, credentialing, consent."""

    name = "webside.compliance"

    def ready(self) -> None:
        """Register the rule."""
        import webside.compliance.rules  # noqa: F401
