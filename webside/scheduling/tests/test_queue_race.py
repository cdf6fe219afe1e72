"""Two at once: the same form, and two clinicians who both want the next one. Real threads, real transactions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from webside.scheduling import services
from webside.scheduling.codes import QueueStatus
from webside.scheduling.models import QueueEntry
from webside.scheduling.tests.line import call, join, join_visitor, on_duty, open_line
from webside.scheduling.tests.test_race import at_once
from webside.testing.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)


def _both_in_new_york() -> Any:
    from webside.compliance.models import Licence

    cast = make_cast()
    with cast.as_(cast.ingrid_user):
        Licence.objects.filter(practitioner=cast.daniel, state="OR").update(state="NY")
    open_line(cast)
    on_duty(cast, "maya", "daniel")
    return cast


def test_two_who_press_at_once_get_two_people() -> None:
    cast = _both_in_new_york()
    first, second = join(cast), join_visitor(cast)
    results = at_once(lambda: call(cast, "maya"), lambda: call(cast, "daniel"))
    assert {result.entry.id for result in results} == {first.id, second.id}, results


def test_one_person_goes_to_one_of_them() -> None:
    cast = _both_in_new_york()
    entry = join(cast)
    results = at_once(lambda: call(cast, "maya"), lambda: call(cast, "daniel"), lambda: call(cast, "maya"))
    called = [result.entry.id for result in results if result.entry is not None]
    assert set(called) == {entry.id}, results
    with cast.as_(cast.grace_user):
        assert QueueEntry.objects.get().status == QueueStatus.CLAIMED


def test_the_form_sent_twice_at_once_is_one_place() -> None:
    cast = make_cast()
    open_line(cast)
    key = uuid4().hex
    results = at_once(*[lambda: join(cast, idempotency_key=key)] * 3)
    assert len({result.id for result in results}) == 1, results


def test_a_visitors_form_sent_twice_at_once_registers_one_person() -> None:
    from webside.people.models import Patient

    cast = make_cast()
    open_line(cast)
    key = uuid4().hex
    results = at_once(*[lambda: join_visitor(cast, idempotency_key=key)] * 3)
    assert len({result.id for result in results}) == 1, results
    with cast.as_(cast.grace_user):
        assert Patient.objects.filter(family="Quist").count() == 1


def test_two_forms_of_one_person_at_once_are_one_place() -> None:
    cast = make_cast()
    open_line(cast)
    results = at_once(*[lambda: join(cast)] * 3)
    held = {result.entry.id if isinstance(result, services.InLineAlready) else result.id for result in results}
    assert len(held) == 1, results
