"""What an administrator looks at."""

from __future__ import annotations

from webside.core.actor import Actor
from webside.notifications import selectors as notifications
from webside.outbox import selectors as outbox
from webside.portal import policies


def administration(actor: Actor) -> dict[str, int] | None:
    """Return what an administrator should look at: counts of what went wrong."""
    if not policies.can_see_administration(actor) or actor.tenant_id is None:
        return None
    sent = notifications.counts(actor)
    return {
        "failed": sent["failed"],
        "queued": sent["queued"],
        "dead": outbox.dead_deliveries(actor.tenant_id).count(),
    }
