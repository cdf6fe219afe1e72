"""What happens to appointments."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentBooked(Event):
    """Somebody booked a time."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentMoved(Event):
    """An appointment has another time, perhaps with somebody else."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCancelled(Event):
    """An appointment will not take place."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentMissed(Event):
    """The patient did not come."""

    appointment_id: UUID
