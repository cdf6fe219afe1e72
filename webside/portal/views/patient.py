"""The patient's home, her consents, and who looked at her record."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from webside.audit.services import record, refuse
from webside.compliance import services as compliance
from webside.core import clock
from webside.portal import selectors

AFTERNOON, EVENING = 12, 17


def _greeting(hour: int) -> str:
    if hour < AFTERNOON:
        return _("Good morning")
    return _("Good afternoon") if hour < EVENING else _("Good evening")


@require_GET
def home(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the next step first, then what comes and what was."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    found = selectors.home(actor, tenant)
    if found is None:
        refuse("portal.home.refuse", actor=actor)
    now = clock.now()
    zone = found.patient.timezone or tenant.timezone
    return render(
        request,
        "portal/patient_home.html",
        {"home": found, "zone": zone, "now": now, "greeting": _greeting(now.astimezone(ZoneInfo(zone)).hour)},
    )


NEWEST_ACCESSES = 20
"""Of the trail at first: a page for a thin line."""
ACCESSES = 2000


@require_GET
def record_access(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who looked at the patient's own record, and what they changed."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    patient = selectors.own_patient(actor)
    if patient is None:
        refuse("portal.home.refuse", actor=actor)
    whole = request.GET.get("all") == "1"
    rows, more = selectors.record_access(actor, limit=ACCESSES if whole else NEWEST_ACCESSES)
    record("portal.record-access.read", actor=actor, patient_id=patient.id, ground="own record")
    context = {"rows": rows, "more": more, "whole": whole, "zone": patient.timezone or tenant.timezone}
    return render(request, "portal/record_access.html", context)


@require_http_methods(["GET", "POST"])
def withdraw_consent(request: HttpRequest, slug: str, consent_id: UUID) -> HttpResponse:
    """Say what withdrawing means, and withdraw."""
    actor = request.actor  # type: ignore[attr-defined]
    consent = selectors.own_consent(actor, consent_id)
    if consent is None:
        refuse("portal.home.refuse", actor=actor, target_type="Consent", target_id=consent_id)
    if request.method == "POST":
        compliance.withdraw_consent(actor=actor, consent=consent)
        messages.success(
            request, _("You took your consent back. Nothing else changes; you can give it again whenever you book.")
        )
        return redirect("portal:home", slug=slug)
    return render(request, "portal/consent_withdraw.html", {"consent": consent})
