"""What the patient takes home, as a page and as a PDF."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from webside.audit.services import record
from webside.chart import selectors
from webside.chart.engines import paper
from webside.chart.views._doors import refuse


def _summary(request: HttpRequest, encounter_id: UUID, action: str) -> selectors.Summary:
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.summary(actor, encounter_id)
    if found is None:
        refuse(request, action, "Encounter", encounter_id)
    own = not actor.is_staff or found.encounter.patient.user_id == actor.user_id  # type: ignore[union-attr]
    record(
        action,
        actor=actor,
        target=found.encounter,  # type: ignore[union-attr]
        patient_id=found.encounter.patient_id,  # type: ignore[union-attr]
        ground="own record" if own else selectors.ground_of(actor, found.encounter),  # type: ignore[union-attr]
    )
    return found  # type: ignore[return-value]


@require_safe
def summary(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Show the summary. Until it is signed the patient reads that it is being written."""
    found = _summary(request, encounter_id, "chart.summary.read")
    actor: Any = request.actor  # type: ignore[attr-defined]
    mine = not actor.is_staff or found.encounter.patient.user_id == actor.user_id
    context = {"summary": found, "encounter": found.encounter, "zone": found.zone, "mine": mine}
    if not found.ready and mine:
        return render(request, "chart/summary_waiting.html", context)
    return render(request, "chart/summary.html", context)


@require_safe
def summary_pdf(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Give the signed summary as a tagged PDF (PDF/UA-1)."""
    found = _summary(request, encounter_id, "chart.summary.download")
    if not found.ready:
        refuse(request, "chart.summary.download", "Encounter", encounter_id)
    content = paper.summary_pdf(found, language=translation.get_language() or "en")
    day = found.encounter.started_at.astimezone(ZoneInfo(found.zone)).date().isoformat()
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="visit-summary-{day}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
