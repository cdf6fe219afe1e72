"""The outermost middleware (a request id, and no caching of what a person sees), and the one that looks at input."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, QueryDict

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


NUL = "\x00"


class InputMiddleware:
    """Refuses what can't be taken, before the frame is opened: no connection is held while a form is read.

    NUL letters are left out of what people typed: PostgreSQL's texts can't hold them, and nobody types them on purpose.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request.

        Raises :class:`BodyRefused` for a body that is too large, too slow, or holds a file, and ``Http404`` for an
        address with a NUL letter.
        """
        scope = getattr(request, "environ", {}).get("asgi.scope", {})
        if status := scope.get(REFUSED):
            raise BodyRefused(status)
        if NUL in request.path:
            raise Http404
        request.GET, request.POST = _without_nul(request.GET), _without_nul(request.POST)  # type: ignore[assignment]
        return self.get_response(request)


def _without_nul(given: QueryDict) -> QueryDict:
    """Return what was given, as it is when there is nothing to leave out."""
    if not any(NUL in text for name, values in given.lists() for text in (name, *values)):
        return given
    kept = QueryDict(mutable=True, encoding=given.encoding)
    for name, values in given.lists():
        for value in values:
            kept.appendlist(name.replace(NUL, ""), value.replace(NUL, ""))
    kept._mutable = False
    return kept
