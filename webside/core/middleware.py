"""The outermost middleware (a request id, and no caching of what a person sees), and the one that looks at input."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from webside.core.bodies import REFUSED, BodyRefused
from webside.core.ids import uuid7


class RequestContextMiddleware:
    """Gives each request an id that its log lines, audit rows and error page share."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        request.request_id = uuid7().hex[-12:]  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


class InputMiddleware:
    """Refuses what can't be taken, before the frame is opened: no connection is held while a form is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request; raise :class:`BodyRefused` for a body that is too large, too slow, or holds a file."""
        scope = getattr(request, "environ", {}).get("asgi.scope", {})
        if status := scope.get(REFUSED):
            raise BodyRefused(status)
        request.POST  # noqa: B018 - read here
        return self.get_response(request)
