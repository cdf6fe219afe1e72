"""What visits do when something happens below them. Each may run twice."""

from __future__ import annotations

from uuid import UUID

from webside.chart.events import NoteSigned
from webside.compliance.events import ConsentWithdrawn
from webside.compliance.models import Consent
from webside.outbox.registry import subscribe
from webside.realtime.services import disconnect_on_commit, push_on_commit
from webside.scheduling.events import AppointmentBooked, AppointmentCancelled, AppointmentMoved
from webside.scheduling.models import Appointment
from webside.visits import rules, selectors, services
from webside.visits.codes import OVER, Stage, VisitStatus
from webside.visits.models import Visit


def _appointment(appointment_id: UUID) -> Appointment | None:
    return Appointment.objects.select_related("patient", "practitioner", "service").filter(id=appointment_id).first()


def open_when_booked(event: AppointmentBooked, event_id: UUID) -> None:
    """Make the room of a new appointment."""
    appointment = _appointment(event.appointment_id)
    if appointment is not None:
        services.open_visit(appointment=appointment)


def follow_when_moved(event: AppointmentMoved, event_id: UUID) -> None:
    """Give the seat to the new practitioner; ask the place again if the new time is not about now."""
    appointment = _appointment(event.appointment_id)
    if appointment is None:
        return
    visit = services.open_visit(appointment=appointment)
    start = selectors.safe_start_of(visit)
    untouched = selectors.stage_of(visit) in (Stage.CHECK_IN, Stage.WAITING, Stage.STOPPED)
    if untouched and start and rules.place_is_old(start.place_said_at, appointment.start, holds=selectors.PLACE_HOLDS):
        start.completed_at = None
        start.save(update_fields=["completed_at", "updated_at"])
        Visit.objects.filter(id=visit.id).update(status=VisitStatus.PLANNED, waiting_since=None, stopped_by=None)
    push_on_commit(f"visit:{visit.id}", "moved", visit.id)
    push_on_commit(f"visit-news:{visit.id}", "moved", visit.id)


def close_when_cancelled(event: AppointmentCancelled, event_id: UUID) -> None:
    """Close the sockets of a room whose appointment was cancelled."""
    push_on_commit(f"visit-news:{event.appointment_id}", "cancelled", event.appointment_id)
    disconnect_on_commit(topic=f"visit:{event.appointment_id}", reason="ended")


def tell_when_consent_ends(event: ConsentWithdrawn, event_id: UUID) -> None:
    """Let the clinician's page ask the gates again while the patient is in the room."""
    consent = Consent.objects.filter(id=event.consent_id).first()
    if consent is None:
        return
    open_visits = Visit.objects.filter(appointment__patient_id=consent.patient_id).exclude(
        status__in=[*OVER, VisitStatus.PLANNED]
    )
    for visit_id in open_visits.values_list("id", flat=True):
        push_on_commit(f"visit:{visit_id}", "gates", visit_id)
        push_on_commit(f"visit-news:{visit_id}", "gates", visit_id)


def tell_when_signed(event: NoteSigned, event_id: UUID) -> None:
    """Let the patient's page go on to the summary."""
    visit_id = Visit.objects.filter(encounter_id=event.encounter_id).values_list("id", flat=True).first()
    if visit_id is not None:
        push_on_commit(f"visit-news:{visit_id}", "signed", visit_id)


def register() -> None:
    """Listen."""
    subscribe(AppointmentBooked, open_when_booked)
    subscribe(AppointmentMoved, follow_when_moved)
    subscribe(AppointmentCancelled, close_when_cancelled)
    subscribe(ConsentWithdrawn, tell_when_consent_ends)
    subscribe(NoteSigned, tell_when_signed)
