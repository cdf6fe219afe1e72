"""The summary of an encounter that the patient takes home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from webside.audit.codes import Outcome
from webside.audit.models import AuditEvent
from webside.chart import policies
from webside.chart.codes import ListCode, MedicationStatus
from webside.chart.models import Encounter, List, MedicationStatement, NoteAddendum, Observation
from webside.chart.rules import diagnosis_words
from webside.chart.selectors.diagnoses import diagnoses_of
from webside.chart.selectors.encounters import all_encounters, takes_diagnoses
from webside.chart.selectors.lists import number_text, pairs_of_signs, shown_units
from webside.chart.selectors.notes import addenda_of
from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.scheduling.codes import HOLDS_TIME
from webside.scheduling.models import Appointment


def summary_encounter(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return an encounter whose summary the actor may read."""
    return (
        policies.visible_summaries(actor, all_encounters().select_related("appointment"))
        .filter(id=encounter_id)
        .first()
    )


def locked_summary(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return the encounter whose summary the actor may read after saying the date of birth of who was seen."""
    return policies.locked_summaries(actor, all_encounters()).filter(id=encounter_id).first()


MOST_WRONG = 5
WRONG_WITHIN = timedelta(hours=24)
IDENTIFY = "chart.summary.identify"


def wrong_dates(encounter: Encounter) -> int:
    """Return how many wrong dates of birth were given for an encounter's appointment, from any browser, of late."""
    return AuditEvent.objects.filter(
        tenant_id=encounter.tenant_id,
        patient_id=encounter.patient_id,
        action=IDENTIFY,
        target_id=encounter.appointment_id,
        outcome=Outcome.REFUSED,
        at__gt=clock.now() - WRONG_WITHIN,
    ).count()


def is_barred(encounter: Encounter) -> bool:
    """Whether so many wrong dates were given within :data:`WRONG_WITHIN` that no link opens the summary now."""
    return wrong_dates(encounter) >= MOST_WRONG


@dataclass(frozen=True, slots=True)
class Summary:
    """What the patient takes home, in her words and her time zone."""

    encounter: Encounter
    zone: str
    ready: bool
    in_short: str
    you_do: list[str]
    we_do: list[str]
    call_us: list[str]
    diagnoses: list[tuple[str, str]]
    medications: list[MedicationStatement]
    medications_confirmed: List | None
    with_medicines: bool
    vital_signs: list[tuple[str, str]]
    addenda: list[NoteAddendum]
    again: Appointment | None
    clinic: Tenant

    @property
    def medications_confirmed_at(self) -> datetime | None:
        """When her medicines were gone through with her, unless one came or went after that and before signing."""
        row = self.medications_confirmed
        signed_at = self.encounter.note.signed_at or clock.now()
        changed = row is not None and row.changed_at is not None and row.changed_at <= signed_at
        return None if row is None or changed else row.confirmed_at


def summary(actor: Actor, encounter_id: UUID) -> Summary | None:
    """Return the summary of an encounter that the actor may read. ``ready`` is false until it is signed.

    Somebody who came by the link of one appointment is not told of another.
    """
    found = summary_encounter(actor, encounter_id)
    if found is None:
        return None
    note = found.note
    clinical = takes_diagnoses(found)
    zone = found.appointment.patient_timezone if found.appointment else found.patient.timezone
    clinic: Tenant = found.tenant
    day = found.started_at.astimezone(ZoneInfo(zone or clinic.timezone)).date()
    again = Appointment.objects.filter(
        patient_id=found.patient_id,
        practitioner_id=found.practitioner_id,
        status__in=HOLDS_TIME,
        period__startswith__gt=max(clock.now(), found.started_at),
    ).exclude(id=found.appointment_id)
    return Summary(
        encounter=found,
        zone=zone or clinic.timezone,
        ready=policies.summary_is_ready(found),
        in_short=note.patient_summary.strip(),
        you_do=_lines(note.patient_instructions),
        we_do=_lines(note.clinic_actions),
        call_us=_lines(note.warning_signs),
        diagnoses=[
            (diagnosis_words.in_plain_words(row.code, row.display, day), str(row)) for row in diagnoses_of(found)
        ]
        if clinical
        else [],
        medications=_medications_when_signed(found) if clinical else [],
        medications_confirmed=List.objects.filter(patient_id=found.patient_id, code=ListCode.MEDICATIONS).first()
        if clinical
        else None,
        with_medicines=clinical,
        vital_signs=_vital_signs_of(found) if clinical else [],
        addenda=addenda_of(found),
        again=again.order_by("period").first() if actor.user_id is not None else None,
        clinic=clinic,
    )


def _medications_when_signed(encounter: Encounter) -> list[MedicationStatement]:
    """Return what the patient took when the note was signed: what is changed later is no part of it."""
    signed_at = encounter.note.signed_at or clock.now()
    then = Q(status=MedicationStatus.ACTIVE) | Q(updated_at__gt=signed_at)
    found = MedicationStatement.objects.filter(then, patient_id=encounter.patient_id, created_at__lte=signed_at)
    return list(found.order_by("medication"))


def _lines(text: str) -> list[str]:
    return [line.strip(" -•\t") for line in text.splitlines() if line.strip(" -•\t")]


def _vital_signs_of(encounter: Encounter) -> list[tuple[str, str]]:
    shown, pairs = shown_units(), pairs_of_signs()
    rows = {row.code: row for row in Observation.objects.filter(encounter=encounter).order_by("created_at")}
    found = []
    for row in rows.values():
        lower_code, label = pairs.get(row.code, ("", ""))
        lower = rows.get(lower_code)
        if any(code in rows and row.code == below for code, (below, _words) in pairs.items()):
            continue  # said with the upper one
        value = number_text(row.value) + (f"/{number_text(lower.value)}" if lower else "")
        found.append((label if lower else row.display, f"{value} {shown.get(row.unit, row.unit)}"))
    return found
