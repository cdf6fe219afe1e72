"""The app ``scheduling``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    """Times that can be booked, and what was booked."""

    name = "webside.scheduling"

    def ready(self) -> None:
        """Register resources, handlers, places in the navigation and the words of the trail."""
        from webside.accounts import doors
        from webside.audit import sentences
        from webside.compliance import registry as compliance
        from webside.core.actor import Role
        from webside.scheduling import fhir, handlers, panels, selectors
        from webside.ui import registry as navigation
        from webside.ui.registry import NavItem

        fhir.register()
        handlers.register()
        panels.register()
        doors.register(selectors.door_stands)
        compliance.register_booked(selectors.booked_beyond)
        navigation.register(
            NavItem("staff", _("Schedule"), "calendar", "scheduling:schedule", order=20, key="s",
                    roles=frozenset({Role.CLINICIAN, Role.COACH, Role.COORDINATOR}), group=2),
        )  # fmt: skip
        sentences.register(
            {
                "scheduling.appointment.book": _("booked an appointment"),
                "scheduling.appointment.move": _("moved an appointment"),
                "scheduling.appointment.cancel": _("cancelled an appointment"),
                "scheduling.appointment.restore": _("took a cancellation back"),
                "scheduling.appointment.noshow": _("noted that the patient did not come"),
                "scheduling.appointment.check-in": _("came to the waiting room"),
                "scheduling.appointment.fulfil": _("noted that the visit took place"),
                "scheduling.appointment.read": _("looked at an appointment"),
                "scheduling.link.issue": _("sent a link to an appointment"),
                "scheduling.link.open": _("opened an appointment by its link"),
                "scheduling.link.guess": _("tried a link that nobody was sent"),
                "scheduling.link.close": _("closed an appointment on a computer"),
                "scheduling.hours.add": _("added weekly hours"),
                "scheduling.hours.read": _("looked at weekly hours"),
                "scheduling.hours.end": _("gave weekly hours a last day"),
                "scheduling.hours.reopen": _("let weekly hours go on"),
                "scheduling.exception.add": _("added time off or extra time"),
                "scheduling.exception.remove": _("took back time off or extra time"),
            }
        )
