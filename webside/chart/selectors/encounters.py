"""Encounters: one whose note the actor may read, and the actor's own, signed or not."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from webside.catalog.codes import Kind
from webside.catalog.gates import Case
from webside.chart import policies
from webside.chart.codes import EncounterStatus, NoteStatus
from webside.chart.models import Encounter
from webside.core.actor import Actor


def all_encounters() -> QuerySet[Encounter]:
    """Return the clinic's encounters, each with its people, service, appointment and note."""
    return Encounter.objects.select_related(
        "tenant", "patient", "practitioner", "service", "appointment", "note__signed_by"
    )


def encounter(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return an encounter whose note the actor may read."""
    return policies.visible_encounters(actor, all_encounters()).filter(id=encounter_id).first()


def encounter_of_visit(actor: Actor, visit_id: UUID) -> Encounter | None:
    """Return the encounter of a visit's room, if its note may be read by the actor."""
    return policies.visible_encounters(actor, all_encounters()).filter(visit_id=visit_id).first()


ENCOUNTER = "chart.encounter"
"""Name of the fact of ``Case`` that holds the encounter it is about."""


def encounter_in(case: Case) -> Encounter | None:
    """Return the encounter that a case is about, with its note, read once for all gates that ask.

    Whoever asks the gates has guarded it.
    """
    encounter_id = case.encounter_id
    if encounter_id is None:
        return None
    return case.once(ENCOUNTER, lambda: all_encounters().filter(id=encounter_id).first())


def unsigned_notes(actor: Actor) -> QuerySet[Encounter]:
    """Return the actor's own encounters whose note waits for a signature, the oldest first."""
    if actor.user_id is None:
        return Encounter.objects.none()
    own = all_encounters().filter(practitioner__user_id=actor.user_id, note__status=NoteStatus.PRELIMINARY)
    return own.exclude(status=EncounterStatus.CANCELLED).order_by("started_at")


def recent_encounters(actor: Actor, limit: int = 30) -> QuerySet[Encounter]:
    """Return the actor's own encounters whose note is signed, newest first."""
    if actor.user_id is None:
        return Encounter.objects.none()
    own = all_encounters().filter(practitioner__user_id=actor.user_id).exclude(note__status=NoteStatus.PRELIMINARY)
    return own.order_by("-started_at")[:limit]


def takes_diagnoses(encounter: Encounter) -> bool:
    """Whether diagnoses belong to this encounter: telemedicine."""
    return encounter.service.kind == Kind.TELEMEDICINE


def ground_of(actor: Actor, encounter: Encounter) -> str:
    """Return by what right the actor looks at an encounter, for the trail."""
    if policies.is_author(actor, encounter):
        return "own encounter"
    return "own record" if actor.user_id == encounter.patient.user_id else "treating"


def clinic_zone(encounter: Encounter) -> str:
    """Return the time zone of the clinic of an encounter."""
    zone: str = encounter.tenant.timezone
    return zone
