"""The demo signs anybody in, so it answers on this machine only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


def is_here(request: HttpRequest) -> bool:
    """Whether the request was made on this machine, to this machine's own name."""
    host = request.get_host()
    name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.lower() in LOOPBACK and request.META.get("REMOTE_ADDR", "") in LOOPBACK


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer "not found" when the demo is off or the request comes from elsewhere."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO or not is_here(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
