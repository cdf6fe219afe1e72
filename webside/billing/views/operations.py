"""The biller's pages."""

from __future__ import annotations

from typing import NoReturn
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from webside.audit.services import record, refuse
from webside.billing import policies, selectors, services


def _refuse(request: HttpRequest) -> NoReturn:
    refuse("billing.claim.refuse", actor=request.actor)  # type: ignore[attr-defined]


def claims(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the draft claims, newest first."""
    if not policies.can_review_claims(request.actor):  # type: ignore[attr-defined]
        _refuse(request)
    found = list(selectors.claims(request.actor)[:200])  # type: ignore[attr-defined]
    return render(request, "billing/claim_list.html", {"claims": found})


def claim(request: HttpRequest, slug: str, claim_id: UUID) -> HttpResponse:
    """Show one claim: its lines, why, what was rejected, what an auditor would find."""
    found = selectors.claim(request.actor, claim_id)  # type: ignore[attr-defined]
    if found is None:
        _refuse(request)
    record(
        "billing.claim.read",
        actor=request.actor,  # type: ignore[attr-defined]
        target=found,
        patient_id=found.patient_id,
        ground="billing",  # type: ignore[attr-defined]
    )
    return render(
        request,
        "billing/claim_detail.html",
        {
            "claim": found,
            "items": found.items.all(),
            "diagnoses": selectors.diagnoses_of(found),
            "fact_rows": selectors.fact_rows(found),
            "open_facts": selectors.in_words(found.not_checked),
        },
    )


@require_POST
def review(request: HttpRequest, slug: str, claim_id: UUID) -> HttpResponse:
    """Mark a claim as looked through."""
    found = selectors.claim(request.actor, claim_id)  # type: ignore[attr-defined]
    if found is None:
        _refuse(request)
    services.review_claim(actor=request.actor, claim=found)  # type: ignore[attr-defined]
    messages.success(request, _("Marked as looked through."))
    return redirect("billing:claim-detail", slug=slug, claim_id=claim_id)
