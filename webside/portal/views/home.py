"""One address for everybody's home: who somebody is decides which page it is."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from webside.audit.services import refuse
from webside.core.actor import ActorKind, Role
from webside.portal import selectors
from webside.portal.views import clinician, patient


@require_GET
def home(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the home of the actor's role; those with several see the one where people wait for them."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.kind is ActorKind.ANONYMOUS:
        return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
    if actor.kind is ActorKind.LINK:
        return redirect("scheduling:appointment-detail", slug, actor.subject_id)
    if actor.has(Role.CLINICIAN, Role.COACH):
        return clinician.day(request, slug)
    if actor.has(Role.COORDINATOR):
        return redirect("portal:board", slug=slug)
    if actor.has(Role.BILLER):
        return _go(selectors.where("billing:claim-list", slug))
    if actor.has(Role.COMPLIANCE):
        return _go(selectors.where("compliance:trail", slug))
    if actor.has(Role.ADMINISTRATOR):
        return redirect("portal:administration", slug=slug)
    if actor.on_behalf is not None and not actor.on_behalf.stands:
        return redirect("people:acting", slug=slug)
    if actor.has(Role.DELEGATE) and not actor.has(Role.PATIENT):
        return redirect("people:acting", slug=slug)
    if not actor.has(Role.PATIENT):
        refuse("portal.home.refuse", actor=actor)
    return patient.home(request, slug)


def _go(url: str) -> HttpResponse:
    if not url:
        raise Http404
    return redirect(url)
