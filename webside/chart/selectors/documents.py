"""Pictures of the record."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from webside.chart import policies
from webside.chart.models import Document
from webside.core.actor import Actor
from webside.core.rows import prepared
from webside.people.models import Patient


def documents_of(patient: Patient) -> list[Document]:
    """Return the pictures of a patient's record, the newest first. The caller has checked the chart."""
    return _documents(patient=patient.id)


@prepared
def _documents(patient: UUID) -> QuerySet[Document]:
    return Document.objects.filter(patient=patient, withdrawn_at=None).order_by("-taken_at", "-id")


def document(actor: Actor, document_id: UUID) -> Document | None:
    """Return a picture that the actor may see, or nothing."""
    return policies.visible_documents(actor, Document.objects.filter(id=document_id)).first()


def documents_from(sources: Collection[UUID]) -> dict[UUID, Document]:
    """Return what stands in records of some sources, by the source. The caller has guarded these."""
    return {found.source_id: found for found in Document.objects.filter(source_id__in=sources, withdrawn_at=None)}
