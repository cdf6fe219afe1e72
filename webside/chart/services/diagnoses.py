"""The diagnoses of an encounter, until its note is signed."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Max

from webside.audit.services import action, record
from webside.chart import policies, selectors
from webside.chart.codes import ConditionCategory, NoteStatus
from webside.chart.models import Condition, Encounter, Note
from webside.chart.services.errors import Invalid, NotAllowed, NoteClosed
from webside.core.actor import Actor
from webside.fhirkit.services import write_version


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
