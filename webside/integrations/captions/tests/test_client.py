"""The client with the server's answers, and the stand-in that the other tests hear with."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from webside.integrations.captions import client
from webside.integrations.captions.client import SocketRecogniser, line_of
from webside.integrations.captions.stand_in import RATE, Hearing, StandIn, spoken
from webside.visits.engines.captions import Line, Offer, RecogniserAway, Word

DATA = Path(__file__).parent / "data"
PIECE = RATE // 5 * 2


@dataclass(frozen=True)
class At:
    """Where a recogniser is, as the settings say."""

    url: str
    word_error: float | None = None
    measured: date | None = None


def recorded(name: str) -> str:
    return (DATA / f"{name}.json").read_text(encoding="utf-8")


def pieces(sound: bytes) -> list[bytes]:
    return [sound[at : at + PIECE] for at in range(0, len(sound), PIECE)]


@pytest.fixture
def server() -> Iterator[StandIn]:
    stand_in = StandIn().start()
    yield stand_in
    stand_in.stop()


def at(server: StandIn) -> SocketRecogniser:
    return SocketRecogniser.of({"larkspur": {"en": At(server.url)}})


# What the server answers


def test_an_answer_is_read_with_how_sure_each_word_is() -> None:
    line = line_of(recorded("final"))
    assert line == Line((Word("one", 1.0), Word("zero", 1.0), Word("zero", 0.52639)), final=True)


def test_what_may_still_change_says_nothing_of_how_sure_it_is() -> None:
    assert line_of(recorded("partial")) == Line(tuple(map(Word, ["one", "zero", "zero", "zero"])), final=False)
    assert line_of(recorded("partial_empty")) is None


def test_a_line_without_words_takes_back_what_was_partial() -> None:
    assert line_of(recorded("final_empty")) == Line((), final=True)


def test_of_a_model_that_tells_no_single_words_none_is_sure() -> None:
    assert line_of(recorded("final_no_words")) == Line((Word("one"), Word("zero"), Word("zero")), final=True)


@pytest.mark.parametrize(
    ("told", "confidence"), [("NaN", None), ('"1"', None), ("true", None), ("7", 1.0), ("-1", 0.0)]
)
def test_a_confidence_that_is_none_is_not_taken_for_one(told: str, confidence: float | None) -> None:
    line = line_of(f'{{"result": [{{"conf": {told}, "word": "yes"}}], "text": "yes"}}')
    assert line == Line((Word("yes", confidence),), final=True)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"text": 5}', '{"partial": []}', '{"result": [{}], "text": "a"}']
)
def test_what_is_no_answer_says_only_that(text: str) -> None:
    with pytest.raises(RecogniserAway) as away:
        line_of(text)
    assert str(away.value) == "the recogniser's answer can't be read"


# The wire


async def test_a_voice_is_sent_as_the_server_takes_it_and_read_word_for_word(server: StandIn) -> None:
    stream = await at(server).open("larkspur", "en")
    heard: list[Line] = []

    async def read() -> None:
        async for line in stream.lines():
            heard.append(line)
            if line.final:
                return

    reading = asyncio.create_task(read())
    for piece in pieces(spoken("1402  ")):
        await stream.feed(piece)
    await asyncio.wait_for(reading, 20)
    await stream.close()
    assert [word.text for word in heard[-1].words] == ["one", "four", "zero", "two"]
    assert all(word.confidence is not None and word.confidence > 0.8 for word in heard[-1].words)
    assert any(not line.final for line in heard)
    assert server.configs == [{"sample_rate": 16000, "words": True, "max_alternatives": 0}]
    for _ in range(100):
        if server.ended:
            break
        await asyncio.sleep(0.02)
    assert server.ended == 1, "the server was told that it is over, so that it lets go of what it heard"


async def test_a_server_that_is_not_there_or_stops_is_away(server: StandIn) -> None:
    recogniser = at(server)
    stream = await recogniser.open("larkspur", "en")
    server.stop()
    with pytest.raises(RecogniserAway):
        async for _ in stream.lines():
            pass
    with pytest.raises(RecogniserAway):
        for _ in range(50):
            await stream.feed(bytes(PIECE))
            await asyncio.sleep(0.01)
    await stream.close()
    with pytest.raises(RecogniserAway):
        await recogniser.open("larkspur", "en")


async def test_a_server_that_takes_all_and_says_nothing_is_away(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    server.silent = True
    stream = await at(server).open("larkspur", "en")
    await stream.feed(bytes(PIECE))
    with pytest.raises(RecogniserAway):
        async for _ in stream.lines():
            pass
    await stream.close()


async def test_a_clinic_without_a_recogniser_has_no_captions_and_never_anothers(server: StandIn) -> None:
    recogniser = at(server)
    assert recogniser.offered("cedar") == ()
    assert recogniser.offered("larkspur") == (Offer("en"),)
    for clinic, language in (("cedar", "en"), ("larkspur", "es")):
        with pytest.raises(KeyError):
            await recogniser.open(clinic, language)
    assert server.configs == []


async def test_no_proxy_of_the_environment_hears_a_voice(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ws_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    await (await at(server).open("larkspur", "en")).close()


def test_what_a_clinic_measured_is_offered_with_its_day() -> None:
    measured = At("wss://captions.example:2700", 12.5, date(2026, 11, 20))
    recogniser = SocketRecogniser.of({"larkspur": {"en": measured, "es": At("ws://127.0.0.1:2701")}})
    assert recogniser.offered("larkspur") == (Offer("en", 12.5, date(2026, 11, 20)), Offer("es"))


# The stand-in hears: no answer of it is written down beforehand


@pytest.mark.parametrize("keys", ["123", "9876543210", "55", "*0#"])
def test_the_stand_in_hears_which_keys_were_pressed(keys: str) -> None:
    hearing = Hearing(names=tuple("0123456789"))
    answers = [hearing.accept(piece) for piece in pieces(spoken(keys + "  "))]
    (line,) = [answer for answer in answers if "text" in answer]
    assert line["text"].split() == [{"*": "star", "#": "hash"}.get(key, key) for key in keys]


def test_it_is_less_sure_in_noise_and_hears_nothing_where_nothing_is() -> None:
    seed = random.Random(5)

    def noisy(sound: bytes, loudness: float) -> bytes:
        samples = struct.unpack(f"<{len(sound) // 2}h", sound)
        noise = [round(max(-32768, min(32767, sample + seed.gauss(0, loudness * 32767)))) for sample in samples]
        return struct.pack(f"<{len(noise)}h", *noise)

    def sure(sound: bytes) -> list[float]:
        hearing = Hearing()
        for piece in pieces(sound):
            hearing.accept(piece)
        return [word["conf"] for word in hearing.final().get("result", [])]

    clean, rough = sure(spoken("7")), sure(noisy(spoken("7"), 0.15))
    assert clean and rough and rough[0] < 0.9 < clean[0]
    assert sure(bytes(RATE * 2)) == [] and sure(noisy(bytes(RATE * 2), 0.2)) == []
