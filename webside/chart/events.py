"""What happens in the chart."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterFinished(Event):
    """The clinician closed the encounter; its note may still be open."""

    encounter_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigned(Event):
    """The note of an encounter was signed and is closed."""

    encounter_id: UUID
