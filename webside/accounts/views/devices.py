"""The browsers in which somebody is signed in, and signing out in others."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webside.accounts import selectors, services, sessions


@require_safe
@login_required
def listed(request: HttpRequest) -> HttpResponse:
    """Show where the person is signed in."""
    found = list(selectors.sign_ins(request.actor))  # type: ignore[attr-defined]
    here = sessions.current(request)
    return render(
        request,
        "accounts/device_list.html",
        {
            "this": next((each for each in found if str(each.id) == here), None),
            "others": [each for each in found if str(each.id) != here],
        },
    )


@require_POST
@login_required
def end(request: HttpRequest, sign_in_id: UUID) -> HttpResponse:
    """Sign out in one other browser. One that is gone already is what was asked for."""
    if str(sign_in_id) == sessions.current(request):
        raise Http404
    actor = request.actor  # type: ignore[attr-defined]
    if found := list(selectors.sign_ins(actor).filter(id=sign_in_id)):
        services.end_sign_ins(actor=actor, sign_ins=found)
    messages.success(request, _("You are signed out there."))
    return redirect("accounts:device-list")


@require_POST
@login_required
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    actor = request.actor  # type: ignore[attr-defined]
    here = UUID(sessions.current(request))
    # Also where nothing is listed: a browser that was left alone is signed out, and may still be sent something.
    services.end_sign_ins(actor=actor, sign_ins=list(selectors.sign_ins(actor).exclude(id=here)), but=here)
    messages.success(request, _("You are signed out everywhere but here."))
    return redirect("accounts:device-list")
