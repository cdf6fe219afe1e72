"""``/ingest/voice/``: what the carrier asks us, signed: what a call is to do, and what it tells of it.

Whoever has no signature of the carrier over this very address gets one answer, whatever they ask for. What is told is
committed before it is answered.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webside.core import clock, lean
from webside.core.actor import Actor
from webside.core.bucket import Buckets
from webside.integrations.voice import twiml
from webside.integrations.voice.client import OVER, HttpVoice, moment
from webside.integrations.webhooks import form_of, in_clinic
from webside.visits import services
from webside.visits.engines import phone
from webside.visits.engines.phone import Turn

BURST, PER_SECOND = 240, 60.0
"""How much each clinic's address takes of a process."""
GUESSES, GUESSES_PER_SECOND = 20, 0.2
"""How often somebody without a signature is answered: they share one bucket, so that none can fill the memory."""
PREFIX = "/ingest/voice"
PART = "telephone service"
MOVES = {"participant-join": True, "participant-leave": False}
LONGEST_ID = 64

_buckets = Buckets(BURST, PER_SECOND)
_guesses = Buckets(GUESSES, GUESSES_PER_SECOND)


def address(clinic: str, step: str, call_id: UUID | None = None) -> str:
    """Return where the carrier asks what a call is to do, or tells how it fares."""
    middle = f"{call_id}/" if call_id is not None else ""
    return f"{settings.PUBLIC_URL}{PREFIX}/{clinic}/{middle}{step}"


async def _admit(request: Request) -> dict[str, str] | Response:
    """Return the fields of a call that the carrier signed, or the answer to all others."""
    form = await form_of(request)
    port = phone.voice()
    url = f"{settings.PUBLIC_URL}{request.url.path}"
    given = request.headers.get("x-twilio-signature", "")
    if form is None or not isinstance(port, HttpVoice) or not given or not port.signed(url, form, given):
        busy = _guesses.wait("anybody", time.monotonic())
        return Response(status_code=429 if busy else 403)
    if wait := _buckets.wait(request.path_params["slug"], time.monotonic()):
        return Response(status_code=429, headers={"Retry-After": str(int(wait) + 1)})
    if not form.get("CallSid"):
        return Response(status_code=400)
    return form


async def _do(request: Request, work: Any, **values: Any) -> Response:
    """Do what a call says in its clinic; answer what it is to do now, or nothing where it only told us something."""
    slug = request.path_params["slug"]
    done, found = await asyncio.to_thread(in_clinic, slug, PART, work, **values)
    if not done or found is None or found is False:
        return Response(status_code=404)
    if not isinstance(found, Turn):
        return Response(status_code=204)
    text = twiml.drawn(found, lambda step: address(slug, step, found.call_id), address(slug, "moved"))
    return Response(text, media_type="text/xml")


async def answer(request: Request) -> Response:
    """Answer somebody who dialled a clinic's number."""
    form = await _admit(request)
    if isinstance(form, Response):
        return form
    port, slug = phone.voice(), request.path_params["slug"]
    if port is None or not port.number_of(slug) or form.get("To") != port.number_of(slug):
        return Response(status_code=400)
    return await _do(request, services.take_call, carrier_id=_sid(form), caller=form.get("From", ""))


async def code(request: Request) -> Response:
    """Take the digits of a code."""
    form = await _admit(request)
    if isinstance(form, Response):
        return form
    return await _do(request, services.enter_code, call_id=_call(request), **_typed(request, form))


async def answered(request: Request) -> Response:
    """Somebody picked up a call of ours."""
    form = await _admit(request)
    if isinstance(form, Response):
        return form
    return await _do(request, services.answer_call, call_id=_call(request), carrier_id=_sid(form))


async def press(request: Request) -> Response:
    """Take the key that somebody pressed who picked up a call of ours."""
    form = await _admit(request)
    if isinstance(form, Response):
        return form
    return await _do(request, services.press_key, call_id=_call(request), **_typed(request, form))


async def turn(request: Request) -> Response:
    """Say what a call is to do now: it has waited, was sent elsewhere, or its room has closed."""
    form = await _admit(request)
    if isinstance(form, Response):
        return form
    again = request.path_params.get("number", 0)

    def asked(*, actor: Actor) -> Turn | None:
        return services.next_turn(call_id=_call(request), again=again)

    return await _do(request, asked)


async def moved(request: Request) -> Response:
    """Take that a call came into a room or left it. What else happens in a conference is no news."""
    form = await _admit(request)
    if isinstance(form, Response):
        return form
    joined = MOVES.get(form.get("StatusCallbackEvent", ""))
    if joined is None:
        return Response(status_code=204)
    visit_id, sequence = twiml.visit_of(form.get("FriendlyName", "")), form.get("SequenceNumber", "")
    if visit_id is None or not sequence.isdigit() or not form.get("ConferenceSid"):
        return Response(status_code=400)
    return await _do(
        request, services.note_move, carrier_id=_sid(form), visit_id=visit_id, joined=joined, at=_at(form),
        conference=form["ConferenceSid"][:LONGEST_ID], sequence=int(sequence[:9]),
    )  # fmt: skip


async def status(request: Request) -> Response:
    """Take how a call fares: of one that we made under its own address, of one that came in by the carrier's id."""
    form = await _admit(request)
    if isinstance(form, Response):
        return form
    said = form.get("CallStatus", "")
    return await _do(
        request, services.note_status, carrier_id=_sid(form), call_id=request.path_params.get("call_id"),
        over=said in OVER, why=OVER.get(said), at=_at(form) if said in OVER else None,
    )  # fmt: skip


def _sid(form: dict[str, str]) -> str:
    return form["CallSid"][:LONGEST_ID]


def _call(request: Request) -> UUID:
    found: UUID = request.path_params["call_id"]
    return found


def _typed(request: Request, form: dict[str, str]) -> dict[str, Any]:
    return {"digits": form.get("Digits", "")[:LONGEST_ID], "number": request.path_params["number"]}


def _at(form: dict[str, str]) -> datetime:
    return moment(form.get("Timestamp", "")) or clock.now()


_CLINIC = PREFIX + "/{slug:str}/"
_ONE = _CLINIC + "{call_id:uuid}/"
ROUTES = [
    Route(_CLINIC + "answer", answer, methods=["POST"]),
    Route(_CLINIC + "status", status, methods=["POST"]),
    Route(_CLINIC + "moved", moved, methods=["POST"]),
    Route(_ONE + "code/{number:int}", code, methods=["POST"]),
    Route(_ONE + "answered", answered, methods=["POST"]),
    Route(_ONE + "press/{number:int}", press, methods=["POST"]),
    Route(_ONE + "next", turn, methods=["POST"]),
    Route(_ONE + "wait/{number:int}", turn, methods=["POST"]),
    Route(_ONE + "status", status, methods=["POST"]),
]


def register() -> None:
    """Add the routes."""
    lean.register(*ROUTES)
