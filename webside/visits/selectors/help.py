"""Reading what people said is wrong, and whether a person has it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from webside.core import clock
from webside.core.actor import Actor
from webside.visits import policies
from webside.visits.models import HelpRequest, Visit

ANSWERED_SHOWN = timedelta(days=7)
MOST_ANSWERED = 50
MOST_OPEN = 200
"""As many stand on one page; a clinic with more has another trouble, and the page says how many there are."""


def _requests() -> QuerySet[HelpRequest]:
    return HelpRequest.objects.select_related(
        "visit__appointment__patient", "visit__appointment__practitioner", "visit__appointment__service"
    )


def help_request(help_id: UUID) -> HelpRequest | None:
    """Return one request for help with its visit, or nothing. The caller asks the policies."""
    return _requests().filter(id=help_id).first()


def open_help(actor: Actor) -> list[HelpRequest]:
    """Return the requests for help that nobody has answered, as far as the actor may see them, the longest open first."""
    found = policies.visible_help(actor, _requests()).filter(answered_at=None)
    return list(found.order_by("asked_at", "id")[:MOST_OPEN])


def answered_help(actor: Actor) -> list[HelpRequest]:
    """Return those that were answered in the last days, the newest first."""
    found = policies.visible_help(actor, _requests()).filter(answered_at__gt=clock.now() - ANSWERED_SHOWN)
    return list(found.order_by("-answered_at")[:MOST_ANSWERED])


def help_waiting(actor: Actor) -> int:
    """Return how many requests for help wait for somebody to take them, as far as the actor may see them."""
    return policies.visible_help(actor, HelpRequest.objects.filter(answered_at=None, taken_at=None)).count()


def help_of(visit: Visit) -> list[HelpRequest]:
    """Return what was said to be wrong with a visit, the newest first. The caller has guarded the visit."""
    return list(HelpRequest.objects.filter(visit=visit).order_by("-asked_at", "-id"))
