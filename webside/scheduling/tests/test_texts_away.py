"""The carrier of texts is away: what can't wait comes by e-mail, once, and her page says that texts don't leave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.core import timers
from webside.integrations.sms.stand_in import StandIn
from webside.notifications import codes
from webside.notifications import services as notifications
from webside.notifications.codes import Choice, MessageKind
from webside.notifications.models import OutgoingMessage
from webside.scheduling.tests.line import call, join, on_duty, open_line
from webside.scheduling.tests.test_queue_pages import place_url
from webside.scheduling.tests.waits import FREE, at_ten, by_machine, deliver, only, wait, work
from webside.testing.cast import sign_in
from webside.testing.texts import outgoing

NO_TEXTS = "We can’t send texts right now"


@pytest.fixture(autouse=True)
def now() -> Iterator[Any]:
    yield from at_ten()


def sent(cast: Any, template: str, channel: str) -> int:
    with by_machine(cast):
        return OutgoingMessage.objects.filter(template=f"scheduling/{template}", channel=channel).count()


def call_her(cast: Any, now: Any) -> None:
    """Call her, and let the time pass after which she is told by a message: her page did not go on."""
    call(cast)
    now.shift(timedelta(minutes=1))
    timers.run_due()


def in_line(cast: Any) -> Any:
    open_line(cast)
    on_duty(cast)
    return join(cast, wants_message=True)


def texts_alone(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        notifications.change_preference(
            actor=liz, patient=cast.liz, reminders=Choice.SMS, changes=Choice.SMS, quiet_from=codes.QUIET_FROM,
            quiet_until=codes.QUIET_UNTIL,
        )  # fmt: skip


def test_while_texts_leave_it_is_the_text_alone(cast: Any, sms: StandIn, now: Any) -> None:
    in_line(cast)
    call_her(cast, now)
    deliver()
    assert len(outgoing(sms)) == 1 and sent(cast, "queue_called", "email") == 0


def test_the_first_text_that_finds_the_carrier_away_is_followed_by_the_e_mail_at_once(
    cast: Any, sms: StandIn, now: Any
) -> None:
    in_line(cast)
    sms.away = True
    call_her(cast, now)
    deliver()
    assert outgoing(sms) == [] and sent(cast, "queue_called", "email") == 1


def test_an_hour_away_loses_nothing_and_says_nothing_twice(cast: Any, sms: StandIn, now: Any) -> None:
    in_line(cast)
    sms.away = True
    with by_machine(cast):
        notifications.send_sms(template="notifications/text_help", to="845-555-0142", context={}, idempotency_key="x",
                               kind=MessageKind.ANSWER)  # fmt: skip
    deliver()
    call_her(cast, now)
    for _ in range(60):
        deliver()
        now.shift(timedelta(minutes=1))
    sms.away = False
    deliver()
    assert sent(cast, "queue_called", "email") == 1, "known to be away, tried, and given up: one e-mail"
    assert [each for each in outgoing(sms) if "turn" in each.body] == [], "it is no news any more"


def test_a_number_that_takes_no_texts_is_followed_by_the_e_mail(cast: Any, sms: StandIn, now: Any) -> None:
    open_line(cast)
    on_duty(cast)
    join(cast, wants_message=True, phone="500-555-0009")
    call_her(cast, now)
    deliver()
    assert sent(cast, "queue_called", "sms") == 1 and sent(cast, "queue_called", "email") == 1


def test_her_page_says_that_texts_do_not_leave_and_stops_when_they_do(cast: Any, sms: StandIn, client: Client) -> None:
    entry = in_line(cast)
    sign_in(client, cast.liz_user)
    assert NO_TEXTS not in client.get(place_url(entry)).content.decode()
    sms.away = True
    with by_machine(cast):
        notifications.send_sms(template="notifications/text_help", to="845-555-0142", context={}, idempotency_key="x",
                               kind=MessageKind.ANSWER)  # fmt: skip
    deliver()
    page = client.get(place_url(entry)).content.decode()
    assert NO_TEXTS in page and "Keep this page open" in page and "We e-mail you as well." in page
    with cast.as_(cast.grace_user):
        cast.liz.email = ""
        cast.liz.save()
    page = client.get(place_url(entry)).content.decode()
    assert NO_TEXTS in page and "We e-mail you as well." not in page, "nothing is promised that can't be"
    client.post(place_url(entry, "queue-notify"), {"wanted": "0"})
    assert NO_TEXTS not in client.get(place_url(entry)).content.decode(), "who wants none needn't know"


def test_a_held_time_comes_by_e_mail_too_though_she_chose_texts_alone(cast: Any, sms: StandIn) -> None:
    texts_alone(cast)
    only(cast, FREE)
    wait(cast)
    sms.away = True
    work()
    deliver()
    assert outgoing(sms) == [] and sent(cast, "waitlist_offered", "sms") == 1
    assert sent(cast, "waitlist_offered", "email") == 1
    deliver()
    assert sent(cast, "waitlist_offered", "email") == 1


def test_a_held_time_comes_by_text_alone_to_who_chose_that_while_texts_leave(cast: Any, sms: StandIn) -> None:
    texts_alone(cast)
    only(cast, FREE)
    wait(cast)
    work()
    deliver()
    assert len(outgoing(sms)) == 1 and sent(cast, "waitlist_offered", "email") == 0


def test_her_place_on_the_list_says_that_texts_do_not_leave(cast: Any, sms: StandIn, client: Client) -> None:
    texts_alone(cast)
    page = reverse("scheduling:waitlist-entry", args=["larkspur", wait(cast).id])
    sign_in(client, cast.liz_user)
    assert NO_TEXTS not in client.get(page).content.decode()
    sms.away = True
    with by_machine(cast):
        notifications.send_sms(template="notifications/text_help", to="845-555-0142", context={}, idempotency_key="x",
                               kind=MessageKind.ANSWER)  # fmt: skip
    deliver()
    shown = client.get(page).content.decode()
    assert NO_TEXTS in shown and "When a time is held for you, we e-mail you." in shown
    spanish = client.get(page, headers={"Accept-Language": "es"}).content.decode()
    assert "Ahora no podemos enviar mensajes de texto" in spanish and "we e-mail you" not in spanish
    with cast.as_(cast.grace_user):
        cast.liz.email = ""
        cast.liz.save()
    shown = client.get(page).content.decode()
    assert "only this page says so" in shown and "we e-mail you" not in shown, "nothing is promised that can't be"


def test_who_chose_e_mail_reads_nothing_of_texts_on_her_place(cast: Any, sms: StandIn, client: Client) -> None:
    with cast.as_(cast.liz_user) as liz:
        notifications.change_preference(
            actor=liz, patient=cast.liz, reminders=Choice.EMAIL, changes=Choice.EMAIL, quiet_from=codes.QUIET_FROM,
            quiet_until=codes.QUIET_UNTIL,
        )  # fmt: skip
    page = reverse("scheduling:waitlist-entry", args=["larkspur", wait(cast).id])
    sign_in(client, cast.liz_user)
    sms.away = True
    with by_machine(cast):
        notifications.send_sms(template="notifications/text_help", to="845-555-0142", context={}, idempotency_key="x",
                               kind=MessageKind.ANSWER)  # fmt: skip
    deliver()
    assert NO_TEXTS not in client.get(page).content.decode()
