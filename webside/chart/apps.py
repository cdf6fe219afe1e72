"""The app ``chart``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChartConfig(AppConfig):
    """Encounters, notes, diagnoses and the lists that last."""

    name = "webside.chart"

    def ready(self) -> None:
        """Register rules, resources, gates, places in the navigation and the words of the trail."""
        import webside.chart.rules.vitals  # noqa: F401
        from webside.audit import sentences
        from webside.chart import fhir, gates, handlers, panels, texts
        from webside.core import files, schema, upgrades
        from webside.core.actor import Role
        from webside.ui import registry as navigation
        from webside.ui import texts as words
        from webside.ui.registry import NavItem

        # The table of codes is the same for all: only the owner loads it.
        schema.limit_grants("chart_diagnosiscode", app="SELECT")
        upgrades.register("load_icd10cm")
        fhir.register()
        files.owned_by("chart.Document", "content", "preview")
        gates.register()
        handlers.register()
        panels.register()
        words.register(texts.TEXTS)
        navigation.register(
            NavItem("staff", _("Notes"), "note", "chart:note-list", order=30, key="n",
                    roles=frozenset({Role.CLINICIAN, Role.COACH}), count=panels.notes_to_sign),
            NavItem("staff", _("Patients"), "people", "chart:patient-list", order=10, key="p",
                    roles=frozenset({Role.CLINICIAN, Role.COACH}), group=2),
            NavItem("staff", _("To do"), "check", "chart:to-do", order=35, bar=False),
            NavItem("patient", _("Your plan"), "list", "chart:plan-own", order=15, bar=False, account=True,
                    roles=frozenset({Role.PATIENT})),
            NavItem("staff", _("Emergency"), "unlock", "chart:emergency-open", order=80, group=2, bar=False,
                    roles=frozenset({Role.CLINICIAN})),
            NavItem("staff", _("Emergency access"), "unlock", "chart:emergency-list", order=25, key="e",
                    roles=frozenset({Role.COMPLIANCE}), count=panels.emergencies_to_review),
        )  # fmt: skip
        navigation.register_search("chart:patient-list", {Role.CLINICIAN, Role.COACH})
        sentences.register(
            {
                "chart.encounter.start": _("began an encounter"),
                "chart.encounter.take": _("went on with an encounter that a colleague had begun"),
                "chart.encounter.finish": _("closed an encounter"),
                "chart.encounter.cancel": _("noted that an encounter did not come about"),
                "chart.encounter.read": _("looked at an encounter"),
                "chart.emergency.open": _("opened the chart in an emergency"),
                "chart.emergency.end": _("closed a chart that was open in an emergency"),
                "chart.emergency.review": _("reviewed an emergency access"),
                "chart.emergency.read": _("looked at who opened charts in an emergency"),
                "chart.note.save": _("wrote in a note"),
                "chart.note.sign": _("signed a note"),
                "chart.addendum.add": _("added to a signed note"),
                "chart.diagnosis.add": _("added a diagnosis"),
                "chart.diagnosis.remove": _("took a diagnosis off an encounter"),
                "chart.diagnosis.order": _("changed the order of the diagnoses"),
                "chart.diagnosis.search": _("looked for a diagnosis"),
                "chart.problem.add": _("added a problem to the list"),
                "chart.allergy.add": _("added an allergy to the list"),
                "chart.medication.add": _("added a medicine to the list"),
                "chart.list-entry.end": _("took an entry off a list"),
                "chart.list-entry.restore": _("put an entry back on a list"),
                "chart.list.confirm": _("confirmed a list with the patient"),
                "chart.document.keep": _("kept a picture in the chart, with the patient’s agreement"),
                "chart.document.withdraw": _("took back the agreement to a picture in the chart"),
                "chart.document.preview": _("was shown a small picture of the chart"),
                "chart.document.read": _("looked at a picture of the chart"),
                "chart.plan.add": _("made a plan"),
                "chart.plan.change": _("changed the day of a plan"),
                "chart.plan.agree": _("noted that people agreed on a plan"),
                "chart.plan.take-over": _("took a plan over"),
                "chart.plan.close": _("closed a plan"),
                "chart.plan.read": _("looked at a plan"),
                "chart.plan-step.add": _("added a step to a plan"),
                "chart.plan-step.change": _("changed a step of a plan"),
                "chart.plan-step.move": _("changed the order of a plan’s steps"),
                "chart.plan-step.finish": _("marked a step of a plan as done"),
                "chart.plan-step.reopen": _("opened a step of a plan again"),
                "chart.plan-step.give-up": _("gave up a step of a plan"),
                "chart.to-do.read": _("looked at what is theirs to do"),
                "chart.transfer.emergency": _("noted that a visit turned into an emergency"),
                "chart.transfer.in-person": _("noted that a patient must be seen in person"),
                "chart.transfer.call": _("noted that the emergency number was called"),
                "chart.transfer.change": _("wrote what is sent ahead of a patient"),
                "chart.transfer.help-there": _("noted whether help is with a patient"),
                "chart.transfer.contact": _("noted who took a patient over"),
                "chart.transfer.check": _("checked what is sent ahead of a patient"),
                "chart.transfer.send-ahead": _("sent ahead what was checked of a patient"),
                "chart.transfer.end-ahead": _("ended a link that was sent ahead of a patient"),
                "chart.transfer.open-ahead": _("gave the code of a link that was sent ahead of a patient"),
                "chart.transfer.guess-ahead": _("opened a link to what is sent ahead that nobody made"),
                "chart.transfer.close": _("noted what became of a patient who was sent elsewhere"),
                "chart.transfer.reopen": _("opened again what became of a patient who was sent elsewhere"),
                "chart.transfer.read": _("looked at what a visit turned into"),
                "chart.transfer-sheet.read": _("looked at what is sent ahead of a patient"),
                "chart.transfer-sheet.download": _("saved what is sent ahead of a patient as PDF"),
                "chart.vitals.add": _("entered vital signs"),
                "chart.patient.read": _("looked at the chart"),
                "chart.patient.search": _("looked through their patients"),
                "chart.summary.read": _("looked at the summary of a visit"),
                "chart.summary.identify": _("gave a date of birth to read a summary by a link"),
                "chart.summary.download": _("saved the summary of a visit as PDF"),
            }
        )
