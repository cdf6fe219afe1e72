"""What people read while they wait: the administrator writes it, looks at it, and keeps it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from webside.audit.services import refuse
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.core.actor import Actor
from webside.ui.kept import Kept, ask_again, forget, kept_for
from webside.visits import policies, selectors, services
from webside.visits.forms import WaitingWordsForm

LOOK = "look"


def _guard(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_set_waiting_words(actor):
        refuse("visits.waiting-words.refuse", actor=actor)
    return actor


@require_safe
def everything(request: HttpRequest, slug: str) -> HttpResponse:
    """Show for each service that has a waiting room in which languages the clinic says something."""
    groups = catalog.services_by_kind(_guard(request))
    found = [service for group in groups if group.kind != Kind.TELECARE for service in group.services]
    said = selectors.waiting_words_of(service.id for service in found)
    rows = [
        {"service": each, "cells": [(code, code in said.get(each.id, {})) for code in selectors.LANGUAGES],
         "any": each.id in said}
        for each in found
    ]  # fmt: skip
    return render(request, "visits/waiting_words.html", {"rows": rows, "languages": selectors.LANGUAGES})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Write what people read while they wait for one service; ``do=look`` shows how it would look and keeps nothing."""
    actor = _guard(request)
    service = catalog.service(actor, service_id)
    if service is None or service.kind == Kind.TELECARE:
        refuse("visits.waiting-words.refuse", actor=actor, target_type="HealthcareService", target_id=service_id)
    if request.method == "POST":
        return _change(request, slug, service)
    kept = kept_for(request)
    said = selectors.waiting_words(service.id)
    form = WaitingWordsForm(kept.data if kept else None, slug=slug, said=said)
    looking = kept is not None and kept.trouble == LOOK and form.is_valid()
    if looking:
        said = form.said()
    shown = [(language, selectors.words_in(language, said)) for language in selectors.LANGUAGES]
    return render(
        request, "visits/waiting_words_change.html",
        {"service": service, "form": form, "shown": shown, "looking": looking},
    )  # fmt: skip


def _change(request: HttpRequest, slug: str, service: Any) -> HttpResponse:
    form = WaitingWordsForm(request.POST, slug=slug)
    looks = request.POST.get("do") == LOOK
    if looks or not form.is_valid():
        return ask_again(request, Kept.of(form, trouble=LOOK if looks else ""))
    services.set_waiting_words(actor=request.actor, service=service, said=form.said())  # type: ignore[attr-defined]
    forget(request)
    messages.success(request, _("Kept. Who waits for %(service)s reads it from now on.") % {"service": service.name})
    return redirect("visits:waiting-words", slug=slug)
