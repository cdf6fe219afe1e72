"""What lasts beyond one encounter: allergies, medicines, problems, and vital signs typed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from webside.audit.services import action, record
from webside.chart import policies, selectors
from webside.chart.codes import (
    ClinicalStatus,
    ConditionCategory,
    Criticality,
    EmptyReason,
    ListCode,
    MedicationStatus,
    NoteStatus,
    ReadingSource,
)
from webside.chart.models import AllergyIntolerance, Condition, Encounter, List, MedicationStatement, Note, Observation
from webside.chart.rules import vitals
from webside.chart.services.errors import Invalid, ListChanged, NotAllowed
from webside.core import clock
from webside.core.actor import Actor
from webside.fhirkit.services import write_version
from webside.people.models import Patient

Entry = AllergyIntolerance | MedicationStatement | Condition
E = TypeVar("E", AllergyIntolerance, MedicationStatement, Condition)

DANGER = {Criticality.UNKNOWN: 0, Criticality.LOW: 1, Criticality.HIGH: 2}
"""How much a level says: of two the greater stands."""


@dataclass(frozen=True, slots=True)
class Addition(Generic[E]):
    """What adding to a list came to. ``before``: what the entry said that was there already, if one was."""

    entry: E
    before: E | None = None


def _may_change_lists(actor: Actor, patient: Patient) -> None:
    if not policies.can_change_lists(actor, patient):
        raise NotAllowed


def _hold_lists(actor: Actor, patient: Patient) -> None:
    """Let nobody else change the lists of a patient until this is committed; refuse who may not change them.

    The row of a list can't be held: before the first confirmation there is none, and what somebody is adding right then
    would be confirmed unseen.
    """
    _may_change_lists(actor, patient)
    Patient.objects.select_for_update(no_key=True).filter(id=patient.id).values_list("id").first()


def _withdraw(patient: Patient, code: ListCode, *, ended: UUID | None = None) -> None:
    """An entry came or went: the list is not what was confirmed. What was *nothing known* may have an entry now."""
    known = List.objects.select_for_update().filter(patient=patient, code=code).first()
    if known is None:
        return
    known.ended_entry = None if known.changed_at else ended
    known.changed_at = known.changed_at or clock.now()
    known.empty_reason = ""
    known.save()
    write_version(known)


def _taken_back(patient: Patient, code: ListCode, entry_id: UUID) -> None:
    """An entry is back. If its end was all that changed, the list is again the one that was confirmed."""
    known = List.objects.select_for_update().filter(patient=patient, code=code).first()
    if known is None or known.ended_entry != entry_id:
        _withdraw(patient, code)
        return
    known.changed_at = known.ended_entry = None
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
) -> Addition[AllergyIntolerance]:
    """Add an allergy, or what is new about one that is on the list.

    Nothing known is lost by adding again: a level only rises, and no reaction wipes none. Who knows better ends the
    entry and adds it anew. Raises :class:`Invalid` and :class:`NotAllowed`.
    """
    _hold_lists(actor, patient)
    name = _one_line(substance, 120, "Name the substance.")
    level = Criticality(criticality)
    known = (
        AllergyIntolerance.objects.select_for_update()
        .filter(patient=patient, substance__iexact=name, clinical_status=ClinicalStatus.ACTIVE)
        .first()
    )
    before = copy(known)
    allergy = known or AllergyIntolerance(patient=patient, substance=name, criticality=level)
    allergy.reaction = " ".join(reaction.replace("\x00", "").split())[:160] or allergy.reaction
    allergy.criticality = max(level, Criticality(allergy.criticality), key=DANGER.__getitem__)
    changed = [
        each for each in ("criticality", "reaction") if before and getattr(before, each) != getattr(allergy, each)
    ]
    changes: dict[str, Any] = {"repeated": True} if before else {}
    if before is None or changed:
        allergy.save()
        version = write_version(allergy).version
        _withdraw(patient, ListCode.ALLERGIES)
        if before:
            # The words of a reaction stand in the versions alone: the trail is read by people who may read no chart.
            changes |= {
                "fields": changed,
                "before": {"criticality": before.criticality, "version": version - 1},
                "after": {"criticality": allergy.criticality, "version": version},
            }
    record("chart.allergy.add", actor=actor, target=allergy, patient_id=patient.id, ground="treating", changes=changes)
    return Addition(allergy, before)


@action("chart.medication.add")
def add_medication(
    *, actor: Actor, patient: Patient, medication: str, dosage: str = "", started_on: date | None = None
) -> MedicationStatement:
    """Add a medicine that the patient takes, as text. Prescribing is something else."""
    _hold_lists(actor, patient)
    row = MedicationStatement.objects.create(
        patient=patient,
        medication=_one_line(medication, 160, "Name the medicine."),
        dosage=" ".join(dosage.replace("\x00", "").split())[:160],
        started_on=started_on,
    )
    write_version(row)
    _withdraw(patient, ListCode.MEDICATIONS)
    record("chart.medication.add", actor=actor, target=row, patient_id=patient.id, ground="treating")
    return row


@action("chart.problem.add")
def add_problem(
    *, actor: Actor, patient: Patient, code: str = "", display: str = "", onset_date: date | None = None
) -> Addition[Condition]:
    """Add a problem that lasts: by its ICD-10-CM code, or in words where there is none.

    The same code again changes nothing of the entry that is there.
    """
    _hold_lists(actor, patient)
    known = selectors.diagnosis_code(code) if code.strip() else None
    if code.strip() and known is None:
        raise Invalid({"code": [f"{code.strip()[:10]} is not an ICD-10-CM code."]})
    words = _one_line(display or (known.display if known else ""), 240, "Name the problem.")
    there = Condition.objects.filter(
        patient=patient, category=ConditionCategory.PROBLEM, clinical_status=ClinicalStatus.ACTIVE
    )
    before = there.filter(code=known.code).first() if known else there.filter(display__iexact=words).first()
    problem = before
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
        _withdraw(patient, ListCode.PROBLEMS)
    changes = {"repeated": True} if before else None
    record("chart.problem.add", actor=actor, target=problem, patient_id=patient.id, ground="treating", changes=changes)
    return Addition(problem, before)


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


def _is_active(entry: Entry) -> bool:
    if isinstance(entry, MedicationStatement):
        return entry.status == MedicationStatus.ACTIVE
    return entry.clinical_status == ClinicalStatus.ACTIVE


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
    """Take an entry off a list: a medicine is stopped, a problem resolved, an allergy inactive. It stays in the record.

    The confirmation of the list is withdrawn. A second press changes nothing.
    """
    _hold_lists(actor, patient)
    entry = _entry(patient, code, entry_id)
    if _is_active(entry):
        _mark(entry, active=False)
        _withdraw(patient, code, ended=entry.id)
    record("chart.list-entry.end", actor=actor, target=entry, patient_id=patient.id, ground="treating")
    return entry


@action("chart.list-entry.restore")
def restore_entry(*, actor: Actor, patient: Patient, code: ListCode, entry_id: UUID) -> Entry:
    """Put an entry back on its list; if its end was the only change, the list is confirmed as before."""
    _hold_lists(actor, patient)
    entry = _entry(patient, code, entry_id)
    if not _is_active(entry):
        _mark(entry, active=True)
        _taken_back(patient, code, entry.id)
    record("chart.list-entry.restore", actor=actor, target=entry, patient_id=patient.id, ground="treating")
    return entry


@action("chart.list.confirm")
def confirm_list(*, actor: Actor, patient: Patient, code: ListCode, seen: str | None = None) -> List:
    """Note that a list was gone through with the patient now; without entries it means *nothing known*.

    ``seen`` is what the page showed of the list (:func:`selectors.marks_of`), nothing for who comes from no page.
    Raises :class:`ListChanged` when the list is another one by now: nobody went through that.
    """
    _hold_lists(actor, patient)
    # Locked before the entries are read: what ends meanwhile withdraws this confirmation.
    confirmed, created = List.objects.select_for_update().get_or_create(
        patient=patient, code=code, defaults={"confirmed_by": actor.label}
    )
    lists = selectors.lists_of(patient)
    if seen is not None and (change := selectors.changed_since(patient, lists, code, seen)):
        raise ListChanged(change)
    confirmed.empty_reason = "" if lists.entries(code) else EmptyReason.NIL_KNOWN
    confirmed.changed_at = confirmed.ended_entry = None
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


def _is_open(encounter: Encounter) -> bool:
    """Lock the note of an encounter, and say whether it can still change."""
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    return note.status == NoteStatus.PRELIMINARY


class KeptVitals(NamedTuple):
    """What was kept, and in words what of it is unusual: to be asked or measured once more."""

    rows: list[Observation]
    unusual: list[str]


@action("chart.vitals.add")
def add_vitals(
    *,
    actor: Actor,
    patient: Patient,
    readings: Sequence[tuple[str, str, Decimal]],
    source: ReadingSource,
    encounter: Encounter | None = None,
    at: datetime | None = None,
) -> KeptVitals:
    """Keep vital signs typed by hand: (sign, UCUM unit, value), all of them or none, and how they are known.

    Raises :class:`Invalid` by sign for what can't be true. What is only unusual is kept and told. They belong to
    ``encounter`` while its note is open; a signed one doesn't change, so they go to the chart alone.
    """
    _may_change_lists(actor, patient)
    if encounter is not None and not _is_open(encounter):
        encounter = None
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
                source=source,
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
        changes={
            "signs": [row.code for row in rows],
            "source": source.value,
            "unusual": [finding.key for finding in answer.unusual],
        },
    )
    return KeptVitals(rows, [finding.text for finding in answer.unusual])
