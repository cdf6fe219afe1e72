"""What every page knows: who asks, where, in which theme, with which navigation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from webside.accounts import sessions
from webside.core.actor import ActorKind
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


def sign_in_url(request: HttpRequest) -> str:
    """Return where a visitor signs in, to come back here; empty for whoever is known, and outside a tenant."""
    actor = getattr(request, "actor", None)
    if getattr(request, "tenant", None) is None or actor is None or actor.kind != ActorKind.ANONYMOUS:
        return ""
    return f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}"


def idle(request: HttpRequest) -> dict[str, Any] | None:
    """Return what a page needs to end a sign-in that nobody uses: minutes, and the mark of who is signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    minutes = int(sessions.limit_of(request).total_seconds() // 60)
    return {"minutes": minutes, "who": sessions.mark_of(request)}


def page(request: HttpRequest) -> dict[str, Any]:
    """Add what every base draws. A view may hand over its own ``nav``, ``search_url`` or ``sign_in_url``."""
    return {
        "tenant": getattr(request, "tenant", None),
        "actor": getattr(request, "actor", None),
        "theme": theme_of(request),
        # Lazy: fragments don't draw the navigation and shouldn't pay for its counts.
        "nav": SimpleLazyObject(lambda: registry.links(request)),
        "search_url": SimpleLazyObject(lambda: registry.search_url(request)),
        "sign_in_url": SimpleLazyObject(lambda: sign_in_url(request)),
        "idle": SimpleLazyObject(lambda: idle(request)),
        "live_ticket_url": SimpleLazyObject(lambda: live_ticket_url(request)),
    }
