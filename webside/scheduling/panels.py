"""What scheduling shows on other apps' pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from webside.audit.services import record
from webside.compliance import policies as compliance
from webside.compliance.models import Licence
from webside.scheduling import selectors
from webside.ui import panels


def lacking_licence(request: HttpRequest, licence: Licence | None, **_: Any) -> str:
    """Draw the visits ahead that their practitioner may not hold in a licence's state, on the licence's page."""
    actor = request.actor  # type: ignore[attr-defined]
    if licence is None or not compliance.can_see_licences(actor):
        return ""
    found = selectors.lacking_licence(licence.practitioner, licence.state)
    if not found:
        return ""
    record("scheduling.appointment.read", actor=actor, target=licence.practitioner, ground="booked without a licence",
           target_label=licence.practitioner.display_name)  # fmt: skip
    place = selectors.state(licence.state, found[0].start.date())
    context = {"found": found, "state": place.name if place else licence.state}
    return render_to_string("scheduling/_lacking_licence.html", context, request)


def register() -> None:
    """Fill the slots."""
    panels.register("compliance.licence", "scheduling.lacking-licence", lacking_licence, order=10)
