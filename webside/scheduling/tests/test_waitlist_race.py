"""Two at once: an offer taken twice, and a time that is offered and booked. Real threads, real transactions."""

from __future__ import annotations

from typing import Any

import pytest

from webside.core.actor import anonymous
from webside.core.frames import begin
from webside.scheduling import selectors, services
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment, WaitlistOffer
from webside.scheduling.tests.factories import book_visitor
from webside.scheduling.tests.test_race import at_once
from webside.scheduling.tests.waits import FREE, at_ten, by_machine, offers_of, only, visits, wait, wait_visitor, work
from webside.testing.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)
now = pytest.fixture(at_ten, name="now")


def test_a_time_that_is_taken_twice_at_once_is_one_visit(now: Any) -> None:
    cast = make_cast()
    only(cast, FREE)
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)

    def take(user: Any) -> Any:
        with cast.as_(user) as actor:
            return services.accept_offer(actor=actor, offer=offer)

    results = at_once(lambda: take(cast.liz_user), lambda: take(cast.grace_user), lambda: take(cast.liz_user))
    assert {getattr(result, "id", result) for result in results} == {offer.id}, results
    assert [each.status for each in visits(cast)] == ["booked"]


def test_taking_and_leaving_at_once_is_one_of_both(now: Any) -> None:
    cast = make_cast()
    only(cast, FREE)
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)

    def take() -> Any:
        with cast.as_(cast.liz_user) as actor:
            return services.accept_offer(actor=actor, offer=offer)

    def leave() -> Any:
        with cast.as_(cast.grace_user) as actor:
            return services.decline_offer(actor=actor, offer=offer)

    results = at_once(take, leave)
    booked = [each for each in visits(cast) if each.status == "booked"]
    over = [each for each in results if isinstance(each, services.OfferOver)]
    assert (len(booked), len(visits(cast)), len(over)) in ((1, 1, 1), (0, 0, 1)), results


def test_a_time_is_offered_or_booked_and_never_both(now: Any) -> None:
    cast = make_cast()
    only(cast, FREE)
    nora = wait_visitor(cast)
    visitor = anonymous(cast.larkspur.id)
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        slot = selectors.next_free(service=cast.video_visit, state="NY")

    def offer() -> Any:
        with cast.as_(cast.grace_user) as grace:
            return services.offer_time(actor=grace, entry=nora, practitioner=cast.maya, start=FREE)

    def booked() -> Any:
        with begin(tenant_id=cast.larkspur.id, actor=visitor):
            return book_visitor(cast, visitor, slot)

    results = at_once(offer, booked)
    kept = [each for each in results if isinstance(each, Appointment | WaitlistOffer)]
    lost = [each for each in results if isinstance(each, services.SlotTaken)]
    assert (len(kept), len(lost)) == (1, 1), results
    assert [each.start for each in visits(cast)] == [FREE]
    with by_machine(cast):
        assert Appointment.objects.filter(status=AppointmentStatus.PENDING).count() == isinstance(
            kept[0], WaitlistOffer
        )
