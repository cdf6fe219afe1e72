"""The client against a server on loopback, with the carrier's recorded answers, and against the stand-in."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from webside.core import clock
from webside.integrations.sms.client import HttpSms, signature
from webside.integrations.sms.stand_in import StandIn, texts
from webside.notifications.codes import Reason
from webside.notifications.ports import PermanentFailure, TemporaryFailure

DATA = Path(__file__).parent / "data"
CREATED = (DATA / "created.json").read_bytes()
NUMBERS = {"larkspur": "+15005550006"}


class Carrier(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what it was asked."""

    answer: tuple[int, bytes] = (201, CREATED)
    headed: dict[str, str] = {}
    asked: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
        self._keep(form)

    def do_GET(self) -> None:
        self._keep(parse_qs(urlsplit(self.path).query))

    def _keep(self, form: dict[str, list[str]]) -> None:
        Carrier.asked.append({"headers": dict(self.headers), "form": form, "path": urlsplit(self.path).path})
        status, body = Carrier.answer
        self.send_response(status)
        for name, value in Carrier.headed.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def sms() -> Iterator[HttpSms]:
    Carrier.answer, Carrier.asked, Carrier.headed = (201, CREATED), [], {}
    server = HTTPServer(("127.0.0.1", 0), Carrier)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield HttpSms.at(
        f"http://AC1:secret@127.0.0.1:{server.server_port}", NUMBERS, lambda clinic, key: f"http://ours/{clinic}/{key}"
    )
    server.shutdown()
    server.server_close()


def send(sms: HttpSms, text: str = "x", to: str = "+18455550142") -> str:
    return sms.send(clinic="larkspur", to=to, text=text, key="k1")


def test_a_text_is_sent_with_its_key(sms: HttpSms) -> None:
    assert send(sms, "Your visit is at 3:30 pm.") == json.loads(CREATED)["sid"]
    (asked,) = Carrier.asked
    assert asked["path"] == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked["form"] == {
        "To": ["+18455550142"], "From": ["+15005550006"], "Body": ["Your visit is at 3:30 pm."],
        "StatusCallback": ["http://ours/larkspur/k1"],
    }  # fmt: skip
    assert asked["headers"]["Idempotency-Key"] == "k1"
    assert base64.b64decode(asked["headers"]["Authorization"].split()[1]) == b"AC1:secret"
    assert "secret" not in repr(sms)


@pytest.mark.parametrize(
    ("status", "recorded", "failure", "reason"),
    [
        (400, "invalid_number.json", PermanentFailure, Reason.INVALID),
        (400, "stopped.json", PermanentFailure, Reason.STOPPED),
        (400, "landline.json", PermanentFailure, Reason.LANDLINE),
        (404, "", PermanentFailure, Reason.REFUSED),
        (401, "credentials.json", TemporaryFailure, Reason.CREDENTIALS),
        (429, "pace.json", TemporaryFailure, Reason.PACE),
        (503, "", TemporaryFailure, Reason.AWAY),
    ],
)
def test_what_fails_says_why_and_whether_it_may_pass(
    sms: HttpSms, status: int, recorded: str, failure: type[Exception], reason: Reason
) -> None:
    Carrier.answer = (status, (DATA / recorded).read_bytes() if recorded else b"")
    with pytest.raises(failure) as raised:
        send(sms)
    assert raised.value.reason is reason  # type: ignore[attr-defined]
    assert "8455550142" not in str(raised.value), "no number in what is shown and logged"


def test_a_pause_that_is_asked_for_is_kept_and_an_absurd_one_is_not(sms: HttpSms) -> None:
    for said, kept in (("7", 7.0), ("99999", 300.0), ("soon", None)):
        Carrier.answer, Carrier.headed = (429, b"{}"), {"Retry-After": said}
        with pytest.raises(TemporaryFailure) as raised:
            send(sms)
        assert raised.value.wait == kept


def test_an_answer_that_cannot_be_read_leaves_open_whether_it_was_sent(sms: HttpSms) -> None:
    for answer in ((201, b"<html>"), (500, b"")):
        Carrier.answer = answer
        with pytest.raises(TemporaryFailure) as raised:
            send(sms)
        assert raised.value.uncertain


def test_a_carrier_that_is_away_and_a_text_too_long() -> None:
    away = HttpSms.at("http://a:b@127.0.0.1:9/", NUMBERS)
    with pytest.raises(TemporaryFailure) as raised:
        send(away)
    assert not raised.value.uncertain, "nobody was there to take it"
    with pytest.raises(PermanentFailure):
        send(away, "x" * 1601)


def test_a_text_that_was_taken_is_found_again(sms: HttpSms) -> None:
    Carrier.answer = (200, (DATA / "list.json").read_bytes())
    found = {"clinic": "larkspur", "to": "+18455550142", "since": clock.now()}
    assert sms.find(text="Your visit is at 3:30 pm.", **found) == ["SM87105da94bff44b999e4e6eb90d8eb6a"]
    assert sms.find(text="Another", **found) == []
    assert Carrier.asked[0]["form"]["To"] == ["+18455550142"]


@pytest.mark.parametrize("address", ["http://host", "ftp://a:b@host", "https://a@host", "nothing"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="WEBSIDE_SMS_URL") as raised:
        HttpSms.at(address, {})
    assert "a:b" not in str(raised.value)


def test_the_signature_is_the_carriers_own() -> None:
    """The example of the carrier's documentation of its security."""
    form = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
            "To": "+18005551212"}  # fmt: skip
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, form) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


# ------------------------------------------------------------------------------------------------ the stand-in


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    server = StandIn(tmp_path, account="AC1", secret="s", received=lambda number: "http://127.0.0.1:9/")
    server.start()
    yield server
    server.stop()


def test_the_stand_in_speaks_the_same_wire(stand_in: StandIn) -> None:
    client = HttpSms.at(stand_in.address, NUMBERS)
    began = clock.now() - timedelta(minutes=1)
    sid = send(client, "Hello")
    assert send(client, "Hello") == sid, "the same key is the same text"
    assert client.find(clinic="larkspur", to="+18455550142", text="Hello", since=began) == [sid]
    assert client.find(clinic="larkspur", to="+18455550199", text="Hello", since=began) == []
    assert [each.body for each in texts(stand_in.folder)] == ["Hello"]
    for number, reason in (
        ("+15005550001", Reason.INVALID), ("+15005550009", Reason.LANDLINE), ("+15005550004", Reason.STOPPED),
    ):  # fmt: skip
        with pytest.raises(PermanentFailure) as refused:
            send(client, to=number)
        assert refused.value.reason is reason
    for number in ("+15005550429", "+15005550500"):
        with pytest.raises(TemporaryFailure):
            send(client, to=number)
    with pytest.raises(TemporaryFailure) as shut:
        send(HttpSms.at(stand_in.address.replace(":s@", ":wrong@"), NUMBERS))
    assert shut.value.reason is Reason.CREDENTIALS
