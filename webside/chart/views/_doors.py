"""What the views of the chart share: the guarded look-ups, where to go back to, the ages."""

from __future__ import annotations

from datetime import date
from typing import Any, NoReturn
from uuid import UUID

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from webside.audit import services as audit
from webside.chart import selectors
from webside.core import clock
from webside.people.rules import age_on


def encounter_or_404(request: HttpRequest, encounter_id: UUID, action: str) -> Any:
    """Return an encounter whose note the actor may read. Unknown and foreign look the same."""
    found = selectors.encounter(request.actor, encounter_id)  # type: ignore[attr-defined]
    if found is None:
        refuse(request, action, "Encounter", encounter_id)
    return found


def chart_or_404(request: HttpRequest, patient_id: UUID, action: str, **options: Any) -> selectors.Chart:
    """Return the chart of a patient whom the actor treats."""
    found = selectors.chart_of(request.actor, patient_id, **options)  # type: ignore[attr-defined]
    if found is None:
        refuse(request, action, "Patient", patient_id)
    return found


def refuse(request: HttpRequest, action: str, target_type: str, target_id: UUID) -> NoReturn:
    """Note the refusal and answer that there is no such page."""
    audit.refuse(action, actor=request.actor, target_type=target_type, target_id=target_id)  # type: ignore[attr-defined]


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Return the page of this clinic that a form came from, or ``otherwise``."""
    wanted = request.POST.get("next", "")
    here = f"/o/{request.tenant.slug}/"  # type: ignore[attr-defined]
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if safe and wanted.startswith(here) else otherwise


def age(born: date, on: date | None = None) -> int:
    """Return somebody's age in whole years, today or on a day."""
    return age_on(born, on or clock.now().date())
