"""The outermost middleware: a request id, and no caching of what a person sees."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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
