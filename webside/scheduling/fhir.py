"""Appointments and places in line as FHIR R4, and times as Schedule and Slot.

An Appointment has version bytes. Who waits in line has one too, on the waitlist and without a time; what comes of it has
the same id and is its next version (docs/adr/0013-a-place-in-line-is-an-appointment.md). Schedule and Slot are computed
from the weekly hours and never stored: a slot that was stored would be wrong as soon as somebody booked.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from webside.catalog.models import HealthcareService
from webside.fhirkit import datatypes as fhir
from webside.fhirkit import registry
from webside.people.models import Practitioner
from webside.scheduling.codes import AppointmentStatus, Missed, QueueStatus, Urgency
from webside.scheduling.models import Appointment, QueueEntry
from webside.scheduling.selectors import Slot, people_of

REASONS = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_MISSED = {Missed.PATIENT: "pat", Missed.LATE_CANCEL: "pat", Missed.CLINICIAN: "prov"}
"""FHIR's own codes for why a visit did not take place; what has none there is *other*."""


def _reason(row: Appointment) -> dict[str, Any] | None:
    """Return why an appointment was cancelled, or did not take place."""
    if row.status == AppointmentStatus.NOSHOW and row.missed_reason:
        code = {"system": REASONS, "code": _MISSED.get(Missed(row.missed_reason), "other")}
        return fhir.concept(code, text=row.missed_note or row.missed_reason)
    return fhir.concept(text=row.cancellation_reason) if row.cancellation_reason else None


def appointment(row: Appointment) -> dict[str, Any]:
    """Return the FHIR Appointment of a row."""
    accepted = "declined" if row.status == AppointmentStatus.CANCELLED else "accepted"
    return fhir.compact(
        status=str(row.status),
        cancelationReason=_reason(row),
        serviceType=[fhir.concept(text=row.service.name)],
        reasonCode=[fhir.concept(text=row.reason_text)] if row.reason_text else None,
        start=fhir.instant(row.start),
        end=fhir.instant(row.end),
        minutesDuration=round((row.end - row.start).total_seconds() / 60),
        created=fhir.instant(row.created_at),
        participant=[
            {"actor": fhir.reference("Patient", row.patient_id, row.patient.full_name), "status": accepted},
            {
                "actor": fhir.reference("Practitioner", row.practitioner_id, row.practitioner.display_name),
                "status": accepted,
            },
            {"actor": fhir.reference("HealthcareService", row.service_id, row.service.name), "status": accepted},
            *_people(row, accepted),
        ],
    )


def _people(row: Appointment, accepted: str) -> list[dict[str, Any]]:
    """Return who is booked beside the two: a colleague by reference, anybody else by name; a wish for an interpreter as one."""
    return [
        fhir.compact(
            type=[fhir.concept(text=each.role)],
            actor=fhir.reference("Practitioner", each.practitioner_id, each.shown_name)
            if each.is_colleague
            else {"display": each.name or f"{each.role}, {each.interprets}"},
            status="needs-action" if each.is_wish and accepted == "accepted" else accepted,
        )
        for each in people_of(row)
    ]


WALK_IN = fhir.coding(
    "http://terminology.hl7.org/CodeSystem/v2-0276", "WALKIN", "A previously unscheduled walk-in visit"
)
PRIORITY = {Urgency.URGENT: 1, Urgency.SOON: 5, Urgency.ROUTINE: 9}
"""FHIR's priority of an Appointment: as in iCalendar, 1 is the highest and 9 the lowest."""
_LINE = {
    QueueStatus.SEEN: AppointmentStatus.FULFILLED,
    QueueStatus.LEFT: AppointmentStatus.CANCELLED,
    QueueStatus.REMOVED: AppointmentStatus.CANCELLED,
    QueueStatus.NOSHOW: AppointmentStatus.NOSHOW,
    QueueStatus.BOOKED: AppointmentStatus.BOOKED,
}


def queue_entry(row: QueueEntry) -> dict[str, Any]:
    """Return the FHIR Appointment of a place in line, as long as nobody has called her: on the waitlist, without a time.

    One that is over without a visit is cancelled; one that is called is written by :func:`appointment`.
    """
    status = _LINE.get(QueueStatus(row.status), AppointmentStatus.WAITLIST)
    return fhir.compact(
        status=str(status),
        cancelationReason=fhir.concept(text=row.end_reason)
        if status is AppointmentStatus.CANCELLED and row.end_reason
        else None,
        serviceType=[fhir.concept(text=row.service.name)],
        appointmentType=fhir.concept(WALK_IN),
        reasonCode=[fhir.concept(text=row.reason_text)] if row.reason_text else None,
        priority=PRIORITY[Urgency(row.urgency)],
        created=fhir.instant(row.created_at),
        requestedPeriod=[{"start": fhir.instant(row.joined_at)}],
        participant=[
            {"actor": fhir.reference("Patient", row.patient_id, row.patient.full_name), "status": "accepted"},
            {"actor": fhir.reference("HealthcareService", row.service_id, row.service.name), "status": "accepted"},
        ],
    )


def schedule(practitioner: Practitioner) -> dict[str, Any]:
    """Return the FHIR Schedule of a practitioner: one each, with the practitioner's id."""
    return fhir.compact(
        resourceType="Schedule",
        id=str(practitioner.id),
        active=practitioner.active,
        actor=[fhir.reference("Practitioner", practitioner.id, practitioner.display_name)],
    )


def slot(free: Slot, service: HealthcareService) -> dict[str, Any]:
    """Return the FHIR Slot of a free time. Its id is the same each time it is computed."""
    name = f"urn:webside:slot:{free.practitioner.id}:{service.id}:{free.start.isoformat()}"
    return fhir.compact(
        resourceType="Slot",
        id=str(uuid5(NAMESPACE_URL, name)),
        serviceType=[fhir.concept(text=service.name)],
        schedule=fhir.reference("Schedule", free.practitioner.id),
        status="free",
        start=fhir.instant(free.start),
        end=fhir.instant(free.end),
    )


def register() -> None:
    """Register the resources of this app."""
    registry.register("Appointment", Appointment, appointment)
    registry.register("Appointment", QueueEntry, queue_entry)
