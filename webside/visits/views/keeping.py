"""Keeping pictures of a visit in the chart: what the patient is asked, and her answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.audit.services import refuse
from webside.visits import services
from webside.visits.views import _keeping as shown
from webside.visits.views._guard import Page, page_of


@never_cache
@require_http_methods(["GET", "POST"])
def keeping(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Draw what the patient is asked and has agreed to, or take a question, an answer, or an answer back."""
    page = page_of(request, slug, visit_id)
    if request.method == "GET":
        return page.render("visits/_keeping.html", **shown.questions(page))
    return _change(page)


def _change(page: Page) -> HttpResponse:
    given = page.request.POST
    on: dict[str, Any] = {"actor": page.actor, "visit": page.visit}
    which = _id(given.get("which", ""))
    steps: dict[str, tuple[Callable[[], Any], str]] = {
        "ask": (
            lambda: services.ask_to_keep(**on, shared_id=which, body_site=given.get("site", "")),
            _("Asked. It is kept once the patient agrees."),
        ),
        "agree": (
            lambda: services.answer_keeping(**on, consent_id=which, agrees=True),
            _("Thank you. The picture is in your chart."),
        ),
        "decline": (
            lambda: services.answer_keeping(**on, consent_id=which, agrees=False),
            _("The picture does not go into your chart."),
        ),
        "withdraw": (
            lambda: services.take_from_chart(**on, consent_id=which),
            _("The picture was taken out of your chart."),
        ),
    }
    if given.get("do") not in steps:
        return _say(page, _("That did not get through. Try again."), 422)
    step, done = steps[given["do"]]
    try:
        step()
    except services.NotAllowed:
        refuse("visits.keeping.refuse", actor=page.actor, target_type="PictureConsent", target_id=which)
    except services.Incomplete:
        return _say(page, _("Say in words which part of the body it shows."), 422)
    except services.WrongPicture:
        return _say(page, _("That can’t be changed any more. Ask the clinic."), 409)
    return _say(page, done, 200)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _say(page: Page, text: str, status: int) -> HttpResponse:
    if page.request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"text": text}, status=status)
    (messages.success if status == 200 else messages.error)(page.request, text)
    return page.go_on()
