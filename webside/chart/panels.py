"""The numbers beside the chart's places in the navigation. Counted once a page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from webside.chart import selectors
from webside.ui.registry import NavCount


def notes_to_sign(request: HttpRequest) -> NavCount | None:
    """Say how many notes wait for the signature of whoever asks."""
    return said_of(selectors.unsigned_notes(request.actor).count())  # type: ignore[attr-defined]


def said_of(number: int) -> NavCount | None:
    """Return the number beside *Notes* for so many that wait for a signature."""
    return NavCount(number, _("to sign")) if number else None


def emergencies_to_review(request: HttpRequest) -> NavCount | None:
    """Say how many charts were opened in an emergency and wait for a finding."""
    number = selectors.to_review(request.actor)  # type: ignore[attr-defined]
    return NavCount(number, _("to review"), "warning") if number else None
