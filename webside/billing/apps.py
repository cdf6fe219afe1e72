"""The app ``billing``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Who pays, and what is claimed."""

    name = "webside.billing"

    def ready(self) -> None:
        """Register the rule, the reaction to signed notes, gates, resources, panels and words."""
        from django.conf import settings

        from webside.audit import sentences
        from webside.billing import fhir, gates, handlers, panels
        from webside.billing.rules import tables
        from webside.chart.events import NoteSigned
        from webside.core.actor import Role
        from webside.outbox import registry as events
        from webside.ui import registry as ui

        tables.use_cpt(settings.ENV.loads_cpt)
        events.subscribe(NoteSigned, handlers.draft_when_signed)
        fhir.register()
        gates.register()
        panels.register()
        ui.register(
            ui.NavItem(
                "staff", _("Draft claims"), "card", "billing:claim-list", key="c", roles=frozenset({Role.BILLER})
            )
        )
        sentences.register(
            {
                "billing.coverage.add": _("noted who pays for the patient"),
                "billing.claim.draft": _("drafted the claim"),
                "billing.claim.read": _("looked at the claim"),
                "billing.claim-list.read": _("looked at the list of claims"),
                "billing.claim.search": _("looked for a patient’s claims"),
                "billing.claim.export": _("saved the list of claims"),
                "billing.claim.review": _("looked the claim through"),
                "billing.claim.refuse": _("asked for a claim that is not theirs"),
            }
        )
