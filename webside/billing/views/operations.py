"""The biller's pages."""

from __future__ import annotations

from typing import Any, NoReturn
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record, refuse
from webside.billing import policies, selectors, services
from webside.billing.codes import ClaimState
from webside.ui.paging import page_of
from webside.ui.spreadsheet import MOST, csv_file
from webside.visits import selectors as visits


def _refuse(request: HttpRequest) -> NoReturn:
    refuse("billing.claim.refuse", actor=request.actor)  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def claims(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the draft claims of one state or all, a page of them. A name is looked for by POST: it stands in no address."""
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_review_claims(actor):
        _refuse(request)
    words = request.POST.get("q", "").strip()[:80]
    record("billing.claim.search" if words else "billing.claim-list.read", actor=actor, ground="billing")
    state, oldest_first = _asked_for(request)
    found = selectors.claims(actor, words)
    counts = selectors.claim_counts(found)
    number = counts[state] if state else sum(counts.values())
    asked = (request.POST if words else request.GET).get("page")
    page = page_of(selectors.claims_listed(found, state, oldest_first=oldest_first), asked, count=number)
    kept = {"show": state or "", "order": "oldest" if oldest_first else ""}
    order = {"show": kept["show"], "order": "" if oldest_first else "oldest"}
    context = {
        "claims": selectors.claim_rows(page.object_list),
        "page": page,
        "words": words,
        "kept": {name: value for name, value in kept.items() if value},
        "chips": [] if words else _chips(counts, state, kept["order"]),
        "oldest_first": oldest_first,
        "other_order": _address(order),
        "export_url": reverse("billing:claim-csv", args=[slug]) + _address(kept),
    }
    return render(request, "billing/claim_list.html", context)


def _asked_for(request: HttpRequest) -> tuple[ClaimState | None, bool]:
    """Return which state an address asks for (all: nothing), and whether the oldest come first."""
    shown = request.GET.get("show", "")
    return ClaimState(shown) if shown in set(ClaimState) else None, request.GET.get("order") == "oldest"


@require_safe
def claims_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Save the claims of one state or all as CSV, every page of them."""
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_review_claims(actor):
        _refuse(request)
    record("billing.claim.export", actor=actor, ground="billing")
    state, oldest_first = _asked_for(request)
    found = selectors.claims_listed(selectors.claims(actor), state, oldest_first=oldest_first)[: MOST + 1]
    heads = (_("Visit"), _("Patient"), _("Clinician"), _("Payer"), _("Codes"), _("State"))
    rows = selectors.claim_rows(found.iterator(2000))
    return csv_file("claims", heads, (_cells(row) for row in rows))


def _cells(row: selectors.ClaimRow) -> tuple[Any, ...]:
    return row.service_date, row.patient, row.clinician, row.payer, ", ".join(row.codes), _STATES[row.state]


_STATES = {
    None: gettext_lazy("All"),
    ClaimState.TO_REVIEW: gettext_lazy("To look through"),
    ClaimState.NOTHING: gettext_lazy("Nothing to claim"),
    ClaimState.REVIEWED: gettext_lazy("Looked through"),
}


def _chips(counts: dict[ClaimState, int], chosen: ClaimState | None, order: str) -> list[dict[str, Any]]:
    return [
        {
            "text": text,
            "url": _address({"show": state or "", "order": order}),
            "current": state == chosen,
            "count": counts[state] if state else sum(counts.values()),
        }
        for state, text in _STATES.items()
    ]


def _address(given: dict[str, str]) -> str:
    """Return the address of this list with a filter and an order, as far as they are given."""
    return "?" + urlencode({name: value for name, value in given.items() if value})


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
            "unchecked_release": selectors.unchecked_release(found),
            "fact_rows": selectors.fact_rows(found),
            "open_facts": selectors.in_words(found.not_checked),
            "site_kind": visits.kind_name(found.encounter.location_kind),
            "site_fee": selectors.site_fee_of(found),
            "turned": selectors.turned_words(found),
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
