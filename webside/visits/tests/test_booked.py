"""Who was booked for a visit has a seat once the patient has checked in: by the link that was sent, once, or on the day page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.core import clock
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment, BookedPerson
from webside.scheduling.services.invitations import link_of
from webside.scheduling.tests.people import INTERPRETER, ROSA, nurse
from webside.testing.cast import Cast, make_cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole
from webside.visits.models import Invitation, Participant, Visit
from webside.visits.tests import factories
from webside.visits.tests.factories import ANSWERS

pytestmark = pytest.mark.django_db
OF_THE_PATIENT = ("Liz", "sugar", "Kingston", "LC-20418")


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(cast: Cast) -> Visit:
    """A visit that nobody has come to, for which a nurse and two from outside are booked."""
    with cast.as_(cast.grace_user) as grace:
        appointment = factories.make_appointment(cast)
        for who in (nurse(cast), INTERPRETER):
            scheduling.add_person(actor=grace, appointment=appointment, who=who)
        # One more than a call holds at once: as a clinic books for which another figure is in force.
        BookedPerson.objects.create(
            appointment=appointment, role=ROSA.role, name=ROSA.name, relation="sibling", email=ROSA.email, added_by="x"
        )
        return services.open_visit(appointment=appointment)


def link(cast: Cast, visit: Visit, name: str) -> str:
    with cast.as_(cast.grace_user):
        person = BookedPerson.objects.get(appointment_id=visit.id, name=name)
        return reverse("scheduling:person-link", args=["larkspur", link_of(person)])


def check_in(cast: Cast, visit: Visit) -> None:
    with cast.as_(cast.liz_user) as liz:
        services.complete_safe_start(
            actor=liz, visit=visit, answers=ANSWERS, agrees=True, words=factories.agreed("visit", "telehealth")
        )


def seats(cast: Cast, visit: Visit) -> dict[str, Participant]:
    with cast.as_(cast.maya_user):
        return {seat.name: seat for seat in selectors.seats_of(visit)}


def test_nobody_has_a_seat_before_the_patient_is_there(cast: Cast, visit: Visit) -> None:
    page = Client().get(link(cast, visit, "Ines Vega"))
    assert page.status_code == 200 and "Dr. Maya Chen" in page.content.decode()
    assert not seats(cast, visit)


def test_checked_in_each_has_the_seat_of_her_role(cast: Cast, visit: Visit) -> None:
    link(cast, visit, "Ines Vega")
    check_in(cast, visit)
    found = seats(cast, visit)
    assert {name: seat.role for name, seat in found.items()} == {
        "Priya Nair": ParticipantRole.NURSE,
        "Ines Vega": ParticipantRole.INTERPRETER,
        "Rosa Moreno": ParticipantRole.FAMILY,
    }
    assert (found["Rosa Moreno"].relation, found["Priya Nair"].user_id) == ("sibling", cast.priya_user.id)
    assert not found["Ines Vega"].see_chart and not found["Ines Vega"].stay_without_patient
    assert not found["Priya Nair"].see_chart, "a coach opens no charts, whatever she comes as"
    with cast.as_(cast.priya_user) as priya:
        assert [seat.id for seat in selectors.asked_into(priya)] == [found["Priya Nair"].id]


def test_the_link_leads_to_the_lobby_once_and_for_one_browser(cast: Cast, visit: Visit) -> None:
    path = link(cast, visit, "Ines Vega")
    check_in(cast, visit)
    ines, other = Client(), Client()
    join = ines.get(path)
    assert join.status_code == 302 and "/join/" in join["Location"]
    assert "Ines Vega" in ines.get(join["Location"]).content.decode()
    lobby = ines.post(join["Location"], follow=True).content.decode()
    assert "One moment" in lobby and not any(secret in lobby for secret in OF_THE_PATIENT)
    again = other.get(path, follow=True)
    assert again.status_code == 409 and "This seat is taken" in again.content.decode()
    assert ines.get(path, follow=True).status_code == 200, "the browser that has the seat comes back by it"


def test_checking_in_again_makes_no_second_seat_and_takes_off_who_was_taken_off(cast: Cast, visit: Visit) -> None:
    path = link(cast, visit, "Rosa Moreno")
    check_in(cast, visit)
    with cast.as_(cast.grace_user) as grace:
        Appointment.objects.filter(id=visit.id).update(status="booked")
        appointment = Appointment.objects.select_related("patient", "practitioner", "service").get(id=visit.id)
        person = appointment.people.get(name="Rosa Moreno")
        scheduling.remove_person(actor=grace, appointment=appointment, person=person)
    check_in(cast, visit)
    assert set(seats(cast, visit)) == {"Priya Nair", "Ines Vega"}
    assert Client().get(path).status_code == 410
    with cast.as_(cast.maya_user):
        assert Participant.objects.filter(visit=visit).count() == 5


def test_a_moved_visit_seats_by_the_newer_link_alone(cast: Cast, visit: Visit) -> None:
    old = link(cast, visit, "Ines Vega")
    check_in(cast, visit)
    with cast.as_(cast.grace_user):
        Appointment.objects.filter(id=visit.id).update(status="booked", sequence=1)
    new = link(cast, visit, "Ines Vega")
    check_in(cast, visit)
    assert Client().get(old).status_code == 404
    assert Client().get(new, follow=True).status_code == 200
    with cast.as_(cast.maya_user):
        found = Invitation.objects.filter(participant__visit=visit, revoked_at=None)
        assert found.count() == 1 and found.get().expires_at > clock.now() + timedelta(hours=1)


def test_who_was_not_sent_a_link_yet_and_a_wish_have_no_way_in(cast: Cast, visit: Visit) -> None:
    with cast.as_(cast.grace_user) as grace:
        BookedPerson.objects.create(
            appointment_id=visit.id, role=INTERPRETER.role, interprets="Dari", added_by=grace.label
        )
    check_in(cast, visit)
    assert len(seats(cast, visit)) == 3
    with cast.as_(cast.maya_user):
        assert not Invitation.objects.filter(participant__visit=visit).exists()


def test_the_clinician_lets_in_who_was_booked(cast: Cast, visit: Visit) -> None:
    check_in(cast, visit)
    with cast.as_(cast.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
        seat = services.let_in(actor=maya, visit=visit, seat_id=seats(cast, visit)["Priya Nair"].id)
        assert seat.admitted_at is not None
    page: Any = sign_in(Client(), cast.priya_user).get(reverse("portal:home", args=["larkspur"])).content.decode()
    assert "asks you into a visit" in page
