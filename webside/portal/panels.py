"""The numbers beside the portal's places in the navigation. Counted once a page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from webside.portal import selectors
from webside.ui.registry import NavCount


def today(request: HttpRequest) -> NavCount | None:
    """Say how many wait; where nobody does, how many are still to be seen today."""
    return said_of(*selectors.at_hand(request.actor, request.tenant))  # type: ignore[attr-defined]


def said_of(waiting: int, to_see: int) -> NavCount | None:
    """Return the number beside *My day* from what :func:`selectors.at_hand` counts."""
    if waiting:
        return NavCount(waiting, _("waiting"), "warning")
    return NavCount(to_see, _("to see")) if to_see else None
