"""The numbers beside compliance's places in the navigation. Counted once a request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webside.audit.models import AuditEvent
from webside.compliance import policies, selectors
from webside.ui.registry import NavCount


def trail_altered(request: HttpRequest) -> NavCount | None:
    """Say when the last check found faults."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    return found_altered(selectors.last_check() if policies.can_see_trail(actor) else None)


def found_altered(check: AuditEvent | None) -> NavCount | None:
    """Return the number beside the trail from its last check."""
    faults = int(check.changes.get("faults", 0)) if check else 0
    return NavCount(faults, _("altered"), "danger") if faults else None


def overrides_to_review(request: HttpRequest) -> NavCount | None:
    """Say how many overrides wait for a verdict."""
    return waiting_for_review(selectors.overrides_to_review())


def waiting_for_review(number: int) -> NavCount | None:
    """Return the number beside the overrides."""
    return NavCount(number, _("to review"), "warning") if number else None


def licences_ending(request: HttpRequest) -> NavCount | None:
    """Say how many licences end soon."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    return ending_soon(selectors.licences_ending(actor).count())


def ending_soon(number: int) -> NavCount | None:
    """Return the number beside the licences."""
    text = ngettext("in %(days)d days", "in %(days)d days", number) % {"days": selectors.WARN_DAYS}
    return NavCount(number, text, "warning") if number else None


def consents_withdrawn(request: HttpRequest) -> NavCount | None:
    """Say how many consents were taken back in the last month."""
    number = selectors.consents_withdrawn()
    return NavCount(number, _("withdrawn")) if number else None
