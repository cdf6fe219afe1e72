"""Two press at once: taken and taken back, and two pages of one colleague. Real threads, real transactions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from webside.compliance.models import Licence
from webside.core import clock
from webside.scheduling.tests.test_race import at_once
from webside.testing.cast import Cast, make_cast
from webside.visits import selectors, services
from webside.visits.codes import HandOverOutcome
from webside.visits.models import HandOver, Participant
from webside.visits.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def _asked(cast: Cast) -> HandOver:
    with cast.as_(cast.admin_user):
        Licence.objects.create(
            practitioner=cast.daniel, state="NY", number="NY-WHI-9", period_start=date(2024, 1, 1),
            period_end=clock.now().date() + timedelta(days=400), verified_at=clock.now(), verified_with="state board",
        )  # fmt: skip
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        return services.ask_hand_over(actor=maya, visit=visit, practitioner_id=cast.daniel.id, words="I must go")


def _as(cast: Cast, user: Any, do: Callable[..., Any], asked: HandOver) -> Callable[[], Any]:
    def job() -> Any:
        with cast.as_(user) as actor:
            return do(actor=actor, hand_over_id=asked.id)

    return job


def test_taken_and_taken_back_at_once_is_one_of_the_two() -> None:
    cast = make_cast()
    asked = _asked(cast)
    results = at_once(
        _as(cast, cast.daniel_user, services.take_over, asked),
        _as(cast, cast.maya_user, services.withdraw_hand_over, asked),
    )
    assert sum(isinstance(result, services.Answered) for result in results) == 1, results
    assert sum(isinstance(result, Exception) for result in results) == 1, results
    with cast.as_(cast.daniel_user):
        found = HandOver.objects.select_related("visit__appointment__practitioner").get()
        taken = found.outcome == HandOverOutcome.TAKEN
        assert found.outcome in (HandOverOutcome.TAKEN, HandOverOutcome.WITHDRAWN)
        assert found.visit.appointment.practitioner == (cast.daniel if taken else cast.maya)


def test_two_pages_of_one_colleague_take_it_once() -> None:
    cast = make_cast()
    asked = _asked(cast)
    take = _as(cast, cast.daniel_user, services.take_over, asked)
    results = at_once(take, take)
    assert [result.id for result in results] == [asked.visit_id, asked.visit_id]
    with cast.as_(cast.daniel_user) as daniel:
        assert Participant.objects.filter(visit_id=asked.visit_id, role="clinician").count() == 1
        assert selectors.visit(daniel, asked.visit_id).appointment.practitioner == cast.daniel
