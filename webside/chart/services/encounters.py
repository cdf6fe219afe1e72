"""Beginning and ending an encounter."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from webside.audit.services import action, record
from webside.chart import policies
from webside.chart.codes import EncounterStatus, NotePart, NoteStatus, SummaryPart
from webside.chart.events import EncounterFinished
from webside.chart.models import Encounter, Note
from webside.chart.services.errors import NotAllowed, NoteClosed
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Practitioner
from webside.scheduling.models import Appointment


@action("chart.encounter.start")
def start_encounter(
    *, actor: Actor, appointment: Appointment, visit_id: UUID | None, location: str, location_state: str,
    location_name: str = "", location_kind: str = "",
) -> Encounter:  # fmt: skip
    """Make the encounter of an appointment when the safe start has passed, with an empty note.

    ``location`` is home, clinic or other; ``location_state`` two letters; ``location_name`` and ``location_kind`` are of
    the place where she is helped, if she is at one. A second call returns the
    encounter that is there; as long as it is open and the patient is somewhere else now, it says so.
    """
    if not policies.can_start_encounter(actor, appointment):
        raise NotAllowed
    # Two calls at once wait for each other here, so that the second finds the encounter of the first.
    appointment = Appointment.objects.select_for_update().get(id=appointment.id)
    place = {
        "location": location, "location_state": location_state, "location_name": location_name,
        "location_kind": location_kind,
    }  # fmt: skip
    encounter, created = Encounter.objects.get_or_create(
        appointment=appointment,
        defaults={
            "patient_id": appointment.patient_id,
            "practitioner_id": appointment.practitioner_id,
            "service_id": appointment.service_id,
            "visit_id": visit_id,
            **place,
        },
    )
    moved = any(getattr(encounter, name) != value for name, value in place.items())
    if created:
        Note.objects.create(encounter=encounter)
    elif moved and encounter.status == EncounterStatus.IN_PROGRESS:
        for name, value in place.items():
            setattr(encounter, name, value)
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


@action("chart.encounter.take")
def take_encounter(*, actor: Actor, encounter: Encounter) -> Encounter:
    """Give an open encounter to the practitioner whose appointment it is by now; a second call changes nothing.

    What was written before stays its author's, dated, in ``Note.handed_over``, and is read by who goes on; the note is
    empty for them, and what was stated for billing with it: each states and signs her own. Diagnoses stay, to be looked
    through. Raises :class:`NotAllowed`, and :class:`NoteClosed` where it was signed or is over.
    """
    encounter = lock_encounter(encounter)
    booked = encounter.appointment
    if booked is None or not policies.can_take_encounter(actor, encounter):
        raise NotAllowed
    given, taker = encounter.practitioner, booked.practitioner
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    if note.status != NoteStatus.PRELIMINARY or encounter.status != EncounterStatus.IN_PROGRESS:
        raise NoteClosed
    if taker.id != given.id:
        note.handed_over = [*note.handed_over, _handed(note, given)]
        for name in (*NotePart, *SummaryPart):
            setattr(note, str(name), "")
        note.mdm, note.total_minutes = "", None
        # No page of before may write on: its revision and its key are of what was handed over.
        note.revision += 1
        note.saved_key, note.run_from, note.saved_at, note.saved_by = "", note.revision, None, ""
        note.save()
        encounter.practitioner = taker
        encounter.save()
        write_version(encounter)
    record("chart.encounter.take", actor=actor, target=encounter, patient_id=encounter.patient_id,
           ground="own appointment", changes={"was": str(given.id), "now": str(taker.id)})  # fmt: skip
    return encounter


def _handed(note: Note, given: Practitioner) -> dict[str, Any]:
    """Return what is kept of a note whose encounter is given away."""
    return {
        "by": given.display_name,
        "practitioner": str(given.id),
        "user": str(given.user_id) if given.user_id else "",
        "at": clock.now().isoformat(),
        "texts": {str(name): text for name in (*NotePart, *SummaryPart) if (text := getattr(note, str(name))).strip()},
        "revision": note.revision,
        "key": note.saved_key,
    }


def _close(actor: Actor, encounter: Encounter, status: EncounterStatus, at: datetime | None) -> tuple[Encounter, bool]:
    """Lock an encounter and end it with a status; return it as it is now, and whether this call ended it."""
    if not policies.can_finish_encounter(actor, encounter):
        raise NotAllowed
    encounter = lock_encounter(encounter)
    if encounter.status != EncounterStatus.IN_PROGRESS:
        return encounter, False
    encounter.status = status
    encounter.ended_at = at or clock.now()
    encounter.save()
    write_version(encounter)
    return encounter, True


def lock_encounter(encounter: Encounter) -> Encounter:
    """Lock an encounter, then read it with its people."""
    lock(encounter)
    return Encounter.objects.select_related("tenant", "patient", "practitioner", "service", "appointment").get(
        id=encounter.id
    )
