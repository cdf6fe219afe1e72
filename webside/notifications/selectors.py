"""Reading what was sent, to whom, and how it went."""

from __future__ import annotations

import json
from uuid import UUID

from django.db.models import Count, QuerySet

from webside.core import jobs, timers
from webside.core.actor import Actor
from webside.core.crypto import Unreadable, keyring
from webside.core.jobs import JobGivenUp
from webside.core.models import Timer
from webside.notifications import policies
from webside.notifications.codes import MessageStatus
from webside.notifications.models import OutgoingMessage


def messages(actor: Actor) -> QuerySet[OutgoingMessage]:
    """Return the messages that the actor may see, newest first."""
    return policies.visible_messages(actor, OutgoingMessage.objects.order_by("-queued_at"))


def message(actor: Actor, message_id: UUID) -> OutgoingMessage | None:
    """Return one message that the actor may see."""
    return messages(actor).filter(id=message_id).first()


def counts(actor: Actor) -> dict[str, int]:
    """Return how many of the actor's tenant's messages stand where."""
    found = messages(actor).order_by().values_list("status").annotate(number=Count("id"))
    return {status.value: dict(found).get(status.value, 0) for status in MessageStatus}


def jobs_given_up(actor: Actor) -> list[JobGivenUp]:
    """Return the jobs of the actor's tenant and of the whole installation that were given up, newest first."""
    if actor.tenant_id is None or not policies.can_see_events(actor):
        return []
    return jobs.given_up(actor.tenant_id)


def timers_given_up(actor: Actor) -> QuerySet[Timer]:
    """Return the timers of the actor's tenant that were given up, newest first."""
    if actor.tenant_id is None or not policies.can_see_events(actor):
        return Timer.objects.none()
    return timers.given_up(actor.tenant_id)


def recipients_of(row: OutgoingMessage) -> list[str]:
    """Return the addresses of a row; raise ``crypto.Unreadable`` if it can't be opened."""
    return list(json.loads(keyring().open(bytes(row.recipient), place=f"mail.{row.id}.recipient")))


def content_of(row: OutgoingMessage) -> bytes:
    """Return the whole message (RFC 5322) of a row; raise ``crypto.Unreadable`` if it can't be opened."""
    return keyring().open(bytes(row.body), place=f"mail.{row.id}")


def recipient(message: OutgoingMessage) -> str:
    """Return to whom a message goes, or an empty text if the row can't be opened any more."""
    try:
        return ", ".join(recipients_of(message))
    except Unreadable:
        return ""
