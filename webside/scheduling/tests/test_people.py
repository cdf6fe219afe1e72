"""More than two: whose time is held, who may add whom, and what moving, cancelling and taking off do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.range import TimestamptzRange

from webside.fhirkit.models import ResourceVersion
from webside.outbox.models import OutboxEvent
from webside.scheduling import fhir, selectors, services
from webside.scheduling.codes import PersonRelation, PersonRole
from webside.scheduling.models import Appointment, AvailabilityException, BookedPerson, BusyTime, CalendarFeed, HeldTime
from webside.scheduling.services.people import Colleague, Guest
from webside.scheduling.tests.factories import book, some_slots
from webside.scheduling.tests.people import INTERPRETER, ROSA, nurse


def held_by(appointment: Appointment) -> set[Any]:
    return set(HeldTime.objects.filter(appointment=appointment).values_list("practitioner_id", flat=True))


@pytest.fixture
def booked(cast: Any) -> Appointment:
    with cast.as_(cast.liz_user) as liz:
        hers = {slot.start for slot in some_slots(cast, cast.coaching, practitioner=cast.priya)}
        slots = some_slots(cast, practitioner=cast.maya)
        return book(cast, liz, next(slot.start for slot in slots if slot.start in hers))


class TestHeld:
    def test_a_colleagues_time_is_held_as_the_first_ones_is(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            assert held_by(booked) == {cast.maya.id}
            free = [slot.start for slot in some_slots(cast, cast.coaching, practitioner=cast.priya)]
            assert booked.start in free
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            assert held_by(booked) == {cast.maya.id, cast.priya.id}
            left = [slot.start for slot in some_slots(cast, cast.coaching, practitioner=cast.priya)]
            assert booked.start not in left and set(left) < set(free)
            with pytest.raises(services.SlotTaken):
                book(cast, grace, booked.start, patient=_rosa(cast), service=cast.coaching, practitioner=cast.priya,
                     consent_scope="")  # fmt: skip

    def test_the_minutes_around_a_visit_are_held_too(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            booked.refresh_from_db()
            booked.minutes_before, booked.minutes_after = 10, 5
            booked.save()
            [*blocked] = HeldTime.objects.filter(appointment=booked).values_list("blocked", flat=True)
            around = TimestamptzRange(booked.start - timedelta(minutes=10), booked.end + timedelta(minutes=5))
            assert blocked == [around, around]

    @pytest.mark.parametrize("why", ["visit", "off", "elsewhere"])
    def test_who_has_something_else_is_named_and_nobody_is_booked(
        self, cast: Any, booked: Appointment, why: str
    ) -> None:
        with cast.as_(cast.grace_user) as grace:
            if why == "visit":
                book(cast, grace, booked.start, patient=_rosa(cast), service=cast.coaching, practitioner=cast.priya,
                     consent_scope="")  # fmt: skip
            elif why == "off":
                AvailabilityException.objects.create(practitioner=cast.priya, period=booked.period)
            else:
                from webside.scheduling.models import OtherCalendar

                calendar = OtherCalendar(practitioner=cast.priya, host="calendar.test", added_by="Priya")
                calendar.address = "https://calendar.test/priya.ics"
                calendar.save()
                BusyTime.objects.create(calendar=calendar, practitioner=cast.priya, period=booked.period)
            with pytest.raises(services.ColleagueBusy) as busy:
                services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            assert busy.value.people == [cast.priya]
            assert not BookedPerson.objects.exists() and held_by(booked) == {cast.maya.id}

    def test_a_booking_with_a_colleague_who_is_busy_books_nothing(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            later = some_slots(cast, practitioner=cast.maya)[3].start
            AvailabilityException.objects.create(
                practitioner=cast.priya, period=TimestamptzRange(later, later + timedelta(hours=1))
            )
            before = Appointment.objects.count()
            with pytest.raises(services.ColleagueBusy):
                book(cast, grace, later, patient=_rosa(cast), people=[nurse(cast)])
            assert Appointment.objects.count() == before

    def test_a_pending_time_that_is_given_back_frees_it(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user):
            Appointment.objects.filter(id=booked.id).update(status="pending")
            assert held_by(booked) == {cast.maya.id}
            Appointment.objects.filter(id=booked.id).delete()
            assert not HeldTime.objects.exists()


class TestWhoMay:
    def test_the_patient_brings_somebody_and_books_no_colleague(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.liz_user) as liz:
            person = services.add_person(actor=liz, appointment=booked, who=ROSA)
            assert (person.name, person.relation, person.is_colleague) == ("Rosa Moreno", "sibling", False)
            with pytest.raises(services.NotAllowed):
                services.add_person(actor=liz, appointment=booked, who=nurse(cast))
            assert held_by(booked) == {cast.maya.id}

    def test_her_clinician_adds_both(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.maya_user) as maya:
            services.add_person(actor=maya, appointment=booked, who=nurse(cast))
            services.add_person(actor=maya, appointment=booked, who=INTERPRETER)
            assert [each.shown_name for each in selectors.people_of(booked)] == ["Priya Nair", "Ines Vega"]

    def test_somebody_elses_clinician_and_the_other_clinic_add_nobody(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
            services.add_person(actor=daniel, appointment=booked, who=ROSA)
        with cast.as_(cast.mallory_user) as mallory, pytest.raises(Appointment.DoesNotExist):
            services.add_person(actor=mallory, appointment=booked, who=ROSA)

    def test_a_second_clinician_is_asked_the_gates_and_a_helper_is_not(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            with pytest.raises(services.ColleagueMayNot) as stopped:
                services.add_person(actor=grace, appointment=booked, who=Colleague(cast.daniel, PersonRole.SPECIALIST))
            assert any("New York" in str(finding.text) for finding in stopped.value.findings)
            services.add_person(actor=grace, appointment=booked, who=Colleague(cast.daniel, PersonRole.INTERPRETER))

    @pytest.mark.parametrize(
        "who",
        [
            Guest(role=PersonRole.FAMILY, name="Rosa", email="r@example.test"),
            Guest(role=PersonRole.OTHER, name="Al", relation=PersonRelation.FRIEND, email="a@example.test"),
            Guest(role=PersonRole.OTHER, email="a@example.test"),
            Guest(role=PersonRole.INTERPRETER, email="a@example.test"),
            Guest(role=PersonRole.NURSE, name="Al", email="a@example.test"),
        ],
    )
    def test_what_names_nobody_is_nobody(self, cast: Any, booked: Appointment, who: Guest) -> None:
        with cast.as_(cast.liz_user) as liz, pytest.raises(ValueError):
            services.add_person(actor=liz, appointment=booked, who=who)

    def test_who_cannot_be_reached_is_not_booked(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.liz_user) as liz, pytest.raises(services.NoWay):
            services.add_person(actor=liz, appointment=booked, who=Guest(role=PersonRole.OTHER, name="Al"))

    def test_so_many_and_no_more_and_not_by_turns(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.liz_user) as liz:
            added = [services.add_person(actor=liz, appointment=booked, who=ROSA) for _ in range(2)]
            with pytest.raises(services.TooManyPeople):
                services.add_person(actor=liz, appointment=booked, who=ROSA)
            for _ in range(10):
                services.remove_person(actor=liz, appointment=booked, person=added.pop())
                added.append(services.add_person(actor=liz, appointment=booked, who=ROSA))
            services.remove_person(actor=liz, appointment=booked, person=added.pop())
            with pytest.raises(services.TooManyPeople):
                services.add_person(actor=liz, appointment=booked, who=ROSA)

    def test_the_same_colleague_twice_is_booked_once(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            first = services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            assert services.add_person(actor=grace, appointment=booked, who=nurse(cast)) == first
            with pytest.raises(ValueError):
                services.add_person(actor=grace, appointment=booked, who=Colleague(cast.maya, PersonRole.NURSE))


class TestChanges:
    def test_moved_all_move(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            later = some_slots(cast, practitioner=cast.maya)[5].start
            moved = services.move_appointment(actor=grace, appointment=booked, start=later)
            blocked = list(HeldTime.objects.filter(appointment=moved).values_list("blocked", flat=True))
            assert blocked == [moved.period, moved.period]

    def test_moved_none_moves_where_one_is_not_free_and_she_is_named(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            later = some_slots(cast, practitioner=cast.maya)[5].start
            AvailabilityException.objects.create(
                practitioner=cast.priya, period=TimestamptzRange(later, later + timedelta(minutes=5))
            )
            with pytest.raises(services.ColleagueBusy) as busy:
                services.move_appointment(actor=grace, appointment=booked, start=later)
            assert busy.value.people == [cast.priya]
            again = Appointment.objects.get(id=booked.id)
            assert (again.start, again.sequence) == (booked.start, 0)
            assert set(HeldTime.objects.values_list("blocked", flat=True)) == {booked.period}

    def test_cancelled_all_are_free_and_taken_back_all_are_held(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            services.cancel_appointment(actor=grace, appointment=booked)
            assert not held_by(booked)
            services.restore_appointment(actor=grace, appointment=booked)
            assert held_by(booked) == {cast.maya.id, cast.priya.id}
            services.cancel_appointment(actor=grace, appointment=booked)
            AvailabilityException.objects.create(practitioner=cast.priya, period=booked.period)
            with pytest.raises(services.ColleagueBusy):
                services.restore_appointment(actor=grace, appointment=booked)

    def test_taken_off_she_is_free_and_twice_changes_nothing(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            person = services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            services.remove_person(actor=grace, appointment=booked, person=person)
            services.remove_person(actor=grace, appointment=booked, person=person)
            assert held_by(booked) == {cast.maya.id} and not selectors.people_of(booked)
            names = list(OutboxEvent.objects.filter(name__contains="Person").values_list("name", flat=True))
            assert names == ["scheduling.PersonBooked", "scheduling.PersonRemoved"]

    def test_who_takes_the_visit_over_is_not_beside_herself(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=Colleague(cast.daniel, PersonRole.NURSE))
        with cast.as_(cast.daniel_user) as daniel:
            services.take_over_appointment(actor=daniel, appointment=booked, to=cast.daniel)
            assert not selectors.people_of(booked) and held_by(booked) == {cast.daniel.id}

    def test_once_the_patient_is_there_it_is_done_in_the_visit(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.liz_user) as liz:
            person = services.add_person(actor=liz, appointment=booked, who=ROSA)
            services.check_in_appointment(actor=liz, appointment=booked)
            with pytest.raises(services.WrongStatus):
                services.add_person(actor=liz, appointment=booked, who=INTERPRETER)
            with pytest.raises(services.WrongStatus):
                services.remove_person(actor=liz, appointment=booked, person=person)


class TestShown:
    def test_the_feed_the_day_and_the_schedule_show_it_as_hers(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
        with cast.as_(cast.priya_user) as priya:
            services.renew_feed(actor=priya, owner=cast.priya)
            feed = CalendarFeed.objects.get(practitioner=cast.priya)
            assert [each.id for each in selectors.visits_of_feed(feed)] == [booked.id]
            start, end = booked.start - timedelta(hours=1), booked.start + timedelta(hours=1)
            day = start - timedelta(days=1), start, end
            shown = [(each, each.beside) for each in selectors.hers_of_days(priya, cast.priya.id, *day)]
            assert shown == [(booked, True)]
            assert not selectors.hers_of_days(priya, cast.maya.id, *day), "of others she sees nothing"
            assert selectors.appointment(priya, booked.id) is None, "the page of it is not hers"

    def test_fhir_names_them_as_participants(self, cast: Any, booked: Appointment) -> None:
        with cast.as_(cast.grace_user) as grace:
            services.add_person(actor=grace, appointment=booked, who=nurse(cast))
            person = services.add_person(actor=grace, appointment=booked, who=INTERPRETER)
            people = fhir.appointment(booked)["participant"][3:]
            services.remove_person(actor=grace, appointment=booked, person=person)
            services.add_person(actor=grace, appointment=booked, who=Guest(PersonRole.INTERPRETER, interprets="Dari"))
            people += fhir.appointment(booked)["participant"][4:]
            assert ResourceVersion.objects.filter(resource_id=booked.id).count() == 5, "each change is a new version"
            assert people[0]["actor"]["reference"] == f"Practitioner/{cast.priya.id}"
            assert [each["actor"]["display"] for each in people[1:]] == ["Ines Vega", "interpreter, Dari"]
            assert [each["status"] for each in people] == ["accepted", "accepted", "needs-action"]

    def test_one_booking_takes_all_of_them(self, cast: Any) -> None:
        with cast.as_(cast.grace_user) as grace:
            key = uuid4().hex
            start = some_slots(cast, practitioner=cast.maya)[0].start
            made = [book(cast, grace, start, people=[nurse(cast), INTERPRETER], idempotency_key=key) for _ in range(2)]
            assert made[0] == made[1] and held_by(made[0]) == {cast.maya.id, cast.priya.id}
            assert len(selectors.people_of(made[0])) == 2


def _rosa(cast: Any) -> Any:
    from webside.people.services import register_patient
    from webside.scheduling.tests.factories import VISITOR

    actor = cast.actor_of(cast.grace_user)
    return register_patient(
        actor=actor, given="Rosa", family="Moreno", birth_date=VISITOR.birth_date, email="r@example.test",
        phone="518-555-0161", state="NY", timezone="America/New_York",
    )  # fmt: skip
