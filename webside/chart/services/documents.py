"""Keeping a picture in the record, and taking it out again before the note is signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from webside.audit.services import action, record
from webside.chart import policies
from webside.chart.models import Document, Encounter, Note
from webside.chart.services.errors import NotAllowed
from webside.core import clock, files
from webside.core.actor import Actor
from webside.fhirkit.services import write_version


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a picture comes from: what it is a copy of, when it was taken and by whom, and which part of the body it shows."""

    source_id: UUID
    taken_at: datetime
    taken_by: str
    body_site: str


@action("chart.document.keep")
def keep_document(*, actor: Actor, encounter: Encounter, content: bytes, origin: Origin, agreed_by: str) -> Document:
    """Keep a copy of a picture in the record, since the patient has agreed to this one now.

    What is kept already is returned as it is. Raises :class:`NotAllowed`, also once the note is signed, and
    ``core.files.FileRefused``.
    """
    encounter = _unsigned(encounter)
    if not policies.can_agree_to_documents(actor, encounter):
        raise NotAllowed
    kept = Document.objects.filter(source_id=origin.source_id, withdrawn_at=None).first()
    if kept is None:
        stored = files.store(content, claimed_type="image/jpeg")
        picture = files.measure(files.read(stored.id))
        kept = Document.objects.create(
            encounter=encounter, patient_id=encounter.patient_id, source_id=origin.source_id, content=stored.id,
            preview=files.store(picture.preview).id, content_type=stored.content_type, size=stored.size,
            width=picture.width, height=picture.height, sha256=stored.sha256, body_site=origin.body_site,
            taken_at=origin.taken_at, taken_by=origin.taken_by, agreed_at=clock.now(), agreed_by=agreed_by,
        )  # fmt: skip
        write_version(kept)
    record(
        "chart.document.keep", actor=actor, target=kept, patient_id=encounter.patient_id,
        ground="the patient agreed to this picture",
    )  # fmt: skip
    return kept


@action("chart.document.withdraw")
def withdraw_document(*, actor: Actor, document: Document) -> Document:
    """Take a picture out of the record, since the patient takes back that she agreed: its content is deleted.

    Again changes nothing. Raises :class:`NotAllowed`, also once the note is signed.
    """
    encounter = _unsigned(document.encounter)
    if not policies.can_agree_to_documents(actor, encounter):
        raise NotAllowed
    found = Document.objects.select_for_update(of=("self",)).get(id=document.id)
    if found.withdrawn_at is None:
        found.withdrawn_at = clock.now()
        found.save()
        write_version(found)
        for content in (found.content, found.preview):
            if content is not None:
                files.remove(content)
    record(
        "chart.document.withdraw", actor=actor, target=found, patient_id=found.patient_id, ground="own decision",
    )  # fmt: skip
    return found


def _unsigned(encounter: Encounter) -> Encounter:
    """Lock the note, so that nobody signs meanwhile; return the encounter with it."""
    note = Note.objects.select_for_update(of=("self",)).get(encounter=encounter)
    found = Encounter.objects.select_related("appointment__patient", "appointment__service", "practitioner").get(
        id=encounter.id
    )
    found.note = note
    return found
