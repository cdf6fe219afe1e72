"""Writing the record. What is signed is never changed, only added to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from webside.audit.services import action, record
from webside.catalog import gates
from webside.catalog.gates import Finding
from webside.chart import policies, selectors
from webside.chart.codes import (
    ClinicalStatus,
    ConditionCategory,
    Criticality,
    DecisionMaking,
    EmptyReason,
    EncounterStatus,
    ListCode,
    MedicationStatus,
    NotePart,
    NoteStatus,
    SummaryPart,
)
from webside.chart.events import EncounterFinished, NoteSigned
from webside.chart.models import (
    AllergyIntolerance,
    Condition,
    Encounter,
    List,
    MedicationStatement,
    Note,
    NoteAddendum,
    Observation,
)
from webside.chart.rules import vitals
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient
from webside.people.selectors import practitioner_of
from webside.scheduling.models import Appointment

LONGEST_PART = 40_000
MOST_MINUTES = 1440
_TEXTS = frozenset(str(part) for part in (*NotePart, *SummaryPart))
_LEVELS = frozenset(str(level) for level in DecisionMaking)

Entry = AllergyIntolerance | MedicationStatement | Condition


class NotAllowed(PermissionError):
    """The actor may not do this."""


class Invalid(ValueError):
    """What was typed can't be kept. ``errors`` holds sentences for people, by field."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(", ".join(errors))
        self.errors = {field: list(texts) for field, texts in errors.items()}


class NoteClosed(ValueError):
    """The note is signed: it is only added to."""


class Conflict(ValueError):
    """Somebody else wrote first. ``note`` and ``fields`` hold what stands there now; nothing was changed."""

    def __init__(self, note: Note, fields: Mapping[str, str]) -> None:
        super().__init__("the note has changed")
        self.note = note
        self.fields = dict(fields)


class NotReady(ValueError):
    """The gates say that the note can't be signed yet. ``findings`` are those that stand in the way."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(", ".join(finding.gate for finding in findings))
        self.findings = list(findings)


# ------------------------------------------------------------------------------------------- encounters


@action("chart.encounter.start")
def start_encounter(
    *, actor: Actor, appointment: Appointment, visit_id: UUID | None, location: str, location_state: str
) -> Encounter:
    """Make the encounter of an appointment when the safe start has passed, with an empty note.

    ``location`` is home, clinic or other; ``location_state`` two letters. A second call returns the
    encounter that is there; as long as it is open and the patient is somewhere else now, it says so.
    """
    if not policies.can_start_encounter(actor, appointment):
        raise NotAllowed
    # Two calls at once wait for each other here, so that the second finds the encounter of the first.
    appointment = Appointment.objects.select_for_update().get(id=appointment.id)
    encounter, created = Encounter.objects.get_or_create(
        appointment=appointment,
        defaults={
            "patient_id": appointment.patient_id,
            "practitioner_id": appointment.practitioner_id,
            "service_id": appointment.service_id,
            "visit_id": visit_id,
            "location": location,
            "location_state": location_state,
        },
    )
    moved = (encounter.location, encounter.location_state) != (location, location_state)
    if created:
        Note.objects.create(encounter=encounter)
    elif moved and encounter.status == EncounterStatus.IN_PROGRESS:
        encounter.location, encounter.location_state = location, location_state
        encounter.save()
    if created or moved:
        write_version(encounter)
    record(
        "chart.encounter.start",
        actor=actor,
        target=encounter,
        patient_id=encounter.patient_id,
        ground="safe start" if created else "begun already",
    )
    return encounter


@action("chart.encounter.finish")
def finish_encounter(*, actor: Actor, encounter: Encounter, at: datetime | None = None) -> Encounter:
    """Close an encounter; a second call changes nothing. Raises :class:`NotAllowed`."""
    encounter, closed = _close(actor, encounter, EncounterStatus.FINISHED, at)
    if closed:
        publish(EncounterFinished(encounter_id=encounter.id))
    record(
        "chart.encounter.finish",
        actor=actor,
        target=encounter,
        patient_id=encounter.patient_id,
        ground="encounter over" if closed else "closed already",
    )
    return encounter


@action("chart.encounter.cancel")
def cancel_encounter(*, actor: Actor, encounter: Encounter, at: datetime | None = None) -> Encounter:
    """Note that an encounter ended before it had begun: the two never heard each other.

    FHIR encounter-status *cancelled*. What was typed stays readable, and may be signed as what happened;
    nobody is asked to. A second call, and one for an encounter that is closed, changes nothing. Raises
    :class:`NotAllowed`.
    """
    encounter, closed = _close(actor, encounter, EncounterStatus.CANCELLED, at)
    record(
        "chart.encounter.cancel",
        actor=actor,
        target=encounter,
        patient_id=encounter.patient_id,
        ground="the visit did not come about" if closed else "closed already",
    )
    return encounter


def _close(actor: Actor, encounter: Encounter, status: EncounterStatus, at: datetime | None) -> tuple[Encounter, bool]:
    """Lock an encounter and end it with a status; return it as it is now, and whether this call ended it."""
    if not policies.can_finish_encounter(actor, encounter):
        raise NotAllowed
    encounter = _lock_encounter(encounter)
    if encounter.status != EncounterStatus.IN_PROGRESS:
        return encounter, False
    encounter.status = status
    encounter.ended_at = at or clock.now()
    encounter.save()
    write_version(encounter)
    return encounter, True


def _lock_encounter(encounter: Encounter) -> Encounter:
    lock(encounter)
    return Encounter.objects.select_related("tenant", "patient", "practitioner", "service", "appointment").get(
        id=encounter.id
    )


# ------------------------------------------------------------------------------------------------- note


@action("chart.note.save")
def save_note(*, actor: Actor, encounter: Encounter, fields: Mapping[str, str], revision: int, key: str = "") -> Note:
    """Save what was typed in a note; autosaved drafts write no FHIR version.

    ``fields`` are texts by field (the parts, ``mdm``, ``total_minutes``); others stay as they are.
    ``revision`` is the one that the writer has seen, ``key`` names the writer's page. The same texts
    again change nothing, whatever the revision: a page that never heard our answer may repeat itself.
    Raises :class:`NotAllowed`, :class:`NoteClosed`, :class:`Invalid`, and :class:`Conflict` when
    somebody else has written since.
    """
    if not policies.can_write_note(actor, encounter):
        raise NotAllowed
    wanted = _clean(fields)
    note = Note.objects.select_for_update().get(encounter=encounter)
    if note.status != NoteStatus.PRELIMINARY:
        raise NoteClosed
    changed = {name: value for name, value in wanted.items() if getattr(note, name) != value}
    if changed:
        own_run = bool(key) and key == note.saved_key and note.run_from <= revision <= note.revision
        if revision != note.revision and not own_run:
            raise Conflict(note, {name: text for name, text in selectors.texts_of(note).items() if name in wanted})
        if key != note.saved_key or not key:
            note.run_from = note.revision
        for name, value in changed.items():
            setattr(note, name, value)
        note.revision += 1
        note.saved_at = clock.now()
        note.saved_by = actor.label
        note.saved_key = key[:40]
        note.save()
    record(
        "chart.note.save",
        actor=actor,
        target=note,
        patient_id=encounter.patient_id,
        ground=selectors.ground_of(actor, encounter),
        changes={"fields": sorted(changed), "revision": note.revision},
    )
    return note


def save_note_part(
    *, actor: Actor, encounter: Encounter, part: NotePart | SummaryPart | str, text: str, revision: int, key: str = ""
) -> Note:
    """Save one part of a note: :func:`save_note` for a single field."""
    return save_note(actor=actor, encounter=encounter, fields={str(part): text}, revision=revision, key=key)


def state_billing_facts(
    *, actor: Actor, encounter: Encounter, mdm: str, total_minutes: int | None, revision: int, key: str = ""
) -> Note:
    """Save what the clinician states for billing: the level of decision-making and her own minutes that day."""
    minutes = "" if total_minutes is None else str(total_minutes)
    fields = {"mdm": mdm, "total_minutes": minutes}
    return save_note(actor=actor, encounter=encounter, fields=fields, revision=revision, key=key)


def _clean(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields as they are kept; raise :class:`Invalid` with a sentence for each that can't be."""
    wanted: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, given in fields.items():
        # A browser sends line ends as CR LF; kept is what the person sees.
        text = given.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
        if name in _TEXTS:
            wanted[name] = text
            if len(text) > LONGEST_PART:
                errors[name] = [f"This part is too long: {len(text):,} letters; {LONGEST_PART:,} fit."]
        elif name == "mdm":
            wanted[name] = text.strip()
            if wanted[name] and wanted[name] not in _LEVELS:
                errors[name] = ["Choose one of the levels."]
        elif name == "total_minutes":
            wanted[name] = None
            if text.strip():
                if text.strip().isascii() and text.strip().isdigit() and int(text.strip()[:6]) <= MOST_MINUTES:
                    wanted[name] = int(text.strip())
                else:
                    errors[name] = ["Give whole minutes of this day, for instance 28."]
        else:
            errors[name] = ["The note has no such part."]
    if errors:
        raise Invalid(errors)
    return wanted


@action("chart.note.sign")
def sign_note(*, actor: Actor, encounter: Encounter, revision: int | None = None) -> Note:
    """Sign a note. From now on it is only added to. A second time changes nothing.

    ``revision``: the one that the signer has read; if somebody wrote since, :class:`Conflict`. Raises
    :class:`NotAllowed`, and :class:`NotReady` with what the gates say must be mended.
    """
    if not policies.can_sign_note(actor, encounter):
        raise NotAllowed
    encounter = _lock_encounter(encounter)
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if note.status != NoteStatus.PRELIMINARY:
        record("chart.note.sign", actor=actor, target=note, patient_id=encounter.patient_id, ground="signed already")
        return note
    if revision is not None and revision != note.revision:
        raise Conflict(note, selectors.texts_of(note))
    encounter.note = note
    findings = gates.ask(selectors.sign_case(encounter))
    standing = gates.stops(findings)
    if standing:
        raise NotReady(standing)
    note.status = NoteStatus.FINAL
    note.signed_at = clock.now()
    note.signed_by_id = encounter.practitioner_id
    note.save()
    note.encounter = encounter
    write_version(note)
    for diagnosis in selectors.diagnoses_of(encounter):
        diagnosis.encounter = encounter
        write_version(diagnosis)  # confirmed now, no longer provisional
    write_version(encounter)
    publish(NoteSigned(encounter_id=encounter.id))
    record(
        "chart.note.sign",
        actor=actor,
        target=note,
        patient_id=encounter.patient_id,
        ground="own encounter",
        changes={
            "revision": note.revision,
            "gates": {finding.gate: finding.outcome for finding in findings},
            "overridden": sorted(finding.gate for finding in findings if finding.override is not None),
        },
    )
    return note


@action("chart.addendum.add")
def add_addendum(*, actor: Actor, encounter: Encounter, text: str) -> NoteAddendum:
    """Add to a signed note. Raises :class:`NotAllowed`, and :class:`Invalid` before signing or without a text."""
    if not policies.can_add_addendum(actor, encounter):
        raise NotAllowed
    author = practitioner_of(actor)
    if author is None:
        raise NotAllowed
    clean = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not clean or len(clean) > LONGEST_PART:
        raise Invalid({"text": ["Write what you add." if not clean else "This is too long."]})
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if note.status == NoteStatus.PRELIMINARY:
        raise Invalid({"text": ["The note isn’t signed yet: write in the note itself."]})
    addendum = NoteAddendum.objects.create(note=note, author=author, text=clean)
    note.status = NoteStatus.AMENDED
    note.save()
    write_version(note)
    record(
        "chart.addendum.add",
        actor=actor,
        target=addendum,
        patient_id=encounter.patient_id,
        ground=selectors.ground_of(actor, encounter),
    )
    return addendum


# -------------------------------------------------------------------------------------------- diagnoses


def _open_for_diagnoses(actor: Actor, encounter: Encounter) -> Note:
    if not policies.can_diagnose(actor, encounter):
        raise NotAllowed
    # The note's lock is also the lock of the diagnoses: they are signed together.
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if note.status != NoteStatus.PRELIMINARY:
        raise NoteClosed
    return note


@action("chart.diagnosis.add")
def add_diagnosis(*, actor: Actor, encounter: Encounter, code: str) -> Condition:
    """Add a diagnosis by its ICD-10-CM code; the same code again returns the one that is there.

    Raises :class:`NotAllowed` (also for an encounter that is not telemedicine), :class:`NoteClosed`,
    and :class:`Invalid` for a code that is unknown or only a group of codes.
    """
    note = _open_for_diagnoses(actor, encounter)
    known = selectors.diagnosis_code(code)
    if known is None:
        raise Invalid({"code": [f"{code.strip()[:10] or 'That'} is not an ICD-10-CM code."]})
    if not known.billable:
        raise Invalid({"code": [f"{known.code} is a group of codes. Choose one below it."]})
    last = encounter.diagnoses.aggregate(last=Max("position"))["last"] or 0
    diagnosis, created = Condition.objects.get_or_create(
        encounter=encounter,
        code=known.code,
        defaults={
            "patient_id": encounter.patient_id,
            "category": ConditionCategory.DIAGNOSIS,
            "display": known.display[:240],
            "position": last + 1,
        },
    )
    if created:
        encounter.note = note
        diagnosis.encounter = encounter
        write_version(diagnosis)
    record(
        "chart.diagnosis.add",
        actor=actor,
        target=diagnosis,
        patient_id=encounter.patient_id,
        ground=selectors.ground_of(actor, encounter),
    )
    return diagnosis


@action("chart.diagnosis.remove")
def remove_diagnosis(*, actor: Actor, encounter: Encounter, diagnosis_id: UUID) -> None:
    """Take a diagnosis off an encounter that isn't signed; one that is not there any more is no error."""
    note = _open_for_diagnoses(actor, encounter)
    diagnosis = Condition.objects.filter(encounter=encounter, id=diagnosis_id).first()
    record(
        "chart.diagnosis.remove",
        actor=actor,
        target=diagnosis,
        patient_id=encounter.patient_id,
        ground=selectors.ground_of(actor, encounter),
    )
    if diagnosis is None:
        return
    encounter.note = note
    diagnosis.encounter = encounter
    write_version(diagnosis, deleted=True)
    diagnosis.delete()


@action("chart.diagnosis.order")
def order_diagnoses(*, actor: Actor, encounter: Encounter, first: UUID) -> list[Condition]:
    """Put one diagnosis first (the reason for the visit); the others keep their order. Return all."""
    _open_for_diagnoses(actor, encounter)
    diagnoses = selectors.diagnoses_of(encounter)
    diagnoses.sort(key=lambda diagnosis: diagnosis.id != first)
    for position, diagnosis in enumerate(diagnoses, start=1):
        if diagnosis.position != position:
            diagnosis.position = position
            diagnosis.save()
    record(
        "chart.diagnosis.order",
        actor=actor,
        target=encounter,
        patient_id=encounter.patient_id,
        ground=selectors.ground_of(actor, encounter),
    )
    return diagnoses


# ------------------------------------------------------------------------------------------------ lists


def _may_change_lists(actor: Actor, patient: Patient) -> None:
    if not policies.can_change_lists(actor, patient):
        raise NotAllowed


def _no_longer_empty(patient: Patient, code: ListCode) -> None:
    """What was *nothing known* has an entry now."""
    known = List.objects.select_for_update().filter(patient=patient, code=code).exclude(empty_reason="").first()
    if known is not None:
        known.empty_reason = ""
        known.save()
        write_version(known)


def _one_line(text: str, longest: int, missing: str) -> str:
    clean = " ".join(text.replace("\x00", "").split())
    if not clean:
        raise Invalid({"text": [missing]})
    if len(clean) > longest:
        raise Invalid({"text": [f"This is too long: {longest} letters fit."]})
    return clean


@action("chart.allergy.add")
def add_allergy(
    *, actor: Actor, patient: Patient, substance: str, reaction: str = "", criticality: str = Criticality.UNKNOWN
) -> AllergyIntolerance:
    """Add an allergy. The same substance again returns the entry that is there, with the new reaction."""
    _may_change_lists(actor, patient)
    name = _one_line(substance, 120, "Name the substance.")
    level = Criticality(criticality)
    known = AllergyIntolerance.objects.filter(
        patient=patient, substance__iexact=name, clinical_status=ClinicalStatus.ACTIVE
    ).first()
    allergy = known or AllergyIntolerance(patient=patient, substance=name)
    allergy.reaction = " ".join(reaction.replace("\x00", "").split())[:160] or allergy.reaction
    allergy.criticality = level
    allergy.save()
    write_version(allergy)
    _no_longer_empty(patient, ListCode.ALLERGIES)
    record("chart.allergy.add", actor=actor, target=allergy, patient_id=patient.id, ground="treating")
    return allergy


@action("chart.medication.add")
def add_medication(
    *, actor: Actor, patient: Patient, medication: str, dosage: str = "", started_on: date | None = None
) -> MedicationStatement:
    """Add a medicine that the patient takes, as text. Prescribing is something else."""
    _may_change_lists(actor, patient)
    row = MedicationStatement.objects.create(
        patient=patient,
        medication=_one_line(medication, 160, "Name the medicine."),
        dosage=" ".join(dosage.replace("\x00", "").split())[:160],
        started_on=started_on,
    )
    write_version(row)
    _no_longer_empty(patient, ListCode.MEDICATIONS)
    record("chart.medication.add", actor=actor, target=row, patient_id=patient.id, ground="treating")
    return row


@action("chart.problem.add")
def add_problem(
    *, actor: Actor, patient: Patient, code: str = "", display: str = "", onset_date: date | None = None
) -> Condition:
    """Add a problem that lasts: by its ICD-10-CM code, or in words where there is none.

    The same code again returns the entry that is there.
    """
    _may_change_lists(actor, patient)
    known = selectors.diagnosis_code(code) if code.strip() else None
    if code.strip() and known is None:
        raise Invalid({"code": [f"{code.strip()[:10]} is not an ICD-10-CM code."]})
    words = _one_line(display or (known.display if known else ""), 240, "Name the problem.")
    there = Condition.objects.filter(
        patient=patient, category=ConditionCategory.PROBLEM, clinical_status=ClinicalStatus.ACTIVE
    )
    problem = there.filter(code=known.code).first() if known else there.filter(display__iexact=words).first()
    if problem is None:
        problem = Condition.objects.create(
            patient=patient,
            category=ConditionCategory.PROBLEM,
            code=known.code if known else "",
            display=words,
            onset_date=onset_date,
            position=(there.aggregate(last=Max("position"))["last"] or 0) + 1,
        )
        write_version(problem)
    _no_longer_empty(patient, ListCode.PROBLEMS)
    record("chart.problem.add", actor=actor, target=problem, patient_id=patient.id, ground="treating")
    return problem


def _entry(patient: Patient, code: ListCode, entry_id: UUID) -> Entry:
    models: dict[ListCode, Any] = {
        ListCode.ALLERGIES: AllergyIntolerance,
        ListCode.MEDICATIONS: MedicationStatement,
        ListCode.PROBLEMS: Condition,
    }
    entry: Entry | None = models[code].objects.select_for_update().filter(patient=patient, id=entry_id).first()
    if entry is None or (isinstance(entry, Condition) and entry.category != ConditionCategory.PROBLEM):
        raise Invalid({"entry": ["That entry is not on the list any more."]})
    return entry


def _mark(entry: Entry, *, active: bool) -> None:
    if isinstance(entry, MedicationStatement):
        entry.status = MedicationStatus.ACTIVE if active else MedicationStatus.STOPPED
        entry.ended_on = None if active else clock.now().date()
    elif isinstance(entry, Condition):
        entry.clinical_status = ClinicalStatus.ACTIVE if active else ClinicalStatus.RESOLVED
    else:
        entry.clinical_status = ClinicalStatus.ACTIVE if active else ClinicalStatus.INACTIVE
    entry.save()
    write_version(entry)


@action("chart.list-entry.end")
def end_entry(*, actor: Actor, patient: Patient, code: ListCode, entry_id: UUID) -> Entry:
    """Take an entry off a list: a medicine is stopped, a problem resolved, an allergy inactive. It stays in the record."""
    _may_change_lists(actor, patient)
    entry = _entry(patient, code, entry_id)
    _mark(entry, active=False)
    record("chart.list-entry.end", actor=actor, target=entry, patient_id=patient.id, ground="treating")
    return entry


@action("chart.list-entry.restore")
def restore_entry(*, actor: Actor, patient: Patient, code: ListCode, entry_id: UUID) -> Entry:
    """Put an entry back on its list."""
    _may_change_lists(actor, patient)
    entry = _entry(patient, code, entry_id)
    _mark(entry, active=True)
    _no_longer_empty(patient, code)
    record("chart.list-entry.restore", actor=actor, target=entry, patient_id=patient.id, ground="treating")
    return entry


@action("chart.list.confirm")
def confirm_list(*, actor: Actor, patient: Patient, code: ListCode) -> List:
    """Note that a list was gone through with the patient now; without entries it means *nothing known*."""
    _may_change_lists(actor, patient)
    lists = selectors.lists_of(patient)
    entries: dict[ListCode, Sequence[Any]] = {
        ListCode.ALLERGIES: lists.allergies,
        ListCode.MEDICATIONS: lists.medications,
        ListCode.PROBLEMS: lists.problems,
    }
    confirmed, created = List.objects.select_for_update().get_or_create(
        patient=patient, code=code, defaults={"confirmed_by": actor.label}
    )
    confirmed.empty_reason = "" if entries[code] else EmptyReason.NIL_KNOWN
    confirmed.confirmed_at = clock.now()
    confirmed.confirmed_by = actor.label
    confirmed.save()
    write_version(confirmed)
    record(
        "chart.list.confirm",
        actor=actor,
        target=confirmed,
        patient_id=patient.id,
        ground=code,
        changes={"nothing_known": bool(confirmed.empty_reason), "first": created},
    )
    return confirmed


@action("chart.vitals.add")
def add_vitals(
    *,
    actor: Actor,
    patient: Patient,
    readings: Sequence[tuple[str, str, Decimal]],
    encounter: Encounter | None = None,
    at: datetime | None = None,
) -> list[Observation]:
    """Keep vital signs typed by hand: (sign, UCUM unit, value), all of them or none.

    Raises :class:`Invalid` by sign for what can't be true. What is only unusual is kept.
    """
    _may_change_lists(actor, patient)
    when = at or clock.now()
    if not readings:
        raise Invalid({"vitals": ["Type at least one value."]})
    if when > clock.now():
        raise Invalid({"vitals": ["This time is still to come."]})
    facts = vitals.VitalsFacts(
        on=when.date(), readings=[vitals.Reading(key=key, ucum=ucum, value=value) for key, ucum, value in readings]
    )
    answer = vitals.vitals_plausible(facts)
    if not answer.allowed:
        errors: dict[str, list[str]] = {}
        for finding in answer.impossible:
            errors.setdefault(finding.key, []).append(finding.text)
        raise Invalid(errors)
    signs = {sign.key: sign for sign in vitals.signs(facts.on)}
    with transaction.atomic():
        rows = [
            Observation.objects.create(
                patient=patient,
                encounter=encounter,
                code=signs[key].code,
                display=signs[key].label,
                value=value,
                unit=ucum,
                effective_at=when,
                entered_by=actor.label,
            )
            for key, ucum, value in readings
        ]
        for row in rows:
            write_version(row)
    record(
        "chart.vitals.add",
        actor=actor,
        target=rows[0],
        patient_id=patient.id,
        ground="treating",
        changes={"signs": [row.code for row in rows], "unusual": [finding.key for finding in answer.unusual]},
    )
    return rows
