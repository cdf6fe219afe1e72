"""Who covers for whom: a clinician's own, the front desk's of all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webside.audit.services import refuse
from webside.core.actor import Role
from webside.people import policies, selectors, services
from webside.people.forms import CoveringForm


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who covers for whom now and to come; let a colleague cover."""
    actor, zone = request.actor, request.tenant.timezone  # type: ignore[attr-defined]
    if not actor.has(Role.CLINICIAN, Role.COORDINATOR):
        refuse("people.covering.refuse", actor=actor)
    clinicians = selectors.clinicians()
    absent = (
        clinicians if actor.has(Role.COORDINATOR) else [each for each in clinicians if each.user_id == actor.user_id]
    )
    form = CoveringForm(request.POST if request.method == "POST" else None, absent=absent, cover=clinicians)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.set_covering(actor=actor, **form.cleaned_data)
        except services.NoSuchCover:
            form.add_error(None, _("Choose two different people, and a time ahead of at most 60 days."))
        else:
            messages.success(request, _("%(name)s covers.") % {"name": made.cover.display_name})
            return redirect("people:covering-list", slug=slug)
    rows = [
        {"covering": each, "may_end": policies.can_set_covering(actor, each.absent)}
        for each in selectors.coverings(actor)
    ]
    context: dict[str, Any] = {"rows": rows, "form": form if absent else None, "zone": zone}
    return render(request, "people/covering_list.html", context, status=422 if form.errors else 200)


@require_POST
def end(request: HttpRequest, slug: str, covering_id: UUID) -> HttpResponse:
    """End a covering at once."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.coverings(actor).filter(id=covering_id).first()
    if found is None or not policies.can_set_covering(actor, found.absent):
        refuse("people.covering.end", actor=actor, target_type="Covering", target_id=covering_id)
    services.end_covering(actor=actor, covering=found)
    messages.success(request, _("%(name)s no longer covers.") % {"name": found.cover.display_name})
    return redirect("people:covering-list", slug=slug)
