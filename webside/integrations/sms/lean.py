"""``/ingest/sms/``: what the carrier tells us, signed: how a text fared, and what somebody texted to us.

Whoever has no signature of the carrier over this very address gets one answer, whatever they ask for: there is nothing to
be learnt here. The clinic comes from the path, which is signed with the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webside.core import lean
from webside.core.bucket import Buckets
from webside.integrations.sms.client import HttpSms
from webside.integrations.sms.errors import reason_of
from webside.integrations.webhooks import form_of, in_clinic
from webside.notifications import ports, services
from webside.notifications.codes import Reason
from webside.notifications.telephone import e164

BURST, PER_SECOND = 120, 40.0
"""How much each clinic's address takes of a process. The carrier sends again what was refused so (its own setting)."""
GUESSES, GUESSES_PER_SECOND = 20, 0.2
"""How often somebody without a signature is answered: they share one bucket, so that none can fill the memory."""

PREFIX = "/ingest/sms"
PART = "text message service"
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
FAILED = frozenset({"undelivered", "failed"})

_buckets = Buckets(BURST, PER_SECOND)
_guesses = Buckets(GUESSES, GUESSES_PER_SECOND)


def status_address(clinic: str, key: str) -> str:
    """Return where the carrier says how a clinic's message fared."""
    return f"{settings.PUBLIC_URL}{PREFIX}/{clinic}/{key}/status"


def received_address(clinic: str) -> str:
    """Return where the carrier brings what is texted to a clinic's number."""
    return f"{settings.PUBLIC_URL}{PREFIX}/{clinic}/received"


async def _admit(request: Request) -> tuple[HttpSms, dict[str, str]] | Response:
    """Return the carrier and the fields of a call that it signed, or the answer to all others."""
    form = await form_of(request)
    port = ports.sms()
    address = f"{settings.PUBLIC_URL}{request.url.path}"
    given = request.headers.get("x-twilio-signature", "")
    if form is None or not isinstance(port, HttpSms) or not given or not port.signed(address, form, given):
        busy = _guesses.wait("anybody", time.monotonic())
        return Response(status_code=429 if busy else 403)
    if wait := _buckets.wait(request.path_params["slug"], time.monotonic()):
        return Response(status_code=429, headers={"Retry-After": str(int(wait) + 1)})
    return port, form


async def received(request: Request) -> Response:
    """Take a text that somebody sent to a clinic's number."""
    admitted = await _admit(request)
    if isinstance(admitted, Response):
        return admitted
    port, form = admitted
    slug, sender = request.path_params["slug"], e164(form.get("From", ""))
    if not form.get("MessageSid") or not sender or form.get("To") != port.number_of(slug):
        return Response(status_code=400)  # short codes and other senders that nobody can answer, among others
    done, _ = await asyncio.to_thread(
        in_clinic, slug, PART, services.receive_text, carrier_id=form["MessageSid"][:64], number=sender,
        body=form.get("Body", ""), answered=bool(form.get("OptOutType")),
    )  # fmt: skip
    return Response(NOTHING_TO_SAY, media_type="text/xml") if done else Response(status_code=404)


async def status(request: Request) -> Response:
    """Take what the carrier says of a text: it arrived, or it will not. What lies between is no news."""
    admitted = await _admit(request)
    if isinstance(admitted, Response):
        return admitted
    form = admitted[1]
    said = form.get("MessageStatus", "")
    if not form.get("MessageSid"):
        return Response(status_code=400)
    if said == "delivered" or said in FAILED:
        slug, news = request.path_params["slug"], _news(request, form, said)
        done, _ = await asyncio.to_thread(in_clinic, slug, PART, services.note_text_status, **news)
        if not done:
            return Response(status_code=404)
    return Response(status_code=204)


def _news(request: Request, form: Mapping[str, str], said: str) -> dict[str, Any]:
    code = form.get("ErrorCode", "")
    message_id: UUID = request.path_params["message_id"]
    return {
        "message_id": message_id,
        "sid": form["MessageSid"][:64],
        "arrived": said == "delivered",
        "reason": reason_of(code) if said in FAILED else Reason.NONE,
        "code": f"code {code}" if code.isdigit() else "",
    }


ROUTES = [
    Route(PREFIX + "/{slug:str}/received", received, methods=["POST"]),
    Route(PREFIX + "/{slug:str}/{message_id:uuid}/status", status, methods=["POST"]),
]


def register() -> None:
    """Add the routes."""
    lean.register(*ROUTES)
