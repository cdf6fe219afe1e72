"""What a link, or a booking without an account, opens in one browser, and when it is shut."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from webside.audit.models import AuditEvent
from webside.core import clock
from webside.core.actor import anonymous
from webside.core.frames import begin
from webside.scheduling import services
from webside.scheduling.forms import slot_value
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import book, some_slots
from webside.scheduling.tests.test_pages import detail, form, page, text_of
from webside.testing.cast import sign_in


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def booked(cast: Any) -> Appointment:
    with cast.as_(cast.liz_user) as liz:
        return book(cast, liz, some_slots(cast)[0].start)


def open_by_link(client: Client, cast: Any, appointment: Appointment) -> str:
    with cast.as_(cast.grace_user):
        token = services.issue_link(appointment=appointment)
    assert client.get(f"/o/larkspur/go/{token}/").status_code == 302
    assert client.get(detail(appointment)).status_code == 200
    return token


def book_here(client: Client, cast: Any) -> Appointment:
    """Book as a visitor does; the browser that did sees its appointment."""
    address, values = form(client, cast)
    assert "Your visit is booked" in text_of(client.post(address, values, follow=True))
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        return Appointment.objects.select_related("patient", "practitioner", "service").get()


def change(cast: Any, appointment: Appointment, how: str) -> None:
    """Let the front desk change an appointment."""
    with cast.as_(cast.grace_user) as grace:
        if how == "moved":
            services.move_appointment(actor=grace, appointment=appointment, start=some_slots(cast)[6].start)
        else:
            services.cancel_appointment(actor=grace, appointment=appointment)


def ticket(client: Client, appointment: Appointment) -> int:
    """Ask for a ticket to the room of an appointment's visit; return the status."""
    return client.post("/o/larkspur/live/ticket", {"topic": f"visit:{appointment.id}"}).status_code


def is_shut(client: Client, appointment: Appointment) -> bool:
    asked = {client.get(detail(appointment, then)).status_code for then in ("", "move/", "calendar.ics")}
    asked |= {client.post(detail(appointment, then)).status_code for then in ("cancel/", "restore/", "move/", "close/")}
    return asked | {ticket(client, appointment)} == {404}


@pytest.mark.parametrize("how", ["moved", "cancelled"])
def test_a_browser_that_a_revoked_link_opened_is_shut(client: Client, cast: Any, booked: Appointment, how: str) -> None:
    token = open_by_link(client, cast, booked)
    assert ticket(client, booked) == 200
    change(cast, booked, how)
    assert Client().get(f"/o/larkspur/go/{token}/").status_code == 410
    assert is_shut(client, booked)
    if how == "moved":
        open_by_link(client, cast, booked)  # the new link opens it again
        with cast.as_(cast.grace_user):
            assert Appointment.objects.get().status == "booked", "whoever was shut out changed nothing"


def test_a_browser_whose_door_is_shut_reads_what_to_do_whatever_it_asks_for(
    client: Client, cast: Any, booked: Appointment
) -> None:
    open_by_link(client, cast, booked)
    change(cast, booked, "moved")
    own = client.get(detail(booked))
    unknown = client.get(detail(booked).replace(str(booked.id), "0199aaaa-0000-7000-8000-000000000001"))
    asked_as = r"say [0-9a-f]+"  # the request's own id
    texts = [unescape(re.sub(asked_as, "", text_of(answer))) for answer in (own, unknown)]
    assert texts[0] == texts[1], "what was hers and what isn't there look the same"
    assert "This page doesn't open here any more" in texts[0]
    assert "There is nothing here" in text_of(Client().get(detail(booked)))


def test_a_link_alone_does_not_tell_what_she_would_like_to_talk_about(
    client: Client, cast: Any, booked: Appointment
) -> None:
    open_by_link(client, cast, booked)
    words = "My morning sugar has crept up"
    assert words not in text_of(client.get(detail(booked)))
    assert words in text_of(sign_in(Client(), cast.liz_user).get(detail(booked)))
    identify(client, cast)
    assert words in text_of(client.get(detail(booked)))


def identify(client: Client, cast: Any) -> None:
    """Let a browser's door know that she said who she is."""
    session, place = client.session, str(cast.larkspur.id)
    session["doors"] = {place: session["doors"][place] | {"identified": True}}
    session.save()


def test_who_changes_her_own_visit_need_not_say_again_who_she_is(client: Client, cast: Any) -> None:
    appointment = book_here(client, cast)
    identify(client, cast)
    client.post(detail(appointment, "cancel/"))
    client.post(detail(appointment, "restore/"))
    assert "A cough that stays" in text_of(client.get(detail(appointment)))


def test_a_link_of_another_appointment_keeps_no_door_open(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.liz_user) as liz:
        other = book(cast, liz, some_slots(cast)[3].start)
    open_by_link(Client(), cast, other)
    open_by_link(client, cast, booked)
    change(cast, booked, "moved")
    assert is_shut(client, booked)


def test_a_door_is_shut_when_its_link_has_run_out(client: Client, cast: Any, booked: Appointment) -> None:
    over = booked.end + timedelta(hours=24)
    with time_machine.travel(over - timedelta(hours=1), tick=False):
        open_by_link(client, cast, booked)
    with time_machine.travel(over, tick=False):
        assert is_shut(client, booked)


def test_who_was_missed_is_told_so(client: Client, cast: Any, booked: Appointment) -> None:
    with time_machine.travel(booked.start + timedelta(minutes=15), tick=False):
        open_by_link(client, cast, booked)
        with cast.as_(cast.maya_user) as maya:
            services.mark_noshow(actor=maya, appointment=booked)
        assert "This visit did not take place" in text_of(client.get(detail(booked)))


@pytest.mark.parametrize("how", ["moved", "cancelled"])
def test_the_browser_that_booked_is_shut_when_somebody_else_changes_the_visit(
    client: Client, cast: Any, how: str
) -> None:
    appointment = book_here(client, cast)
    change(cast, appointment, how)
    assert is_shut(client, appointment)


def test_the_form_of_a_visit_that_changed_since_opens_nothing(client: Client, cast: Any) -> None:
    address, values = form(client, cast)
    client.post(address, values)
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        appointment = Appointment.objects.select_related("patient", "practitioner", "service").get()
    change(cast, appointment, "moved")
    again = client.post(address, values, follow=True)
    assert "Open the newest e-mail from us" in text_of(again)
    assert is_shut(client, appointment)


@pytest.mark.parametrize("by", ["link", "booking"])
def test_who_changes_her_own_visit_stays_and_every_other_browser_is_out(client: Client, cast: Any, by: str) -> None:
    appointment = book_here(client, cast)
    other = Client()
    open_by_link(other, cast, appointment)
    if by == "link":
        open_by_link(client, cast, appointment)
    with cast.as_(cast.grace_user):
        slots = [slot_value(slot.start, slot.practitioner.id) for slot in some_slots(cast)[6:8]]
    moved = client.post(
        detail(appointment, "move/"), {"slot": slots[0], "state": "NY", "zone": "America/New_York"}, follow=True
    )
    assert "Your visit has moved" in text_of(moved)
    assert is_shut(other, appointment)
    back = client.post(undo_on(moved), follow=True)
    assert "back at its earlier time" in text_of(back)
    assert "This visit is cancelled" in text_of(client.post(detail(appointment, "cancel/"), follow=True))
    assert "Your visit" in text_of(client.post(detail(appointment, "restore/"), follow=True))
    assert ticket(client, appointment) == 200
    change(cast, appointment, "moved")
    assert is_shut(client, appointment)


def undo_on(response: Any) -> str:
    return unescape(re.search(r'action="([^"]+/move/undo/[^"]+)"', response.content.decode())[1])  # type: ignore[index]


@pytest.mark.parametrize("by", ["link", "booking"])
def test_a_session_that_somebody_else_knew_is_not_the_one_that_gets_the_door(
    client: Client, cast: Any, booked: Appointment, by: str
) -> None:
    client.get(page(cast.video_visit), {"state": "NY"})
    planted = client.session.session_key
    appointment = booked
    if by == "link":
        open_by_link(client, cast, booked)
    else:
        client.post(*form(client, cast))
        with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
            appointment = Appointment.objects.exclude(id=booked.id).get()
    assert client.get(detail(appointment)).status_code == 200
    attacker = Client()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert client.session.session_key != planted
    assert attacker.get(detail(appointment)).status_code == 404


@pytest.mark.parametrize("by", ["link", "booking"])
def test_a_door_ends_after_twelve_hours_whatever_is_written_to_the_session(client: Client, cast: Any, by: str) -> None:
    now = clock.now()
    with time_machine.travel(now, tick=False):
        appointment = book_here(client, cast)
        if by == "link":
            open_by_link(client, cast, appointment)
    for hours in (6, 11.9):
        with time_machine.travel(now + timedelta(hours=hours), tick=False):
            client.get(page(cast.video_visit), {"state": "NJ" if hours == 6 else "NY"})  # noted in the session
            if hours == 6:
                slot = _late_slot(cast)
                data = {"slot": slot, "state": "NY", "zone": "America/New_York"}
                assert client.post(detail(appointment, "move/"), data).status_code == 302
            assert client.get(detail(appointment)).status_code == 200
    with time_machine.travel(now + timedelta(hours=12), tick=False):
        assert is_shut(client, appointment)
        assert client.get(page(cast.video_visit)).status_code == 200


def _late_slot(cast: Any) -> str:
    with cast.as_(cast.grace_user):
        slot = some_slots(cast)[-1]
    return slot_value(slot.start, slot.practitioner.id)


@pytest.mark.parametrize("by", ["link", "booking"])
def test_who_has_no_account_closes_the_visit_on_a_computer(client: Client, cast: Any, by: str) -> None:
    appointment = book_here(client, cast)
    if by == "link":
        token = open_by_link(client, cast, appointment)
    assert "Close this page on this computer" in client.get(detail(appointment)).content.decode()
    old = client.session.session_key
    assert client.get(detail(appointment, "close/")).status_code == 405
    done = client.post(detail(appointment, "close/"), follow=True)
    assert "closed on this computer" in text_of(done)
    assert is_shut(client, appointment)
    assert client.session.session_key != old
    assert "place" not in client.session, "where she is stays with nobody"
    with cast.as_(cast.grace_user):
        closed = AuditEvent.objects.filter(action="scheduling.link.close", actor_kind="link")
        assert closed.get().target_id == appointment.id
    if by == "link":
        assert client.get(f"/o/larkspur/go/{token}/").status_code == 302, "the link itself goes on working"


def test_closing_is_for_who_came_without_an_account(client: Client, cast: Any, booked: Appointment) -> None:
    for user in (cast.liz_user, cast.grace_user, cast.maya_user):
        someone = sign_in(Client(), user)
        assert "Close this page on this computer" not in someone.get(detail(booked)).content.decode()
        assert someone.post(detail(booked, "close/")).status_code == 404


def test_a_door_of_another_clinic_stays_when_one_is_closed(client: Client, cast: Any, booked: Appointment) -> None:
    open_by_link(client, cast, booked)
    session = client.session
    elsewhere = {"subject": str(booked.id), "label": "Liz", "proof": {"sequence": 0}, "until": clock.now().isoformat()}
    session["doors"] = {**session["doors"], str(cast.northgate.id): elsewhere}
    session.save()
    client.post(detail(booked, "close/"))
    assert client.session["doors"] == {str(cast.northgate.id): elsewhere}
