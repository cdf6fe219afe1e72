"""Who would you like to be?"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from webside.demo import selectors
from webside.demo.guard import demo_only
from webside.demo.people import PASSWORD

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_GET
@demo_only
def who(request: HttpRequest) -> HttpResponse:
    """Show everybody one can be, and the real sign-in beside them."""
    return render(
        request,
        "demo/who.html",
        {
            "groups": selectors.everybody(),
            "password": PASSWORD,
            "sign_in_url": settings.LOGIN_URL,
            "letters": selectors.letters(),
        },
    )


@require_POST
@demo_only
def become(request: HttpRequest, key: str) -> HttpResponse:
    """Sign in as somebody, with one click. The demo stands in for the second factor of staff."""
    somebody = selectors.somebody(key)
    user = selectors.user_of(somebody) if somebody else None
    if somebody is None or user is None:
        raise Http404
    login(request, user, backend=BACKEND)
    request.session["demo_signed_in"] = True
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return redirect(wanted)
    return redirect("portal:home", slug=somebody.tenant)
