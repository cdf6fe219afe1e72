"""The app ``catalog``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    """Services with their kind, and the gates that their kind brings."""

    name = "webside.catalog"

    def ready(self) -> None:
        """Register the resource, the gates of law and the words of the trail."""
        from webside.audit import sentences
        from webside.catalog import fhir, law

        fhir.register()
        law.register()
        sentences.register(
            {
                "catalog.service.add": _("added a service"),
                "catalog.service.translate": _("changed what a service is called in other languages"),
                "catalog.service.limits": _("changed how a service may be booked"),
                "catalog.service.screens": _("changed who may show a screen in a service’s visits"),
                "catalog.service.assign": _("named somebody who gives a service"),
                "catalog.gate.override": _("went on past a check, with a reason"),
            }
        )
