"""Services as FHIR R4 HealthcareService."""

from __future__ import annotations

from typing import Any

from webside.catalog.codes import Kind
from webside.catalog.models import HealthcareService
from webside.fhirkit import datatypes as fhir
from webside.fhirkit import registry

KIND = "urn:webside:service-kind"
MODALITY = "urn:webside:service-modality"
NEED = "urn:webside:service-need"


def healthcare_service(row: HealthcareService) -> dict[str, Any]:
    """Return the FHIR HealthcareService of a row. Category: its kind; type: needs; characteristic: modality."""
    return fhir.compact(
        active=row.active,
        category=[fhir.concept(fhir.coding(KIND, row.kind, row.kind.capitalize()))],
        type=[fhir.concept(fhir.coding(NEED, need)) for need in row.needs],
        name=row.name,
        comment=row.summary,
        extraDetails=row.description,
        characteristic=[fhir.concept(fhir.coding(MODALITY, row.modality))],
        appointmentRequired=row.kind != Kind.TELECARE and not row.on_demand,
    )


def register() -> None:
    """Register the resources of this app."""
    registry.register("HealthcareService", HealthcareService, healthcare_service)
