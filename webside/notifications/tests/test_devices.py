"""Turning pushes on and off: one's own devices, one holder for a browser, and forgotten where somebody signs out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from allauth.account.signals import password_reset
from django.test import Client, RequestFactory
from django.urls import reverse

from webside.accounts import sessions
from webside.accounts.models import SignIn, User
from webside.audit.models import AuditEvent
from webside.core import clock, frames
from webside.core.actor import system
from webside.integrations.web_push.stand_in import StandIn
from webside.notifications import ports, services
from webside.notifications.codes import MessageKind
from webside.notifications.models import OutgoingMessage, PushDevice
from webside.testing.cast import PASSWORD, sign_in
from webside.testing.pushes import Browser, a_browser, push_service

REACH = "/o/larkspur/how-we-reach-you/"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo("America/New_York"))
PLACE = "/o/larkspur/notifications/"
ON = f"{PLACE}on/"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"


@pytest.fixture
def push() -> Iterator[StandIn]:
    with push_service() as stand_in:
        yield stand_in


def log_in(client: Client, user: Any) -> None:
    """Sign in through the page, as a browser with its cookies; staff with their second factor."""
    user.set_password(PASSWORD)
    user.save()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}, {"method": "mfa", "at": 0}]
    session.save()


def rows(tenant: Any) -> list[PushDevice]:
    with frames.begin(tenant_id=tenant.id, actor=system("test", tenant.id)):
        return list(PushDevice.objects.order_by("since"))


def turn_on(client: Client, browser: Browser, address: str = ON) -> Any:
    return client.post(address, browser.fields)


def test_she_turns_it_on_sees_it_and_turns_it_off(cast: Any, push: StandIn) -> None:
    client = sign_in(Client(headers={"User-Agent": PHONE}), cast.liz_user)
    page = client.get(REACH).content.decode()
    assert "Turn on notifications on this device" in page and "never says your name" in page
    assert "“Larkspur Clinic” and one sentence, such as “You have a reminder.”" in page
    assert f'data-key="{ports.push().public_key}"' in page  # type: ignore[union-attr]
    browser = a_browser(push)
    assert turn_on(client, browser).url == f"{REACH}#devices"
    (row,) = rows(cast.larkspur)
    assert (row.user, row.name) == (cast.liz_user, "Chrome on Android")
    assert browser.endpoint.encode() not in bytes(row.target) + bytes(row.digest), "it lies sealed"
    page = client.get(REACH).content.decode()
    assert "Chrome on Android" in page and "This device" in page and "data-token=" in page
    assert client.post(f"{PLACE}{row.id}/off/").url == f"{REACH}#devices" and rows(cast.larkspur) == []
    with cast.as_(cast.admin_user):
        found = AuditEvent.objects.filter(action__startswith="notifications.device.").order_by("sequence")
        assert [each.action.rpartition(".")[2] for each in found] == ["add", "remove"]
        assert "push" not in str([each.changes for each in found]), "no address stands in the trail"


def test_the_same_browser_again_is_the_same_device(cast: Any, push: StandIn) -> None:
    client = sign_in(Client(), cast.liz_user)
    turn_on(client, a_browser(push))
    (first,) = rows(cast.larkspur)
    turn_on(client, a_browser(push))  # its service gave it another address
    (second,) = rows(cast.larkspur)
    assert first.id == second.id and bytes(first.digest) != bytes(second.digest)


def test_staff_have_a_page_of_their_own_and_patients_theirs(cast: Any, push: StandIn) -> None:
    for user in (cast.maya_user, cast.grace_user, cast.admin_user):
        page = sign_in(Client(), user).get(PLACE)
        assert page.status_code == 200 and "Turn on notifications" in page.content.decode()
    assert sign_in(Client(), cast.liz_user).get(PLACE).url == f"{REACH}#devices"
    grace = sign_in(Client(), cast.grace_user)
    assert turn_on(grace, a_browser(push)).url == f"{PLACE}#devices" and len(rows(cast.larkspur)) == 1


def test_only_the_holder_sees_a_device_tries_it_and_turns_it_off(cast: Any, push: StandIn) -> None:
    turn_on(sign_in(Client(), cast.liz_user), a_browser(push))
    (row,) = rows(cast.larkspur)
    for user in (cast.grace_user, cast.maya_user, cast.admin_user, cast.mallory_user):
        client = sign_in(Client(), user)
        for what in ("off", "try"):
            assert client.post(f"{PLACE}{row.id}/{what}/").status_code == 404
        with cast.as_(user) as actor, pytest.raises(services.NotAllowed):
            services.remove_device(actor=actor, device=row)
    assert Client().post(ON, a_browser(push).fields).status_code == 404
    assert sign_in(Client(), cast.ana_user).post(ON, a_browser(push).fields).status_code == 404, "acts for others alone"
    assert [each.id for each in rows(cast.larkspur)] == [row.id]


def test_what_names_no_push_service_is_refused_in_words(cast: Any, push: StandIn, settings: Any) -> None:
    client = sign_in(Client(), cast.liz_user)
    fields = a_browser(push).fields
    for spoilt in ({"endpoint": "https://intranet.example/x"}, {"p256dh": "x"}, {"auth": ""}, {"endpoint": ""}):
        page = client.post(ON, fields | spoilt, follow=True).content.decode()
        assert "We can’t send to this browser" in page
    settings.INSIDE_HOSTS = frozenset()
    assert "We can’t send to this browser" in client.post(ON, fields, follow=True).content.decode()
    ports.lend_push(None)
    page = client.post(ON, fields, follow=True).content.decode()
    assert "No notifications can be sent at the moment" in page and "Turn on notifications on this device" not in page
    assert rows(cast.larkspur) == []


@time_machine.travel(NOON, tick=False)
def test_it_is_tried_out(cast: Any, push: StandIn) -> None:
    client, browser = sign_in(Client(), cast.liz_user), a_browser(push)
    turn_on(client, browser)
    (row,) = rows(cast.larkspur)
    for _ in range(2):
        client.post(f"{PLACE}{row.id}/try/")
    assert services.send_due_pushes() == 1, "pressed twice"
    (told,) = browser.read()
    assert told["body"] == "Notifications work on this device." and told["actions"] == []
    assert client.get(told["url"]).url.startswith("/o/larkspur/home/#pushed-")


# ------------------------------------------------------------------------------- one browser, several people


def test_signing_out_ends_it_and_being_signed_out_does_not(cast: Any, push: StandIn) -> None:
    """Being left alone signs her out after half an hour: a reminder in three days must come all the same."""
    client = sign_in(Client(), cast.liz_user)
    turn_on(client, a_browser(push))
    client.post(reverse("accounts:session-end"))
    assert len(rows(cast.larkspur)) == 1
    log_in(client, cast.liz_user)
    (row,) = rows(cast.larkspur)
    assert row.sign_in == SignIn.objects.get().id, "it follows her next sign-in"
    client.post(reverse("account_logout"))
    assert rows(cast.larkspur) == []


def test_signing_out_elsewhere_ends_it_there_alone(cast: Any, push: StandIn) -> None:
    here, there, stranger = (Client() for _ in range(3))
    for client in (here, there):
        turn_on(sign_in(client, cast.liz_user), a_browser(push))
    turn_on(sign_in(stranger, cast.daniel_user), a_browser(push))
    first, second, his = rows(cast.larkspur)
    here.post(reverse("accounts:device-end", args=[second.sign_in]))
    assert [each.id for each in rows(cast.larkspur)] == [first.id, his.id]


def test_signing_out_everywhere_else_ends_it_also_where_nobody_is_signed_in_any_more(cast: Any, push: StandIn) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        turn_on(sign_in(client, cast.liz_user), a_browser(push))
    there.post(reverse("accounts:session-end"))
    here.post(reverse("accounts:device-end-others"))
    (left,) = rows(cast.larkspur)
    assert left.sign_in == SignIn.objects.get().id


def test_a_new_password_ends_it_everywhere_but_where_it_was_set(cast: Any, push: StandIn) -> None:
    here, there = Client(), Client()
    turn_on(sign_in(there, cast.liz_user), a_browser(push))
    log_in(here, cast.liz_user)
    turn_on(here, a_browser(push))
    assert len(rows(cast.larkspur)) == 2
    new = "another long one of hers"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    (left,) = rows(cast.larkspur)
    assert left.sign_in == UUID(sessions.current(here.get(REACH).wsgi_request))


def test_a_new_password_by_a_link_ends_it_everywhere(cast: Any, push: StandIn) -> None:
    turn_on(sign_in(Client(), cast.liz_user), a_browser(push))
    password_reset.send(User, request=RequestFactory().get("/"), user=cast.liz_user)
    assert rows(cast.larkspur) == []


def test_who_turns_it_on_in_the_same_browser_takes_it_over(cast: Any, push: StandIn) -> None:
    client, browser = sign_in(Client(), cast.liz_user), a_browser(push)
    turn_on(client, browser)
    client.post(reverse("accounts:session-end"))
    log_in(client, cast.daniel_user)
    assert rows(cast.larkspur) == [], "somebody else uses this browser now"
    turn_on(client, browser)
    assert [each.user for each in rows(cast.larkspur)] == [cast.daniel_user]
    with cast.as_(cast.liz_user) as liz:  # without the cookie: the address alone says that it is the same browser
        services.add_device(actor=liz, target=browser.target, device=uuid4(), sign_in=None, name="")
    assert [each.user for each in rows(cast.larkspur)] == [cast.liz_user]


def test_somebody_of_another_clinic_who_signs_in_ends_it_too(cast: Any, push: StandIn) -> None:
    client = sign_in(Client(), cast.liz_user)
    turn_on(client, a_browser(push))
    client.post(reverse("accounts:session-end"))
    log_in(client, cast.mallory_user)
    assert rows(cast.larkspur) == []


def test_a_cookie_that_we_did_not_make_says_nothing(cast: Any, push: StandIn) -> None:
    client, other = sign_in(Client(), cast.liz_user), Client()
    turn_on(client, a_browser(push))
    cookie = client.cookies["webside_device"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    other.cookies["webside_device"] = cookie.value[:-2] + "xx"
    log_in(other, cast.daniel_user)
    assert len(rows(cast.larkspur)) == 1


# ------------------------------------------------------------------------------------------ what a press opens


def reminder(cast: Any, about: Any) -> OutgoingMessage:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        (row,) = services.push_to_patient(
            template="scheduling/reminder", patient=cast.liz, kind=MessageKind.REMINDER, about_id=about,
            idempotency_key=uuid4().hex,
        )  # fmt: skip
    return row


def test_a_press_leads_to_the_visit_by_way_of_the_sign_in(cast: Any, push: StandIn) -> None:
    from webside.scheduling.tests.factories import book, some_slots

    client = sign_in(Client(), cast.liz_user)
    turn_on(client, a_browser(push))
    with cast.as_(cast.liz_user) as liz:
        visit = book(cast, liz, some_slots(cast, practitioner=cast.maya)[0].start)
    address = f"/o/larkspur/pushed/{reminder(cast, visit.id).id}/"
    page = f"/o/larkspur/appointments/{visit.id}/#pushed-{address.split('/')[-2]}"
    assert client.get(address).url == page
    client.post(reverse("accounts:session-end"))
    answer = client.get(address)
    assert answer.status_code == 302 and answer.url == f"/accounts/login/?next={address}"
    sign_in(client, cast.liz_user)
    assert client.get(address).url == page
    for user in (cast.daniel_user, cast.grace_user, cast.mallory_user, cast.ana_user):
        assert sign_in(Client(), user).get(address).status_code == 404
    assert client.get(f"/o/larkspur/pushed/{uuid4()}/").status_code == 404


def test_what_is_no_more_leads_home(cast: Any, push: StandIn) -> None:
    client = sign_in(Client(), cast.liz_user)
    turn_on(client, a_browser(push))
    assert client.get(f"/o/larkspur/pushed/{reminder(cast, uuid4()).id}/").url.startswith("/o/larkspur/home/#")


@time_machine.travel(NOON, tick=False)
def test_the_log_says_what_went_and_what_failed_and_why(cast: Any, push: StandIn) -> None:
    client, browser = sign_in(Client(headers={"User-Agent": PHONE}), cast.liz_user), a_browser(push)
    turn_on(client, browser)
    reminder(cast, uuid4())
    services.send_due_pushes()
    push.end(browser.endpoint)
    reminder(cast, uuid4())
    services.send_due_pushes()
    page = sign_in(Client(), cast.grace_user).get("/o/larkspur/messages-sent/?channel=push").content.decode()
    for words in ("Notification: reminder of a visit", "Chrome on Android", "takes no notifications any more",
                  "turn them on again on that device", "HTTP 410"):  # fmt: skip
        assert words in page
    assert browser.endpoint not in page


def test_an_old_device_is_forgotten(cast: Any, push: StandIn) -> None:
    from webside.core import retention

    (row,) = [each for each in retention.due(clock.now()) if each.model == "notifications.PushDevice"]
    assert row.after == "seen_at" and row.before < clock.now() - timedelta(days=365)
