"""Pushes: the same words for everybody, sent once for each browser, held at night, and forgotten with the browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import translation

from webside.accounts.models import Membership
from webside.audit.models import AuditEvent
from webside.core import frames, loops
from webside.core.actor import system
from webside.integrations.web_push.client import WebPush
from webside.integrations.web_push.stand_in import StandIn
from webside.notifications import ports, selectors, services
from webside.notifications.codes import Choice, MessageKind, MessageStatus, Reason
from webside.notifications.models import OutgoingMessage, PushDevice
from webside.outbox.models import OutboxEvent
from webside.testing.pushes import Browser, a_browser, push_service

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo("America/New_York"))


@pytest.fixture
def push() -> Iterator[StandIn]:
    with push_service() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock_:
        yield clock_


@pytest.fixture
def phone(cast: Any, push: StandIn) -> Browser:
    browser = a_browser(push)
    browser.turn_on(cast, cast.liz_user)
    return browser


def queue(cast: Any, **values: Any) -> list[OutgoingMessage]:
    usual: dict[str, Any] = {
        "template": "scheduling/reminder", "patient": cast.liz, "kind": MessageKind.REMINDER, "about_id": uuid4(),
        "idempotency_key": uuid4().hex,
    }  # fmt: skip
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return services.push_to_patient(**usual | values)


def fresh(row: OutgoingMessage) -> OutgoingMessage:
    row.refresh_from_db()
    return row


def devices(cast: Any) -> int:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return PushDevice.objects.count()


def test_it_comes_to_each_of_her_devices_and_says_the_clinic_and_one_sentence(
    cast: Any, push: StandIn, phone: Browser
) -> None:
    tablet = a_browser(push)
    tablet.turn_on(cast, cast.liz_user, "Safari on iPad")
    rows = queue(cast, idempotency_key="one")
    assert queue(cast, idempotency_key="one") == rows and len(rows) == 2
    assert b"Larkspur" not in bytes(rows[0].body) and b"Android" not in bytes(rows[0].recipient)
    assert services.send_due_pushes() == 2 and services.send_due_pushes() == 0
    for browser in (phone, tablet):
        (told,) = browser.read()
        assert (told["title"], told["body"], told["lang"]) == ("Larkspur Clinic", "You have a reminder.", "en-us")
        assert [each["title"] for each in told["actions"]] == ["Confirm", "Move or cancel"]
        assert told["url"] in {f"/o/larkspur/pushed/{row.id}/" for row in rows}
    assert {fresh(row).status for row in rows} == {MessageStatus.SENT}
    assert {selectors.recipient(row) for row in rows} == {"Chrome on Android", "Safari on iPad"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_push_says_the_same_to_everybody(cast: Any, push: StandIn, phone: Browser, language: str) -> None:
    """No word of it is about her: what two people get differs in the id alone, and nobody can put more in."""
    other = a_browser(push)
    with cast.as_(cast.grace_user):
        cast.liz.given_name = "Zebrafinch"
        cast.liz.save()
    other.turn_on(cast, cast.daniel_user)
    about = uuid4()
    with translation.override(language):
        queue(cast, about_id=about)
        with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
            services.push_to_users(template="scheduling/reminder", user_ids=[cast.daniel_user.id], about_id=about,
                                   kind=MessageKind.REMINDER, idempotency_key="x")  # fmt: skip
    services.send_due_pushes()
    (hers,), (his,) = phone.read(), other.read()
    assert {name for name in hers if hers[name] != his[name]} == {"url"}
    (raw,) = phone.raw()
    assert b"ebrafinch" not in raw and str(about).encode() not in raw and str(cast.liz.id).encode() not in raw
    outside = str(push.requests)
    assert "larkspur" not in outside.lower() and str(about) not in outside, "nor does its service learn whose it is"


def test_no_sender_is_a_state_and_nothing_is_lost(cast: Any, phone: Browser) -> None:
    (row,) = queue(cast)
    ports.lend_push(None)
    assert services.send_due_pushes() == 0 and fresh(row).attempts == 0 and "push" in ports.missing()


def test_who_wants_none_of_a_kind_gets_none(cast: Any, phone: Browser) -> None:
    with cast.as_(cast.liz_user) as liz:
        services.change_preference(
            actor=liz, patient=cast.liz, reminders=Choice.BOTH, changes=Choice.EMAIL, quiet_from=time(21), quiet_until=time(8),
            pushes=[MessageKind.READY.value],
        )  # fmt: skip
    assert queue(cast) == [] and len(queue(cast, kind=MessageKind.READY)) == 1


def test_who_has_turned_on_nothing_gets_nothing(cast: Any, push: StandIn) -> None:
    assert queue(cast) == [] and not OutgoingMessage.objects.filter(channel="push").exists()


def test_the_night_holds_what_can_wait(cast: Any, phone: Browser, at_noon: Any) -> None:
    at_noon.move_to(NOON.replace(hour=22))
    (row,), (now,) = queue(cast), queue(cast, kind=MessageKind.READY)
    services.send_due_pushes()
    assert (fresh(row).status, fresh(now).status) == ("queued", "sent")
    assert row.due_at == NOON.replace(hour=8) + timedelta(days=1)
    at_noon.move_to(row.due_at)
    services.send_due_pushes()
    assert fresh(row).status == MessageStatus.SENT


def test_it_says_how_long_it_is_of_use_and_how_urgent_it_is(cast: Any, push: StandIn, phone: Browser) -> None:
    about = uuid4()
    queue(cast, about_id=about, expires_at=NOON + timedelta(minutes=30), kind=MessageKind.READY)
    queue(cast, about_id=about, kind=MessageKind.READY)
    queue(cast)
    services.send_due_pushes()
    headers = [each for _, each in push.requests]
    assert (headers[0]["ttl"], headers[0]["urgency"], headers[1]["ttl"]) == ("1800", "high", "86400")
    assert headers[0]["topic"] == headers[1]["topic"] != headers[2]["topic"] and len(headers[0]["topic"]) == 32
    assert len(phone.read()) == 2, "the newer one about the same thing replaced the older"


def test_what_comes_too_late_is_given_up_in_sight(cast: Any, phone: Browser, at_noon: Any) -> None:
    (row,) = queue(cast, expires_at=NOON + timedelta(minutes=30))
    at_noon.shift(timedelta(minutes=31))
    services.send_due_pushes()
    assert (fresh(row).status, row.reason) == ("failed", Reason.TOO_LATE) and phone.read() == []
    assert OutboxEvent.objects.filter(name="notifications.NotificationFailed").count() == 1


def test_a_service_that_is_away_loses_nothing_and_one_that_asks_for_a_pause_gets_it(
    cast: Any, push: StandIn, phone: Browser, at_noon: Any
) -> None:
    (row,) = queue(cast)
    push.away = True
    services.send_due_pushes()
    assert (fresh(row).status, row.reason) == ("queued", Reason.AWAY)
    assert selectors.channels_away() == [], "it is one of several: the channel isn’t away"
    push.away, push.busy = False, True
    at_noon.shift(timedelta(minutes=5))
    services.send_due_pushes()
    assert fresh(row).due_at == NOON + timedelta(minutes=7) and row.reason == Reason.PACE
    push.busy = False
    at_noon.shift(timedelta(minutes=2))
    services.send_due_pushes()
    assert fresh(row).status == MessageStatus.SENT and len(phone.read()) == 1


def test_a_key_that_no_service_takes_is_a_state_of_the_channel(cast: Any, push: StandIn, phone: Browser) -> None:
    queue(cast)
    push.says = (403, b'{"reason": "BadJwtToken"}')
    services.send_due_pushes()
    (state,) = selectors.channels_away()
    assert (state.channel, state.reason) == ("push", Reason.CREDENTIALS)


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten_at_once(cast: Any, push: StandIn, phone: Browser, status: int) -> None:
    tablet = a_browser(push)
    tablet.turn_on(cast, cast.liz_user)
    if status == 410:
        push.end(phone.endpoint)
    else:
        del push.subscriptions[phone.endpoint.rpartition("/")[2]]
    rows = queue(cast)
    services.send_due_pushes()
    assert sorted(fresh(row).status for row in rows) == ["failed", "sent"] and devices(cast) == 1
    failed = next(row for row in rows if row.status == "failed")
    assert (failed.reason, failed.last_error.split()[1]) == (Reason.GONE, str(status))
    with cast.as_(cast.admin_user):
        event = AuditEvent.objects.get(action="notifications.device.remove")
        assert event.actor_label == "pushes" and "gone" in event.ground
    assert len(queue(cast)) == 1


def test_what_waits_for_a_device_that_is_turned_off_is_not_sent(cast: Any, push: StandIn, phone: Browser) -> None:
    (row,) = queue(cast)
    with cast.as_(cast.liz_user) as liz:
        services.remove_device(actor=liz, device=PushDevice.objects.get())
    services.send_due_pushes()
    assert (fresh(row).status, row.reason, bytes(row.body)) == ("withheld", Reason.GONE, b"") and push.requests == []


def test_who_is_nobody_here_any_more_gets_nothing(cast: Any, push: StandIn, phone: Browser) -> None:
    (row,) = queue(cast)
    Membership.objects.filter(user=cast.liz_user).update(active=False)
    services.send_due_pushes()
    assert fresh(row).reason == Reason.GONE and push.requests == [] and devices(cast) == 0


def test_what_was_made_for_another_key_of_ours_is_forgotten(cast: Any, push: StandIn, phone: Browser) -> None:
    (row,) = queue(cast)
    other = WebPush(ec.generate_private_key(ec.SECP256R1()), "mailto:ops@example.test", ())
    ports.lend_push(lambda: other)
    services.send_due_pushes()
    assert fresh(row).reason == Reason.GONE and devices(cast) == 0 and push.requests == []


def test_a_worker_that_died_after_it_had_sent_sends_the_same_again_and_it_is_shown_once(
    cast: Any, push: StandIn, phone: Browser, at_noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webside.notifications.services import pushes

    (row,) = queue(cast)
    with monkeypatch.context() as patch:
        patch.setattr(pushes, "mark_push_sent", lambda row_id: None)  # it died here
        services.send_due_pushes()
        assert services.send_due_pushes() == 0, "it is claimed: nobody else takes it for a while"
    at_noon.shift(timedelta(minutes=3))
    services.send_due_pushes()
    assert fresh(row).status == MessageStatus.SENT and row.attempts == 2
    assert len(push.requests) == 2 and len(phone.read()) == 1


def test_what_no_longer_holds_is_taken_back(cast: Any, push: StandIn, phone: Browser) -> None:
    about = uuid4()
    (row,) = queue(cast, about_id=about)
    services.withdraw_messages(about_id=about, kinds=frozenset({MessageKind.REMINDER}))
    services.send_due_pushes()
    assert fresh(row).reason == Reason.WITHDRAWN and push.requests == []


def test_the_worker_has_the_loop() -> None:
    assert "pushes" in {loop.name for loop in loops.registered()}
