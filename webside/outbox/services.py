"""Publishing and delivering."""

from __future__ import annotations

import dataclasses
import logging
import random
from datetime import timedelta
from typing import Any, get_type_hints
from uuid import UUID

from django.db import DatabaseError, transaction

from webside.core import actor, clock, frames
from webside.outbox import registry
from webside.outbox.events import Event
from webside.outbox.models import Delivery, OutboxEvent

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 10


def publish(event: Event) -> UUID:
    """Publish an event in the current transaction; return its id. Nothing leaves before the commit."""
    name = registry.event_name(type(event))
    payload = {field.name: _plain(getattr(event, field.name)) for field in dataclasses.fields(event)}
    row = OutboxEvent.objects.create(tenant_id=frames.current().tenant_id, name=name, payload=payload)
    Delivery.objects.bulk_create([Delivery(event=row, handler=handler) for handler in registry.handlers(name)])
    return row.id


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _revive(name: str, payload: dict[str, Any]) -> Event:
    kind = registry.event_type(name)
    hints = get_type_hints(kind)
    return kind(**{key: UUID(value) if hints.get(key) is UUID and value else value for key, value in payload.items()})


def deliver_due(limit: int = 50) -> int:
    """Deliver what is due; return how many were tried. Safe in several workers at once.

    The handler's writes and the mark commit together: a crash between them repeats the delivery
    with the same event id and loses nothing.
    """
    tried = 0
    for _ in range(limit):
        with transaction.atomic():
            delivery = (
                Delivery.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("event")
                .filter(delivered_at=None, dead_at=None, due_at__lte=clock.now())
                .order_by("due_at")
                .first()
            )
            if delivery is None:
                return tried
            tried += 1
            _deliver(delivery)
    return tried


def _deliver(delivery: Delivery) -> None:
    event = delivery.event
    delivery.attempts += 1
    try:
        handler = registry.handlers(event.name)[delivery.handler]
        with frames.begin(tenant_id=event.tenant_id, actor=actor.system("outbox", event.tenant_id)):
            handler(_revive(event.name, event.payload), event.id)
    except DatabaseError as error:
        if transaction.get_connection().needs_rollback:
            raise
        _postpone(delivery, error)
    except Exception as error:
        logger.exception("handler %s failed for event %s", delivery.handler, event.id)
        _postpone(delivery, error)
    else:
        delivery.delivered_at = clock.now()
        delivery.last_error = ""
    delivery.save()


def _postpone(delivery: Delivery, error: Exception) -> None:
    delivery.last_error = type(error).__name__
    if delivery.attempts >= MAX_ATTEMPTS:
        delivery.dead_at = clock.now()
    else:
        wait = min(3600.0, 2.0**delivery.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        delivery.due_at = clock.now() + timedelta(seconds=wait)


def retry_delivery(*, delivery_id: UUID, tenant_id: UUID) -> bool:
    """Take a dead delivery of a tenant back into the queue; return whether there was one."""
    return bool(
        Delivery.objects.filter(id=delivery_id, event__tenant_id=tenant_id)
        .exclude(dead_at=None)
        .update(dead_at=None, attempts=0, due_at=clock.now())
    )
