"""Text messages over a real HTTP server on loopback, with the carrier's recorded answers."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from webside.integrations.sms.client import HttpSms
from webside.notifications.ports import PermanentFailure, TemporaryFailure

CREATED = (Path(__file__).parent / "data" / "created.json").read_bytes()


class Carrier(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what it was asked."""

    answer: tuple[int, bytes] = (201, CREATED)
    asked: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        Carrier.asked.append({"headers": dict(self.headers), "form": form, "path": self.path})
        status, body = Carrier.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def sms() -> Iterator[HttpSms]:
    Carrier.answer, Carrier.asked = (201, CREATED), []
    server = HTTPServer(("127.0.0.1", 0), Carrier)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield HttpSms(f"http://127.0.0.1:{server.server_port}/Messages.json", "AC1", "secret", "+15005550006")
    server.shutdown()
    server.server_close()


def test_a_text_is_sent_with_its_key(sms: HttpSms) -> None:
    assert sms.send(to="+18455550142", text="Your visit is at 3:30 pm.", key="k1") == json.loads(CREATED)["sid"]
    (asked,) = Carrier.asked
    assert asked["form"] == {"To": ["+18455550142"], "From": ["+15005550006"], "Body": ["Your visit is at 3:30 pm."]}
    assert asked["headers"]["Idempotency-Key"] == "k1"
    assert base64.b64decode(asked["headers"]["Authorization"].split()[1]) == b"AC1:secret"
    assert "secret" not in repr(sms)


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, b'{"code": 21211, "message": "invalid To"}', PermanentFailure),
        (401, b"{}", TemporaryFailure),
        (429, b"{}", TemporaryFailure),
        (503, b"", TemporaryFailure),
        (201, b"<html>", PermanentFailure),
    ],
)
def test_what_fails_says_whether_it_may_pass(sms: HttpSms, status: int, body: bytes, failure: type[Exception]) -> None:
    Carrier.answer = (status, body)
    with pytest.raises(failure) as raised:
        sms.send(to="+18455550142", text="x", key="k")
    assert "8455550142" not in str(raised.value)


def test_a_carrier_that_is_away_and_a_text_too_long() -> None:
    away = HttpSms("http://127.0.0.1:9/", "a", "b", "+1")
    with pytest.raises(TemporaryFailure):
        away.send(to="+1", text="x", key="k")
    with pytest.raises(PermanentFailure):
        away.send(to="+1", text="x" * 1601, key="k")
