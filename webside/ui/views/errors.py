"""Error pages: plain words, nothing about a patient, what to do now.

They use no context processor and no database, so that they stand when those are what failed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from webside.core.bodies import BodyRefused
from webside.ui.context_processors import theme_of

# What is raised when PostgreSQL is away, or went away in the middle.
NO_DATABASE = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What an error page says."""

    title: Any
    lines: list[Any]
    steps: list[Any] = field(default_factory=list)
    retry: bool = False


TEXTS = {
    400: ErrorText(
        _("We couldn't read that request"),
        [_("The link or form was not complete, so we stopped and changed nothing.")],
        [_("Go back and open the link or form again."), _("If you copied a link, make sure that all of it is there.")],
    ),
    403: ErrorText(
        _("You can't open this page"),
        [_("Your account has no access to it. Nothing was changed.")],
        [
            _("If you have more than one account, sign in with the other one."),
            _("If you need access for your work, ask your administrator."),
        ],
    ),
    404: ErrorText(
        _("There is nothing here"),
        [_("The page may have moved, the link may have run out, or it was never here.")],
        [_("Check the address for a missing letter."), _("If the link came in an email, ask us for a new one.")],
    ),
    408: ErrorText(
        _("What you sent came too slowly"),
        [_("It was not complete after a while, so we stopped and changed nothing.")],
        [
            _("Go back: what you typed is often still there. Send it again where your connection is better."),
            _("In danger right now? Don't wait for us: call 911."),
        ],
    ),
    413: ErrorText(
        _("That is more than this page takes"),
        [_("What you sent is too large, or holds a file, and no page here takes files. We changed nothing.")],
        [_("Go back and send less, without a file."), _("If it must reach us, call us.")],
    ),
    500: ErrorText(
        _("Something broke on our side"),
        [_("It wasn’t you. Whatever we said was saved is safe.")],
        [_("Wait a minute, then try again."), _("In danger right now? Don't wait for us: call 911.")],
        retry=True,
    ),
    503: ErrorText(
        _("We are not open right now"),
        [_("The system is being started or looked after. It is usually back within a few minutes.")],
        [_("Keep this page open and try again soon."), _("In danger right now? Don't wait for us: call 911.")],
        retry=True,
    ),
}
CSRF_TEXT = ErrorText(
    _("This form was open for too long"),
    [_("To keep your account safe we stopped here. What you typed has not been sent.")],
    [
        _("Go back, copy what you typed if it was long, load the page again and send it once more."),
        _("If it happens again, allow cookies for this site."),
    ],
)


SHUT_DOOR_TEXT = ErrorText(
    _("This page doesn't open here any more"),
    [_("The link that opened it has stopped working, or it was open for very long.")],
    [
        _("Open the newest e-mail from us: the link in it works."),
        _("If you have an account, sign in: your visits stand there."),
        _("If neither helps, call us."),
    ],
)
"""For a browser that a link had opened: it may know why nothing is found, whatever it asks for."""


ACTING_OVER_TEXT = ErrorText(
    _("You can no longer act for this person here"),
    [_("They ended it, or its time is over. Nothing was sent or changed.")],
    [
        _("Open your start page and choose “Go back to yourself”."),
        _("If they still want your help, ask them to invite you again."),
    ],
)
"""For a browser that acts by a grant that is over: it may know why nothing is found."""


def error_page(request: HttpRequest, status: int, text: ErrorText | None = None) -> HttpResponse:
    """Return the page for ``status``, with the request's id to quote."""
    text = text or TEXTS[status]
    html = render_to_string(
        "ui/error.html",
        {
            "status": status,
            "title": text.title,
            "lines": text.lines,
            "steps": text.steps,
            "retry": text.retry,
            "request_id": getattr(request, "request_id", ""),
            "theme": theme_of(request),
        },
    )
    response = HttpResponse(html, status=status)
    if status == 503:
        response.headers["Retry-After"] = "30"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """``handler400``; a body that was refused has its own status and words."""
    return error_page(request, exception.status if isinstance(exception, BodyRefused) else 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """``handler403``."""
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """``handler404``: what is missing and what is somebody else's look the same."""
    if getattr(request, "door_is_shut", False):
        return error_page(request, 404, SHUT_DOOR_TEXT)
    behalf = getattr(getattr(request, "actor", None), "on_behalf", None)
    return error_page(request, 404, ACTING_OVER_TEXT if behalf is not None and not behalf.stands else None)


def server_error(request: HttpRequest) -> HttpResponse:
    """``handler500``; without its database the clinic is closed, not broken."""
    if isinstance(sys.exc_info()[1], NO_DATABASE):
        return error_page(request, 503)
    return error_page(request, 500)


def unavailable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """For middleware that finds the system not ready."""
    return error_page(request, 503)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``settings.CSRF_FAILURE_VIEW``; the reason is for logs, not for people."""
    return error_page(request, 403, CSRF_TEXT)
