"""Encounters: one whose note the actor may read, and the actor's own, signed or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Subquery

from webside.catalog.codes import Kind
from webside.catalog.gates import Case
from webside.chart import policies
from webside.chart.codes import EncounterStatus, NoteStatus
from webside.chart.models import Encounter
from webside.chart.selectors import emergencies, transfers
from webside.core.actor import Actor
from webside.core.rows import first, prepared
from webside.people.models import Practitioner
from webside.people.rules import full_name


def all_encounters() -> QuerySet[Encounter]:
    """Return the clinic's encounters, each with its people, service and note, and what it turned into."""
    found = Encounter.objects.select_related("tenant", "patient", "practitioner", "service", "note")
    return found.annotate(kept_transfers=transfers.kept_with("pk"))


def encounter(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return an encounter whose note the actor may read."""
    return _readable(actor, first(_whole(encounter=encounter_id)))


@prepared
def _whole(encounter: UUID) -> QuerySet[Encounter]:
    return all_encounters().filter(id=encounter).order_by()


def encounter_of_visit(actor: Actor, visit_id: UUID) -> Encounter | None:
    """Return the encounter of a visit's room, if its note may be read by the actor."""
    return _readable(actor, all_encounters().filter(visit_id=visit_id).first())


def _readable(actor: Actor, found: Encounter | None) -> Encounter | None:
    return found if found is not None and policies.can_view_encounter(actor, found) else None


ENCOUNTER = "chart.encounter"
"""Name of the fact of ``Case`` that holds the encounter it is about."""


def encounter_in(case: Case) -> Encounter | None:
    """Return the encounter that a case is about, with its note, read once for all gates that ask.

    Whoever asks the gates has guarded it.
    """
    encounter_id = case.encounter_id
    if encounter_id is None:
        return None
    return case.once(ENCOUNTER, lambda: first(_whole(encounter=encounter_id)))


def unsigned_notes(actor: Actor) -> QuerySet[Encounter]:
    """Return the actor's own encounters whose note waits for a signature, the oldest first."""
    found = _own(actor).filter(note__status=NoteStatus.PRELIMINARY).exclude(status=EncounterStatus.CANCELLED)
    return found.order_by("started_at", "id")


def signed_notes(actor: Actor) -> QuerySet[Encounter]:
    """Return the actor's own encounters whose note is signed, the newest first."""
    return _own(actor).filter(note__signed_at__isnull=False).order_by("-started_at", "-id")


def _own(actor: Actor) -> QuerySet[Encounter]:
    if actor.user_id is None:
        return Encounter.objects.none()
    # The practitioner as one value, not as a join: so PostgreSQL reads a page along the index of encounters.
    me = Practitioner.objects.filter(user_id=actor.user_id).values("id")
    return Encounter.objects.filter(practitioner_id=Subquery(me))


@dataclass(frozen=True, slots=True)
class NoteRow:
    """An encounter as a list of notes shows it. ``open``: the encounter goes on."""

    id: UUID
    started_at: datetime
    patient: str
    service: str
    open: bool


def notes_listed(found: QuerySet[Encounter]) -> QuerySet[Encounter, Any]:
    """Return what :func:`note_rows` takes of encounters, and no more."""
    return found.values("id", "started_at", "status", "patient__given", "patient__family", "service__name")


def note_rows(found: Iterable[dict[str, Any]]) -> list[NoteRow]:
    """Return rows of :func:`notes_listed` as a list shows them."""
    return [
        NoteRow(
            id=row["id"],
            started_at=row["started_at"],
            patient=full_name(row["patient__given"], row["patient__family"]),
            service=row["service__name"],
            open=row["status"] == EncounterStatus.IN_PROGRESS,
        )
        for row in found
    ]


def takes_diagnoses(encounter: Encounter) -> bool:
    """Whether diagnoses belong to this encounter: telemedicine."""
    return encounter.service.kind == Kind.TELEMEDICINE


def ground_of(actor: Actor, encounter: Encounter) -> str:
    """Return by what right the actor looks at an encounter, for the trail."""
    if policies.is_author(actor, encounter):
        return "own encounter"
    if actor.user_id == encounter.patient.user_id:
        return "own record"
    return emergencies.ground_for(actor, encounter.patient_id)


def clinic_zone(encounter: Encounter) -> str:
    """Return the time zone of the clinic of an encounter."""
    zone: str = encounter.tenant.timezone
    return zone
