"""What pages that invite somebody share."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.urls import reverse


def link_to(request: HttpRequest) -> Callable[[str], str]:
    """Return what gives the address of the page that takes an invitation."""
    slug = request.tenant.slug  # type: ignore[attr-defined]
    return lambda token: request.build_absolute_uri(reverse("people:delegation-accept", args=[slug, token]))
