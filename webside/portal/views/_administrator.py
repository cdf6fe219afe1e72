"""The door of pages on which an administrator says what patients read of the clinic."""

from __future__ import annotations

from django.http import HttpRequest

from webside.audit.services import refuse
from webside.core.actor import Actor
from webside.portal import policies


def administrator(request: HttpRequest, action: str) -> Actor:
    """Return who asks, an administrator; refuse anybody else, who tried ``action``."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_see_administration(actor):
        refuse(action, actor=actor)
    return actor
