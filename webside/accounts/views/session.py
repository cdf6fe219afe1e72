"""What a page asks about the sign-in it was opened with, and how it ends one that nobody uses."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.accounts import sessions, signins


@never_cache
@require_http_methods(["GET", "POST"])
def state(request: HttpRequest) -> HttpResponse:
    """Answer who is signed in, as a mark that tells nothing else; a POST says that somebody is there.

    A page that was covered takes its token for forms from here: signing in again made the old one void.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"who": ""})
    return JsonResponse({"who": sessions.mark_of(request), "csrf": get_token(request)})


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Sign out, because nobody has used the browser."""
    user = request.user
    if user.is_authenticated:
        sessions.forget(request)
        signins.note_end(request, user)  # type: ignore[arg-type]
    return HttpResponse(status=204)


@require_safe
@login_required
def back(request: HttpRequest) -> HttpResponse:
    """Say that the page that was covered can be used again, and tell it."""
    return render(request, "accounts/session_back.html")
