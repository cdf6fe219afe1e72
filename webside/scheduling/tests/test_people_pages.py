"""The pages on which people are added and taken off, the booking form that brings one along, and what outsiders are sent."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from webside.audit.models import AuditEvent
from webside.core.actor import system
from webside.core.frames import begin
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.scheduling import handlers, selectors, services
from webside.scheduling.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMoved,
    PersonBooked,
    PersonRemoved,
)
from webside.scheduling.forms import slot_value
from webside.scheduling.models import Appointment, AvailabilityException, BookedPerson
from webside.scheduling.tests.factories import book, some_slots
from webside.scheduling.tests.people import INTERPRETER, ROSA, nurse
from webside.scheduling.tests.test_messages import sent
from webside.testing.cast import agreed, sign_in

OF_THE_PATIENT = ("Liz", "Moreno", "sugar", "Kingston", "845-555")
GUEST = {"do": "guest", "role": "family", "name": "Ana Reyes", "relation": "child", "email": "ana@example.test"}


@pytest.fixture
def booked(cast: Any) -> Appointment:
    with cast.as_(cast.liz_user) as liz:
        hers = {slot.start for slot in some_slots(cast, cast.coaching, practitioner=cast.priya)}
        slots = some_slots(cast, practitioner=cast.maya)
        return book(cast, liz, next(slot.start for slot in slots if slot.start in hers))


def page_of(booked: Appointment) -> str:
    return reverse("scheduling:appointment-people", args=["larkspur", booked.id])


def add(cast: Any, booked: Appointment, who: Any) -> BookedPerson:
    with cast.as_(cast.grace_user) as grace:
        return services.add_person(actor=grace, appointment=booked, who=who)


def people_in(cast: Any, *, standing: bool = False) -> list[str]:
    with cast.as_(cast.grace_user):
        rows = BookedPerson.objects.select_related("practitioner")
        return [each.shown_name for each in (rows.filter(removed_at=None) if standing else rows)]


def tell(cast: Any, handler: Any, event: Any) -> list[OutgoingMessage]:
    """Let a handler do its work; return what it queued, the oldest first."""
    with begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        before = set(OutgoingMessage.objects.values_list("id", flat=True))
        handler(event, uuid4())
        return list(OutgoingMessage.objects.exclude(id__in=before).order_by("queued_at"))


class TestThePage:
    def test_the_patient_brings_her_daughter_and_takes_her_off_again(
        self, cast: Any, client: Client, booked: Appointment
    ) -> None:
        sign_in(client, cast.liz_user)
        page = client.get(page_of(booked)).content.decode()
        assert "Bring somebody" in page and "A colleague" not in page
        page = client.post(page_of(booked), GUEST, follow=True).content.decode()
        assert "Ana Reyes is booked too" in page and "son or daughter" in page
        assert "Ana Reyes" in client.get(f"/o/larkspur/appointments/{booked.id}/").content.decode()
        with cast.as_(cast.liz_user):
            [person] = selectors.people_of(booked)
        gone = reverse("scheduling:person-remove", args=["larkspur", booked.id, person.id])
        assert "Ana Reyes is no longer booked" in client.post(gone, follow=True).content.decode()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"relation": ""}, "Choose what they are"),
            ({"name": ""}, "Say who is to come"),
            ({"email": ""}, "Give an e-mail or a phone number"),
            ({"name": "see www.evil.test"}, "without a web address"),
            ({"phone": "12"}, "Enter a phone number"),
            ({"role": "interpreter", "name": ""}, "Say which language"),
        ],
    )
    def test_what_is_missing_is_said_and_what_was_typed_stays(
        self, cast: Any, client: Client, booked: Appointment, changes: dict[str, str], words: str
    ) -> None:
        sign_in(client, cast.liz_user)
        page = client.post(page_of(booked), GUEST | changes, follow=True).content.decode()
        assert words in page
        assert (changes.get("email", "ana@example.test") in page) and not people_in(cast)

    def test_a_wish_for_an_interpreter_stands_until_one_is_found(
        self, cast: Any, client: Client, booked: Appointment
    ) -> None:
        sign_in(client, cast.liz_user)
        wish = {"do": "guest", "role": "interpreter", "interprets": "Spanish"}
        assert "We look for an interpreter" in client.post(page_of(booked), wish, follow=True).content.decode()
        sign_in(client, cast.grace_user)
        day = client.get("/o/larkspur/schedule/", {"day": booked.start.date().isoformat()}).content.decode()
        assert "Interpreter asked for" in day
        found = {"do": "guest", "role": "interpreter", "name": "Ines Vega", "email": "ines@example.test"}
        page = client.post(page_of(booked), found, follow=True).content.decode()
        assert "Ines Vega is booked too" in page and "Not found yet" not in page
        assert people_in(cast, standing=True) == ["Ines Vega"]

    def test_the_front_desk_books_a_nurse_and_hears_who_is_not_free(
        self, cast: Any, client: Client, booked: Appointment
    ) -> None:
        sign_in(client, cast.grace_user)
        body = {"do": "colleague", "practitioner": str(cast.priya.id), "role": "nurse"}
        with cast.as_(cast.grace_user):
            off = AvailabilityException.objects.create(practitioner=cast.priya, period=booked.period)
        page = client.post(page_of(booked), body, follow=True).content.decode()
        assert "Not free at this time: Priya Nair" in page
        with cast.as_(cast.grace_user):
            off.delete()
        assert "Priya Nair is booked too" in client.post(page_of(booked), body, follow=True).content.decode()
        sign_in(client, cast.priya_user)
        day = client.get("/o/larkspur/schedule/", {"day": booked.start.date().isoformat()}).content.decode()
        assert "With a colleague" in day and f"/appointments/{booked.id}/" not in day
        assert "With a colleague" in client.get(reverse("portal:home", args=["larkspur"])).content.decode()

    def test_a_second_clinician_who_may_not_is_refused_in_words(
        self, cast: Any, client: Client, booked: Appointment
    ) -> None:
        sign_in(client, cast.grace_user)
        body = {"do": "colleague", "practitioner": str(cast.daniel.id), "role": "specialist"}
        page = client.post(page_of(booked), body, follow=True).content.decode()
        assert "Nobody was added" in page and "New York" in page

    def test_the_patient_books_no_colleague_by_a_form_of_her_own(
        self, cast: Any, client: Client, booked: Appointment
    ) -> None:
        sign_in(client, cast.liz_user)
        client.post(page_of(booked), {"do": "colleague", "practitioner": str(cast.priya.id), "role": "nurse"})
        assert not people_in(cast)

    def test_moving_names_who_is_not_free(self, cast: Any, client: Client, booked: Appointment) -> None:
        add(cast, booked, nurse(cast))
        with cast.as_(cast.grace_user):
            later = some_slots(cast, practitioner=cast.maya)[5].start
            period = booked.period.__class__(later, later + timedelta(minutes=5))
            AvailabilityException.objects.create(practitioner=cast.priya, period=period)
        sign_in(client, cast.grace_user)
        move = reverse("scheduling:appointment-move", args=["larkspur", booked.id])
        body = {"state": "NY", "zone": "America/New_York", "slot": slot_value(later, cast.maya.id)}
        page = client.post(move, body, follow=True).content.decode()
        assert "Not everybody is free then" in page and "Priya Nair" in page


class TestBooking:
    def body(self, cast: Any, start: Any, **more: str) -> dict[str, str]:
        return {
            "state": "NY", "zone": "America/New_York", "slot": slot_value(start, cast.maya.id), "key": str(uuid4()),
            "consent": agreed("telehealth"), **more,
        }  # fmt: skip

    def test_somebody_comes_along_from_the_form_that_books(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.liz_user)
        with cast.as_(cast.liz_user):
            start = some_slots(cast, practitioner=cast.maya)[0].start
        book_url = reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id])
        along = {f"with_{name}": value for name, value in GUEST.items() if name != "do"}
        lacking = self.body(cast, start, **along | {"with_email": ""})
        page = client.post(book_url, lacking, follow=True).content.decode()
        assert "Give an e-mail or a phone number" in page and 'value="Ana Reyes"' in page
        page = client.post(book_url, self.body(cast, start, **along), follow=True).content.decode()
        assert "Your visit is booked" in page and "Ana Reyes" in page

    def test_a_visitor_without_an_account_brings_somebody_too(self, cast: Any, client: Client) -> None:
        with cast.as_(cast.grace_user):
            start = some_slots(cast, practitioner=cast.maya)[0].start
        book_url = reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id])
        body = self.body(
            cast, start, given="Nora", family="Quist", birth_date="02/29/1988", email="nora@example.test",
            phone="518-555-0161", **{f"with_{name}": value for name, value in GUEST.items() if name != "do"},
        )  # fmt: skip
        page = client.post(book_url, body, follow=True).content.decode()
        assert "Your visit is booked" in page and "Ana Reyes" in page
        own = re.search(r"/o/larkspur/appointments/[0-9a-f-]{36}/people/", page)
        assert own
        page = client.get(own[0]).content.decode()
        assert "Ana Reyes" in page and "ana@example.test" not in page, "a link alone opens no addresses"

    def test_a_booking_without_anybody_is_as_before(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.liz_user)
        with cast.as_(cast.liz_user):
            start = some_slots(cast, practitioner=cast.maya)[0].start
        book_url = reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id])
        page = client.post(book_url, self.body(cast, start), follow=True).content.decode()
        assert "Your visit is booked" in page and not people_in(cast)


class TestLetters:
    def test_an_outsider_is_asked_moved_told_of_the_end_and_nothing_of_the_patient(
        self, cast: Any, booked: Appointment
    ) -> None:
        person = add(cast, booked, INTERPRETER)
        mail, text = tell(cast, handlers.tell_person, PersonBooked(person_id=person.id))
        with cast.as_(cast.grace_user) as grace:
            later = some_slots(cast, practitioner=cast.maya)[5].start
            services.move_appointment(actor=grace, appointment=booked, start=later)
        moved, _text = tell(cast, handlers.tell_people, AppointmentMoved(appointment_id=booked.id))
        with cast.as_(cast.grace_user) as grace:
            services.cancel_appointment(actor=grace, appointment=booked)
        off, _text = tell(cast, handlers.tell_people, AppointmentCancelled(appointment_id=booked.id))
        methods, sequences, links = [], [], []
        with cast.as_(cast.grace_user):
            for row in (mail, moved, off):
                words, calendar = sent(row)
                [event] = calendar.events
                methods.append(str(calendar["method"]))
                sequences.append(int(event["sequence"]))
                links += re.findall(r"/invited/([\w-]+)/", words)
                assert "mailto:ines@example.test" in calendar.to_ical().decode().replace("\r\n ", "")
                for secret in OF_THE_PATIENT:
                    assert secret not in words + row.subject + calendar.to_ical().decode(), secret
            short = content_of(text).decode()
            assert links[0] in short and "Liz" not in short
        assert (methods, sequences) == (["REQUEST", "REQUEST", "CANCEL"], [0, 1, 2])
        assert len(set(links)) == 2, "a move draws another link; nothing leads to what is cancelled"

    def test_told_twice_is_one_letter_with_the_link_that_works(self, cast: Any, booked: Appointment) -> None:
        person = add(cast, booked, ROSA)
        with begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
            event, event_id = PersonBooked(person_id=person.id), uuid4()
            handlers.tell_person(event, event_id)
            handlers.tell_person(event, event_id)
            [row] = OutgoingMessage.objects.filter(template="scheduling/person")
            [token] = re.findall(r"/invited/([\w-]+)/", sent(row)[0])
            found = selectors.person_by_hash(services.token_hash(token))
            assert found == person

    def test_a_colleague_is_told_without_the_patients_name(self, cast: Any, booked: Appointment) -> None:
        person = add(cast, booked, nurse(cast))
        [asked] = tell(cast, handlers.tell_person, PersonBooked(person_id=person.id))
        with cast.as_(cast.grace_user) as grace:
            services.remove_person(actor=grace, appointment=booked, person=person)
        [off] = tell(cast, handlers.tell_person, PersonRemoved(person_id=person.id))
        with cast.as_(cast.grace_user):
            for row, method in ((asked, "REQUEST"), (off, "CANCEL")):
                words, calendar = sent(row)
                assert str(calendar["method"]) == method and "/schedule/?day=" in words
                assert not any(secret in words for secret in OF_THE_PATIENT)

    def test_a_first_booking_tells_each_once_and_a_restored_one_tells_all_again(
        self, cast: Any, booked: Appointment
    ) -> None:
        add(cast, booked, ROSA)
        assert not tell(cast, handlers.tell_people, AppointmentBooked(appointment_id=booked.id))
        with cast.as_(cast.grace_user) as grace:
            services.cancel_appointment(actor=grace, appointment=booked)
            services.restore_appointment(actor=grace, appointment=booked)
        assert len(tell(cast, handlers.tell_people, AppointmentBooked(appointment_id=booked.id))) == 1

    def test_what_is_no_longer_so_is_not_told(self, cast: Any, booked: Appointment) -> None:
        person = add(cast, booked, ROSA)
        with cast.as_(cast.grace_user) as grace:
            services.cancel_appointment(actor=grace, appointment=booked)
        assert not tell(cast, handlers.tell_person, PersonBooked(person_id=person.id))

    def test_a_reminder_goes_to_who_is_booked_too_with_the_same_link(self, cast: Any, booked: Appointment) -> None:
        person = add(cast, booked, ROSA)
        [asked] = tell(cast, handlers.tell_person, PersonBooked(person_id=person.id))
        payload = {"appointment": str(booked.id), "sequence": 0, "step": "day-before"}

        def remind(event: Any, event_id: Any) -> None:
            handlers.remind(payload)

        with cast.as_(cast.grace_user):
            from webside.core import clock
            from webside.scheduling import rules

            steps = [each.id for each in rules.steps(booked.service.kind, clock.now().date())]
        payload["step"] = steps[0]
        rows = [row for row in tell(cast, remind, None) if row.template == "scheduling/person"]
        with cast.as_(cast.grace_user):
            links = {re.search(r"/invited/([\w-]+)/", sent(row)[0])[1] for row in (asked, *rows)}  # type: ignore[index]
        assert len(rows) == 1 and len(links) == 1


class TestTheLink:
    def link(self, cast: Any, person: BookedPerson) -> str:
        from webside.scheduling.services.invitations import link_of

        with cast.as_(cast.grace_user):
            person.refresh_from_db()
            return reverse("scheduling:person-link", args=["larkspur", link_of(person)])

    def test_before_the_visit_it_says_when_and_changes_nothing(self, cast: Any, booked: Appointment) -> None:
        link = self.link(cast, add(cast, booked, ROSA))
        for _ in range(2):
            answer = Client().get(link)
            words = answer.content.decode()
            assert answer.status_code == 200 and "It has not begun" in words and "Dr. Maya Chen" in words
            assert not any(secret in words.replace("Rosa Moreno", "") for secret in OF_THE_PATIENT)
            assert "no-store" in answer["Cache-Control"]
        with cast.as_(cast.grace_user):
            assert AuditEvent.objects.filter(action="scheduling.person.open").count() == 2

    def test_unknown_and_foreign_look_the_same(self, cast: Any, booked: Appointment) -> None:
        link = self.link(cast, add(cast, booked, ROSA))
        foreign, unknown = (
            Client().get(link.replace("larkspur", "northgate")),
            Client().get(reverse("scheduling:person-link", args=["northgate", "x" * 43])),
        )
        assert foreign.status_code == unknown.status_code == 404
        assert "It has not begun" not in foreign.content.decode()

    @pytest.mark.parametrize(("status", "opens"), [("checked-in", True), ("booked", False), ("fulfilled", False)])
    def test_it_opens_while_the_visit_is_late_or_runs_over(
        self, cast: Any, booked: Appointment, status: str, opens: bool
    ) -> None:
        link = self.link(cast, add(cast, booked, ROSA))
        with cast.as_(cast.grace_user):
            Appointment.objects.filter(id=booked.id).update(status=status)
        with time_machine.travel(booked.end + timedelta(minutes=10), tick=False):
            answer = Client().get(link, follow=True)
            assert (answer.status_code == 200) is opens
            with cast.as_(cast.grace_user):
                found = Appointment.objects.get(id=booked.id)
                assert (selectors.standing(found), selectors.takes_link(found)) == ("now" if opens else "over", opens)

    @pytest.mark.parametrize("end", ["cancelled", "removed", "moved"])
    def test_after_the_end_it_opens_nothing(self, cast: Any, booked: Appointment, end: str) -> None:
        person = add(cast, booked, ROSA)
        link = self.link(cast, person)
        with cast.as_(cast.grace_user) as grace:
            if end == "cancelled":
                services.cancel_appointment(actor=grace, appointment=booked)
            elif end == "removed":
                services.remove_person(actor=grace, appointment=booked, person=person)
            else:
                later = some_slots(cast, practitioner=cast.maya)[5].start
                services.move_appointment(actor=grace, appointment=booked, start=later)
        if end == "moved":
            self.link(cast, person)
        answer = Client().get(link)
        assert answer.status_code == (404 if end == "moved" else 410)
        assert "Dr. Maya Chen" not in answer.content.decode()


def test_calendar_files_of_several_people_are_of_one_event(cast: Any, booked: Appointment) -> None:
    from webside.scheduling import calendars

    with cast.as_(cast.grace_user):
        files = [
            Calendar.from_ical(calendars.entry(booked, cast.larkspur, method="REQUEST", attendee=to))
            for to in ("a@example.test", "b@example.test")
        ]
    assert files[0].events[0]["uid"] == files[1].events[0]["uid"]
