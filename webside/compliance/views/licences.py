"""Licences and credentials: what decides whom somebody may treat."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from webside.compliance import policies, selectors, services
from webside.compliance.forms import CredentialingForm, LicenceForm
from webside.compliance.views._guard import not_here, officer
from webside.people import selectors as people


def licences(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who is licensed where, what ends first, and until when each is credentialed."""
    actor = officer(request, may=policies.can_see_licences)
    rows = selectors.licence_rows(selectors.licences(actor))
    return render(
        request,
        "compliance/licences.html",
        {
            "rows": rows,
            "booked_known": any(row.booked is not None for row in rows),
            "colleagues": selectors.colleagues(actor),
            "may_change": policies.can_change_licences(actor),
        },
    )


def _licence_page(
    request: HttpRequest, form: LicenceForm, practitioner: Any, licence: Any, *, refused: bool
) -> HttpResponse:
    facts = form.as_facts() if form.is_bound else selectors.facts_of(licence) if licence else None
    reach = selectors.reach(practitioner, licence=facts, instead_of=licence) if facts else None
    context = {"form": form, "practitioner": practitioner, "licence": licence, "reach": reach}
    if request.headers.get("HX-Request") == "true":
        return render(request, "compliance/_reach.html", context)
    return render(request, "compliance/licence_form.html", context, status=422 if refused else 200)


@require_http_methods(["GET", "POST"])
def licence_add(request: HttpRequest, slug: str, practitioner_id: UUID) -> HttpResponse:
    """Add a verified licence to a practitioner; show first what it would allow."""
    actor = officer(request, may=policies.can_change_licences)
    practitioner = people.practitioner(actor, practitioner_id)
    if practitioner is None:
        not_here(actor, "Practitioner", practitioner_id)
    form = LicenceForm(request.POST or None)
    save = request.method == "POST" and "preview" not in request.POST
    valid = form.is_valid()
    if save and valid:
        services.add_licence(actor=actor, practitioner=practitioner, **form.cleaned_data)
        messages.success(request, _("The licence is on file."))
        return redirect("compliance:licences", slug=slug)
    return _licence_page(request, form, practitioner, None, refused=save)


@require_http_methods(["GET", "POST"])
def licence(request: HttpRequest, slug: str, licence_id: UUID) -> HttpResponse:
    """Change a licence after verifying it again."""
    actor = officer(request, may=policies.can_change_licences)
    found = selectors.licences(actor).filter(id=licence_id).first()
    if found is None:
        not_here(actor, "Licence", licence_id)
    form = LicenceForm(request.POST or None, initial={name: getattr(found, name) for name in LicenceForm.base_fields})
    save = request.method == "POST" and "preview" not in request.POST
    valid = form.is_valid()
    if save and valid:
        services.change_licence(actor=actor, licence=found, **form.cleaned_data)
        messages.success(request, _("The licence is changed."))
        return redirect("compliance:licences", slug=slug)
    return _licence_page(request, form, found.practitioner, found, refused=save)


@require_http_methods(["GET", "POST"])
def credentialing(request: HttpRequest, slug: str, practitioner_id: UUID) -> HttpResponse:
    """Note until when somebody is credentialed, and what the exclusion lists say."""
    actor = officer(request, may=policies.can_change_licences)
    colleague = next((each for each in selectors.colleagues(actor) if each.practitioner.id == practitioner_id), None)
    if colleague is None:
        not_here(actor, "Practitioner", practitioner_id)
    kept = colleague.credentialing
    form = CredentialingForm(
        request.POST or None, initial={"credentialed_until": kept.credentialed_until if kept else None}
    )
    if request.method == "POST" and form.is_valid():
        services.set_credentialing(actor=actor, practitioner=colleague.practitioner, **form.details())
        messages.success(request, _("The credentials are on file."))
        return redirect("compliance:licences", slug=slug)
    return render(
        request,
        "compliance/credentialing_form.html",
        {"form": form, "colleague": colleague},
        status=422 if form.errors else 200,
    )
