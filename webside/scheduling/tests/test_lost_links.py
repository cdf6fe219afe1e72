"""A link that was lost is sent again: to the patient alone, at once, at any hour, and never to whoever asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from webside.audit.models import AuditEvent
from webside.core import clock
from webside.integrations.sms.stand_in import StandIn
from webside.notifications import services as notifications
from webside.notifications.codes import Choice
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.outbox.services import deliver_due
from webside.people import services as people
from webside.scheduling import services
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import book
from webside.testing.cast import sign_in
from webside.testing.texts import outgoing

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("America/New_York"))
LIZ = "+18455550142"


@pytest.fixture(autouse=True)
def now() -> Iterator[Any]:
    with time_machine.travel(NOON) as traveller:
        yield traveller


@pytest.fixture
def visit(cast: Any, now: Any) -> Appointment:
    """A visit tomorrow at three, booked an hour ago, with what followed."""
    with cast.as_(cast.liz_user) as liz:
        found = book(cast, liz, NOON + timedelta(days=1, hours=3))
    deliver_due()
    now.move_to(NOON + timedelta(hours=1))
    return found


def sent(cast: Any) -> list[str]:
    """What has left by e-mail, the oldest first."""
    with cast.as_(cast.admin_user):
        return [
            bytes(content_of(row)).decode()
            for row in OutgoingMessage.objects.filter(channel="email").order_by("queued_at")
        ]


def links(text: str) -> list[str]:
    return re.findall(r"/o/larkspur/go/[\w-]+/", text.replace("=\n", ""))


def test_the_front_desk_sends_it_and_the_old_one_still_works(cast: Any, visit: Appointment) -> None:
    desk = sign_in(Client(), cast.grace_user)
    page = desk.get(f"/o/larkspur/appointments/{visit.id}/").content.decode()
    assert "Send the link again" in page and cast.liz.email in page
    answer = desk.post(f"/o/larkspur/appointments/{visit.id}/send-link/", follow=True)
    assert "The link is on its way" in answer.content.decode()
    deliver_due()
    first, again = sent(cast)
    assert "here is the link to your visit" in again
    [old], [new] = links(first), links(again)
    assert old != new
    for each in (old, new):
        assert Client().get(each, follow=True).status_code == 200
    with cast.as_(cast.ingrid_user):
        event = AuditEvent.objects.get(action="scheduling.link.ask")
    assert (event.actor_id, event.patient_id) == (cast.grace_user.id, cast.liz.id)


def test_twice_within_a_minute_sends_once(cast: Any, visit: Appointment, now: Any) -> None:
    desk = sign_in(Client(), cast.grace_user)
    address = f"/o/larkspur/appointments/{visit.id}/send-link/"
    desk.post(address)
    deliver_due()
    assert "a moment ago" in desk.post(address, follow=True).content.decode()
    deliver_due()
    assert len(sent(cast)) == 2
    now.shift(timedelta(minutes=2))
    desk.post(address)
    deliver_due()
    assert len(sent(cast)) == 3


def test_it_leaves_at_night_by_text_to_who_wants_texts(cast: Any, visit: Appointment, now: Any, sms: StandIn) -> None:
    with cast.as_(cast.liz_user) as liz:
        notifications.change_preference(
            actor=liz, patient=cast.liz, reminders=Choice.SMS, changes=Choice.SMS, quiet_from=time(20),
            quiet_until=time(8),
        )  # fmt: skip
    now.move_to(NOON + timedelta(hours=11))
    with cast.as_(cast.grace_user) as grace:
        services.send_link_again(actor=grace, appointment=visit)
    deliver_due()
    notifications.send_due_texts()
    [text] = [each.body for each in outgoing(sms, LIZ)]
    assert len(links(text)) == 1
    for word in ("Liz", "Moreno", "Chen", "sugar", cast.video_visit.name):
        assert word not in text


def test_who_wants_no_news_gets_what_was_asked_for(cast: Any, visit: Appointment) -> None:
    with cast.as_(cast.liz_user) as liz:
        notifications.change_preference(
            actor=liz, patient=cast.liz, reminders=Choice.NONE, changes=Choice.NONE, quiet_from=time(20),
            quiet_until=time(8),
        )  # fmt: skip
    with cast.as_(cast.grace_user) as grace:
        services.send_link_again(actor=grace, appointment=visit)
    deliver_due()
    assert len(sent(cast)) == 2


def test_what_reaches_nobody_is_said(cast: Any, visit: Appointment) -> None:
    cast.liz.email = ""
    with cast.as_(cast.grace_user) as grace:
        people.change_patient(actor=grace, patient=cast.liz, email="")
        with pytest.raises(services.NoWay):
            services.send_link_again(actor=grace, appointment=visit)
    desk = sign_in(Client(), cast.grace_user)
    page = desk.get(f"/o/larkspur/appointments/{visit.id}/").content.decode()
    assert "Send the link again" not in page and "Add one first" in page


@pytest.mark.parametrize("who", ["liz_user", "ana_user", "daniel_user", "marcus_user", "admin_user", "mallory_user"])
def test_nobody_else_sends_one(cast: Any, visit: Appointment, who: str) -> None:
    user = getattr(cast, who)
    with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
        services.send_link_again(actor=actor, appointment=visit)


def test_what_is_over_cancelled_or_changed_meanwhile_sends_none(cast: Any, visit: Appointment, now: Any) -> None:
    with cast.as_(cast.grace_user) as grace:
        services.send_link_again(actor=grace, appointment=visit)
        services.cancel_appointment(actor=grace, appointment=visit)
    deliver_due()
    assert not any("here is the link" in each for each in sent(cast))
    with cast.as_(cast.grace_user) as grace, pytest.raises(services.WrongStatus):
        services.send_link_again(actor=grace, appointment=visit)
    with cast.as_(cast.liz_user) as liz:
        other = book(cast, liz, clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2))
    now.move_to(other.end + timedelta(minutes=1))
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.WrongStatus):
        services.send_link_again(actor=maya, appointment=other)
