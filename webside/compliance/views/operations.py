"""The compliance officer's pages: who looked and what changed, overrides, licences."""

from __future__ import annotations

import csv
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from webside.audit import sentences
from webside.audit.services import record, record_refusal
from webside.compliance import policies, selectors, services
from webside.compliance.forms import LicenceForm
from webside.core import clock
from webside.core.actor import Actor
from webside.people import selectors as people

PAGE = 100
FILTER_NAMES = {
    "everything": gettext_lazy("Everything"),
    "looked": gettext_lazy("Looked"),
    "changed": gettext_lazy("Changed"),
    "overrides": gettext_lazy("Overrides"),
    "refused": gettext_lazy("Refused"),
}


def _officer(request: HttpRequest, *, may: Any = policies.can_see_trail) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not may(actor):
        record_refusal("compliance.page.refuse", actor=actor)
        raise Http404
    return actor


def _patient_id(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("patient", ""))
    except ValueError:
        return None


def trail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who looked at and changed records, newest first; of one patient where one is named."""
    actor = _officer(request)
    chosen = request.GET.get("show", "everything")
    if chosen not in selectors.TRAIL_FILTERS:
        chosen = "everything"
    patient_id = _patient_id(request)
    record("compliance.trail.read", actor=actor, patient_id=patient_id, ground="compliance")
    before = request.GET.get("before", "")
    events = selectors.filtered_trail(chosen, patient_id=patient_id)
    if before.isdigit():
        events = events.filter(sequence__lt=int(before))
    rows = list(events[: PAGE + 1])
    names = selectors.patients_named(row.patient_id for row in rows if row.patient_id)
    counts = selectors.trail_counts(patient_id=patient_id)
    return render(
        request,
        "compliance/trail.html",
        {
            "entries": [
                {"event": row, "sentence": sentences.sentence(row.action), "patient": names.get(row.patient_id, "")}
                for row in rows[:PAGE]
            ],
            "filters": [
                {"name": name, "label": FILTER_NAMES[name], "count": counts[name], "current": name == chosen}
                for name in selectors.TRAIL_FILTERS
            ],
            "chosen": chosen,
            "patient": people.patient(actor, patient_id) if patient_id else None,
            "more": rows[PAGE - 1].sequence if len(rows) > PAGE else None,
            "state": selectors.trail_state(),
            "ending": list(selectors.licences_ending(actor)[:5]),
            "today": clock.now().date(),
            "found": request.session.pop("trail_verified", None),
        },
    )


@require_POST
def verify(request: HttpRequest, slug: str) -> HttpResponse:
    """Check the trail now and show what was found."""
    found = services.verify_trail(actor=_officer(request))
    request.session["trail_verified"] = {
        "whole": found.whole, "rows": found.rows, "seals": found.seals, "unsealed": found.unsealed,
        "head": found.head[:16], "wrong": found.wrong[:20],
    }  # fmt: skip
    return redirect("compliance:trail", slug=slug)


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def trail_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Export the trail as CSV."""
    actor = _officer(request)
    patient_id = _patient_id(request)
    record("compliance.trail.export", actor=actor, patient_id=patient_id, ground="compliance")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="trail.csv"'
    writer = csv.writer(answer)
    writer.writerow(["time", "who", "roles", "did", "outcome", "patient", "ground", "reason", "from"])
    for event in selectors.filtered_trail("everything", patient_id=patient_id)[:50_000]:
        writer.writerow(
            _harmless(str(cell))
            for cell in (
                event.at.isoformat(),
                event.actor_label,
                event.actor_roles,
                sentences.sentence(event.action),
                event.outcome,
                event.patient_id or "",
                event.ground,
                event.reason,
                event.remote,
            )
        )
    return answer


def overrides(request: HttpRequest, slug: str) -> HttpResponse:
    """Show every override with its reason."""
    actor = _officer(request)
    record("compliance.trail.read", actor=actor, ground="overrides")
    rows = selectors.overrides()
    names = selectors.patients_named(row["event"].patient_id for row in rows if row["event"].patient_id)
    for row in rows:
        row["patient"] = names.get(row["event"].patient_id, "")
    return render(request, "compliance/overrides.html", {"rows": rows})


@require_POST
def override_review(request: HttpRequest, slug: str, override_id: UUID) -> HttpResponse:
    """Note what compliance makes of an override."""
    actor = _officer(request)
    event = selectors.filtered_trail("overrides").filter(id=override_id).first()
    if event is None or request.POST.get("verdict") not in services.REVIEWS:
        raise Http404
    services.review_override(actor=actor, event=event, verdict=request.POST["verdict"])
    messages.success(request, _("Noted."))
    return redirect("compliance:overrides", slug=slug)


def licences(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who is licensed where, and what ends first."""
    actor = _officer(request, may=policies.can_see_licences)
    return render(
        request,
        "compliance/licences.html",
        {
            "licences": list(selectors.licences(actor)),
            "today": clock.now().date(),
            "practitioners": list(people.practitioners(actor)),
            "may_change": policies.can_change_licences(actor),
        },
    )


@require_http_methods(["GET", "POST"])
def licence_add(request: HttpRequest, slug: str, practitioner_id: UUID) -> HttpResponse:
    """Add a verified licence to a practitioner."""
    actor = _officer(request, may=policies.can_change_licences)
    practitioner = people.practitioner(actor, practitioner_id)
    if practitioner is None:
        raise Http404
    form = LicenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.add_licence(actor=actor, practitioner=practitioner, **form.cleaned_data)
        messages.success(request, _("The licence is on file."))
        return redirect("compliance:licences", slug=slug)
    return render(
        request,
        "compliance/licence_form.html",
        {"form": form, "practitioner": practitioner},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def licence(request: HttpRequest, slug: str, licence_id: UUID) -> HttpResponse:
    """Change a licence after verifying it again."""
    actor = _officer(request, may=policies.can_change_licences)
    found = selectors.licences(actor).filter(id=licence_id).first()
    if found is None:
        raise Http404
    form = LicenceForm(request.POST or None, initial={name: getattr(found, name) for name in LicenceForm.base_fields})
    if request.method == "POST" and form.is_valid():
        services.change_licence(actor=actor, licence=found, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("compliance:licences", slug=slug)
    return render(
        request,
        "compliance/licence_form.html",
        {"form": form, "practitioner": found.practitioner, "licence": found},
        status=422 if form.errors else 200,
    )
