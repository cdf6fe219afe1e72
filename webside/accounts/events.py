"""What happens to accounts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffInvited(Event):
    """A colleague was asked to join."""

    invitation_id: UUID
