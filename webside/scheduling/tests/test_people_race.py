"""Two bookings that want the same colleague at the same moment: real threads, real transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from webside.core.frames import begin
from webside.scheduling import services
from webside.scheduling.codes import PersonRole
from webside.scheduling.models import Appointment, BookedPerson, HeldTime
from webside.scheduling.services.people import Colleague
from webside.scheduling.tests.factories import book, book_visitor, some_slots
from webside.scheduling.tests.people import nurse
from webside.scheduling.tests.test_race import at_once
from webside.testing.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)


def two_visits(cast: Any) -> tuple[Appointment, Appointment]:
    """Return two visits in the same time, with Dr. Chen in New York and with Dr. Okafor in Oregon."""
    from webside.core.actor import anonymous

    visitor = anonymous(cast.larkspur.id)
    with begin(tenant_id=cast.larkspur.id, actor=visitor):
        mine = some_slots(cast, practitioner=cast.maya)
        theirs = {slot.start: slot for slot in some_slots(cast, state="OR", practitioner=cast.daniel)}
        slot = next(each for each in mine if each.start in theirs)
        first = book_visitor(cast, visitor, slot)
        second = book_visitor(cast, visitor, theirs[slot.start], state="OR", timezone="America/Los_Angeles")
    return first, second


def test_one_gets_the_colleague_and_the_other_is_refused_with_nothing_half_booked() -> None:
    cast = make_cast()
    visits = two_visits(cast)

    def add_to(visit: Appointment) -> Callable[[], Any]:
        def job() -> Any:
            with cast.as_(cast.grace_user) as grace:
                return services.add_person(actor=grace, appointment=visit, who=nurse(cast))

        return job

    results = at_once(*(add_to(visit) for visit in visits))
    added = [each for each in results if isinstance(each, BookedPerson)]
    refused = [each for each in results if isinstance(each, services.ColleagueBusy)]
    assert (len(added), len(refused)) == (1, 1), results
    assert refused[0].people == [cast.priya]
    with cast.as_(cast.grace_user):
        assert BookedPerson.objects.count() == 1
        assert HeldTime.objects.filter(practitioner=cast.priya).count() == 1


def test_two_who_want_each_other_do_not_wait_for_each_other_for_ever() -> None:
    """One visit of A with B, one of B with A, at the same moment: locks are taken in one order."""
    cast = make_cast()
    with cast.as_(cast.grace_user) as grace:
        starts = [each.start for each in some_slots(cast, practitioner=cast.maya)]
        free = {each.start for each in some_slots(cast, cast.coaching, practitioner=cast.priya)}
        start = next(each for each in starts if each in free)
        rosa = services.booking.register_visitor(
            grace,
            services.VisitorDetails(
                given="Rosa", family="Quist", birth_date=cast.liz.birth_date, email="rq@example.test",
                phone="518-555-0161",
            ),
            "NY",
            "America/New_York",
        )  # fmt: skip

    def of_maya() -> Any:
        with cast.as_(cast.grace_user) as grace:
            return book(cast, grace, start, people=[nurse(cast)])

    def of_priya() -> Any:
        with cast.as_(cast.grace_user) as grace:
            return book(cast, grace, start, patient=rosa, service=cast.coaching, practitioner=cast.priya,
                        consent_scope="", people=[Colleague(cast.maya, PersonRole.NURSE)])  # fmt: skip

    results = at_once(of_maya, of_priya)
    booked = [each for each in results if isinstance(each, Appointment)]
    refused = [each for each in results if isinstance(each, services.CannotBook)]
    assert (len(booked), len(refused)) == (1, 1), results
    with cast.as_(cast.grace_user):
        assert Appointment.objects.count() == 1 and HeldTime.objects.count() == 2 and BookedPerson.objects.count() == 1


def test_the_database_itself_refuses_a_colleague_who_is_held() -> None:
    """Without our locks and checks, the exclusion over all who are booked still stands: for both ways round."""
    cast = make_cast()
    first, second = two_visits(cast)
    with cast.as_(cast.grace_user):
        BookedPerson.objects.create(appointment=first, practitioner=cast.priya, role=PersonRole.NURSE, added_by="x")
        with pytest.raises(IntegrityError, match="held_time_free"), transaction.atomic():
            BookedPerson.objects.create(
                appointment=second, practitioner=cast.priya, role=PersonRole.NURSE, added_by="x"
            )
        with pytest.raises(IntegrityError, match="held_time_free"), transaction.atomic():
            Appointment.objects.create(
                patient=cast.liz, practitioner=cast.priya, service=cast.coaching, period=first.period,
                patient_state="NY", patient_timezone="America/New_York", booked_by="x", idempotency_key="y",
            )  # fmt: skip
        assert HeldTime.objects.count() == 3
