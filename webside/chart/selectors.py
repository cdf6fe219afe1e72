"""Reading the chart. The first argument is the actor; the caller's view records the read."""

from __future__ import annotations

from uuid import UUID

from webside.catalog import gates
from webside.chart import policies
from webside.chart.models import Encounter, Note
from webside.core.actor import Actor


def encounter(actor: Actor, encounter_id: UUID) -> Encounter | None:
    """Return an encounter that the actor may see."""
    found = Encounter.objects.select_related("patient", "practitioner", "service", "appointment")
    return policies.visible_encounters(actor, found).filter(id=encounter_id).first()


def encounter_of_visit(actor: Actor, visit_id: UUID) -> Encounter | None:
    """Return the encounter of a room, if it has begun and the actor may see it."""
    found = Encounter.objects.select_related("patient", "practitioner", "service", "appointment")
    return policies.visible_encounters(actor, found).filter(visit_id=visit_id).first()


def note_of(encounter: Encounter) -> Note | None:
    """Return the note of an encounter."""
    return Note.objects.filter(encounter=encounter).first()


def sign_findings(encounter: Encounter) -> list[gates.Finding]:
    """Ask the gates whether the note of an encounter may be signed."""
    return gates.ask(
        gates.Case(
            moment=gates.Moment.SIGN,
            at=encounter.started_at,
            service=encounter.service,
            patient=encounter.patient,
            practitioner=encounter.practitioner,
            state=encounter.location_state,
            visit_id=encounter.visit_id,
            encounter_id=encounter.id,
        )
    )
