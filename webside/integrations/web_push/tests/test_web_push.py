"""Pushes on the wire: sealed as the standard's example is, signed so that it can be checked, and what each answer means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from webside.core import clock
from webside.integrations.web_push import sealing
from webside.integrations.web_push.client import WebPush
from webside.integrations.web_push.service import service
from webside.integrations.web_push.stand_in import StandIn
from webside.notifications import ports
from webside.notifications.codes import Reason
from webside.notifications.ports import PermanentFailure, PushTarget, TemporaryFailure
from webside.testing.pushes import Browser, a_browser, push_service

RECORDED = Path(__file__).parent / "data"
# RFC 8291, section 5 and appendix A.
EXAMPLE = {
    "plain": b"When I grow up, I want to be a watermelon",
    "own": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "private": "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "sealed": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
    "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sealing.unb64(text)), ec.SECP256R1())


@pytest.fixture
def push() -> Iterator[StandIn]:
    with push_service() as stand_in:
        yield stand_in


def client() -> WebPush:
    port = ports.push()
    assert isinstance(port, WebPush)
    return port


def send(browser: Browser, payload: bytes = b"{}", **values: Any) -> None:
    usual: dict[str, Any] = {"topic": "a-topic", "ttl": 300, "urgent": False}
    client().send(target=browser.target, payload=payload, **usual | values)


def test_it_is_sealed_as_in_the_example_of_the_standard() -> None:
    sealed = sealing.seal(
        EXAMPLE["plain"] + sealing.LAST, p256dh=EXAMPLE["p256dh"], auth=EXAMPLE["auth"],
        salt=sealing.unb64(EXAMPLE["salt"]), own=private(EXAMPLE["own"]),
    )  # fmt: skip
    assert sealing.b64(sealed) == EXAMPLE["sealed"]
    opened = sealing.unseal(sealed, key=private(EXAMPLE["private"]), auth=sealing.unb64(EXAMPLE["auth"]))
    assert opened == EXAMPLE["plain"]
    with pytest.raises(ValueError, match="not for this browser"):
        sealing.unseal(sealed, key=private(EXAMPLE["own"]), auth=sealing.unb64(EXAMPLE["auth"]))


def test_its_length_says_nothing(push: StandIn) -> None:
    browser = a_browser(push)
    for payload in (b"{}", b"x" * 400):
        send(browser, payload, topic=f"t{len(payload)}")
    assert len({len(each.sealed) for each in push.pushes(browser.endpoint)}) == 1
    assert browser.raw() == [b"{}", b"x" * 400]
    send(browser, b"x" * (sealing.RECORD - sealing.OVERHEAD), topic="full")
    assert len(push.pushes(browser.endpoint)[-1].sealed) == sealing.RECORD
    with pytest.raises(PermanentFailure) as failure:
        send(browser, b"x" * (sealing.RECORD - sealing.OVERHEAD + 1))
    assert failure.value.reason is Reason.TOO_LONG


def test_the_service_can_check_who_sends(push: StandIn) -> None:
    browser = a_browser(push)
    send(browser, urgent=True)
    ((path, headers),) = push.requests
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("300", "high", "a-topic")
    assert headers["content-encoding"] == "aes128gcm" and path == f"/push/{browser.endpoint.rpartition('/')[2]}"
    token, _, key = headers["authorization"].removeprefix("vapid t=").partition(", k=")
    signer = sealing.public_key(key)
    claims = jwt.decode(token, signer, algorithms=["ES256"], audience=push.address)
    assert claims["sub"] == "mailto:ops@example.test" and 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600


def test_a_newer_one_replaces_what_waits(push: StandIn) -> None:
    browser, other = a_browser(push), a_browser(push)
    send(browser, b"1"), send(browser, b"2"), send(other, b"3"), send(browser, b"4", topic="another")
    assert (browser.raw(), other.raw()) == ([b"2", b"4"], [b"3"])


def _spoil(push: StandIn, **headers: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    browser = a_browser(push)
    good = {"authorization": client().authorization(browser.endpoint), "ttl": "60", "content-encoding": "aes128gcm"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    wanted = {name: value for name, value in {**good, **given}.items() if value}
    return push.take(browser.endpoint.rpartition("/")[2], wanted, b"x")


def test_the_stand_in_takes_what_is_right_and_refuses_the_rest(push: StandIn) -> None:
    """Otherwise it would show nothing about us."""
    status, headers, _ = _spoil(push)
    assert status == 201 and headers["Location"].startswith(f"{push.address}/message/")
    other = WebPush(ec.generate_private_key(ec.SECP256R1()), "mailto:x@y.example", ())
    late = jwt.encode({"aud": push.address, "exp": int(clock.now().timestamp()) + 90_000, "sub": "mailto:x@y.example"},
                      client().key, algorithm="ES256")  # fmt: skip
    for spoilt, refused in [
        ({"ttl": ""}, 400), ({"ttl": "soon"}, 400), ({"topic": "x" * 33}, 400), ({"urgency": "now"}, 400),
        ({"content_encoding": ""}, 400), ({"authorization": ""}, 401), ({"authorization": "Basic eDp5"}, 401),
        ({"authorization": client().authorization("https://elsewhere.example/x")}, 403),
        ({"authorization": other.authorization(push.address)}, 403),
        ({"authorization": f"vapid t={late}, k={client().public_key}"}, 403),
        ({"authorization": replace(client(), contact="nobody").authorization(push.address)}, 403),
    ]:  # fmt: skip
        assert _spoil(push, **spoilt)[0] == refused, spoilt


@pytest.mark.parametrize(
    ("recorded", "failure", "reason", "says"),
    [
        ("fcm-201", None, None, ""),
        ("mozilla-201", None, None, ""),
        ("apple-201", None, None, ""),
        ("fcm-410", PermanentFailure, Reason.GONE, "HTTP 410"),
        ("fcm-404", PermanentFailure, Reason.GONE, "HTTP 404"),
        ("mozilla-410", PermanentFailure, Reason.GONE, "HTTP 410 106"),
        ("apple-410", PermanentFailure, Reason.GONE, "HTTP 410 Unregistered"),
        ("mozilla-413", PermanentFailure, Reason.TOO_LONG, "HTTP 413 104"),
        ("apple-400", PermanentFailure, Reason.REFUSED, "HTTP 400 BadWebPushTopic"),
        ("mozilla-401", TemporaryFailure, Reason.CREDENTIALS, "HTTP 401 109"),
        ("apple-403", TemporaryFailure, Reason.CREDENTIALS, "HTTP 403 BadJwtToken"),
        ("fcm-403", TemporaryFailure, Reason.CREDENTIALS, "HTTP 403"),
        ("apple-429", TemporaryFailure, Reason.PACE, "HTTP 429 TooManyRequests"),
        ("mozilla-503", TemporaryFailure, Reason.AWAY, "HTTP 503 201"),
    ],
)
def test_what_the_real_services_answer_is_understood(
    push: StandIn, recorded: str, failure: type[Exception] | None, reason: Reason | None, says: str
) -> None:
    """Status and body as their public documentation has them; the rest of an answer may quote the address."""
    status = int(recorded.rpartition("-")[2])
    push.says = (status, (RECORDED / f"{recorded}.json").read_bytes())
    browser = a_browser(push)
    if failure is None:
        send(browser)
        return
    with pytest.raises(failure) as raised:
        send(browser)
    assert raised.value.reason is reason and str(raised.value) == says  # type: ignore[attr-defined]
    assert browser.endpoint not in str(raised.value)


def test_a_pause_that_is_asked_for_is_kept_and_silence_is_none_of_ours(push: StandIn) -> None:
    browser = a_browser(push)
    push.busy = True
    with pytest.raises(TemporaryFailure) as busy:
        send(browser)
    assert (busy.value.reason, busy.value.wait) == (Reason.PACE, 120.0)
    push.busy, push.away = False, True
    with pytest.raises(TemporaryFailure) as away:
        send(browser)
    assert away.value.reason is Reason.AWAY
    push.away = False
    push.end(browser.endpoint)
    with pytest.raises(PermanentFailure) as gone:
        send(browser)
    assert gone.value.reason is Reason.GONE


KEYS = {"p256dh": EXAMPLE["p256dh"], "auth": EXAMPLE["auth"]}


@pytest.mark.parametrize(
    ("changed", "taken"),
    [
        ({}, True),
        ({"endpoint": "https://fcm.googleapis.com:443/fcm/send/x"}, True),
        ({"endpoint": "https://web.push.apple.com/QABC"}, True),
        ({"endpoint": "https://wns2-by3p.notify.windows.com/w/?token=x"}, True),
        ({"endpoint": "http://fcm.googleapis.com/fcm/send/x"}, False),
        ({"endpoint": "https://fcm.googleapis.com:8443/fcm/send/x"}, False),
        ({"endpoint": "https://fcm.googleapis.com:x/fcm/send/x"}, False),
        # One host for who judges, another for who asks.
        ({"endpoint": r"https://attacker.example\.push.apple.com/x"}, False),
        ({"endpoint": r"https://login.inside\.notify.windows.com/../../admin/do"}, False),
        # The operator lets the server ask it, and nobody send it pushes.
        ({"endpoint": "https://login.inside/admin/do"}, False),
        ({"endpoint": "http://login.inside/admin/do"}, False),
        ({"endpoint": "https://intranet.example/send"}, False),
        ({"endpoint": "https://fcm.googleapis.com.evil.example/x"}, False),
        ({"endpoint": "https://me@fcm.googleapis.com/x"}, False),
        ({"endpoint": "https://169.254.169.254/latest"}, False),
        ({"endpoint": "https://push.apple.com.evil.example/x"}, False),
        ({"endpoint": "file:///etc/passwd"}, False),
        ({"endpoint": ""}, False),
        ({"endpoint": "https://fcm.googleapis.com/" + "x" * 1000}, False),
        ({"p256dh": EXAMPLE["p256dh"][:-4]}, False),
        ({"p256dh": "A" * 87}, False),
        ({"p256dh": "\u00e9"}, False),
        ({"auth": "BTBZ"}, False),
        ({"auth": ""}, False),
    ],
)
def test_only_known_services_and_real_keys_are_taken(changed: dict[str, str], taken: bool, settings: Any) -> None:
    """What a browser names is a stranger's word: nobody makes us ask elsewhere by it."""
    settings.INSIDE_HOSTS = frozenset({"login.inside"})
    hosts = ("fcm.googleapis.com", "*.push.apple.com", "*.notify.windows.com")
    push = WebPush(ec.generate_private_key(ec.SECP256R1()), "mailto:ops@example.test", hosts)
    usual = {"endpoint": "https://fcm.googleapis.com/fcm/send/x", **KEYS}
    target = PushTarget(**usual | changed)
    assert (push.why_not(target) == "") is taken
    if not taken:
        with pytest.raises(PermanentFailure):
            push.send(target=target, payload=b"{}", topic="t", ttl=1, urgent=False)


def test_the_key_is_made_once_and_production_waits_for_one(settings: Any) -> None:
    ours = service()
    assert ours is not None and ours.public_key == service().public_key  # type: ignore[union-attr]
    assert (Path(settings.VAR) / "keys" / "push-key").stat().st_mode & 0o077 == 0
    settings.ENV = settings.ENV.model_copy(update={"mode": "production"})
    assert service() is None


def test_the_recorded_answers_name_where_they_are_from() -> None:
    told = json.loads((RECORDED / "sources.json").read_text())
    assert set(told) == {path.stem for path in RECORDED.glob("*-*.json")}
