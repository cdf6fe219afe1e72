"""What both sides' pages of a call are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from webside.core import clock
from webside.core.actor import Actor
from webside.ui import when
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole


def ice_policy() -> str:
    """Return whether calls may go directly ("all") or only through the relay ("relay")."""
    return "relay" if settings.ENV.force_relay else "all"


def lines_for(visit: Any, zone: str, *, seat: Any = None, role: ParticipantRole | None = None) -> list[dict[str, Any]]:
    """Return the lines of the chat as somebody reads them, on the clock of ``zone``: by her seat, or by her side of a visit.

    Who was asked in is given her seat: she reads what was said since she was let in.
    """

    def own(message: Any) -> bool:
        return bool(message.author_id == seat.id if seat is not None else message.author.role == role)

    return [
        {
            "id": message.id,
            "text": message.text,
            "own": own(message),
            "who": _("You") if own(message) else message.written_by or message.author.name,
            "when": when.say(message.sent_at, clock.now(), zone=zone, style="time"),
        }
        for message in selectors.chat_of(visit, seat)
    ]


def write(
    request: HttpRequest, actor: Actor, visit: Any, *, back: str, elsewhere: Callable[[], HttpResponse]
) -> HttpResponse:
    """Write a line into the chat and answer as the page asked. The same ``key`` writes one line, however often it comes."""
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        message = services.write_message(
            actor=actor, visit=visit, text=request.POST.get("text", ""), client_key=request.POST.get("key", "")
        )
    except ValueError:
        return JsonResponse({"error": {"code": "not_a_message"}}, status=422) if wants_json else elsewhere()
    except (services.WrongStage, services.NotAllowed):
        return JsonResponse({"error": {"code": "closed"}}, status=410) if wants_json else elsewhere()
    if wants_json:
        return JsonResponse({"id": str(message.id), "sent_at": message.sent_at.isoformat()})
    return redirect(f"{back}#chat")
