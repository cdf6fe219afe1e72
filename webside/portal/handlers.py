"""Boards and days follow what happens to appointments. What happens in a visit's room, ``visits`` tells at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from webside.outbox.registry import subscribe
from webside.scheduling.events import AppointmentBooked, AppointmentCancelled, AppointmentMissed, AppointmentMoved
from webside.scheduling.models import Appointment
from webside.scheduling.services import tell_lists


def push_appointment(
    event: AppointmentBooked | AppointmentMoved | AppointmentCancelled | AppointmentMissed, event_id: UUID
) -> None:
    """Tell the practitioner's day and the front desk's board to look again."""
    practitioner_id = (
        Appointment.objects.filter(id=event.appointment_id).values_list("practitioner_id", flat=True).first()
    )
    if practitioner_id is not None:
        tell_lists(practitioner_id)


def register() -> None:
    """Listen to the events of the apps below."""
    appointments: tuple[type[Any], ...] = (AppointmentBooked, AppointmentMoved, AppointmentCancelled, AppointmentMissed)
    for event in appointments:
        subscribe(event, push_appointment)
