"""What the clinic says of its services and people in other languages: the administrator writes it beside its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from webside.audit.services import refuse
from webside.catalog import selectors as catalog
from webside.catalog import services as catalog_services
from webside.people import selectors as people
from webside.people import services as people_services
from webside.portal.forms import LanguagesForm
from webside.portal.views._administrator import administrator
from webside.ui.kept import Kept, ask_again, forget, kept_for

SERVICE = "catalog.service.translate"
PERSON = "people.practitioner.translate"


@require_safe
def everything(request: HttpRequest, slug: str) -> HttpResponse:
    """Show for each service and each person how much is said in which other language."""
    actor = administrator(request, SERVICE)
    services = [each for group in catalog.services_by_kind(actor) for each in group.services]
    persons = list(people.practitioners(actor))
    return render(
        request, "portal/languages.html",
        {
            "languages": [*(services or persons)[0].said_languages()] if services or persons else [],
            "services": [(each, _cells(each)) for each in services],
            "people": [(each, _cells(each)) for each in persons],
        },
    )  # fmt: skip


def _cells(row: Any) -> list[tuple[int, int]]:
    """Return for each other language how many of the row's words are said in it, and of how many."""
    own = [name for name in row.SAID if getattr(row, name)]
    return [
        (sum(1 for name in own if row.translations.get(language, {}).get(name)), len(own))
        for language in row.said_languages()
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def service(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Say a service in other languages."""
    actor = administrator(request, SERVICE)
    found = catalog.service(actor, service_id)
    if found is None:
        refuse(SERVICE, actor=actor, target_type="HealthcareService", target_id=service_id)

    def keep(said: dict[str, dict[str, str]]) -> None:
        catalog_services.translate_service(actor=actor, service=found, translations=said)

    return _change(request, slug, found, found.name, keep)


@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, slug: str, practitioner_id: UUID) -> HttpResponse:
    """Say in other languages what somebody does."""
    actor = administrator(request, PERSON)
    found = people.practitioner(actor, practitioner_id)
    if found is None:
        refuse(PERSON, actor=actor, target_type="Practitioner", target_id=practitioner_id)

    def keep(said: dict[str, dict[str, str]]) -> None:
        people_services.translate_practitioner(actor=actor, practitioner=found, translations=said)

    return _change(request, slug, found, found.display_name, keep)


def _change(
    request: HttpRequest, slug: str, row: Any, name: str, keep: Callable[[dict[str, dict[str, str]]], None]
) -> HttpResponse:
    if request.method != "POST":
        kept = kept_for(request)
        form = LanguagesForm(kept.data if kept else None, row=row)
        return render(request, "portal/languages_change.html", {"name": name, "row": row, "form": form})
    form = LanguagesForm(request.POST, row=row)
    if not form.is_valid():
        return ask_again(request, Kept.of(form))
    keep(form.said())
    forget(request)
    messages.success(request, _("Kept. Who reads another language sees it from now on: %(name)s.") % {"name": name})
    return redirect("portal:languages", slug=slug)
