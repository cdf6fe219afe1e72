"""People as FHIR R4."""

from __future__ import annotations

from typing import Any

from webside.fhirkit import datatypes as fhir
from webside.fhirkit import registry
from webside.people.models import Patient, Person, Practitioner, RelatedPerson

NPI = "http://hl7.org/fhir/sid/us-npi"


def _name(person: Person, prefix: str = "", suffix: str = "") -> list[dict[str, Any]]:
    return [fhir.human_name(person.family, [person.given], prefix, suffix)]


def patient(row: Patient) -> dict[str, Any]:
    """Return the FHIR Patient of a row, without type and id."""
    return fhir.compact(
        identifier=[{"use": "usual", "value": row.record_number}],
        active=row.active,
        name=_name(row),
        telecom=fhir.telecom(row.phone, row.email),
        gender=row.gender,
        birthDate=fhir.day(row.birth_date),
        address=[
            fhir.compact(
                use="home",
                line=[row.address_line] if row.address_line else None,
                city=row.city,
                state=row.state,
                postalCode=row.postal_code,
                country=row.country,
            )
        ],
        communication=[{"language": fhir.concept(fhir.coding("urn:ietf:bcp:47", row.language)), "preferred": True}],
    )


def practitioner(row: Practitioner) -> dict[str, Any]:
    """Return the FHIR Practitioner of a row."""
    return fhir.compact(
        identifier=[{"system": NPI, "value": row.npi}] if row.npi else None,
        active=row.active,
        name=_name(row, row.prefix, row.qualification),
        telecom=fhir.telecom(row.phone, row.email),
        gender=row.gender,
        qualification=[{"code": fhir.concept(text=row.qualification)}] if row.qualification else None,
        communication=[fhir.concept(fhir.coding("urn:ietf:bcp:47", language)) for language in row.languages],
    )


def related_person(row: RelatedPerson) -> dict[str, Any]:
    """Return the FHIR RelatedPerson of a row."""
    return fhir.compact(
        patient=fhir.reference("Patient", row.patient_id),
        relationship=[fhir.concept(text=row.relationship)] if row.relationship else None,
        name=[{"text": row.name}],
        telecom=fhir.telecom(row.phone),
    )


def register() -> None:
    """Register the resources of this app."""
    registry.register("Patient", Patient, patient)
    registry.register("Practitioner", Practitioner, practitioner)
    registry.register("RelatedPerson", RelatedPerson, related_person)
