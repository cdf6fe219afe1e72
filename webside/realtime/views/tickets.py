"""Minting tickets on the page lane, where the session is known."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from webside.accounts import doors
from webside.audit.services import record_guess
from webside.realtime import services


@require_POST
def ticket(request: HttpRequest, slug: str) -> JsonResponse:
    """Return a ticket for the topics named in ``topic`` (repeatable); 404 for one that may not be heard."""
    topics = request.POST.getlist("topic") or request.GET.getlist("topic")
    try:
        token = services.mint_ticket(actor=request.actor, topics=topics, ends_at=doors.ends_at(request))  # type: ignore[attr-defined]
    except services.TopicRefused:
        record_guess("realtime.ticket.refuse", actor=request.actor)  # type: ignore[attr-defined]
        return JsonResponse({"error": {"code": "not_found", "text": "There is nothing here for you."}}, status=404)
    return JsonResponse({"ticket": token})
