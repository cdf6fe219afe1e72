"""Minting tickets on the page lane, where the session is known."""

from __future__ import annotations

import time

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from webside.accounts import doors
from webside.audit.services import record_guess
from webside.core.bucket import Buckets
from webside.realtime import services

BURST = 120
PER_SECOND = 1.0
"""A page asks for a ticket when it opens and after each loss, a few times a minute at worst; people have several pages."""

_asked = Buckets(BURST, PER_SECOND)


@require_POST
def ticket(request: HttpRequest, slug: str) -> JsonResponse:
    """Return a ticket for the topics named in ``topic`` (repeatable); 404 for one that may not be heard."""
    actor = request.actor  # type: ignore[attr-defined]
    who = actor.user_id or actor.subject_id
    if who and (wait := _asked.wait(who, time.monotonic())):
        answer = JsonResponse(
            {"error": {"code": "too_many", "text": "Too many at once. Wait, then try again."}}, status=429
        )
        answer["Retry-After"] = str(int(wait) + 1)
        return answer
    topics = request.POST.getlist("topic") or request.GET.getlist("topic")
    try:
        token = services.mint_ticket(actor=actor, topics=topics, ends_at=doors.ends_at(request))
    except services.TopicRefused:
        record_guess("realtime.ticket.refuse", actor=actor)
        return JsonResponse({"error": {"code": "not_found", "text": "There is nothing here for you."}}, status=404)
    return JsonResponse({"ticket": token})
