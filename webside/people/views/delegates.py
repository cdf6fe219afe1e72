"""The patient's page of who may act for her."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record, refuse
from webside.people import selectors, services
from webside.people.forms import DelegateForm
from webside.people.views._invitations import link_to


def _herself(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    patient = selectors.patient_of(actor)
    if patient is None:
        refuse("people.delegation.refuse", actor=actor)
    return patient


@never_cache
@require_safe
def listed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who may act for the patient who looks."""
    patient = _herself(request)
    record("people.delegation.read", actor=request.actor, patient_id=patient.id, ground="own record")  # type: ignore[attr-defined]
    return render(request, "people/delegate_list.html", {"delegates": selectors.delegates_of(patient)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Let somebody act for the patient who asks."""
    patient = _herself(request)
    form = DelegateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            services.grant_delegation(
                actor=request.actor, patient=patient, expires_at=given.pop("lasts"), link_to=link_to(request), **given  # type: ignore[attr-defined]
            )  # fmt: skip
        except services.NotForOneself:
            form.add_error("email", _("This is your own address. Enter that of the person who acts for you."))
        except services.TooMany:
            form.add_error(None, _("You have asked as many people as you can in one day. Try again tomorrow."))
        else:
            messages.success(
                request,
                _("The invitation is on its way to %(name)s. It works for 7 days.") % {"name": given["name"]},
            )
            return redirect("people:delegate-list", slug=slug)
    return render(request, "people/delegate_add.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def end(request: HttpRequest, slug: str, delegation_id: UUID) -> HttpResponse:
    """End a grant at once: who gave it, who has it, or the front desk."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.delegation(actor, delegation_id)
    if found is None:
        refuse("people.delegation.end", actor=actor, target_type="Delegation", target_id=delegation_id)
    services.end_delegation(actor=actor, delegation=found)
    messages.success(
        request, _("%(name)s can no longer act for %(given)s.") % {"name": found.name, "given": found.patient.given}
    )
    if found.patient.user_id == actor.user_id:
        return redirect("people:delegate-list", slug=slug)
    if found.user_id == actor.user_id:
        return redirect("people:acting", slug=slug)
    return redirect("people:guardian-list", slug=slug, patient_id=found.patient_id)
