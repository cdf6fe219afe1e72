"""What patients read of those who give care: an administrator says it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from webside.audit.services import refuse
from webside.people import selectors as people
from webside.people import services
from webside.portal.forms import DescribeForm
from webside.portal.views._administrator import administrator
from webside.ui.kept import Kept, ask_again, forget, kept_for

ACTION = "people.practitioner.describe"


@require_safe
def everybody(request: HttpRequest, slug: str) -> HttpResponse:
    """Show of each who gives care what patients read."""
    found = people.practitioners(administrator(request, ACTION))
    return render(request, "portal/described.html", {"people": [(each, people.spoken(each)) for each in found]})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str, practitioner_id: UUID) -> HttpResponse:
    """Say what patients read of somebody who gives care."""
    actor = administrator(request, ACTION)
    found = people.practitioner(actor, practitioner_id)
    if found is None:
        refuse(ACTION, actor=actor, target_type="Practitioner", target_id=practitioner_id)
    if request.method != "POST":
        kept = kept_for(request)
        form = DescribeForm(kept.data if kept else None, row=found)
        return render(request, "portal/described_change.html", {"person": found, "form": form})
    form = DescribeForm(request.POST, row=found)
    if not form.is_valid():
        return ask_again(request, Kept.of(form))
    services.describe_practitioner(actor=actor, practitioner=found, **form.cleaned_data)
    forget(request)
    messages.success(request, _("Kept. Patients read it from now on: %(name)s.") % {"name": found.display_name})
    return redirect("portal:described", slug=slug)
