"""Consent as FHIR R4."""

from __future__ import annotations

from typing import Any

from webside.compliance.models import Consent
from webside.fhirkit import datatypes as fhir
from webside.fhirkit import registry


def consent(row: Consent) -> dict[str, Any]:
    """Return the FHIR Consent of a row."""
    return fhir.compact(
        status=row.status,
        scope=fhir.concept(fhir.coding("http://terminology.hl7.org/CodeSystem/consentscope", "treatment")),
        category=[fhir.concept(text=row.scope)],
        patient=fhir.reference("Patient", row.patient_id),
        dateTime=fhir.instant(row.given_at),
        performer=[{"display": row.given_by}],
        policyRule=fhir.concept(text=f"{row.text.title}, {row.text.version}") if row.text else None,
    )


def register() -> None:
    """Register the resources of this app."""
    registry.register("Consent", Consent, consent)
