"""What billing shows on other apps' pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from webside.billing import selectors, services
from webside.catalog.gates import Case
from webside.chart.models import Encounter
from webside.ui import panels


def draft_codes(request: HttpRequest, encounter: Encounter, case: Case, **_: Any) -> str:
    """Draw the codes that would be drafted from what happened, on the page before signing.

    ``case`` is what the gates were asked there: what they have read is not read again.
    """
    if not services.takes_a_claim(encounter):
        return render_to_string("billing/_no_claim.html", {"encounter": encounter}, request)
    answer = selectors.preview(case, encounter)
    return render_to_string(
        "billing/_draft_codes.html",
        {
            "answer": answer,
            "open_facts": selectors.in_words(answer.not_checked),
            "encounter": encounter,
            "call": selectors.measured(case),
        },
        request,
    )


def register() -> None:
    """Fill the slots."""
    panels.register("chart.sign.codes", "billing.draft-codes", draft_codes, order=10)
