"""Reminders as pushes, of what still holds, pressed to confirm, move or cancel; and one's turn in line, at any hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from webside.core import frames, timers
from webside.core.actor import system
from webside.integrations.web_push.stand_in import StandIn
from webside.notifications import services as notifications
from webside.notifications.models import OutgoingMessage
from webside.outbox.services import deliver_due
from webside.scheduling import handlers, services
from webside.scheduling.events import QueueCalled
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import book
from webside.scheduling.tests.line import call, join, on_duty, open_line, watch
from webside.testing.cast import sign_in
from webside.testing.pushes import Browser, a_browser, push_service

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("America/New_York"))
START = NOON + timedelta(days=5, hours=3)


@pytest.fixture
def push() -> Iterator[StandIn]:
    with push_service() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def now() -> Iterator[Any]:
    with time_machine.travel(NOON) as traveller:
        yield traveller


@pytest.fixture
def phone(cast: Any, push: StandIn) -> Browser:
    browser = a_browser(push)
    browser.turn_on(cast, cast.liz_user)
    return browser


@pytest.fixture
def visit(cast: Any, phone: Browser) -> Appointment:
    with cast.as_(cast.liz_user) as liz:
        appointment = book(cast, liz, START)
    deliver_due()
    return appointment


def at(now: Any, moment: datetime) -> None:
    now.move_to(moment)
    timers.run_due()
    deliver_due()
    notifications.send_due_pushes()


def test_she_is_reminded_on_her_phone_too_and_confirms_there(
    cast: Any, phone: Browser, visit: Appointment, now: Any
) -> None:
    at(now, START - timedelta(days=3))
    (told,) = phone.read()
    assert told["body"] == "You have a reminder."
    assert [each["title"] for each in told["actions"]] == ["Confirm", "Move or cancel"]
    channels = set(OutgoingMessage.objects.filter(template="scheduling/reminder").values_list("channel", flat=True))
    assert channels == {"push", "email"}, "the carrier of texts is away in this test"
    client = sign_in(Client(), cast.liz_user)
    page = client.get(told["url"], follow=True).content.decode()
    for words in ("Confirm", "Move", "Cancel this visit"):
        assert words in page
    client.post(f"/o/larkspur/appointments/{visit.id}/confirm/")
    with cast.as_(cast.grace_user):
        visit.refresh_from_db()
        assert visit.confirmed_at is not None


def test_each_button_leads_to_what_it_says_and_opening_changes_nothing(
    cast: Any, phone: Browser, visit: Appointment, now: Any
) -> None:
    at(now, START - timedelta(days=3))
    (told,) = phone.read()
    assert [each["action"] for each in told["actions"]] == ["1", "2"]
    client = sign_in(Client(), cast.liz_user)
    own = f"/o/larkspur/appointments/{visit.id}/"

    def pressed(number: str) -> str:
        there = client.get(f"{told['url']}?press={number}").url
        page: str = client.get(there.partition("#")[0]).content.decode()
        assert there.startswith(f"{own}?answer=") and there.endswith("#answer") and page.count('id="answer"') == 1
        return page

    page = pressed("1")
    assert "Do you come to this visit?" in page and page.count(f"{own}confirm/") == 1
    assert "Do you want to move or cancel this visit?" in pressed("2")
    for other in ("", "3", "confirm", "1#x"):
        assert client.get(told["url"], {"press": other}).url.startswith(f"{own}#pushed-")
    with cast.as_(cast.grace_user):
        visit.refresh_from_db()
        assert visit.confirmed_at is None and visit.status == "booked"
    client.post(f"{own}confirm/")
    assert 'id="answer"' not in client.get(f"{own}?answer=confirm").content.decode(), "it is answered"
    stranger = Client().get(f"{told['url']}?press=1")
    assert "press%3D1" in stranger.url, "who has to sign in first is led there afterwards"


def test_the_next_one_replaces_it_and_none_comes_of_what_has_moved(
    cast: Any, push: StandIn, phone: Browser, visit: Appointment, now: Any
) -> None:
    at(now, START - timedelta(days=3))
    at(now, START - timedelta(days=1))
    assert len(push.requests) == 2 and len(phone.read()) == 1, "one about one visit waits at a time"
    with cast.as_(cast.liz_user) as liz:
        services.cancel_appointment(actor=liz, appointment=visit, reason="")
    deliver_due()
    at(now, START - timedelta(hours=2))
    assert len(push.requests) == 2


def test_it_is_said_in_her_language(cast: Any, phone: Browser, visit: Appointment, now: Any) -> None:
    with cast.as_(cast.grace_user):
        cast.liz.language = "es"
        cast.liz.save()
    at(now, START - timedelta(days=3))
    (told,) = phone.read()
    assert (
        told["lang"] == "es" and told["body"] != "You have a reminder." and told["actions"][0]["title"] == "Confirmar"
    )


def test_a_reminder_that_is_told_twice_comes_once(push: StandIn, phone: Browser, visit: Appointment, now: Any) -> None:
    at(now, START - timedelta(days=3))
    timers.run_due()
    notifications.send_due_pushes()
    assert len(push.requests) == 1


# -------------------------------------------------------------------------------------------------- the line


def test_who_waits_in_line_is_told_at_once_on_her_phone(cast: Any, push: StandIn, phone: Browser, now: Any) -> None:
    now.move_to(NOON.replace(hour=23))  # in her quiet hours: it can’t wait
    open_line(cast)
    on_duty(cast)
    entry = join(cast, wants_message=True)
    watch(cast)
    deliver_due()
    notifications.send_due_pushes()
    (told,) = phone.read()
    assert told["body"] == "It is nearly your turn. Open your place in line." and told["urgent"]
    assert push.requests[-1][1]["urgency"] == "high" and int(push.requests[-1][1]["ttl"]) <= 1800
    client = sign_in(Client(), cast.liz_user)
    assert client.get(told["url"]).url.startswith(f"/o/larkspur/line/{entry.id}/#pushed-")
    for user in (cast.daniel_user, cast.mallory_user):
        assert sign_in(Client(), user).get(told["url"]).status_code == 404


def test_it_is_her_turn_replaces_it_is_nearly_her_turn(cast: Any, push: StandIn, phone: Browser) -> None:
    open_line(cast)
    on_duty(cast)
    entry = join(cast, wants_message=True)
    watch(cast)
    deliver_due()
    notifications.send_due_pushes()
    call(cast)
    _called(cast, entry)
    notifications.send_due_pushes()
    (told,) = phone.read()
    assert told["body"] == "It is your turn. Open your place in line now." and len(push.requests) == 2


def _called(cast: Any, entry: Any) -> None:
    """Let the message come that follows when her page doesn’t show that she has heard of it."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        handlers.tell_in_line(QueueCalled(entry_id=entry.id), uuid4())
