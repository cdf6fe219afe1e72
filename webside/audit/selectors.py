"""Reading the trail. Who may is the caller's policy; the trail of a record is itself a read."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from webside.audit.models import AuditEvent
from webside.core import frames


def trail(*, patient_id: UUID | None = None) -> QuerySet[AuditEvent]:
    """Return the tenant's audit rows, newest first; of one patient's record where one is given."""
    events = AuditEvent.objects.filter(tenant_id=frames.current_tenant_id()).order_by("-sequence")
    return events.filter(patient_id=patient_id) if patient_id else events
