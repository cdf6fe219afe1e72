"""Captions over the real application: who is asked, whose voice is written and until when, who reads it, what is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import websockets
from django.db import connection
from django.test import Client

from config.env import CaptionsServer
from webside.audit.models import AuditEvent
from webside.core import clock
from webside.core.actor import Actor
from webside.integrations.captions.client import SocketRecogniser
from webside.integrations.captions.stand_in import RATE, StandIn, spoken
from webside.realtime.services import TopicRefused
from webside.testing.cast import Cast, acting, make_cast, sign_in
from webside.visits import consumers, selectors, services
from webside.visits.engines import captions
from webside.visits.models import Participant, Visit
from webside.visits.tests import factories
from webside.visits.tests.test_room import Side, _as, _enter, _in_thread, _mint

PIECE = RATE // 5 * 2


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(people: Cast) -> Visit:
    return factories.admitted(people)


@pytest.fixture
def server() -> Iterator[StandIn]:
    stand_in = StandIn().start()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def recogniser(server: StandIn) -> Iterator[StandIn]:
    """The clinic's recogniser of English; it was measured."""
    settings = {"en": CaptionsServer(url=server.url, word_error=12.5, measured=date(2026, 11, 20))}
    captions.use(SocketRecogniser.of({"larkspur": settings}))
    yield server
    captions.use(None)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(consumers, "AGAIN_SECONDS", 0.2)


def asks(cast: Cast, user: Any, visit: Visit, **given: Any) -> Participant:
    with cast.as_(user) as actor:
        return services.read_captions(actor=actor, visit=visit, **given)


def answers(cast: Cast, user: Any, visit: Visit, *, agrees: bool = True) -> Participant:
    with cast.as_(user) as actor:
        return services.answer_voice(actor=actor, visit=visit, agrees=agrees, language="en" if agrees else "")


# Asking, agreeing, taking back


def test_without_a_recogniser_nobody_can_ask(people: Cast, visit: Visit) -> None:
    with pytest.raises(services.NotAllowed):
        asks(people, people.maya_user, visit)


def test_the_trail_keeps_who_read_and_who_agreed_and_nothing_else(
    people: Cast, visit: Visit, recogniser: StandIn
) -> None:
    maya = asks(people, people.maya_user, visit)
    liz = answers(people, people.liz_user, visit)
    answers(people, people.liz_user, visit, agrees=False)
    with people.as_(people.maya_user) as actor:
        services.stop_captions(actor=actor, visit=visit)
        found = AuditEvent.objects.filter(action__startswith="visits.captions.").order_by("sequence")
        kept = [(event.action.removeprefix("visits.captions."), event.changes) for event in found]
    assert kept == [
        ("read", {"seat": str(maya.id)}),
        ("answer", {"seat": str(liz.id), "agrees": True}),
        ("answer", {"seat": str(liz.id), "agrees": False}),
        ("stop", {"seat": str(maya.id)}),
    ]


def test_who_is_not_in_the_room_neither_reads_nor_is_asked(people: Cast, recogniser: StandIn) -> None:
    visit = factories.waiting(people)
    with pytest.raises(services.NotAllowed):
        asks(people, people.liz_user, visit)
    with pytest.raises(services.NotAllowed):
        answers(people, people.liz_user, visit)
    with people.as_(people.daniel_user) as stranger, pytest.raises(services.NotAllowed):
        services.read_captions(actor=stranger, visit=visit)


def test_a_language_that_is_not_written_is_refused(people: Cast, visit: Visit, recogniser: StandIn) -> None:
    with people.as_(people.liz_user) as liz, pytest.raises(ValueError, match="es"):
        services.answer_voice(actor=liz, visit=visit, agrees=True, language="es")


def test_whoever_takes_a_seat_after_another_has_said_nothing_yet(
    people: Cast, visit: Visit, recogniser: StandIn
) -> None:
    asks(people, people.maya_user, visit)
    answers(people, people.maya_user, visit)
    with people.as_(people.maya_user):
        visit.appointment.practitioner = people.daniel
        services.open_visit(appointment=visit.appointment)
        seat = Participant.objects.get(visit=visit, role="clinician")
    assert seat.user_id == people.daniel_user.id
    assert (seat.captions_since, seat.voice, seat.voice_language) == (None, "", "")


async def test_who_acts_for_her_is_asked_herself(people: Cast, visit: Visit, address: str, recogniser: StandIn) -> None:
    """Liz agreed; then her daughter sits there for her, whose voice is another one."""
    await agreed(people, visit)
    liz = await _enter(address, people, people.liz_user, visit)
    ana = await _as(people, people.ana_user, lambda actor: acting(actor, people.ana_for_liz))
    await liz.socket.close()
    await _enter(address, people, ana, visit)
    seat = await _as(people, people.maya_user, lambda _: Participant.objects.get(visit=visit, role="patient"))
    assert (seat.attended_by != "", seat.voice) == (True, "")
    await refused(address, people, ana, visit)


# The part of the page


def page_of(client: Client, visit: Visit) -> str:
    answer = client.get(f"/o/larkspur/visits/{visit.id}/captions/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_she_is_asked_in_plain_words_and_only_while_somebody_reads(
    people: Cast, visit: Visit, recogniser: StandIn
) -> None:
    liz, maya = sign_in(Client(), people.liz_user), sign_in(Client(), people.maya_user)
    assert page_of(liz, visit).strip() == "" and page_of(maya, visit).strip() == ""
    asks(people, people.maya_user, visit)
    asked = page_of(liz, visit)
    assert "Dr. Maya Chen would like to read what is said." in asked and "It is not kept." in asked
    assert "data-writes" not in asked
    reads = page_of(maya, visit)
    assert "12.5 words of 100 were wrong when the clinic measured it (Nov. 20, 2026)" in reads
    assert "Asked, no answer yet: Liz Moreno" in reads
    answer = liz.post(f"/o/larkspur/visits/{visit.id}/captions/", {"do": "agree", "language": "en"})
    assert answer.status_code == 200 and "data-writes" in answer.content.decode()
    assert "Written: Liz Moreno" in page_of(maya, visit)
    declined = liz.post(f"/o/larkspur/visits/{visit.id}/captions/", {"do": "decline"}).content.decode()
    assert "Your voice is not written down." in declined and "data-writes" not in declined
    assert "Said no: Liz Moreno" in page_of(maya, visit)


def test_what_was_not_measured_is_said_to_be_so(people: Cast, visit: Visit, server: StandIn) -> None:
    captions.use(SocketRecogniser.of({"larkspur": {"en": CaptionsServer(url=server.url)}}))
    try:
        asks(people, people.maya_user, visit)
        assert "how often it is wrong was not measured" in page_of(sign_in(Client(), people.maya_user), visit)
    finally:
        captions.use(None)


@pytest.mark.parametrize("offered", [True, False])
def test_the_room_offers_captions_or_says_who_else_can_help(
    people: Cast, visit: Visit, server: StandIn, offered: bool
) -> None:
    if offered:
        captions.use(SocketRecogniser.of({"larkspur": {"en": CaptionsServer(url=server.url)}}))
    try:
        for user in (people.liz_user, people.maya_user):
            room = sign_in(Client(), user).get(f"/o/larkspur/visits/{visit.id}/").content.decode()
            assert ('data-call-action="captions"' in room) is offered
            assert ("No captions here: ask somebody in who interprets or writes along." in room) is not offered
    finally:
        captions.use(None)


# Voices


class Voice:
    """One page's socket for its voice, to which keys are spoken."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def says(self, keys: str) -> None:
        sound = spoken(keys)
        for at in range(0, len(sound), PIECE):
            await self.socket.send(sound[at : at + PIECE])
            await asyncio.sleep(0.13)

    async def hears(self, what: str, seconds: float = 20, **wanted: Any) -> Any:
        async with asyncio.timeout(seconds):
            while True:
                message = json.loads(await self.socket.recv())
                if message["type"] == what and wanted.items() <= message.items():
                    return message


async def speak(address: str, cast: Cast, who: Any, visit: Visit, ticket: str = "") -> Voice:
    ticket = ticket or await _mint(cast, who, visit, "visit-voice")
    socket = await websockets.connect(address.replace("http", "ws") + "/ws/voice", origin=address)
    await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
    return Voice(socket)


async def agreed(cast: Cast, visit: Visit) -> None:
    """Let Dr. Chen read, whose page is open for as long as a test takes, and Liz say yes."""

    def read(actor: Actor) -> None:
        services.read_captions(actor=actor, visit=visit)
        Participant.objects.filter(visit=visit, role="clinician").update(seen_at=clock.now() + timedelta(minutes=5))

    await _as(cast, cast.maya_user, read)
    await _as(
        cast, cast.liz_user, lambda actor: services.answer_voice(actor=actor, visit=visit, agrees=True, language="en")
    )


async def line_at(side: Side, *, final: bool = True) -> list[str]:
    return [word for word, _ in (await side.hears("caption", final=final))["words"]]


async def test_what_she_says_is_read_by_who_asked_and_by_nobody_else(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await agreed(people, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    liz = await _enter(address, people, people.liz_user, visit)
    assert maya.welcome["captions"] is True and liz.welcome["captions"] is True
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("welcome")
    assert (await maya.hears("caption", state="on"))["from"] == liz.id
    saying = asyncio.create_task(voice.says("140   "))
    assert "one" in await line_at(maya, final=False)
    assert await line_at(maya) == ["one", "four", "zero"]
    await saying
    await liz.hears_nothing_of("caption")
    for line in [message async for message in _said(maya)]:
        assert line["from"] == liz.id
    assert [config["sample_rate"] for config in recogniser.configs] == [16000]


async def _said(side: Side) -> AsyncIterator[Any]:
    await side.say(type="ping", n=7)
    while (message := json.loads(await side.socket.recv()))["type"] != "pong":
        if message["type"] == "caption":
            yield message


async def test_nothing_that_is_said_is_kept_or_logged_or_passes_in_clear(
    people: Cast, visit: Visit, address: str, recogniser: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    passed: list[str] = []
    deliver = consumers.hub._dispatch

    async def seen(message: Any) -> None:
        passed.append(json.dumps(message))
        await deliver(message)

    with pytest.MonkeyPatch.context() as patch, caplog.at_level("DEBUG"):
        patch.setattr(consumers.hub, "_dispatch", seen)
        await agreed(people, visit)
        maya = await _enter(address, people, people.maya_user, visit)
        voice = await speak(address, people, people.liz_user, visit)
        saying = asyncio.create_task(voice.says("777   "))
        assert await line_at(maya) == ["seven"] * 3
        await saying
    assert any('"caption ' in each or "caption " in each for each in passed)
    assert not any("seven" in each for each in passed) and not [
        record.name
        for record in caplog.records
        # The stand-in and this test's own sockets are in this process too.
        if "seven" in record.getMessage() and record.name not in ("websockets.server", "websockets.client")
    ]
    assert await _as(people, people.maya_user, lambda _: _anywhere("seven")) == []


def _anywhere(word: str) -> list[str]:
    """Return the tables in which a word stands in any column, of all that this tenant has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        found = []
        for (table,) in cursor.fetchall():
            if not table.startswith(("visits_", "realtime_", "audit_", "outbox_", "notifications_")):
                continue
            cursor.execute(f'SELECT 1 FROM "{table}" t WHERE t::text LIKE %s LIMIT 1', [f"%{word}%"])
            found += [table] if cursor.fetchone() else []
    return found


async def refused(address: str, cast: Cast, who: Any, visit: Visit, ticket: str = "") -> None:
    voice = await speak(address, cast, who, visit, ticket)
    assert await voice.hears("bye") == {"type": "bye", "reason": "refused"}


async def test_a_voice_is_taken_only_with_her_own_yes_and_while_somebody_reads(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await refused(address, people, people.liz_user, visit)
    await _as(people, people.maya_user, lambda actor: services.read_captions(actor=actor, visit=visit))
    await refused(address, people, people.liz_user, visit)
    await _as(people, people.liz_user, lambda actor: services.answer_voice(actor=actor, visit=visit, agrees=False))
    await refused(address, people, people.liz_user, visit)
    await _as(
        people, people.maya_user,
        lambda actor: services.answer_voice(actor=actor, visit=visit, agrees=True, language="en"),
    )  # fmt: skip
    await refused(address, people, people.maya_user, visit)  # nobody but herself reads
    assert recogniser.configs == [] and recogniser.heard == 0


async def test_tickets_for_something_else_and_of_others_take_no_voice(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await agreed(people, visit)
    await refused(address, people, people.liz_user, visit, ticket="made-up")
    await refused(address, people, people.liz_user, visit, await _mint(people, people.liz_user, visit))
    used = await _mint(people, people.liz_user, visit, "visit-voice")
    voice = await speak(address, people, people.liz_user, visit, used)
    await voice.hears("welcome")
    await refused(address, people, people.liz_user, visit, used)
    with pytest.raises(TopicRefused):
        await _mint(people, people.daniel_user, visit, "visit-voice")
    with pytest.raises(TopicRefused):
        await _mint(people, people.mallory_user, visit, "visit-voice")
    # A ticket of a voice opens no page's socket either.
    page = await _enter(address, people, people.liz_user, visit, "visit-voice")
    assert page.welcome == {"type": "bye", "reason": "refused"}


async def test_taken_back_nothing_more_of_her_voice_goes_there(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await agreed(people, visit)
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("state", state="on")
    await voice.says("1")
    await _as(people, people.liz_user, lambda actor: services.answer_voice(actor=actor, visit=visit, agrees=False))
    assert (await voice.hears("bye"))["reason"] == "stopped"
    heard = recogniser.heard
    with pytest.raises(websockets.ConnectionClosed):
        await voice.says("22222")
    assert recogniser.heard == heard
    await _gone(recogniser)
    await refused(address, people, people.liz_user, visit)


async def _gone(recogniser: StandIn) -> None:
    for _ in range(200):
        if recogniser.voices == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the recogniser still hears somebody")


def _stops_reading(actor: Actor, visit: Visit) -> None:
    services.stop_captions(actor=actor, visit=visit)


def _ends(actor: Actor, visit: Visit) -> None:
    Visit.objects.filter(id=visit.id).update(status="finished", ended_at=clock.now())


def _sends_out(actor: Actor, visit: Visit) -> None:
    services.hold_visit(actor=actor, visit=selectors.visit(actor, visit.id))


def _silences(actor: Actor, visit: Visit) -> None:
    Participant.objects.filter(visit=visit, role="patient").update(speak=False)


def _leaves(actor: Actor, visit: Visit) -> None:
    Participant.objects.filter(visit=visit, role="patient").update(left_at=clock.now())


@pytest.mark.parametrize("what", [_stops_reading, _ends, _sends_out, _silences, _leaves])
async def test_a_voice_ends_with_what_it_was_for(
    people: Cast, visit: Visit, address: str, recogniser: StandIn, what: Any
) -> None:
    await agreed(people, visit)
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("state", state="on")
    await _as(people, people.maya_user, lambda actor: what(actor, visit))
    assert (await voice.hears("bye"))["reason"] == "stopped"
    await _gone(recogniser)


async def test_a_reader_who_drops_off_without_a_word_reads_no_more_until_she_is_back(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await agreed(people, visit)
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("state", state="on")
    liz = await _in_thread(lambda: sign_in(Client(), people.liz_user))
    assert "data-writes" in await _in_thread(lambda: page_of(liz, visit))
    gone = clock.now() - selectors.PRESENT - timedelta(seconds=1)
    await _as(
        people, people.maya_user,
        lambda _: Participant.objects.filter(visit=visit, role="clinician").update(seen_at=gone, captions_since=gone),
    )  # fmt: skip
    assert (await voice.hears("bye"))["reason"] == "stopped", "within seconds, though nobody told that she left"
    await refused(address, people, people.liz_user, visit)
    assert "data-writes" not in await _in_thread(lambda: page_of(liz, visit))
    await _enter(address, people, people.maya_user, visit)
    again = await speak(address, people, people.liz_user, visit)
    await again.hears("state", state="on")


async def test_a_recogniser_that_is_killed_is_said_and_comes_back_by_itself(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await agreed(people, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("state", state="on")
    await maya.hears("caption", state="on")
    recogniser.stop()
    saying = asyncio.create_task(voice.says("1" * 30))
    await voice.hears("state", state="away")
    await maya.hears("caption", state="away")
    await maya.say(type="ping", n=1)
    await maya.hears("pong")
    recogniser.start()
    await voice.hears("state", state="on")
    await maya.hears("caption", state="on")
    assert "one" in await line_at(maya, final=False)
    saying.cancel()


@pytest.mark.parametrize("sound", [b"", bytes(9000), bytes(3)])
async def test_what_is_no_piece_of_sound_ends_the_socket(
    people: Cast, visit: Visit, address: str, recogniser: StandIn, sound: bytes
) -> None:
    await agreed(people, visit)
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("state", state="on")
    await voice.socket.send(sound)
    assert (await voice.hears("bye"))["reason"] == "wrong"


async def test_who_sends_faster_than_anybody_speaks_is_cut_off(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await agreed(people, visit)
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("state", state="on")
    for _ in range(60):
        await voice.socket.send(bytes(PIECE))
    assert (await voice.hears("bye"))["reason"] == "too_fast"


async def test_of_two_voices_of_one_person_the_older_goes(
    people: Cast, visit: Visit, address: str, recogniser: StandIn
) -> None:
    await agreed(people, visit)
    first = await speak(address, people, people.liz_user, visit)
    await first.hears("welcome")
    second = await speak(address, people, people.liz_user, visit)
    await second.hears("welcome")
    assert (await first.hears("bye"))["reason"] == "too_many"


async def test_no_more_voices_than_a_process_can_carry(
    people: Cast, visit: Visit, address: str, recogniser: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MOST_VOICES", 0)
    await agreed(people, visit)
    await refused(address, people, people.liz_user, visit)


async def test_a_recogniser_that_cannot_keep_up_is_said_as_missing_words(
    people: Cast, visit: Visit, address: str, recogniser: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        async def feed(self, sound: bytes) -> None:
            await asyncio.sleep(60)

        async def lines(self) -> AsyncIterator[captions.Line]:
            await asyncio.sleep(60)
            yield captions.Line((), final=True)

        async def close(self) -> None:
            pass

    async def open_slow(self: Any, clinic: str, language: str) -> Slow:
        return Slow()

    monkeypatch.setattr(SocketRecogniser, "open", open_slow)
    monkeypatch.setattr(consumers, "WAITING", 4)
    await agreed(people, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    voice = await speak(address, people, people.liz_user, visit)
    await voice.hears("state", state="on")
    for _ in range(10):
        await voice.socket.send(bytes(PIECE))
    await maya.hears("caption", state="behind")
    await maya.say(type="ping", n=1)
    await maya.hears("pong")


async def test_only_what_the_recogniser_is_sure_of_is_shown_as_sure(
    people: Cast, visit: Visit, address: str, recogniser: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unsure:
        async def feed(self, sound: bytes) -> None:
            pass

        async def lines(self) -> AsyncIterator[captions.Line]:
            words = (captions.Word("fifty", 0.95), captions.Word("milligrams", 0.5), captions.Word("daily"))
            yield captions.Line(words, final=True)
            await asyncio.sleep(60)

        async def close(self) -> None:
            pass

    async def open_unsure(self: Any, clinic: str, language: str) -> Unsure:
        return Unsure()

    monkeypatch.setattr(SocketRecogniser, "open", open_unsure)
    await agreed(people, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    await speak(address, people, people.liz_user, visit)
    line = await maya.hears("caption", final=True)
    assert line["words"] == [["fifty", False], ["milligrams", True], ["daily", True]]
