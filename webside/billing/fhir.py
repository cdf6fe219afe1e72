"""Claims and cover as FHIR R4."""

from __future__ import annotations

from typing import Any

from webside.billing.models import Claim, Coverage
from webside.fhirkit import datatypes as fhir
from webside.fhirkit import registry

ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
POS = "https://www.cms.gov/Medicare/Coding/place-of-service-codes"


def procedure(code: str) -> dict[str, Any]:
    """Return the Coding of a procedure: HCPCS Level II starts with a letter, CPT with a digit."""
    return fhir.coding(HCPCS if code[:1].isalpha() else CPT, code)


def claim(row: Claim) -> dict[str, Any]:
    """Return the FHIR Claim of a row."""
    return fhir.compact(
        status=row.status,
        type=fhir.concept(fhir.coding("http://terminology.hl7.org/CodeSystem/claim-type", "professional")),
        use="claim",
        patient=fhir.reference("Patient", row.patient_id),
        created=fhir.day(row.service_date),
        provider=fhir.reference("Practitioner", row.practitioner_id),
        insurer=fhir.compact(display=row.payer.name) if row.payer else None,
        priority=fhir.concept(fhir.coding("http://terminology.hl7.org/CodeSystem/processpriority", "normal")),
        diagnosis=[
            {"sequence": number, "diagnosisCodeableConcept": fhir.concept(fhir.coding(ICD10, code))}
            for number, code in enumerate(row.diagnoses, start=1)
        ],
        insurance=[
            {
                "sequence": 1,
                "focal": True,
                "coverage": fhir.compact(display=row.payer.name if row.payer else "self-pay"),
            }
        ],
        item=[
            fhir.compact(
                sequence=item.sequence,
                productOrService=fhir.concept(procedure(item.code)),
                modifier=[fhir.concept(fhir.coding(CPT, modifier)) for modifier in item.modifiers],
                locationCodeableConcept=fhir.concept(fhir.coding(POS, item.pos)),
                servicedDate=fhir.day(row.service_date),
                quantity={"value": item.units},
                diagnosisSequence=list(range(1, len(row.diagnoses) + 1)),
                encounter=[fhir.reference("Encounter", row.encounter_id)],
            )
            for item in row.items.order_by("sequence")
        ],
    )


def coverage(row: Coverage) -> dict[str, Any]:
    """Return the FHIR Coverage of a row."""
    return fhir.compact(
        status="active",
        subscriberId=row.member_id,
        beneficiary=fhir.reference("Patient", row.patient_id),
        period=fhir.period(row.period_start, row.period_end),
        payor=[fhir.compact(display=row.payer.name)],
        order=row.order,
    )


def register() -> None:
    """Register the resources of this app."""
    registry.register("Claim", Claim, claim)
    registry.register("Coverage", Coverage, coverage)
