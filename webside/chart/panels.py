"""The numbers beside the chart's places in the navigation, counted once a page; what stands on the chart and beside a call."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from webside.chart import policies, selectors
from webside.chart.codes import TransferKind
from webside.chart.forms import TransferForm
from webside.core.actor import Role
from webside.people.models import Patient
from webside.ui import panels
from webside.ui.registry import NavCount


def notes_to_sign(request: HttpRequest) -> NavCount | None:
    """Say how many notes wait for the signature of whoever asks."""
    return said_of(selectors.unsigned_notes(request.actor).count())  # type: ignore[attr-defined]


def said_of(number: int) -> NavCount | None:
    """Return the number beside *Notes* for so many that wait for a signature."""
    return NavCount(number, _("to sign")) if number else None


def emergencies_to_review(request: HttpRequest) -> NavCount | None:
    """Say how many charts were opened in an emergency and wait for a finding."""
    number = selectors.to_review(request.actor)  # type: ignore[attr-defined]
    return NavCount(number, _("to review"), "warning") if number else None


def plans_beside(request: HttpRequest, visit: Any, **_more: Any) -> str:
    """Draw where the patient's plans are shown beside a call; they fetch themselves, so that the room asks for no more."""
    if not request.actor.has(Role.CLINICIAN):  # type: ignore[attr-defined]
        return ""
    context = {"patient_id": visit.appointment.patient_id, "of_encounter": visit.encounter_id}
    return render_to_string("chart/_plans_beside.html", context, request)


def turn_beside(request: HttpRequest, encounter: Any, **_more: Any) -> str:
    """Draw the ways out of a call, at hand before anything is fetched; what it turned into by now fetches itself.

    The encounter came with what it turned into, and whoever shows the room has guarded it: nothing is asked for.
    """
    actor = request.actor  # type: ignore[attr-defined]
    kinds = {each.kind for each in selectors.turned_into(encounter)}
    context = {
        "encounter": encounter,
        "may_transfer": policies.can_transfer(actor, encounter),
        "kinds": kinds,
        "later": bool(kinds),
        "begin": TransferForm(kind=TransferKind.IN_PERSON),
        "beside": True,
    }
    return render_to_string("chart/_transfer.html", context, request)


def plans_on_chart(request: HttpRequest, patient: Patient, **_more: Any) -> str:
    """Draw the plans that hold, each as a line, on the page of a chart, whose guard was asked."""
    zone = request.tenant.timezone  # type: ignore[attr-defined]
    context = {"patient": patient, "lines": selectors.plan_lines(patient, zone)}
    return render_to_string("chart/_plan_lines.html", context, request)


def where_to_go(request: HttpRequest, visit: Any, **_more: Any) -> str:
    """Say to the patient, on the page on which her visit has ended, where she is to go; nothing where it stayed a visit."""
    found = selectors.told_where_to_go(request.actor, visit.encounter_id)  # type: ignore[attr-defined]
    return render_to_string("chart/_go_to.html", {"go": found}, request) if found is not None else ""


def register() -> None:
    """Fill the slots."""
    panels.register("visits.ended", "chart.transfer", where_to_go)
    panels.register("visits.turn", "chart.transfer", turn_beside)
    panels.register("visits.beside", "chart.plans", plans_beside, order=30)
    panels.register("chart.patient", "chart.plans", plans_on_chart, order=10)
