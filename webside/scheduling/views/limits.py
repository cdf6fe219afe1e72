"""How each service may be booked: what stays free around a visit, how many a day, how soon; who shows a screen in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from webside.audit.services import refuse
from webside.catalog import policies as catalog_policies
from webside.catalog import selectors as catalog
from webside.catalog import services as catalog_services
from webside.catalog.codes import Kind, ScreenSharing
from webside.scheduling.forms import LimitsForm
from webside.ui.kept import Kept, ask_again, forget, kept_for


def _guard(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not catalog_policies.can_set_limits(actor):
        refuse("catalog.service.limits", actor=actor)
    return actor


@require_safe
def everything(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how each service that takes bookings may be booked."""
    actor = _guard(request)
    groups = catalog.services_by_kind(actor)
    rows = [service for group in groups if group.kind != Kind.TELECARE for service in group.services]
    return render(request, "scheduling/limits.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Change how one service may be booked. What is booked stays booked."""
    actor = _guard(request)
    service = catalog.service(actor, service_id)
    if service is None or service.kind == Kind.TELECARE:
        refuse("catalog.service.limits", actor=actor, target_type="HealthcareService", target_id=service_id)
    if request.method == "POST":
        form = LimitsForm(request.POST)
        if not form.is_valid():
            return ask_again(request, Kept.of(form))
        given = form.cleaned_data
        catalog_services.set_limits(
            actor=actor, service=service, minutes_before=given["minutes_before"], minutes_after=given["minutes_after"],
            most_a_day=given["most_a_day"], notice_minutes=given["notice_hours"] * 60,
            furthest_days=given["furthest_days"],
        )  # fmt: skip
        sharing = ScreenSharing(given["screen_sharing"] or service.screen_sharing)
        if sharing != service.screen_sharing:
            catalog_services.set_screen_sharing(actor=actor, service=service, who=sharing)
        forget(request)
        messages.success(request, _("Changed. It holds for what is booked from now on; what is booked stays."))
        return HttpResponseRedirect(reverse("scheduling:limits", args=[slug]))
    kept = kept_for(request)
    initial = {
        "minutes_before": service.minutes_before,
        "minutes_after": service.minutes_after,
        "most_a_day": service.most_a_day,
        "notice_hours": service.notice_minutes // 60,
        "furthest_days": service.furthest_days,
        "screen_sharing": service.screen_sharing,
    }
    form = LimitsForm(kept.data if kept else None, initial=initial)
    return render(request, "scheduling/limits_change.html", {"service": service, "form": form})
