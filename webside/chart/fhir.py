"""The record as FHIR R4."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1
from html import escape
from typing import Any
from uuid import UUID

from webside.catalog.codes import Modality
from webside.chart.codes import (
    ConditionCategory,
    EmptyReason,
    ListCode,
    NotePart,
    NoteStatus,
    OwnerKind,
    PlanStatus,
    ReadingSource,
    StepTime,
    SummaryPart,
)
from webside.chart.models import (
    AllergyIntolerance,
    CarePlan,
    Condition,
    Document,
    Encounter,
    List,
    MedicationStatement,
    Note,
    Observation,
    PlanStep,
)
from webside.fhirkit import datatypes as fhir
from webside.fhirkit import registry

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_STATE = "urn:webside:patient-state"
_PLACE = "urn:webside:patient-place"

PROGRESS_NOTE = ("11506-3", "Progress note")
SECTIONS: dict[str, tuple[str, str]] = {
    NotePart.SUBJECTIVE: ("61150-9", "Subjective Narrative"),
    NotePart.OBJECTIVE: ("61149-1", "Objective Narrative"),
    NotePart.ASSESSMENT: ("51848-0", "Evaluation note"),
    NotePart.PLAN: ("18776-5", "Plan of care note"),
    SummaryPart.IN_SHORT: ("60591-5", "Patient summary Document"),
    SummaryPart.YOU_DO: ("69730-0", "Instructions"),
    SummaryPart.WE_DO: ("61145-9", "Patient plan of care note"),
    SummaryPart.GET_HELP: ("74213-0", "Discharge instructions"),
}
ADDENDUM = ("55107-7", "Addendum Document")
LISTS: dict[str, tuple[str, str]] = {
    ListCode.ALLERGIES: ("48765-2", "Allergies and adverse reactions Document"),
    ListCode.MEDICATIONS: ("10160-0", "History of Medication use Narrative"),
    ListCode.PROBLEMS: ("11450-4", "Problem list - Reported"),
}


def _concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    return fhir.concept(fhir.coding(system, code, display))


def _person(resource_type: str, row_id: UUID | None, display: str) -> dict[str, Any] | None:
    return fhir.reference(resource_type, row_id, display)


def encounter(row: Encounter) -> dict[str, Any]:
    """Return the FHIR Encounter of a row, with its diagnoses in their order."""
    diagnoses = list(row.diagnoses.order_by("position", "created_at"))
    in_person = row.service.modality == Modality.IN_PERSON
    return fhir.compact(
        status=str(row.status),
        class_=fhir.coding(f"{_HL7}v3-ActCode", "AMB" if in_person else "VR", "ambulatory" if in_person else "virtual"),
        serviceType=fhir.concept(text=row.service.name),
        subject=_person("Patient", row.patient_id, row.patient.full_name),
        participant=[
            {"individual": _person("Practitioner", row.practitioner_id, row.practitioner.display_name)},
        ],
        appointment=[fhir.reference("Appointment", row.appointment_id)] if row.appointment_id else None,
        period=fhir.period(row.started_at, row.ended_at),
        location=[{"location": {"display": row.location_name}}] if row.location_name else None,
        diagnosis=[
            {
                "condition": fhir.reference("Condition", diagnosis.id, str(diagnosis)),
                "use": _concept(f"{_HL7}diagnosis-role", "billing" if position == 1 else "CC"),
                "rank": position,
            }
            for position, diagnosis in enumerate(diagnoses, start=1)
        ],
        extension=[
            extension
            for extension in (
                {"url": _STATE, "valueCode": row.location_state} if row.location_state else None,
                {"url": _PLACE, "valueCode": row.location} if row.location else None,
            )
            if extension
        ],
    )


def _narrative(text: str) -> dict[str, str]:
    lines = "<br/>".join(escape(line) for line in text.split("\n"))
    return {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'}


def _section(code: tuple[str, str], text: str, author: dict[str, Any] | None = None) -> dict[str, Any]:
    return fhir.compact(
        title=code[1], code=_concept(LOINC, *code), text=_narrative(text), author=[author] if author else None
    )


def note(row: Note) -> dict[str, Any]:
    """Return the FHIR Composition of a note: its parts, what the patient takes home, its addenda."""
    about = row.encounter
    author = row.signer or about.practitioner
    sections = [_section(code, getattr(row, part)) for part, code in SECTIONS.items() if getattr(row, part).strip()]
    sections += [
        _section(
            ADDENDUM,
            addendum.text,
            fhir.reference("Practitioner", addendum.author_id, addendum.author.display_name),
        )
        for addendum in row.addenda.select_related("author").order_by("added_at")
    ]
    return fhir.compact(
        status=str(row.status),
        type=_concept(LOINC, *PROGRESS_NOTE),
        subject=_person("Patient", about.patient_id, about.patient.full_name),
        encounter=fhir.reference("Encounter", about.id),
        date=fhir.instant(row.signed_at or row.saved_at or row.created_at),
        author=[_person("Practitioner", author.id, author.display_name)],
        title=f"{about.service.name}: note",
        attester=[
            {
                "mode": "legal",
                "time": fhir.instant(row.signed_at),
                "party": _person("Practitioner", author.id, author.display_name),
            }
        ]
        if row.signed_at
        else None,
        section=sections,
    )


CLINICAL_NOTE = ("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note")


def note_text(row: Note) -> str:
    """Return a note as plain text, as it was signed, with what was added since: what a reader without FHIR sees."""
    parts = [(code[1], getattr(row, part)) for part, code in SECTIONS.items() if getattr(row, part).strip()]
    parts += [
        (f"{ADDENDUM[1]}, {addendum.author.display_name}, {fhir.instant(addendum.added_at)}", addendum.text)
        for addendum in row.addenda.select_related("author").order_by("added_at")
    ]
    return "\n\n".join(f"{title}\n{text.strip()}" for title, text in parts) + "\n"


def document(row: Note) -> dict[str, Any]:
    """Return the FHIR DocumentReference of a note: the whole text as one document.

    The Composition has the same in parts; programs that read clinical notes ask for this one (US Core,
    clinical notes guidance). ``hash`` is the SHA-1 that FHIR asks for; it protects nothing.
    """
    about = row.encounter
    author = row.signer or about.practitioner
    signer = _person("Practitioner", author.id, author.display_name)
    text = note_text(row).encode()
    return fhir.compact(
        status="current",
        docStatus=str(row.status),
        type=_concept(LOINC, *PROGRESS_NOTE),
        category=[_concept(*CLINICAL_NOTE)],
        subject=_person("Patient", about.patient_id, about.patient.full_name),
        date=fhir.instant(row.signed_at or row.saved_at or row.created_at),
        author=[signer],
        authenticator=signer if row.signed_at else None,
        description=f"{about.service.name}: note",
        content=[
            {
                "attachment": fhir.compact(
                    contentType="text/plain; charset=utf-8",
                    data=b64encode(text).decode(),
                    size=len(text),
                    hash=b64encode(sha1(text, usedforsecurity=False).digest()).decode(),
                    title=f"{about.service.name}: note",
                    creation=fhir.instant(row.signed_at),
                )
            }
        ],
        context=fhir.compact(
            encounter=[fhir.reference("Encounter", about.id)],
            period=fhir.period(about.started_at, about.ended_at),
            related=[fhir.reference("Composition", row.id)],
        ),
    )


def condition(row: Condition) -> dict[str, Any]:
    """Return the FHIR Condition of a row. A diagnosis is provisional until its note is signed."""
    is_problem = row.category == ConditionCategory.PROBLEM
    sure = is_problem or (row.encounter is not None and row.encounter.note.status != NoteStatus.PRELIMINARY)
    return fhir.compact(
        clinicalStatus=_concept(f"{_HL7}condition-clinical", row.clinical_status),
        verificationStatus=_concept(f"{_HL7}condition-ver-status", "confirmed" if sure else "provisional"),
        category=[_concept(f"{_HL7}condition-category", row.category)],
        code=fhir.concept(fhir.coding(ICD10CM, row.code, row.display), text=row.display)
        if row.code
        else fhir.concept(text=row.display),
        subject=fhir.reference("Patient", row.patient_id),
        encounter=fhir.reference("Encounter", row.encounter_id),
        onsetDateTime=fhir.day(row.onset_date),
        recordedDate=fhir.instant(row.created_at),
    )


def allergy(row: AllergyIntolerance) -> dict[str, Any]:
    """Return the FHIR AllergyIntolerance of a row."""
    return fhir.compact(
        clinicalStatus=_concept(f"{_HL7}allergyintolerance-clinical", row.clinical_status),
        verificationStatus=_concept(f"{_HL7}allergyintolerance-verification", "confirmed"),
        criticality=row.criticality,
        code=fhir.concept(text=row.substance),
        patient=fhir.reference("Patient", row.patient_id),
        recordedDate=fhir.instant(row.created_at),
        reaction=[{"manifestation": [fhir.concept(text=row.reaction)]}] if row.reaction else None,
    )


def medication(row: MedicationStatement) -> dict[str, Any]:
    """Return the FHIR MedicationStatement of a row."""
    return fhir.compact(
        status=row.status,
        medicationCodeableConcept=fhir.concept(text=row.medication),
        subject=fhir.reference("Patient", row.patient_id),
        effectivePeriod=fhir.period(row.started_on, row.ended_on),
        dateAsserted=fhir.instant(row.created_at),
        dosage=[{"text": row.dosage}] if row.dosage else None,
    )


_METHODS: Mapping[str, str] = {
    ReadingSource.SAID: "reported by the patient",
    ReadingSource.SHOWN: "read off the patient's own device by video",
    ReadingSource.MEASURED: "measured by staff",
}


def observation(row: Observation) -> dict[str, Any]:
    """Return the FHIR Observation of a vital sign."""
    value = row.value.normalize()
    return fhir.compact(
        status=row.status,
        category=[_concept(f"{_HL7}observation-category", "vital-signs")],
        code=_concept(LOINC, row.code, row.display),
        subject=fhir.reference("Patient", row.patient_id),
        encounter=fhir.reference("Encounter", row.encounter_id),
        effectiveDateTime=fhir.instant(row.effective_at),
        performer=[{"display": row.entered_by}] if row.entered_by else None,
        method={"text": _METHODS[row.source]} if row.source else None,
        valueQuantity={
            "value": int(value) if value == value.to_integral_value() else float(value),
            "unit": row.unit,
            "system": UCUM,
            "code": row.unit,
        },
    )


def media(row: Document) -> dict[str, Any]:
    """Return the FHIR Media of a picture. One that was taken back says so, and of its content nothing."""
    gone = row.withdrawn_at is not None
    return fhir.compact(
        status="entered-in-error" if gone else "completed",
        type=_concept(f"{_HL7}media-type", "image", "Image"),
        subject=fhir.reference("Patient", row.patient_id),
        encounter=fhir.reference("Encounter", row.encounter_id),
        createdDateTime=fhir.instant(row.taken_at),
        operator={"display": row.taken_by},
        bodySite=fhir.concept(text=row.body_site),
        height=None if gone else row.height,
        width=None if gone else row.width,
        content={"contentType": row.content_type} if gone else {
            "contentType": row.content_type, "url": f"urn:uuid:{row.content}", "size": row.size,
            "creation": fhir.instant(row.taken_at),
        },
    )  # fmt: skip


def confirmed_list(row: List) -> dict[str, Any]:
    """Return the FHIR List of a confirmation. The entries are resources of their own, found by the patient.

    It is retired as soon as an entry comes or goes: what was confirmed is not what stands there.
    """
    return fhir.compact(
        status="retired" if row.changed_at else "current",
        mode="snapshot",
        title=row.code,
        code=_concept(LOINC, *LISTS[row.code]),
        subject=fhir.reference("Patient", row.patient_id),
        date=fhir.instant(row.confirmed_at),
        source={"display": row.confirmed_by},
        emptyReason=_concept(f"{_HL7}list-empty-reason", EmptyReason.NIL_KNOWN.value) if row.empty_reason else None,
    )


_PURPOSE = "purpose"
_LIFECYCLES: Mapping[str, str] = {
    PlanStatus.ACTIVE: "active",
    PlanStatus.COMPLETED: "completed",
    PlanStatus.REVOKED: "cancelled",
}


def care_plan(row: CarePlan) -> dict[str, Any]:
    """Return the FHIR CarePlan of a plan with its steps. What it is for is a Goal within it.

    Whoever owns a step is named; an account of this clinic is no FHIR resource of its own.
    """
    subject = fhir.reference("Patient", row.patient_id, row.patient.full_name)
    responsible = fhir.reference("Practitioner", row.responsible_id, row.responsible.display_name)
    return fhir.compact(
        contained=[
            fhir.compact(
                resourceType="Goal", id=_PURPOSE, lifecycleStatus=_LIFECYCLES[row.status],
                description=fhir.concept(text=row.title), subject=subject,
            )
        ],
        status=str(row.status),
        intent="plan",
        title=row.title,
        subject=subject,
        encounter=fhir.reference("Encounter", row.encounter_id),
        period=fhir.period(row.created_at, row.closed_at),
        created=fhir.instant(row.created_at),
        author=responsible,
        contributor=[responsible],
        goal=[{"reference": f"#{_PURPOSE}"}],
        note=[{"text": row.close_reason}] if row.close_reason else None,
        activity=[_activity(row, step, subject) for step in row.steps.order_by("position", "id")],
    )  # fmt: skip


def _activity(plan: CarePlan, step: PlanStep, subject: dict[str, Any] | None) -> dict[str, Any]:
    performer = subject if step.owner_kind == OwnerKind.PATIENT else {"display": step.owner_name}
    turns_on = f"{step.time} {plan.turns_on}" if step.time in (StepTime.BEFORE, StepTime.AFTER) else ""
    detail = fhir.compact(
        status=str(step.status),
        statusReason=fhir.concept(text=step.reason) if step.reason else None,
        scheduledPeriod=fhir.period(None, step.last_day) if step.last_day else None,
        scheduledString=turns_on if not step.last_day else "",
        performer=[performer],
        description=step.text,
    )
    return {"detail": {"kind": "Task", **detail}}


def register() -> None:
    """Register the resources of this app."""
    registry.register("Encounter", Encounter, encounter)
    registry.register("Composition", Note, note)
    registry.register("DocumentReference", Note, document)
    registry.register("Condition", Condition, condition)
    registry.register("AllergyIntolerance", AllergyIntolerance, allergy)
    registry.register("MedicationStatement", MedicationStatement, medication)
    registry.register("Observation", Observation, observation)
    registry.register("List", List, confirmed_list)
    registry.register("Media", Document, media)
    registry.register("CarePlan", CarePlan, care_plan)
