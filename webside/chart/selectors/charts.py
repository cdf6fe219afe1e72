"""The page of a patient's record, and whose may be opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, QuerySet

from webside.chart import policies
from webside.chart.codes import EncounterStatus
from webside.chart.models import Condition, Document, EmergencyAccess, Encounter
from webside.chart.policies import Extent
from webside.chart.selectors import emergencies
from webside.chart.selectors.documents import documents_of
from webside.chart.selectors.lists import ClinicalLists, lists_of
from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import counted, instance, prepared
from webside.people import selectors as people
from webside.people.models import Patient
from webside.people.rules import age_on, full_name
from webside.scheduling.codes import HOLDS_TIME
from webside.scheduling.models import Appointment

TIMELINE = 20


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """An encounter on the page of a chart: what it was, with whom, what was found (nothing for a coach)."""

    id: UUID
    started_at: datetime
    service: str
    practitioner: str
    diagnoses: list[str]
    cancelled: bool
    signed: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The page of a patient's record as the actor may see it."""

    patient: Patient
    scope: Extent
    lists: ClinicalLists | None
    encounters: list[TimelineRow]
    more_before: datetime | None
    next_id: UUID | None
    next_at: datetime | None
    ground: str
    emergency: EmergencyAccess | None
    may_change_lists: bool
    documents: list[Document]


def chart_of(actor: Actor, patient_id: UUID, *, before: datetime | None = None) -> Chart | None:
    """Return the chart of a patient whom the actor treats, or looks in on now; nothing otherwise."""
    if actor.user_id is None or not policies.opens_charts(actor):
        return None
    now = clock.now()
    rows = _charted(patient=patient_id, user=actor.user_id, now=now) or _looked_into(actor, patient_id)
    if not rows:
        return None
    rights = {name: rows[0].pop(name, False) for name in ("own", "treated")}
    patient = instance(Patient, rows[0])
    scope = policies.extent_of(actor)
    emergency = None if rights["treated"] else emergencies.standing(actor, patient_id, now)
    if rights["own"]:
        ground = "treating" if scope is Extent.WHOLE else "own encounters"
    else:
        ground = emergencies.ground_beyond_own(actor, patient_id, treated=rights["treated"], emergency=emergency)
    found = _timeline(actor, patient, scope, before)
    coming = _coming(patient=patient_id, user=actor.user_id, now=now)
    return Chart(
        patient=patient,
        scope=scope,
        lists=lists_of(patient) if scope is Extent.WHOLE else None,
        encounters=found[:TIMELINE],
        more_before=found[TIMELINE - 1].started_at if len(found) > TIMELINE else None,
        next_id=coming[0]["id"] if coming else None,
        next_at=coming[0]["period"].lower if coming else None,
        ground=ground,
        emergency=emergency,
        # Who looks in, or reads in an emergency, writes nothing here.
        may_change_lists=scope is Extent.WHOLE and bool(rights["treated"]),
        documents=documents_of(patient) if scope is Extent.WHOLE else [],
    )


@prepared
def _charted(patient: UUID, user: UUID, now: datetime) -> QuerySet[Patient, dict[str, Any]]:
    """Ask for a patient whose chart somebody may read, with whether she treats her, herself or covering."""
    own, treated = policies.own_patient_of(user, "pk"), policies.treated_by(user, "pk", now)
    found = Patient.objects.filter(policies.readable_by(user, "pk", now), id=patient)
    return found.values(
        *(field.attname for field in Patient._meta.concrete_fields),
        own=ExpressionWrapper(own, output_field=BooleanField()),
        treated=ExpressionWrapper(treated, output_field=BooleanField()),
    )


def _looked_into(actor: Actor, patient_id: UUID) -> list[dict[str, Any]]:
    """Return the patient as :func:`_charted` does, for a clinician who only looks in."""
    found = policies.visible_charts(actor, Patient.objects.filter(id=patient_id))
    return [dict(row) for row in found.values()]


@prepared
def _coming(patient: UUID, user: UUID, now: datetime) -> QuerySet[Appointment, dict[str, Any]]:
    """Ask for the patient's next appointment with somebody."""
    coming = Appointment.objects.filter(
        patient=patient, practitioner__user_id=user, status__in=HOLDS_TIME, period__endswith__gt=now
    ).exclude(encounter__status=EncounterStatus.FINISHED)
    return coming.order_by("period").values("id", "period")[:1]


def _timeline(actor: Actor, patient: Patient, scope: Extent, before: datetime | None) -> list[TimelineRow]:
    """Return the newest encounters of a patient, before a moment, and one more than are shown."""
    if scope is Extent.WHOLE and before is None:
        found = _newest_encounters(patient=patient.id)
    else:
        rows = _encounters(patient.id, with_diagnoses=scope is Extent.WHOLE)
        if scope is Extent.OWN:
            rows = rows.filter(practitioner__user=actor.user_id)
        if before is not None:
            rows = rows.filter(started_at__lt=before)
        found = list(rows[: TIMELINE + 1])
    return [
        TimelineRow(
            id=row["id"],
            started_at=row["started_at"],
            service=row["service__name"],
            practitioner=full_name(
                row["practitioner__given"], row["practitioner__family"], row["practitioner__prefix"]
            ),
            diagnoses=row.get("named", []),
            cancelled=row["status"] == EncounterStatus.CANCELLED,
            signed=row["note__signed_at"] is not None,
        )
        for row in found
    ]


@prepared
def _newest_encounters(patient: UUID) -> QuerySet[Encounter, dict[str, Any]]:
    return _encounters(patient, with_diagnoses=True)[: TIMELINE + 1]


def _encounters(patient: UUID, *, with_diagnoses: bool) -> QuerySet[Encounter, dict[str, Any]]:
    named = Condition.objects.filter(encounter=OuterRef("pk")).order_by("position", "created_at")
    shown = {"named": ArraySubquery(named.values("display"))} if with_diagnoses else {}
    return Encounter.objects.filter(patient_id=patient).order_by("-started_at").values(
        "id", "started_at", "status", "service__name", "note__signed_at",
        "practitioner__prefix", "practitioner__given", "practitioner__family", **shown,
    )  # fmt: skip


def patients_of(actor: Actor, text: str = "") -> QuerySet[Patient]:
    """Return the patients whose chart the actor may open, by name; ``text`` narrows by name or record number."""
    return people.narrowed(policies.visible_charts(actor, people.visible_patients(actor)), text)


def patients_listed(actor: Actor, text: str, start: int, number: int) -> list[dict[str, Any]]:
    """Return so many of :func:`patients_of` from one on, for :func:`patient_rows`, ``counted``, in an order that stays."""
    if not text and not start:
        return _opening(actor=actor, now=clock.now(), number=number)
    return list(_listed(patients_of(actor, text))[start : start + number])


@prepared
def _opening(actor: Actor, now: datetime, number: int) -> QuerySet[Patient, dict[str, Any]]:
    """Ask for what the list opens with."""
    return _listed(policies.visible_charts(actor, people.visible_patients(actor), now))[:number]


def _listed(found: QuerySet[Patient]) -> QuerySet[Patient, dict[str, Any]]:
    names = ("id", "record_number", "given", "family", "birth_date", "city", "state")
    return counted(found.order_by("family", "given", "id").values(*names))


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A patient as the list shows them."""

    id: UUID
    record_number: str
    name: str
    born: date
    age: int
    place: str


def patient_rows(found: Iterable[dict[str, Any]]) -> list[PatientRow]:
    """Return rows of :func:`patients_listed` as the list shows them."""
    today = clock.now().date()
    return [
        PatientRow(
            id=row["id"],
            record_number=row["record_number"],
            name=full_name(row["given"], row["family"]),
            born=row["birth_date"],
            age=age_on(row["birth_date"], today),
            place=", ".join(part for part in (row["city"], row["state"]) if part),
        )
        for row in found
    ]
