"""The address by which a calendar follows one's visits: what it says, to whom, and for how long."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from webside.accounts.models import Membership
from webside.audit.models import AuditEvent
from webside.core import clock
from webside.people.models import Practitioner
from webside.scheduling import services
from webside.scheduling.models import CalendarFeed
from webside.scheduling.tests.factories import book, some_slots
from webside.scheduling.tests.waits import by_machine
from webside.testing.cast import sign_in

PAGE = "/o/larkspur/calendar/"


def make(client: Client, whose: str) -> str:
    """Press the button; return the path of the new address, which the page shows once."""
    page = client.post(reverse("scheduling:feed-renew", args=["larkspur"]), {"whose": whose}, follow=True)
    [address] = re.findall(r'value="(http[^"]+\.ics)"', page.content.decode())
    assert address not in client.get(PAGE).content.decode(), "it is shown once"
    return address[address.index("/o/") :]


def events_at(path: str) -> list[Any]:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    return list(Calendar.from_ical(answer.content).events)


def test_a_practitioners_calendar_is_told_visit_and_when_and_nothing_else(cast: Any, client: Client) -> None:
    with cast.as_(cast.liz_user) as liz:
        slots = some_slots(cast, practitioner=cast.maya)
        kept = book(cast, liz, slots[0].start)
        gone = book(cast, liz, slots[3].start, consent_scope="")
        services.cancel_appointment(actor=liz, appointment=gone)
    sign_in(client, cast.maya_user)
    path = make(client, "practitioner")
    [event] = events_at(path)
    assert (str(event["summary"]), event.start, event.end) == ("Visit", kept.start, kept.end)
    raw = Client().get(path).content.decode()
    for secret in ("Liz", "Moreno", "Chen", "Larkspur", "sugar", cast.video_visit.name, "mailto", "/o/"):
        assert secret not in raw
    with cast.as_(cast.liz_user) as liz:
        services.move_appointment(actor=liz, appointment=kept, start=slots[5].start)
    [moved] = events_at(path)
    assert (moved["uid"], moved.start, int(moved["sequence"])) == (event["uid"], slots[5].start, 1)


def test_a_patients_calendar_has_her_own_visits(cast: Any, client: Client) -> None:
    with cast.as_(cast.liz_user) as liz:
        kept = book(cast, liz, some_slots(cast)[0].start)
    sign_in(client, cast.liz_user)
    assert PAGE in client.get(reverse("scheduling:appointment-detail", args=["larkspur", kept.id])).content.decode()
    [event] = events_at(make(client, "patient"))
    assert event.start == kept.start
    with time_machine.travel(kept.end + timedelta(days=31)):
        assert events_at(make(sign_in(client, cast.liz_user), "patient")) == [], "what is long over is left out"


def test_a_new_address_ends_the_one_before_and_an_end_ends_it(cast: Any, client: Client) -> None:
    sign_in(client, cast.maya_user)
    first = make(client, "practitioner")
    second = make(client, "practitioner")
    assert Client().get(first).status_code == 404
    events_at(second)
    assert "It was asked last" in client.get(PAGE).content.decode()
    client.post(reverse("scheduling:feed-end", args=["larkspur"]), {"whose": "practitioner"})
    client.post(reverse("scheduling:feed-end", args=["larkspur"]), {"whose": "practitioner"})
    assert Client().get(second).status_code == 404
    assert "No calendar follows them." in client.get(PAGE).content.decode()


@pytest.mark.parametrize("how", ["membership", "practitioner"])
def test_who_works_here_no_more_has_no_feed(cast: Any, client: Client, how: str) -> None:
    sign_in(client, cast.maya_user)
    path = make(client, "practitioner")
    events_at(path)
    with by_machine(cast):
        if how == "membership":
            Membership.objects.filter(user=cast.maya_user).update(active=False)
        else:
            Practitioner.objects.filter(id=cast.maya.id).update(active=False)
    assert Client().get(path).status_code == 404


def test_what_nobody_was_given_and_another_clinics_look_alike(cast: Any, client: Client) -> None:
    sign_in(client, cast.maya_user)
    path = make(client, "practitioner")
    for wrong in (path.replace("larkspur", "northgate"), path.replace(".ics", "x.ics"), "/o/larkspur/calendar/x.ics"):
        assert Client().get(wrong).status_code == 404
    assert client.post(path).status_code == 405
    with cast.as_(cast.ingrid_user):
        assert AuditEvent.objects.filter(action="scheduling.feed.guess").exists()


def test_only_the_hash_is_kept_and_the_trail_says_once_a_day_that_a_calendar_asks(cast: Any, client: Client) -> None:
    sign_in(client, cast.maya_user)
    path = make(client, "practitioner")
    token = path.rpartition("/")[2].removesuffix(".ics")
    for _ in range(3):
        events_at(path)
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
        events_at(path)
    with by_machine(cast):
        [feed] = CalendarFeed.objects.all()
        assert bytes(feed.token_hash) == services.token_hash(token)
        assert AuditEvent.objects.filter(action="scheduling.feed.read").count() == 2


def test_nobody_makes_one_for_another(cast: Any, client: Client) -> None:
    assert client.get(PAGE).status_code == 404
    sign_in(client, cast.liz_user)
    assert (
        client.post(reverse("scheduling:feed-renew", args=["larkspur"]), {"whose": "practitioner"}).status_code == 404
    )
    sign_in(client, cast.marcus_user)
    assert client.get(PAGE).status_code == 404
    for user, owner in ((cast.grace_user, cast.maya), (cast.maya_user, cast.liz), (cast.ana_user, cast.liz)):
        with cast.as_(user) as actor:
            for service in (services.renew_feed, services.end_feed):
                with pytest.raises(services.NotAllowed):
                    service(actor=actor, owner=owner)
