"""What every page knows: who asks, where, in which theme, with which navigation."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from webside.ui import registry

THEME_COOKIE = "webside_theme"
THEMES = ("light", "dark")


def theme_of(request: HttpRequest) -> str:
    """Return the theme that the person chose: light, dark, or empty for the device's own."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def live_ticket_url(request: HttpRequest) -> str:
    """Return where the page fetches a ticket for its socket; empty outside a tenant."""
    tenant = getattr(request, "tenant", None)
    if tenant is None:
        return ""
    try:
        return reverse("realtime:ticket-mint", args=[tenant.slug])
    except NoReverseMatch:
        return ""


def page(request: HttpRequest) -> dict[str, Any]:
    """Add ``tenant``, ``actor``, ``theme``, ``nav`` and ``live_ticket_url``. A view may hand over its own ``nav``."""
    return {
        "tenant": getattr(request, "tenant", None),
        "actor": getattr(request, "actor", None),
        "theme": theme_of(request),
        # Lazy: fragments don't draw the navigation and shouldn't pay for its counts.
        "nav": SimpleLazyObject(lambda: registry.links(request)),
        "live_ticket_url": SimpleLazyObject(lambda: live_ticket_url(request)),
    }
