"""Pushes: the server's identity can be checked, nothing is said, a lost subscription is known."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from webside.core import clock
from webside.integrations.web_push.client import WebPush
from webside.notifications.ports import PermanentFailure, TemporaryFailure

ENDPOINT = "https://push.example.test/send/abc"


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def web_push(status: int, asked: list[httpx.Request] | None = None) -> WebPush:
    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return httpx.Response(status)

    return WebPush(ec.generate_private_key(ec.SECP256R1()), "mailto:ops@example.test", httpx.MockTransport(answer))


def test_a_push_is_signed_for_its_service_and_says_nothing() -> None:
    asked: list[httpx.Request] = []
    push = web_push(201, asked)
    push.send(endpoint=ENDPOINT, topic="visit", ttl=300, urgent=True)
    (request,) = asked
    assert request.content == b"" and request.headers["TTL"] == "300" and request.headers["Urgency"] == "high"
    token, _, key = request.headers["Authorization"].removeprefix("vapid t=").partition(", k=")
    assert unb64(key)[0] == 4 and len(unb64(key)) == 65
    signed, _, signature = token.rpartition(".")
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key)).verify(
        der, signed.encode(), ec.ECDSA(hashes.SHA256())
    )
    claims = json.loads(unb64(signed.split(".")[1]))
    assert claims["aud"] == "https://push.example.test" and claims["sub"] == "mailto:ops@example.test"
    assert 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600


@pytest.mark.parametrize(
    ("status", "failure"),
    [(410, PermanentFailure), (404, PermanentFailure), (429, TemporaryFailure), (500, TemporaryFailure)],
)
def test_a_subscription_that_ended_is_not_tried_again(status: int, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        web_push(status).send(endpoint=ENDPOINT, topic="visit", ttl=60, urgent=False)
