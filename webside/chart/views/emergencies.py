"""A chart in an emergency: opening it, ending that, and what compliance makes of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record
from webside.chart import policies, selectors, services
from webside.chart.forms import EmergencyForm
from webside.chart.views._doors import refuse
from webside.core.actor import Role
from webside.ui.paging import page_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_one(request: HttpRequest, slug: str) -> HttpResponse:
    """Say whose chart and why, and open it. Whom nobody is found for, and whom several are, look the same."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.has(Role.CLINICIAN):
        refuse(request, "chart.emergency.open", "Patient", actor.user_id)
    form = EmergencyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        record("people.patient.search", actor=actor, ground="emergency access", reason=given["reason"])
        patient = selectors.found_for_emergency(
            actor, family=given["family"], born=given["birth_date"], record_number=given["record_number"]
        )
        if patient is None:
            form.add_error(
                None, _("Nobody was found, or more than one. Give the record number, or name and birth date exactly.")
            )
        elif policies.treats(actor, patient.id):
            return redirect("chart:patient-detail", slug=slug, patient_id=patient.id)
        else:
            try:
                services.open_in_emergency(actor=actor, patient=patient, reason=given["reason"])
            except services.Invalid as error:
                for text in error.errors.get("reason", []):
                    form.add_error("reason", text)
            else:
                return redirect("chart:patient-detail", slug=slug, patient_id=patient.id)
    return render(request, "chart/emergency_open.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def end(request: HttpRequest, slug: str, access_id: UUID) -> HttpResponse:
    """Close a chart before its time."""
    actor = request.actor  # type: ignore[attr-defined]
    access = selectors.emergency_access(actor, access_id)
    if access is None:
        refuse(request, "chart.emergency.end", "EmergencyAccess", access_id)
    services.end_emergency(actor=actor, access=access)  # type: ignore[arg-type]
    messages.success(request, _("The chart is closed again."))
    if policies.can_review_emergencies(actor):
        return redirect("chart:emergency-list", slug=slug)
    return redirect("chart:patient-list", slug=slug)


@never_cache
@require_safe
def listed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show charts that were opened in an emergency, those without a finding first."""
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_review_emergencies(actor):
        refuse(request, "chart.emergency.read", "EmergencyAccess", actor.user_id)
    record("chart.emergency.read", actor=actor, ground="oversight")
    page = page_of(selectors.emergency_accesses(actor), request.GET.get("page"))
    kept = request.session.pop(KEPT, None) if KEPT in request.session else None
    return render(request, "chart/emergency_list.html", {"page": page, "refused": kept or {}})


KEPT = "chart.emergency.refused"
"""In the session: which finding was refused for want of a note, for the one page that says so."""


@require_POST
def review(request: HttpRequest, slug: str, access_id: UUID) -> HttpResponse:
    """Keep what compliance makes of one."""
    actor = request.actor  # type: ignore[attr-defined]
    access: Any = selectors.emergency_access(actor, access_id) if policies.can_review_emergencies(actor) else None
    if access is None:
        refuse(request, "chart.emergency.review", "EmergencyAccess", access_id)
    page = reverse("chart:emergency-list", args=[slug])
    try:
        services.review_emergency(
            actor=actor, access=access, finding=request.POST.get("finding", ""), note=request.POST.get("note", "")
        )
    except services.Invalid as error:
        request.session[KEPT] = {"of": str(access_id), "text": next(iter(error.errors.values()))[0]}
        return HttpResponseRedirect(page)
    except services.NotAllowed:
        messages.info(request, _("Somebody has reviewed it already."))
    else:
        messages.success(request, _("Kept."))
    return HttpResponseRedirect(page)
