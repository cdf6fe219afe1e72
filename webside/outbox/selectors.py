"""Reading deliveries."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from webside.outbox.models import Delivery


def dead_deliveries(tenant_id: UUID) -> QuerySet[Delivery]:
    """Return a tenant's deliveries that were given up, newest first."""
    return (
        Delivery.objects.filter(event__tenant_id=tenant_id)
        .exclude(dead_at=None)
        .select_related("event")
        .order_by("-dead_at")
    )
