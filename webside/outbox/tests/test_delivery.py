"""Events: nothing before the commit, each handler until it has it, the dead ones in sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from webside.core import clock, frames
from webside.core.actor import system
from webside.core.ids import uuid7
from webside.outbox import registry, selectors, services
from webside.outbox.events import Event
from webside.outbox.models import Delivery
from webside.testing.cast import Cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Event):
    """A test's event."""

    thing_id: UUID
    count: int = 1


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(registry, "_types", {})
    monkeypatch.setattr(registry, "_handlers", {})
    return registry


def _publish(cast: Cast) -> tuple[UUID, UUID]:
    thing = uuid7()
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        return thing, services.publish(Happened(thing_id=thing, count=2))


def test_each_handler_gets_the_event_once_in_its_tenant(cast: Cast, handlers: Any) -> None:
    seen: list[Any] = []

    def first(event: Happened, event_id: UUID) -> None:
        seen.append((event, event_id, frames.current_tenant_id()))

    handlers.subscribe(Happened, first)
    thing, event_id = _publish(cast)
    assert services.deliver_due() == 1
    assert services.deliver_due() == 0
    assert seen == [(Happened(thing_id=thing, count=2), event_id, cast.larkspur.id)]


def test_a_change_undone_publishes_nothing(cast: Cast, handlers: Any) -> None:
    handlers.subscribe(Happened, lambda event, event_id: None)
    with pytest.raises(RuntimeError), transaction.atomic():
        _publish(cast)
        raise RuntimeError
    assert Delivery.objects.count() == 0


def test_a_failing_handler_is_tried_again_then_given_up_and_can_be_taken_back(cast: Cast, handlers: Any) -> None:
    fails = True

    def shaky(event: Happened, event_id: UUID) -> None:
        if fails:
            raise ValueError("Liz Moreno")

    handlers.subscribe(Happened, shaky)
    _publish(cast)
    for _ in range(services.MAX_ATTEMPTS):
        Delivery.objects.update(due_at=clock.now() - timedelta(seconds=1))
        assert services.deliver_due() == 1
    dead = selectors.dead_deliveries(cast.larkspur.id).get()
    assert (dead.attempts, dead.last_error) == (services.MAX_ATTEMPTS, "ValueError")
    assert not selectors.dead_deliveries(cast.northgate.id).exists()
    assert not services.retry_delivery(delivery_id=dead.id, tenant_id=cast.northgate.id)
    fails = False
    assert services.retry_delivery(delivery_id=dead.id, tenant_id=cast.larkspur.id)
    assert services.deliver_due() == 1
    assert Delivery.objects.get().delivered_at is not None


def test_what_a_failed_handler_wrote_is_undone(cast: Cast, handlers: Any) -> None:
    from webside.people.models import RelatedPerson

    def half(event: Happened, event_id: UUID) -> None:
        RelatedPerson.objects.create(patient=cast.liz, name="Half")
        raise ValueError

    handlers.subscribe(Happened, half)
    _publish(cast)
    services.deliver_due()
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        assert not RelatedPerson.objects.exists()
