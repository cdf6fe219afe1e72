"""What the carrier calls: signed, once, for the clinic of the path, and silent to everybody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import connection

from webside.core import frames
from webside.core.actor import system
from webside.core.bucket import Bucket
from webside.integrations import webhooks
from webside.integrations.sms import lean
from webside.integrations.sms.client import signature
from webside.integrations.sms.stand_in import StandIn
from webside.notifications import ports, services
from webside.notifications.codes import MessageKind, Reason
from webside.notifications.models import IncomingText, OutgoingMessage
from webside.testing.cast import Cast, make_cast
from webside.testing.texts import NUMBERS, carrier, outgoing

LIZ = "+18455550142"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic(address: str, settings: Any) -> Cast:
    settings.PUBLIC_URL = address
    lean._buckets._by_who.clear()
    lean._guesses._by_who.clear()
    return make_cast()


@pytest.fixture
def sms(clinic: Cast, tmp_path: Path) -> Iterator[StandIn]:
    with carrier(tmp_path / "texts") as stand_in:
        yield stand_in


def form(**changes: str) -> dict[str, str]:
    return {"MessageSid": f"SM{uuid4().hex}", "From": LIZ, "To": NUMBERS["larkspur"], "Body": "Hello", **changes}


def post(url: str, fields: dict[str, str], sms: StandIn, signed: str | None = None) -> httpx.Response:
    """Post a call, signed as the carrier does, or with another signature."""
    given = signature(sms.secret, url, fields) if signed is None else signed
    return httpx.post(url, data=fields, headers={"X-Twilio-Signature": given} if given else {})


def received(cast: Cast) -> int:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return IncomingText.objects.count()


def test_a_text_of_somebody_is_taken_once(clinic: Cast, sms: StandIn) -> None:
    assert sms.text_us(sender=LIZ, to=NUMBERS["larkspur"], body="Hello", sid="SM77") == 200
    assert sms.text_us(sender=LIZ, to=NUMBERS["larkspur"], body="Hello", sid="SM77") == 200
    assert received(clinic) == 1
    answer = post(lean.received_address("larkspur"), form(), sms)
    assert answer.headers["content-type"].startswith("text/xml") and answer.text.endswith("<Response/>")


def test_who_cannot_sign_learns_nothing(clinic: Cast, sms: StandIn) -> None:
    url, fields = lean.received_address("larkspur"), form()
    other = signature(sms.secret, url.replace("larkspur", "northgate"), fields)
    wrong = signature("another secret", url, fields)
    answers = [
        post(url, fields, sms, ""),
        post(url, fields, sms, wrong),
        post(url, fields, sms, other),  # signed for another clinic
        post(url, fields | {"Body": "changed on its way"}, sms, signature(sms.secret, url, fields)),
        post(lean.received_address("nobody-has-this"), fields, sms, ""),
        httpx.post(url, content=b"x" * (webhooks.MAX_BYTES + 1), headers={"X-Twilio-Signature": wrong}),
        httpx.post(url, json=fields, headers={"X-Twilio-Signature": wrong}),
        post(lean.status_address("larkspur", str(uuid4())), fields, sms, wrong),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, b"")}
    assert received(clinic) == 0
    assert post(lean.received_address("nobody-has-this"), fields, sms).status_code == 400


def test_guessing_is_slowed_down_and_holds_up_nobody_else(clinic: Cast, sms: StandIn) -> None:
    url = lean.received_address("larkspur")
    statuses = [post(url, form(), sms, "guess").status_code for _ in range(lean.GUESSES + 5)]
    assert statuses.count(429) >= 4 and set(statuses) == {403, 429}
    assert post(url, form(), sms).status_code == 200, "the carrier itself comes through"


def test_too_many_are_asked_to_come_later(clinic: Cast, sms: StandIn) -> None:
    lean._buckets._by_who["larkspur"] = Bucket(1, 0.001, time.monotonic())
    url = lean.received_address("larkspur")
    answers = [post(url, form(), sms) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 429] and answers[1].headers["retry-after"]


def test_a_text_to_another_number_or_from_no_number_is_not_taken(clinic: Cast, sms: StandIn) -> None:
    url = lean.received_address("larkspur")
    for fields in (form(To=NUMBERS["northgate"]), form(From="22395"), form(From="VERIFY"), form(MessageSid="")):
        assert post(url, fields, sms).status_code == 400
    assert received(clinic) == 0


def queue(cast: Cast, to: str) -> OutgoingMessage:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return services.send_sms(
            template="notifications/text_help", to=to, context={}, kind=MessageKind.ANSWER,
            idempotency_key=uuid4().hex,
        )  # fmt: skip


def news_of(row: OutgoingMessage) -> OutgoingMessage:
    """Wait for what the carrier says, in its own thread, of a text."""
    for _ in range(200):
        row.refresh_from_db()
        if row.delivered_at or row.failed_at:
            return row
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")
    raise AssertionError("the carrier said nothing")


def test_the_carrier_says_what_arrived_and_what_did_not(clinic: Cast, sms: StandIn) -> None:
    fine, landline = queue(clinic, LIZ), queue(clinic, "+15005550010")
    services.send_due_texts()
    assert news_of(fine).status == "sent"
    assert (news_of(landline).status, landline.reason, landline.last_error) == (
        "failed", Reason.LANDLINE, "code 30006",
    )  # fmt: skip
    assert len(outgoing(sms)) == 2


def test_a_forged_status_changes_nothing(clinic: Cast, sms: StandIn) -> None:
    row = queue(clinic, LIZ)
    fields = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006"}
    assert post(lean.status_address("larkspur", str(row.id)), fields, sms, "forged").status_code == 403
    assert post(lean.status_address("northgate", str(row.id)), fields, sms).status_code == 204
    row.refresh_from_db()
    assert row.status == "queued", "signed, but of another clinic"
    assert (
        post(lean.status_address("larkspur", str(row.id)), fields | {"MessageStatus": "sent"}, sms).status_code == 204
    )
    row.refresh_from_db()
    assert row.status == "queued" and row.carrier_id == ""


def test_without_a_service_nothing_is_taken(clinic: Cast, sms: StandIn) -> None:
    ports.lend_sms(None)
    assert post(lean.received_address("larkspur"), form(), sms).status_code == 403
