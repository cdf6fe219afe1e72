"""What happens to encounters and notes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterFinished(Event):
    """The clinician closed the encounter."""

    encounter_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigned(Event):
    """The note of an encounter was signed; from now on it is only added to."""

    encounter_id: UUID
