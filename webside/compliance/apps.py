"""The app ``compliance``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplianceConfig(AppConfig):
    """Licences, credentialing, consent."""

    name = "webside.compliance"

    def ready(self) -> None:
        """Register the rule, resources, timers and the words of the trail."""
        from webside.audit import sentences
        from webside.compliance import fhir, panels, services
        from webside.compliance.rules import may_treat  # noqa: F401 - importing registers the rule
        from webside.compliance.selectors import minors
        from webside.core import loops, timers
        from webside.core.actor import Role
        from webside.people import registry as people
        from webside.ui import registry as navigation
        from webside.ui.registry import NavItem

        fhir.register()
        people.register(of_age=minors.of_age, hidden=minors.hidden_from_guardian)
        officer = frozenset({Role.COMPLIANCE})
        keepers = frozenset({Role.COMPLIANCE, Role.ADMINISTRATOR})
        navigation.register(
            NavItem("staff", _("Record trail"), "eye", "compliance:trail", order=10, key="t", roles=officer,
                    count=panels.trail_altered),
            NavItem("staff", _("Overrides"), "warn", "compliance:overrides", order=20, key="o", roles=officer,
                    count=panels.overrides_to_review),
            NavItem("staff", _("Licences"), "badge", "compliance:licences", order=30, key="l", roles=keepers,
                    count=panels.licences_ending),
            NavItem("staff", _("Consents"), "shield", "compliance:consents", order=40, key="c", roles=officer,
                    count=panels.consents_withdrawn),
        )  # fmt: skip
        timers.register(services.EXPIRY_TIMER, services.announce_expiry)
        loops.register("trail-check", services.verify_trails, every=3600)
        sentences.register(
            {
                "compliance.consent.give": _("gave consent"),
                "compliance.consent.withdraw": _("took consent back"),
                "compliance.licence.add": _("added a licence"),
                "compliance.licence.change": _("changed a licence"),
                "compliance.credentialing.set": _("noted credentialing"),
                "compliance.trail.read": _("looked at the trail"),
                "compliance.trail.search": _("looked for a patient’s trail"),
                "compliance.consents.read": _("looked at who consented"),
                "compliance.disclosures.read": _("drew up an account of disclosures"),
                "compliance.trail.export": _("exported the trail"),
                "compliance.trail.ask": _("asked for a check of the trail"),
                "compliance.trail.verify": _("verified the trail"),
                "compliance.override.review": _("reviewed an override"),
                "compliance.page.refuse": _("asked for compliance pages that are not theirs"),
            }
        )
