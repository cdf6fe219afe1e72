"""The app ``people``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """Patients and the people who care for them."""

    name = "webside.people"

    def ready(self) -> None:
        """Register resources, timers, who acts for whom, and the words of the trail."""
        from webside.accounts import acting
        from webside.audit import sentences
        from webside.core.actor import Role
        from webside.people import fhir, selectors, tasks
        from webside.ui.registry import NavItem, register

        fhir.register()
        tasks.register()
        acting.register(selectors.behalf_of)
        register(
            NavItem("patient", _("Who may act for me"), "people", "people:delegate-list", order=70, account=True, bar=False,
                    roles=frozenset({Role.PATIENT})),
            NavItem("staff", _("Covering"), "people", "people:covering-list", order=50, group=2, bar=False,
                    roles=frozenset({Role.CLINICIAN, Role.COORDINATOR})),
        )  # fmt: skip
        sentences.register(
            {
                "people.patient.register": _("registered the patient"),
                "people.patient.change": _("changed contact details"),
                "people.patient.read": _("looked at the patient to book"),
                "people.patient.search": _("looked for a patient by name"),
                "people.practitioner.add": _("added a practitioner"),
                "people.practitioner.describe": _("changed what patients read of a practitioner"),
                "people.practitioner.translate": _("changed what is said about a practitioner in other languages"),
                "people.related-person.add": _("added somebody near the patient"),
                "people.covering.set": _("let a colleague cover"),
                "people.covering.end": _("ended that a colleague covers"),
                "people.covering.refuse": _("asked for coverings that are not theirs"),
                "people.delegation.grant": _("let somebody act for them"),
                "people.delegation.record": _("recorded a guardian"),
                "people.delegation.accept": _("said yes to acting for the patient"),
                "people.delegation.end": _("ended that somebody acts for the patient"),
                "people.delegation.begin": _("began to act for the patient"),
                "people.delegation.stop": _("stopped acting for the patient"),
                "people.delegation.read": _("looked at who may act for the patient"),
                "people.delegation.remind": _("reminded that acting for the patient ends soon"),
                "people.delegation.expire": _("ended access that was over"),
                "people.delegation.guess": _("tried an invitation that doesn’t work"),
                "people.delegation.refuse": _("asked who acts for a patient who is not theirs"),
            }
        )
