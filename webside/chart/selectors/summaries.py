"""The summary of an encounter that the patient takes home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from webside.audit.codes import Outcome
from webside.audit.models import AuditEvent
from webside.catalog import policies as catalog
from webside.chart import policies
from webside.chart.codes import ListCode, MedicationStatus
from webside.chart.models import Encounter, List, MedicationStatement, NoteAddendum, Observation
from webside.chart.rules import diagnosis_words
from webside.chart.selectors.diagnoses import diagnoses_of
from webside.chart.selectors.encounters import all_encounters, takes_diagnoses
from webside.chart.selectors.lists import number_text, pairs_of_signs, shown_units
from webside.chart.selectors.notes import addenda_of
from webside.chart.selectors.plans import AgreedPlan, agreed_in, agreements_of
from webside.chart.selectors.transfers import GoTo, go_to, turned_into
from webside.core import clock
from webside.core.actor import Actor, Role
from webside.core.models import Tenant
from webside.core.rows import first, prepared
from webside.fhirkit.services import bodies_at
from webside.scheduling.codes import HOLDS_TIME
from webside.scheduling.models import Appointment
from webside.scheduling.policies import SEEN_WITH


def summary_encounter(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return an encounter whose summary the actor may read, with what was agreed in it (:func:`agreed_in`)."""
    if actor.has(Role.CLINICIAN, Role.COACH):  # whose it is depends on who covers for whom just now
        return _summary(actor, encounter_id).first()
    return first(_own_summary(actor=actor, encounter=encounter_id))


def _summary(actor: Actor, encounter: UUID) -> QuerySet[Encounter]:
    found = policies.visible_summaries(actor, all_encounters().select_related("appointment"))
    return found.annotate(agreements=agreements_of("pk")).filter(id=encounter).order_by()


_own_summary = prepared(_summary)


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
    medications_confirmed_at: datetime | None
    takes_no_medicines: bool
    with_medicines: bool
    vital_signs: list[tuple[str, str]]
    addenda: list[NoteAddendum]
    again: Appointment | None
    clinic: Tenant
    plans: list[AgreedPlan]
    go: GoTo | None


def summary(actor: Actor, encounter_id: UUID) -> Summary | None:
    """Return the summary of an encounter that the actor may read. ``ready`` is false until it is signed.

    Somebody who came by the link of one appointment is not told of another, nor who may see none for her.
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
    again = again.filter(catalog.shown(actor))
    confirmed_at, takes_none = _confirmed_when_signed(found) if clinical else (None, False)
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
        medications_confirmed_at=confirmed_at,
        takes_no_medicines=takes_none,
        with_medicines=clinical,
        vital_signs=_vital_signs_of(found) if clinical else [],
        addenda=addenda_of(found),
        again=again.order_by("period").first() if actor.user_id is not None and actor.may(*SEEN_WITH) else None,
        clinic=clinic,
        plans=agreed_in(actor, found) if clinical else [],
        go=go_to(turned_into(found)),
    )


def _medications_when_signed(encounter: Encounter) -> list[MedicationStatement]:
    """Return what the patient took when the note was signed: what is changed later is no part of it.

    What was touched since says in its versions how it stood then: it may have been stopped before and taken up after.
    """
    signed_at = encounter.note.signed_at or clock.now()
    found = MedicationStatement.objects.filter(patient_id=encounter.patient_id, created_at__lte=signed_at)
    rows = list(found.order_by("medication"))
    touched = [row.id for row in rows if row.updated_at > signed_at]
    then = bodies_at("MedicationStatement", touched, signed_at) if touched else {}
    return [row for row in rows if then.get(row.id, {}).get("status", row.status) == MedicationStatus.ACTIVE]


def _confirmed_when_signed(encounter: Encounter) -> tuple[datetime | None, bool]:
    """Return when, before the note was signed, her medicines were gone through with her, and whether there were none.

    No day if one came or went between.
    """
    signed_at = encounter.note.signed_at or clock.now()
    row = List.objects.filter(patient_id=encounter.patient_id, code=ListCode.MEDICATIONS).first()
    if row is None:
        return None, False
    if row.updated_at <= signed_at:
        return None if row.changed_at else row.confirmed_at, bool(row.empty_reason)
    then = bodies_at("List", [row.id], signed_at).get(row.id)
    if then is None:
        return None, False
    confirmed_at = None if then["status"] == "retired" else datetime.fromisoformat(then["date"])
    return confirmed_at, "emptyReason" in then


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
