"""Appointments as FHIR R4, and times as Schedule and Slot.

An Appointment has version bytes. Schedule and Slot are computed from the weekly hours and never
stored: a slot that was stored would be wrong as soon as somebody booked.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from webside.catalog.models import HealthcareService
from webside.fhirkit import datatypes as fhir
from webside.fhirkit import registry
from webside.people.models import Practitioner
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment
from webside.scheduling.selectors import Slot


def appointment(row: Appointment) -> dict[str, Any]:
    """Return the FHIR Appointment of a row."""
    accepted = "declined" if row.status == AppointmentStatus.CANCELLED else "accepted"
    return fhir.compact(
        status=str(row.status),
        cancelationReason=fhir.concept(text=row.cancellation_reason) if row.cancellation_reason else None,
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
