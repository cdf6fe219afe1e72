"""The picture that everybody in the room looks at: what it is, and drawing on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.visits import policies, selectors, services
from webside.visits.codes import Ink, SeatStage, Shape
from webside.visits.views._guard import Page, page_of
from webside.visits.views._seat import SeatPage, seat_of


@never_cache
@require_http_methods(["GET", "POST"])
def picture(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say which picture is shown and what is drawn on it, or change that; as HTML, what the panel around it holds."""
    page = page_of(request, slug, visit_id)
    if request.method == "POST":
        return _change(page)
    if not policies.can_read_chat(page.actor, page.visit):
        return page.go_on()
    return _panel(page, speaks=True) if _wants_html(request) else JsonResponse(_state(page, None))


@never_cache
@require_http_methods(["GET", "POST"])
def seat_picture(request: HttpRequest, slug: str, seat_id: UUID) -> HttpResponse:
    """The same for who was asked in."""
    page = seat_of(request, slug, seat_id)
    if page.stage is not SeatStage.ROOM:
        return page.go_on()
    if request.method == "POST":
        return _change(page)
    return _panel(page, speaks=page.seat.speak) if _wants_html(request) else JsonResponse(_state(page, page.seat))


def _wants_html(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("text/html")


def _panel(page: Page | SeatPage, *, speaks: bool) -> HttpResponse:
    """Return what draws: it comes with the first picture, since most visits see none."""
    return page.render("visits/_board.html", speaks=speaks)


def _state(page: Page | SeatPage, seat: Any) -> dict[str, Any]:
    """Return the picture with what is drawn on it, as somebody sees it."""
    board = selectors.board_of(page.visit, seat, page.role if isinstance(page, Page) else None)
    shared = board.shared if board is not None else None
    if board is None or shared is None:
        return {"picture": None, "marks": []}
    prefix, owner = ("seat", page.seat.id) if isinstance(page, SeatPage) else ("visit", page.visit.id)
    own = selectors.own_seat(page.actor, page.visit)
    return {
        "picture": {
            "id": str(shared.id),
            "url": reverse(f"visits:{prefix}-file", args=[page.slug, owner, shared.id]),
            "width": shared.width,
            "height": shared.height,
            "name": shared.name,
            "shown_by": board.shown_by.name,
            "own": own is not None and board.shown_by_id == own.id,
        },
        "marks": [
            {
                "key": str(mark.client_key),
                "shape": mark.shape,
                "ink": mark.ink,
                "points": mark.points,
                "own": own is not None and mark.author_id == own.id,
                "who": mark.drawn_by or mark.author.name,
            }
            for mark in selectors.marks_on(shared)
        ],
    }


def _change(page: Page | SeatPage) -> HttpResponse:
    """Do what the page asks for and answer with what is there then; or say in words why not."""
    given = page.request.POST
    on: dict[str, Any] = {"actor": page.actor, "visit": page.visit}

    def draw() -> Any:
        return services.draw(
            **on, shared_id=UUID(given.get("picture", "")), client_key=UUID(given.get("key", "")),
            shape=Shape(given.get("shape", "")), ink=Ink(given.get("ink", "")), points=json.loads(given.get("points", "")),
        )  # fmt: skip

    steps: dict[str, Callable[[], Any]] = {
        "show": lambda: services.show_picture(**on, shared_id=UUID(given.get("picture", ""))),
        "hide": lambda: services.hide_picture(**on),
        "draw": draw,
        "undo": lambda: services.take_back(
            **on, shared_id=UUID(given.get("picture", "")), client_key=UUID(given.get("key", ""))
        ),
        "clear": lambda: services.clear_picture(**on, shared_id=UUID(given.get("picture", ""))),
    }
    try:
        steps[given.get("do", "")]()
    except services.NotAllowed:
        return _refusal(403, "not_allowed", _("In this visit you only look on, so you can’t draw."))
    except services.WrongStage:
        return _refusal(410, "closed", _("The visit is over, so nothing can be drawn any more."))
    except services.WrongPicture:
        return _refusal(409, "other_picture", _("Another picture is shown by now, or none."))
    except services.PictureFull as full:
        return _refusal(409, "full", _("{most} marks are on this picture. Clear it to go on.").format(most=full.most))
    except (ValueError, KeyError, RecursionError):
        return _refusal(422, "not_a_mark", _("That could not be drawn. Draw it again."))
    return JsonResponse(_state(page, page.seat if isinstance(page, SeatPage) else None))


def _refusal(status: int, code: str, text: str) -> HttpResponse:
    return JsonResponse({"error": {"code": code, "text": text}}, status=status)
