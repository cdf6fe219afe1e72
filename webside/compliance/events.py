"""What happens to licences and consents."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn(Event):
    """A patient took a consent back."""

    consent_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceExpired(Event):
    """The last day of a licence is over."""

    licence_id: UUID
