"""The client with the carrier's recorded answers, the XML that we answer, and what the settings refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import httpx
import pytest

from webside.integrations.sms.client import signature
from webside.integrations.voice import twiml
from webside.integrations.voice.client import HttpVoice
from webside.visits.codes import PhoneWhy
from webside.visits.engines.phone import CarrierAway, CarrierRefused, Said, Then, Turn

DATA = Path(__file__).parent / "data"
NUMBERS = {"larkspur": "+15005550006"}
CALL, VISIT = UUID(int=7), UUID(int=8)
asked: list[httpx.Request] = []


def where(clinic: str, step: str, call_id: UUID | None = None) -> str:
    return f"https://webside.example/ingest/voice/{clinic}/{call_id}/{step}"


def voice(answer: httpx.Response | Exception) -> HttpVoice:
    asked.clear()

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    made = HttpVoice.at("https://AC1:tok%2Fen@api.twilio.com", NUMBERS, where)
    return HttpVoice(made.url, made.account, made.secret, NUMBERS, where, httpx.MockTransport(handle))


def recorded(name: str, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=(DATA / f"{name}.json").read_bytes())


def test_a_call_is_asked_for_as_the_carrier_takes_it() -> None:
    sid = voice(recorded("created", 201)).call(clinic="larkspur", to="+18455550142", call_id=CALL)
    (request,) = asked
    form = parse_qs(request.content.decode())
    assert sid == "CAb2f5a1c7a1a84c8c9b6b4b0f2f8d3e11"
    assert str(request.url) == "https://api.twilio.com/2010-04-01/Accounts/AC1/Calls.json"
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    assert form["Url"] == [where("larkspur", "answered", CALL)] and form["From"] == ["+15005550006"]
    assert request.headers["authorization"].startswith("Basic ")


def test_a_call_is_sent_elsewhere_and_asked_after() -> None:
    voice(recorded("created")).turn(clinic="larkspur", call_id=CALL, carrier_id="CA1")
    assert asked[0].url.path.endswith("/Calls/CA1.json")
    assert parse_qs(asked[0].content.decode()) == {"Url": [where("larkspur", "next", CALL)], "Method": ["POST"]}
    stands = voice(recorded("ended")).standing(carrier_id="CA1")
    assert (stands.over, stands.why) == (True, PhoneWhy.HUNG_UP)
    assert stands.ended_at == datetime(2026, 11, 27, 15, 9, 41, tzinfo=UTC)
    assert not voice(recorded("created")).standing(carrier_id="CA1").over


@pytest.mark.parametrize(
    ("answer", "expected", "unsure"),
    [
        (recorded("invalid_number", 400), CarrierRefused, None),
        (httpx.Response(429, json={}), CarrierAway, False),
        (httpx.Response(401, json={}), CarrierAway, False),
        (httpx.Response(503, json={}), CarrierAway, True),
        (httpx.Response(201, content=b"<html>"), CarrierAway, True),
        (httpx.Response(201, json={"status": "queued"}), CarrierAway, True),
        (httpx.ConnectError("no route"), CarrierAway, False),
        (httpx.ReadTimeout("slow"), CarrierAway, True),
    ],
)
def test_trouble_is_told_apart(
    answer: httpx.Response | Exception, expected: type[Exception], unsure: bool | None
) -> None:
    with pytest.raises(expected) as raised:
        voice(answer).call(clinic="larkspur", to="+18455550142", call_id=CALL)
    assert getattr(raised.value, "unsure", None) is unsure
    assert "+1845" not in str(raised.value), "numbers stand in no error"


def test_only_the_carrier_signs() -> None:
    port, url, form = voice(recorded("created")), "https://webside.example/x", {"CallSid": "CA1", "From": "+1"}
    assert port.signed(url, form, signature("tok/en", url, form))
    assert not port.signed(url, form | {"From": "+2"}, signature("tok/en", url, form))
    assert "tok/en" not in repr(port)


@pytest.mark.parametrize("address", ["https://api.twilio.com", "ftp://a:b@host", "https://a@host", "nothing"])
def test_an_address_without_account_or_token_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="WEBSIDE_VOICE_URL"):
        HttpVoice.at(address, NUMBERS, where)


# What we answer


def drawn(then: Then, **more: object) -> ET.Element:
    turn = Turn(CALL, (Said("One & <two>", "en"), Said("Dos", "es")), then, **more)  # type: ignore[arg-type]
    text = twiml.drawn(turn, lambda step: f"https://webside.example/{step}", "https://webside.example/moved")
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    return ET.fromstring(text)  # noqa: S314 - our own


def test_a_code_is_asked_for_in_digits_alone() -> None:
    (gather,) = drawn(Then.CODE, number=2, digits=8)
    assert gather.tag == "Gather" and gather.attrib == gather.attrib | {
        "input": "dtmf", "numDigits": "8", "action": "https://webside.example/code/2", "actionOnEmptyResult": "true",
    }  # fmt: skip
    assert [(say.get("language"), say.text) for say in gather] == [("en-US", "One & <two>"), ("es-US", "Dos")]


def test_who_waits_is_asked_for_again() -> None:
    *_said, pause, redirect = drawn(Then.WAIT, number=3)
    assert pause.tag == "Pause" and redirect.text == "https://webside.example/wait/4"
    assert drawn(Then.HANG_UP)[-1].tag == "Hangup"


@pytest.mark.parametrize("leads", [True, False])
def test_a_room_opens_and_closes_with_the_clinician_and_nothing_is_recorded(leads: bool) -> None:
    dial = drawn(Then.JOIN, room=VISIT, leads=leads, listens=not leads)[-1]
    (room,) = dial
    word = "true" if leads else "false"
    assert dial.attrib == {"action": "https://webside.example/next", "method": "POST"}
    assert (room.get("startConferenceOnEnter"), room.get("endConferenceOnExit")) == (word, word)
    assert room.get("muted") == ("false" if leads else "true") and room.get("record") == "do-not-record"
    assert room.get("beep") == "true", "nobody comes in unheard"
    assert twiml.visit_of(room.text or "") == VISIT


def test_a_room_of_somebody_else_is_no_visit() -> None:
    assert twiml.visit_of(f"visit-{uuid4()}") is not None
    assert [twiml.visit_of(name) for name in ("", "visit-", "visit-7", f"{VISIT}", "lobby")] == [None] * 5
