"""Captions in the room: who reads, whose voice is written for her, and saying so. A part of the page of a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.audit.services import refuse
from webside.visits import selectors, services
from webside.visits.codes import SeatStage
from webside.visits.views import _captions as shown
from webside.visits.views._guard import Page, page_of
from webside.visits.views._seat import SeatPage, seat_of


@never_cache
@require_http_methods(["GET", "POST"])
def captions(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Draw what the room shows of captions to one of its two people, or take what she says about them."""
    page = page_of(request, slug, visit_id)
    if request.method == "POST":
        return _change(page)
    own = selectors.own_seat(page.actor, page.visit)
    if own is None or not selectors.in_the_room(page.visit, [own]):
        return page.go_on()  # who reads in the room is not for a patient outside
    return _drawn(page, own)


@never_cache
@require_http_methods(["GET", "POST"])
def seat_captions(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """The same for who was asked in."""
    page = seat_of(request, slug, seat_id)
    if page.stage is not SeatStage.ROOM:
        return page.go_on()
    return _change(page) if request.method == "POST" else _drawn(page, page.seat)


def _change(page: Page | SeatPage) -> HttpResponse:
    """Do what she says and draw what is so then."""
    given = page.request.POST
    on: dict[str, Any] = {"actor": page.actor, "visit": page.visit}
    steps: dict[str, Callable[[], Any]] = {
        "read": lambda: services.read_captions(**on),
        "stop": lambda: services.stop_captions(**on),
        "agree": lambda: services.answer_voice(**on, agrees=True, language=given.get("language", "")),
        "decline": lambda: services.answer_voice(**on, agrees=False),
    }
    step = steps.get(given.get("do", ""))
    if step is None:
        return HttpResponse(status=422)
    try:
        own = step()
    except services.NotAllowed:
        refuse("visits.captions.refuse", actor=page.actor, target_type="Visit", target_id=page.visit.id)
    except ValueError:
        return HttpResponse(status=422)
    return _drawn(page, own)


def _drawn(page: Page | SeatPage, own: Any) -> HttpResponse:
    return page.render("visits/_captions.html", **shown.captions_of(page, own))
