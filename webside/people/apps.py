"""The app ``people``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """Patients and the people who care for them."""

    name = "webside.people"

    def ready(self) -> None:
        """Register resources and the words of the trail."""
        from webside.audit import sentences
        from webside.people import fhir

        fhir.register()
        sentences.register(
            {
                "people.patient.register": _("registered the patient"),
                "people.patient.change": _("changed contact details"),
                "people.patient.read": _("looked at the patient to book"),
                "people.patient.search": _("looked for a patient by name"),
                "people.practitioner.add": _("added a practitioner"),
                "people.related-person.add": _("added somebody near the patient"),
            }
        )
