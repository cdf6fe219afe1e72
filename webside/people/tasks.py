"""What happens to grants when their time comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from webside.core import clock, frames, timers
from webside.people.models import Delegation
from webside.people.services import delegations


def _standing(payload: Mapping[str, Any]) -> Delegation | None:
    found = Delegation.objects.filter(id=payload["delegation"], accepted_at__isnull=False, revoked_at=None)
    return found.select_related("patient", "tenant").first()


def remind(payload: Mapping[str, Any]) -> None:
    """Tell both that a grant ends soon, unless it is over by now."""
    found = _standing(payload)
    if found is not None and found.expires_at is not None and clock.now() < found.expires_at:
        delegations.remind(actor=frames.current().actor, delegation=found)


def expire(payload: Mapping[str, Any]) -> None:
    """Close what is open by a grant that has ended."""
    found = _standing(payload)
    if found is not None and found.expires_at is not None and found.expires_at <= clock.now():
        delegations.expire(actor=frames.current().actor, delegation=found)


def register() -> None:
    """Register the timers."""
    handlers: dict[str, Callable[[Mapping[str, Any]], None]] = {delegations.REMIND: remind, delegations.OVER: expire}
    for name, handler in handlers.items():
        timers.register(name, handler)
