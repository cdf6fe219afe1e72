"""What both sides' pages of a call are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from webside.core import clock
from webside.core.actor import Actor
from webside.core.files import MAX_BYTES
from webside.ui import when
from webside.visits import policies, selectors, services
from webside.visits.codes import ParticipantRole
from webside.visits.views._keeping import states


def ice_policy() -> str:
    """Return whether calls may go directly ("all") or only through the relay ("relay")."""
    return "relay" if settings.ENV.force_relay else "all"


def lines_for(
    visit: Any, zone: str, *, slug: str, seat: Any = None, role: ParticipantRole | None = None
) -> list[dict[str, Any]]:
    """Return the lines of the chat as somebody reads them, on the clock of ``zone``: by her seat, or by her side of a visit.

    Who was asked in is given her seat: she reads what was said since she was let in.
    """

    def own(message: Any) -> bool:
        return bool(message.author_id == seat.id if seat is not None else message.author.role == role)

    messages = selectors.chat_of(visit, seat, role)
    pictures = [message.file.id for message in messages if getattr(message, "file", None) and message.file.preview]  # type: ignore[attr-defined]
    kept = states(visit, role, pictures) if seat is None else {}
    return [
        {
            "id": message.id,
            "text": message.text,
            "apart": message.apart,
            "own": own(message),
            "who": _("You") if own(message) else message.written_by or message.author.name,
            "when": when.say(message.sent_at, clock.now(), zone=zone, style="time"),
            "file": _file(message, slug, seat, own=own(message), is_open=policies.is_open(visit), kept=kept),
        }
        for message in messages
    ]


def _file(
    message: Any, slug: str, seat: Any, *, own: bool, is_open: bool, kept: dict[Any, dict[str, Any]]
) -> dict[str, Any] | None:
    """Return what the chat shows of a file: where its content is read, and where its sender takes it back."""
    shared = getattr(message, "file", None)
    if shared is None:
        return None
    prefix, owner = ("seat", seat.id) if seat is not None else ("visit", message.visit_id)
    url = reverse(f"visits:{prefix}-file", args=[slug, owner, shared.id])
    return {
        "id": shared.id,
        "name": shared.name,
        "removed": shared.removed_at is not None,
        "picture": shared.preview is not None,
        "width": shared.width,
        "height": shared.height,
        "size": shared.size,
        "kept": kept.get(shared.id, {}),
        "url": url,
        "open": is_open and (seat is None or seat.speak),
        "remove_url": f"{url}remove/" if own and is_open else "",
    }


def sending(prefix: str, slug: str, owner: Any, *, speaks: bool = True) -> dict[str, Any]:
    """Return what the page knows of files and of the picture: where they are sent to, and how large one may be.

    Nothing is sent by who only listens.
    """
    hint = _("Pictures and PDF, up to {size} MB each. The place where a picture was taken is removed.")
    given = {
        "picture_url": reverse(f"visits:{prefix}-picture", args=[slug, owner]),
        "most_bytes": MAX_BYTES,
        "files_hint": hint.format(size=MAX_BYTES // (1024 * 1024)),
    }
    return given | ({"sending_url": reverse(f"visits:{prefix}-sending", args=[slug, owner])} if speaks else {})


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
