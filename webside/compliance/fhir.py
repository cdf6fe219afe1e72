"""Consent as FHIR R4."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
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
        # R4 asks for a policy (ppc-1): the person opted in, to these words.
        policyRule=fhir.concept(
            fhir.coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
            text=f"{row.text.title}, {row.text.version}" if row.text else "",
        ),
        # What stood above the box, in which language: the hash says whether the words on file are still those (SHA-1 is R4's).
        sourceAttachment=fhir.compact(
            contentType="text/plain", language=row.language, title=row.text.title, hash=_sha1(row.text.body)
        )
        if row.text and row.language
        else None,
        provision={"period": {"end": fhir.instant(row.withdrawn_at)}} if row.withdrawn_at else None,
    )


def _sha1(text: str) -> str:
    return b64encode(sha1(text.encode(), usedforsecurity=False).digest()).decode()


def register() -> None:
    """Register the resources of this app."""
    registry.register("Consent", Consent, consent)
