"""The app ``portal``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """Home pages that combine the apps below."""

    name = "webside.portal"

    def ready(self) -> None:
        """Register topics, handlers, places in the navigation and the words of the trail."""
        from webside.audit import sentences
        from webside.core.actor import Role
        from webside.portal import handlers, panels, policies
        from webside.realtime import registry as live
        from webside.ui.registry import NavItem, register, register_search

        handlers.register()
        live.register("day", policies.can_follow_day)
        live.register("tenant", policies.can_follow_tenant)
        sentences.register(
            {
                "portal.home.refuse": _("asked for a home page that is not theirs"),
                "portal.figures.read": _("looked at the figures of visits"),
                "portal.figures.export": _("saved the figures of visits"),
                "portal.words.read": _("read what people said of their visits"),
                "portal.record-access.read": _("looked at who looked at the record"),
            }
        )
        register_search("portal:book-for", {Role.COORDINATOR})
        register(
            NavItem("public", _("Services"), "list", "portal:clinic", order=10, reach=("services/",), bar=False),
            NavItem("public", _("Our people"), "people", "portal:people", order=20, bar=False),
            NavItem("public", _("How visits work"), "info", "portal:clinic", order=30, fragment="how", bar=False),
            NavItem("patient", _("Home"), "home", "portal:home", order=10),
            NavItem("patient", _("Services"), "calendar", "portal:clinic", order=20, reach=("services/",)),
            NavItem("patient", _("Who looked"), "eye", "portal:record-access", order=60, account=True,
                    roles=frozenset({Role.PATIENT})),
            NavItem(
                "staff", _("My day"), "list", "portal:home", order=10, key="d",
                roles=frozenset({Role.CLINICIAN, Role.COACH}), count=panels.today,
            ),
            NavItem("staff", _("Today"), "queue", "portal:board", order=10, key="t", roles=frozenset({Role.COORDINATOR}),
                    count=panels.today),
            NavItem("staff", _("The line"), "people", "portal:queue-board", order=12, key="w",
                    roles=frozenset({Role.COORDINATOR})),
            NavItem(
                "staff", _("Clinic"), "building", "portal:administration", order=10, key="o",
                roles=frozenset({Role.ADMINISTRATOR}),
            ),
            NavItem(
                "staff", _("How visits go"), "chart", "portal:figures", order=70, group=2, bar=False,
                roles=frozenset({Role.COORDINATOR, Role.COMPLIANCE, Role.ADMINISTRATOR}),
            ),
            NavItem(
                "staff", _("Book for somebody"), "phone", "portal:book-for", order=20, key="b",
                roles=frozenset({Role.COORDINATOR}),
            ),
            NavItem(
                "staff", _("Staff"), "people", "accounts:staff-list", order=60, group=2,
                roles=frozenset({Role.ADMINISTRATOR}),
            ),
            NavItem(
                "staff", _("Health"), "pulse", "core:health", order=90, group=2, bar=False,
                roles=frozenset({Role.ADMINISTRATOR}),
            ),
        )  # fmt: skip
