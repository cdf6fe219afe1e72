"""Short ways to what the tests of scheduling need, on top of the cast."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from webside.core import clock
from webside.scheduling import handlers, selectors, services
from webside.scheduling.events import AppointmentBooked, AppointmentCancelled, AppointmentMoved
from webside.scheduling.models import Appointment
from webside.scheduling.selectors import Slot
from webside.testing.cast import agreed

VISITOR = services.VisitorDetails(
    given="Nora", family="Quist", birth_date=date(1988, 2, 29), email="nora@example.test", phone="518-555-0161"
)


def some_slots(cast: Any, service: Any = None, state: str = "NY", practitioner: Any = None) -> list[Slot]:
    """Return free slots from tomorrow; the caller is in a frame."""
    return selectors.free_slots(
        service=service or cast.video_visit, state=state, since=clock.now() + timedelta(days=1), days=3,
        practitioner=practitioner,
    )  # fmt: skip


def book(cast: Any, actor: Any, start: datetime, **changes: Any) -> Appointment:
    """Book Liz with Dr. Chen at ``start``, her consent included."""
    values: dict[str, Any] = {
        "patient": cast.liz,
        "service": cast.video_visit,
        "practitioner": cast.maya,
        "start": start,
        "state": "NY",
        "timezone": "America/New_York",
        "reason_text": "My morning sugar has crept up",
        "idempotency_key": uuid4().hex,
        "consent_scope": "telehealth",
        "consent_words": agreed("telehealth"),
        **changes,
    }
    return services.book_with_consent(actor=actor, **values)


def book_visitor(cast: Any, actor: Any, slot: Slot, **changes: Any) -> Appointment:
    """Book a visitor without an account."""
    values: dict[str, Any] = {
        "details": VISITOR,
        "service": cast.video_visit,
        "practitioner": slot.practitioner,
        "start": slot.start,
        "state": "NY",
        "timezone": "America/New_York",
        "idempotency_key": uuid4().hex,
        "consent_scope": "telehealth",
        "consent_words": agreed("telehealth"),
        **changes,
    }
    return services.book_as_visitor(actor=actor, **values)


def write_of_one_visit(cast: Any, liz: Any) -> None:
    """Book, move and cancel a visit of Liz's, each with its letter."""
    slots = some_slots(cast)
    appointment = book(cast, liz, slots[0].start)
    handlers.send_booked(AppointmentBooked(appointment_id=appointment.id), uuid4())
    appointment = services.move_appointment(actor=liz, appointment=appointment, start=slots[4].start)
    handlers.send_moved(AppointmentMoved(appointment_id=appointment.id), uuid4())
    services.cancel_appointment(actor=liz, appointment=appointment)
    handlers.send_cancelled(AppointmentCancelled(appointment_id=appointment.id), uuid4())
