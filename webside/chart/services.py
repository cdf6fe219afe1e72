"""Writing the chart: encounters, notes, diagnoses, lists, signing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Max

from webside.audit.services import action, record
from webside.catalog import gates
from webside.catalog.models import HealthcareService
from webside.chart import policies, rules, selectors
from webside.chart.codes import ConditionCategory, DecisionMaking, EncounterStatus, NotePart, NoteStatus
from webside.chart.events import EncounterFinished, NoteSigned
from webside.chart.models import (
    AllergyIntolerance,
    Condition,
    DiagnosisCode,
    Encounter,
    MedicationStatement,
    Note,
    NoteAddendum,
    Observation,
)
from webside.core import clock
from webside.core.actor import Actor
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner
from webside.scheduling.models import Appointment

NOTE_FIELDS = (*(part.value for part in NotePart), "patient_instructions", "mdm", "total_minutes")
LONGEST_PART = 50_000
MOST_MINUTES = 24 * 60


class NotAllowed(PermissionError):
    """The actor may not do this."""


class NoteClosed(Exception):
    """The note is signed: it changes no more. Add an addendum."""


class NoteOpen(Exception):
    """The note is not signed yet: write in it."""


class Conflict(Exception):
    """Somebody else saved the note since; ``note`` is what stands there. Nothing of either text is lost."""

    def __init__(self, note: Note) -> None:
        super().__init__("Conflict")
        self.note = note


class NoSuchCode(ValueError):
    """There is no such ICD-10-CM code, or it is too general to be used."""


class Implausible(ValueError):
    """A measurement can't be what was typed. The message says what is expected."""


class GatesStop(Exception):
    """Signing is stopped; ``findings`` say by what and how to mend it."""

    def __init__(self, findings: Sequence[gates.Finding]) -> None:
        super().__init__("GatesStop")
        self.findings = list(findings)


@action("chart.encounter.start")
def start_encounter(
    *, actor: Actor, appointment: Appointment, visit_id: UUID | None, location: str, location_state: str
) -> Encounter:
    """Begin the encounter of an appointment, with an empty note; again returns the one that is there.

    ``location`` is home, clinic or other; ``location_state`` two letters, where the patient is now.
    """
    encounter = Encounter.objects.filter(appointment=appointment).first()
    if encounter is None:
        encounter = Encounter.objects.create(
            patient_id=appointment.patient_id,
            practitioner_id=appointment.practitioner_id,
            service_id=appointment.service_id,
            appointment=appointment,
            visit_id=visit_id,
            location=location,
            location_state=location_state,
        )
        Note.objects.create(encounter=encounter)
        write_version(encounter)
    record("chart.encounter.start", actor=actor, target=encounter, patient_id=encounter.patient_id, ground="visit")
    return encounter


@action("chart.note.save")
def save_note(*, actor: Actor, encounter: Encounter, fields: Mapping[str, Any], revision: int) -> Note:
    """Save parts of a note; return it with its new revision. Drafts write no FHIR version.

    ``fields`` are some of :data:`NOTE_FIELDS`; ``revision`` is the one that the writer saw. The same
    text again saves nothing and is no conflict, so an answer lost on its way may be asked for again.
    Raises :class:`NotAllowed`, :class:`NoteClosed`, :class:`Conflict`, ``ValueError``.
    """
    if not policies.can_write_note(actor, encounter):
        raise NotAllowed
    unknown = set(fields) - set(NOTE_FIELDS)
    if unknown:
        raise ValueError(f"no part of a note: {', '.join(sorted(unknown))}")
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if not policies.is_open(note):
        raise NoteClosed
    changed = {name: _clean(name, value) for name, value in fields.items()}
    changed = {name: value for name, value in changed.items() if getattr(note, name) != value}
    if changed and revision != note.revision:
        raise Conflict(note)
    if changed:
        for name, value in changed.items():
            setattr(note, name, value)
        note.revision += 1
        note.saved_at = clock.now()
        note.saved_by = actor.label
        note.save()
    record("chart.note.save", actor=actor, target=note, patient_id=encounter.patient_id, ground="own encounter",
           changes={"parts": sorted(changed), "revision": note.revision})  # fmt: skip
    return note


def _clean(name: str, value: Any) -> Any:
    if name == "total_minutes":
        if value in (None, ""):
            return None
        minutes = int(value)
        if not 0 <= minutes <= MOST_MINUTES:
            raise ValueError(f"minutes of one day are 0 to {MOST_MINUTES}")
        return minutes
    text = str(value or "").replace("\x00", "")
    if name == "mdm":
        if text and text not in set(DecisionMaking):
            raise ValueError(f"no such level of decision-making: {text}")
        return text
    if len(text) > LONGEST_PART:
        raise ValueError(f"a part of a note has at most {LONGEST_PART} letters")
    return text


def save_note_part(*, actor: Actor, encounter: Encounter, part: str, text: str, revision: int) -> Note:
    """Save one of the four parts; see :func:`save_note`."""
    return save_note(actor=actor, encounter=encounter, fields={NotePart(part).value: text}, revision=revision)


def _open_note(actor: Actor, encounter: Encounter) -> Note:
    if not policies.can_write_note(actor, encounter):
        raise NotAllowed
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if not policies.is_open(note):
        raise NoteClosed
    return note


@action("chart.diagnosis.add")
def add_diagnosis(*, actor: Actor, encounter: Encounter, code: str) -> Condition:
    """Add an ICD-10-CM diagnosis to an encounter; again returns the one that is there.

    Raises :class:`NotAllowed` (also for a service that has no diagnoses), :class:`NoteClosed`,
    :class:`NoSuchCode`.
    """
    if not policies.can_diagnose(encounter):
        raise NotAllowed
    _open_note(actor, encounter)
    known = DiagnosisCode.objects.filter(code=code.strip().upper(), billable=True).first()
    if known is None:
        raise NoSuchCode(code)
    last = Condition.objects.filter(encounter=encounter).aggregate(last=Max("position"))["last"] or 0
    condition, _ = Condition.objects.get_or_create(
        encounter=encounter,
        code=known.code,
        defaults={
            "patient_id": encounter.patient_id,
            "category": ConditionCategory.DIAGNOSIS,
            "display": known.display[:240],
            "position": last + 1,
        },
    )
    record("chart.diagnosis.add", actor=actor, target=condition, patient_id=encounter.patient_id,
           target_label=known.code)  # fmt: skip
    return condition


@action("chart.diagnosis.remove")
def remove_diagnosis(*, actor: Actor, encounter: Encounter, code: str) -> None:
    """Take a diagnosis off an open encounter; nothing happens if it isn't there."""
    _open_note(actor, encounter)
    Condition.objects.filter(encounter=encounter, code=code).delete()
    record("chart.diagnosis.remove", actor=actor, target=encounter, patient_id=encounter.patient_id, target_label=code)


@action("chart.encounter.finish")
def finish_encounter(*, actor: Actor, encounter: Encounter) -> Encounter:
    """Close an encounter; again changes nothing. Its note may be written until it is signed."""
    if not policies.can_write_note(actor, encounter):
        raise NotAllowed
    encounter = _locked(encounter)
    if encounter.status == EncounterStatus.IN_PROGRESS:
        encounter.status = EncounterStatus.FINISHED
        encounter.ended_at = clock.now()
        encounter.save()
        write_version(encounter)
        publish(EncounterFinished(encounter_id=encounter.id))
    record("chart.encounter.finish", actor=actor, target=encounter, patient_id=encounter.patient_id)
    return encounter


def _locked(encounter: Encounter) -> Encounter:
    return (
        Encounter.objects.select_for_update(of=("self",))
        .select_related("patient", "practitioner", "service")
        .get(id=encounter.id)
    )


@action("chart.note.sign")
def sign_note(*, actor: Actor, encounter: Encounter) -> Note:
    """Sign: ask the gates, close the encounter and its note, tell billing. Again changes nothing.

    Raises :class:`NotAllowed` and :class:`GatesStop`.
    """
    if not policies.can_write_note(actor, encounter):
        raise NotAllowed
    encounter = _locked(encounter)
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if policies.is_open(note):
        stops = gates.stops(selectors.sign_findings(encounter))
        if stops:
            raise GatesStop(stops)
        if encounter.status == EncounterStatus.IN_PROGRESS:
            finish_encounter(actor=actor, encounter=encounter)
        note.status = NoteStatus.FINAL
        note.signed_at = clock.now()
        note.signed_by = encounter.practitioner
        note.save()
        write_version(note)
        for condition in Condition.objects.filter(encounter=encounter):
            write_version(condition)
        publish(NoteSigned(encounter_id=encounter.id))
    record("chart.note.sign", actor=actor, target=note, patient_id=encounter.patient_id,
           changes={"revision": note.revision})  # fmt: skip
    return note


@action("chart.note.amend")
def add_addendum(*, actor: Actor, encounter: Encounter, text: str) -> NoteAddendum:
    """Add to a signed note; what was signed stays as it is."""
    if not policies.can_write_note(actor, encounter):
        raise NotAllowed
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if policies.is_open(note):
        raise NoteOpen
    if not text.strip():
        raise ValueError("an addendum needs words")
    addendum = NoteAddendum.objects.create(note=note, author=encounter.practitioner, text=text.strip())
    note.status = NoteStatus.AMENDED
    note.save()
    write_version(note)
    record("chart.note.amend", actor=actor, target=note, patient_id=encounter.patient_id)
    return addendum


# Lists


def _may_change(actor: Actor, patient: Patient) -> None:
    # The system fills charts from other systems and, in the demo, from its generator.
    if actor.kind != "system" and not policies.can_change_chart(actor, patient):
        raise NotAllowed


@action("chart.problem.add")
def add_problem(*, actor: Actor, patient: Patient, code: str, onset: date | None = None) -> Condition:
    """Add a lasting problem (ICD-10-CM) to a patient's list."""
    _may_change(actor, patient)
    known = DiagnosisCode.objects.filter(code=code.strip().upper()).first()
    if known is None:
        raise NoSuchCode(code)
    problem = Condition.objects.create(
        patient=patient, code=known.code, display=known.display[:240], category=ConditionCategory.PROBLEM,
        onset_date=onset,
    )  # fmt: skip
    write_version(problem)
    record("chart.problem.add", actor=actor, target=problem, patient_id=patient.id, target_label=known.code)
    return problem


@action("chart.allergy.add")
def add_allergy(
    *, actor: Actor, patient: Patient, substance: str, reaction: str = "", criticality: str = "unable-to-assess"
) -> AllergyIntolerance:
    """Add an allergy."""
    _may_change(actor, patient)
    if not substance.strip():
        raise ValueError("an allergy needs a substance")
    allergy = AllergyIntolerance.objects.create(
        patient=patient, substance=substance.strip(), reaction=reaction.strip(), criticality=criticality,
        confirmed_at=clock.now().date(),
    )  # fmt: skip
    write_version(allergy)
    record("chart.allergy.add", actor=actor, target=allergy, patient_id=patient.id)
    return allergy


@action("chart.medication.add")
def add_medication(
    *, actor: Actor, patient: Patient, medication: str, dosage: str = "", started_on: date | None = None
) -> MedicationStatement:
    """Add a medicine that the patient takes."""
    _may_change(actor, patient)
    if not medication.strip():
        raise ValueError("a medicine needs a name")
    statement = MedicationStatement.objects.create(
        patient=patient, medication=medication.strip(), dosage=dosage.strip(), started_on=started_on
    )
    write_version(statement)
    record("chart.medication.add", actor=actor, target=statement, patient_id=patient.id)
    return statement


@action("chart.medication.stop")
def stop_medication(*, actor: Actor, medication: MedicationStatement) -> MedicationStatement:
    """Note that the patient no longer takes a medicine."""
    _may_change(actor, medication.patient)
    medication.status = "stopped"
    medication.ended_on = clock.now().date()
    medication.save()
    write_version(medication)
    record("chart.medication.stop", actor=actor, target=medication, patient_id=medication.patient_id)
    return medication


@action("chart.vital.add")
def add_vital(
    *,
    actor: Actor,
    patient: Patient,
    vital: str,
    value: Decimal,
    encounter: Encounter | None = None,
    at: datetime | None = None,
) -> Observation:
    """Add a vital sign taken by hand. ``vital`` is an id of ``data/vitals.csv``, ``value`` in its unit.

    Raises :class:`Implausible` when the value can't be (a wrong unit, a slip of the finger).
    """
    _may_change(actor, patient)
    row = rules.vital(vital, clock.now().date())
    if not Decimal(str(row["least"])) <= value <= Decimal(str(row["most"])):
        raise Implausible(f"{row['label']} is {row['least']} to {row['most']} {row['unit_label']}.")
    observation = Observation.objects.create(
        patient=patient, encounter=encounter, code=row["loinc"], display=row["label"], value=value, unit=row["unit"],
        effective_at=at or clock.now(), entered_by=actor.label,
    )  # fmt: skip
    write_version(observation)
    record("chart.vital.add", actor=actor, target=observation, patient_id=patient.id, target_label=row["label"])
    return observation


@action("chart.encounter.import")
def import_encounter(
    *,
    actor: Actor,
    patient: Patient,
    practitioner: Practitioner,
    service: HealthcareService,
    started_at: datetime,
    location_state: str,
    note: Mapping[str, Any],
    codes: Sequence[str] = (),
) -> Encounter:
    """Take in a past encounter with its signed note, as another system would hand it over."""
    _may_change(actor, patient)
    encounter = Encounter.objects.create(
        patient=patient, practitioner=practitioner, service=service, started_at=started_at, ended_at=started_at,
        status=EncounterStatus.FINISHED, location_state=location_state,
    )  # fmt: skip
    write_version(encounter)
    signed = Note.objects.create(
        encounter=encounter, status=NoteStatus.FINAL, revision=1, saved_at=started_at, saved_by=str(practitioner),
        signed_at=started_at, signed_by=practitioner, **note,
    )  # fmt: skip
    for position, code in enumerate(codes, start=1):
        known = DiagnosisCode.objects.get(code=code)
        condition = Condition.objects.create(
            patient=patient, encounter=encounter, category=ConditionCategory.DIAGNOSIS, code=code,
            display=known.display[:240], position=position,
        )  # fmt: skip
        write_version(condition)
    write_version(signed)
    record("chart.encounter.import", actor=actor, target=encounter, patient_id=patient.id)
    return encounter
