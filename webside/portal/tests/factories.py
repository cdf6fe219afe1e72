"""What the portal's tests need besides the cast."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from psycopg.types.range import TimestamptzRange

from webside.chart.models import Encounter, Note
from webside.core import clock
from webside.scheduling.models import Appointment
from webside.visits.models import Visit


def appointment(cast: Any, *, minutes: float = 10, practitioner: Any = None, **changes: Any) -> Appointment:
    """Make an appointment of Liz (with Dr. Chen) that begins in so many minutes; call it within a frame."""
    start: datetime = clock.now() + timedelta(minutes=minutes)
    values = {
        "patient": cast.liz,
        "practitioner": practitioner or cast.maya,
        "service": cast.video_visit,
        "period": TimestamptzRange(start, start + timedelta(minutes=20)),
        "patient_state": "NY",
        "patient_timezone": "America/New_York",
        "reason_text": "My sugar is up",
        "booked_by": "test",
        "idempotency_key": uuid4().hex,
        **changes,
    }
    return Appointment.objects.create(**values)


def visit(appointment: Appointment, **changes: Any) -> Visit:
    """Make the room of an appointment."""
    return Visit.objects.create(id=appointment.id, appointment=appointment, **changes)


def encounter(cast: Any, **note: Any) -> Encounter:
    """Make a finished encounter of Liz with Dr. Chen and its note."""
    made = Encounter.objects.create(
        patient=cast.liz, practitioner=cast.maya, service=cast.video_visit, status="finished",
        started_at=clock.now() - timedelta(days=2), ended_at=clock.now() - timedelta(days=2), location_state="NY",
    )  # fmt: skip
    Note.objects.create(encounter=made, **note)
    return made
