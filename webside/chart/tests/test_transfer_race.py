"""Two press *Emergency* at once, on two pages: one emergency. Real threads, real transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from webside.chart import services
from webside.chart.models import Encounter, Transfer
from webside.chart.tests import factories
from webside.outbox.models import OutboxEvent
from webside.scheduling.tests.test_race import at_once
from webside.testing.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)


def _press(cast: Cast, encounter: Encounter) -> Callable[[], Any]:
    def job() -> Any:
        with cast.as_(cast.maya_user) as maya:
            found = Encounter.objects.select_related("practitioner", "service").get(id=encounter.id)
            return services.declare_emergency(actor=maya, encounter=found).id

    return job


def test_two_pages_at_once_make_one_emergency() -> None:
    cast = make_cast()
    with cast.as_(cast.maya_user):
        encounter = factories.encounter(cast)
    results = at_once(_press(cast, encounter), _press(cast, encounter))
    assert len(set(results)) == 1, results
    with cast.as_(cast.maya_user):
        assert Transfer.objects.count() == 1
        assert OutboxEvent.objects.filter(name__endswith="TransferStarted").count() == 1
