"""What happens to people."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRegistered(Event):
    """Somebody became a patient of the tenant."""

    patient_id: UUID
