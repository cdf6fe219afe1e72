"""Who sees what was sent, and what went wrong behind the scenes."""

from __future__ import annotations

from django.db.models import QuerySet

from webside.core.actor import Actor, Role
from webside.notifications.models import OutgoingMessage


def can_see_messages(actor: Actor) -> bool:
    """The front desk, which reaches a person when a message doesn't, and administrators."""
    return actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


def visible_messages(actor: Actor, messages: QuerySet[OutgoingMessage]) -> QuerySet[OutgoingMessage]:
    """The messages of the actor's own tenant, for those who may see them."""
    if actor.tenant_id is None or not can_see_messages(actor):
        return messages.none()
    return messages.filter(tenant_id=actor.tenant_id)


def can_see_events(actor: Actor) -> bool:
    """Administrators look after deliveries that were given up."""
    return actor.has(Role.ADMINISTRATOR)
