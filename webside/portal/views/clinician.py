"""The day of a clinician or a coach."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webside.audit.services import record, refuse
from webside.chart import panels as chart
from webside.portal import panels, selectors
from webside.scheduling import selectors as scheduling
from webside.scheduling.views.waiting import DUTY_HOURS
from webside.ui.registry import counted
from webside.visits import selectors as visits

FRAGMENTS = {"list": "portal/_day_list.html", "next": "portal/_day_next.html"}
VIEWS = ("", "visits", "notes")


def _asked(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("of", ""))
    except ValueError:
        return None


@require_GET
def day(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who waits, who comes, and what is to be signed; beside it what must be known before the next visit.

    ``?part=list`` and ``?part=next`` give the fragments that follow what changes; neither reads a chart.
    """
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    found = selectors.day(actor, tenant)
    if found is None:
        refuse("portal.home.refuse", actor=actor)
    shown = request.GET.get("show", "")
    context: dict[str, Any] = {
        "day": found,
        "zone": found.practitioner.timezone or tenant.timezone,
        "shown": shown if shown in VIEWS else "",
        "coach": found.practitioner.profession == "coach",
        "asked": visits.asked_of(actor),
    }
    # The fragments stay with the visit whose chart stands beside them, whoever comes next meanwhile.
    context["row"] = found.row(_asked(request) if request.GET.get("part") else None)
    context["checks"] = selectors.checks(context["row"], found.licences) if context["row"] else []
    fragment = FRAGMENTS.get(request.GET.get("part", ""))
    if fragment:
        return render(request, fragment, context)
    context["line"] = scheduling.strip_of(found.practitioner)
    context["hours"] = DUTY_HOURS
    counted(request, panels.today, panels.said_of(*found.counts))
    counted(request, chart.notes_to_sign, chart.said_of(found.to_sign))
    # A coach is no part of the medical record: what the chart holds stays closed.
    if found.next is not None and not context["coach"]:
        context["brief"] = selectors.brief(found.next)
        record(
            "chart.patient.read",
            actor=actor,
            patient_id=found.next.appointment.patient_id,
            ground="treating, before the visit",
        )
    return render(request, "portal/day.html", context)
