"""The app ``billing``."""

from __future__ import annotations

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Who pays, and what is claimed."""

    name = "webside.billing"

    def ready(self) -> None:
        """Register the rule."""
        from django.conf import settings

        from webside.billing.rules import tables

        tables.use_cpt(settings.ENV.loads_cpt)
