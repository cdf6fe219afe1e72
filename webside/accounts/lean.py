"""``/ingest/saml/``: where a browser brings what a clinic's service (SAML 2.0) answers, by a form of the service's page.

Browsers send no cookie of ours with such a form, and this lane has none: the answer is kept, and the browser led to the
page that knows whether it has asked. It is led there whatever it brought, so that nothing is learnt here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.urls import reverse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from webside.accounts import saml, selectors, signins, single_sign_on
from webside.core.bucket import Buckets

logger = logging.getLogger(__name__)

MOST_FIELDS = 8
GUESSES, GUESSES_PER_SECOND = 20, 0.2
"""How often refused answers are looked at closely enough to be noted: all share one bucket, so that none can fill the trail."""

_guesses = Buckets(GUESSES, GUESSES_PER_SECOND)


async def answered(request: Request) -> Response:
    """Take an answer, and lead on to the page that fetches it."""
    provider_id: UUID = request.path_params["provider_id"]
    encoded = await _field(request, "SAMLResponse")
    remote = request.client.host if request.client else ""
    taken = await asyncio.to_thread(_take, provider_id, encoded, request.state.request_id, remote)
    if isinstance(taken, int):
        return Response(status_code=taken)
    page = reverse("accounts:sso-finish", args=[provider_id])
    query = f"?{urlencode({'answer': taken})}" if taken else ""
    return RedirectResponse(f"{settings.PUBLIC_URL}{page}{query}", status_code=303)


async def _field(request: Request, name: str) -> str:
    """Return a field of a form of ordinary size; empty where it is none."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > saml.LARGEST * 3:  # every letter of it may be written with three
            return ""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return ""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return ""
    return fields.get(name, [""])[0]


def _take(provider_id: UUID, encoded: str, request_id: str, remote: str) -> UUID | int | None:
    """Return by what an answer is fetched, nothing for a refused one, or a status where there is nothing to bring it to."""
    try:
        provider = selectors.identity_provider(provider_id)
        if provider is None or not provider.is_saml:
            return 404
        try:
            return single_sign_on.take_answer(provider, encoded)
        except saml.Refused as refusal:
            if _guesses.wait("anybody", time.monotonic()):
                return 429
            logger.warning("an answer of a service that signs staff in was refused: %s", refusal.why)
            signins.note_refusal(request_id=request_id, remote=remote)
            return None
    finally:
        connection.close()


ROUTES = [Route("/ingest/saml/{provider_id:uuid}", answered, methods=["POST"])]
