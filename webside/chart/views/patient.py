"""What the patient takes home, as a page and as a PDF; and who she is, if a link is all that she has shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from webside.accounts import doors
from webside.audit.services import record
from webside.chart import selectors, services
from webside.chart.engines import paper
from webside.chart.forms import WhoForm
from webside.chart.views._doors import refuse

ROUTES = {"": "chart:encounter-summary", "pdf": "chart:encounter-summary-pdf"}
"""What she wanted to read, by the word for it in an address."""

PROBLEM = "chart.who"
"""In the session: what was wrong with a date of birth (never the date), for the one page that says so."""


def _summary(request: HttpRequest, encounter_id: UUID, action: str) -> selectors.Summary:
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.summary(actor, encounter_id)
    if found is None:
        refuse(request, action, "Encounter", encounter_id)
    own = not actor.is_staff or found.encounter.patient.user_id == actor.user_id  # type: ignore[union-attr]
    record(
        action,
        actor=actor,
        target=found.encounter,  # type: ignore[union-attr]
        patient_id=found.encounter.patient_id,  # type: ignore[union-attr]
        ground="own record" if own else selectors.ground_of(actor, found.encounter),  # type: ignore[union-attr]
    )
    return found  # type: ignore[return-value]


@require_safe
def summary(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Show the summary. Until it is signed the patient reads that it is being written."""
    if (asked := _who_first(request, encounter_id)) is not None:
        return asked
    found = _summary(request, encounter_id, "chart.summary.read")
    actor: Any = request.actor  # type: ignore[attr-defined]
    mine = not actor.is_staff or found.encounter.patient.user_id == actor.user_id
    context = {"summary": found, "encounter": found.encounter, "zone": found.zone, "mine": mine}
    if not found.ready and mine:
        return render(request, "chart/summary_waiting.html", context)
    return render(request, "chart/summary.html", context)


@require_safe
def summary_pdf(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Give the signed summary as a tagged PDF (PDF/UA-1)."""
    if (asked := _who_first(request, encounter_id, "pdf")) is not None:
        return asked
    found = _summary(request, encounter_id, "chart.summary.download")
    if not found.ready:
        refuse(request, "chart.summary.download", "Encounter", encounter_id)
    content = paper.summary_pdf(found, language=translation.get_language() or "en")
    day = found.encounter.started_at.astimezone(ZoneInfo(found.zone)).date().isoformat()
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="visit-summary-{day}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


def _who_first(request: HttpRequest, encounter_id: UUID, wanted: str = "") -> HttpResponse | None:
    """Lead whoever shows a link alone to :func:`who`; nothing for everybody else, and for a summary of others."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    if not actor.only_by_link or selectors.locked_summary(actor, encounter_id) is None:
        return None
    return _to("chart:summary-who", request, encounter_id, wanted)


def _to(route: str, request: HttpRequest, encounter_id: UUID, wanted: str = "") -> HttpResponse:
    page = reverse(route, args=[request.tenant.slug, encounter_id])  # type: ignore[attr-defined]
    return HttpResponseRedirect(page + (f"?for={wanted}" if wanted else ""))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def who(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Ask who came by a link for the date of birth of who was seen; then lead to what she wanted to read.

    The browser's door remembers it. Whoever needn't say it is led on at once.
    """
    actor: Any = request.actor  # type: ignore[attr-defined]
    wanted = "pdf" if request.GET.get("for") == "pdf" else ""
    locked = selectors.locked_summary(actor, encounter_id)
    if locked is None:
        if selectors.summary_encounter(actor, encounter_id) is None:
            refuse(request, "chart.summary.identify", "Encounter", encounter_id)
        return _to(ROUTES[wanted], request, encounter_id)
    if request.method != "POST":
        return _ask(request, locked)
    problem = _problem(request, locked)
    if not problem:
        doors.identify(request, subject_id=actor.subject_id)
        return _to(ROUTES[wanted], request, encounter_id)
    request.session[PROBLEM] = {"of": str(encounter_id), "text": problem}
    return _to("chart:summary-who", request, encounter_id, wanted)


def _problem(request: HttpRequest, locked: Any) -> str:
    """Return what is wrong with the date that was sent; nothing if it is hers."""
    form = WhoForm(request.POST)
    if not form.is_valid():
        return str(form.errors["birth_date"][0])
    try:
        right = services.identify(
            actor=request.actor,  # type: ignore[attr-defined]
            encounter=locked,
            birth_date=form.cleaned_data["birth_date"],
        )
    except services.Barred:
        right = False
    return "" if right else _("That isn’t the date of birth that we have. Enter that of the person who had the visit.")


def _ask(request: HttpRequest, locked: Any) -> HttpResponse:
    kept = request.session.pop(PROBLEM, None) if PROBLEM in request.session else None
    problem = kept["text"] if kept and kept["of"] == str(locked.id) else ""
    barred = selectors.is_barred(locked)
    page = reverse("chart:encounter-summary", args=[request.tenant.slug, locked.id])  # type: ignore[attr-defined]
    context = {
        "form": WhoForm(problem=problem),
        "barred": barred,
        "account_url": f"{settings.LOGIN_URL}?{urlencode({'next': page}, safe='/')}",
    }
    return render(request, "chart/summary_who.html", context, status=403 if barred else 200)
