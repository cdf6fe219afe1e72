"""The room over the real application: two sockets, signals, replacing, numbers, the end."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import websockets
from django.conf import settings
from django.db import connection
from django.db.models import F
from psycopg.types.range import TimestamptzRange
from pydantic import SecretStr

from webside.compliance import services as compliance
from webside.compliance.models import Consent
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, Role
from webside.core.ids import uuid7
from webside.outbox.models import OutboxEvent
from webside.people import services as people_services
from webside.people.codes import Scope
from webside.people.models import Delegation
from webside.realtime import hub, lean
from webside.realtime import services as realtime
from webside.realtime.services import mint_ticket
from webside.scheduling import selectors as scheduling_selectors
from webside.scheduling import services as scheduling
from webside.testing.cast import Cast, acting, delegation, make_cast
from webside.visits import handlers, selectors, services, tasks
from webside.visits.models import Participant, QualitySample, Signal, Visit
from webside.visits.tests import factories


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(people: Cast) -> Visit:
    return factories.admitted(people)


class Side:
    """One person's socket."""

    def __init__(self, socket: Any, welcome: Any) -> None:
        self.socket = socket
        self.welcome = welcome
        self.id = welcome.get("participant")

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hears(self, what: str, seconds: float = 20, **wanted: Any) -> Any:
        """Return the next message of a type (with these values); others are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                message = json.loads(await self.socket.recv())
                if message["type"] == what and wanted.items() <= message.items():
                    return message

    async def hears_nothing_of(self, kind: str) -> None:
        """The answer to a ping comes in order: what was to be said before has been said."""
        await self.say(type="ping", n=99)
        async with asyncio.timeout(20):
            while (message := json.loads(await self.socket.recv()))["type"] != "pong":
                assert message["type"] != kind, message


async def _mint(cast: Cast, who: Any, visit: Visit, topic: str = "visit") -> str:
    def mint() -> str:
        actor = who if isinstance(who, Actor) else cast.actor_of(who)
        with frames.begin(tenant_id=actor.tenant_id, actor=actor):
            return mint_ticket(actor=actor, topics=[f"{topic}:{visit.id}"])

    return str(await _in_thread(mint))


async def _enter(address: str, cast: Cast, who: Any, visit: Visit, topic: str = "visit", ticket: str = "") -> Side:
    ticket = ticket or await _mint(cast, who, visit, topic)
    socket = await websockets.connect(address.replace("http", "ws") + "/ws", origin=address)
    await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
    return Side(socket, json.loads(await asyncio.wait_for(socket.recv(), 30)))


async def _in_thread(work: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()  # a thread of its own holds a connection of its own

    return await asyncio.to_thread(run)


async def _as(cast: Cast, user: Any, work: Callable[[Actor], Any]) -> Any:
    def run() -> Any:
        with cast.as_(user) as actor:
            return work(actor)

    return await _in_thread(run)


async def test_two_people_meet_and_signals_pass_unread(people: Cast, visit: Visit, address: str) -> None:
    liz = await _enter(address, people, people.liz_user, visit)
    assert liz.welcome["polite"] is True
    assert liz.welcome["peers"] == []
    maya = await _enter(address, people, people.maya_user, visit)
    assert maya.welcome["polite"] is False
    assert [(peer["participant"], peer["role"]) for peer in maya.welcome["peers"]] == [(liz.id, "patient")]
    joined = await liz.hears("peer", event="joined")
    assert (joined["participant"], joined["name"]) == (maya.id, "Dr. Maya Chen")

    data = {"epoch": {"id": "e", "n": 1}, "to": None, "description": {"type": "offer", "sdp": "v=0\r\n…"}}
    await maya.say(type="signal", to=liz.id, data=data)
    assert await liz.hears("signal") == {"type": "signal", "from": maya.id, "data": data}
    assert await _as(people, people.liz_user, lambda _: Signal.objects.count()) == 0
    await maya.hears_nothing_of("signal")


async def test_a_signal_to_somebody_who_is_away_or_elsewhere_is_dropped(
    people: Cast, visit: Visit, address: str
) -> None:
    maya = await _enter(address, people, people.maya_user, visit)
    seats = await _as(people, people.maya_user, lambda _: selectors.participants(visit))
    for to in (str(seats["patient"].id), maya.id, str(visit.id)):
        await maya.say(type="signal", to=to, data={"candidate": {}})
    await maya.hears_nothing_of("signal")
    assert await _as(people, people.maya_user, lambda _: Signal.objects.count()) == 0
    await maya.say(type="signal", to="not-an-id", data={})
    assert (await maya.hears("error"))["code"] == "refused"
    await maya.say(type="signal", to=str(seats["patient"].id), data="text")
    assert (await maya.hears("error"))["code"] == "refused"


async def test_loading_again_replaces_the_older_socket_and_keeps_the_seat(
    people: Cast, visit: Visit, address: str
) -> None:
    liz = await _enter(address, people, people.liz_user, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    await liz.hears("peer", event="joined")
    newer = await _enter(address, people, people.liz_user, visit)
    assert newer.id == liz.id
    assert newer.welcome["polite"] is True
    assert [peer["participant"] for peer in newer.welcome["peers"]] == [maya.id]
    assert await liz.hears("bye") == {"type": "bye", "reason": "replaced"}
    with pytest.raises(websockets.ConnectionClosed):
        await liz.hears("peer")
    assert (await maya.hears("peer", event="joined"))["participant"] == liz.id
    # The old socket's end is no news: the person is there.
    await maya.hears_nothing_of("peer")
    await maya.say(type="signal", to=liz.id, data={"n": 1})
    assert (await newer.hears("signal"))["data"] == {"n": 1}


async def test_an_older_socket_that_comes_late_takes_no_seat_and_ends_no_call(
    people: Cast, visit: Visit, address: str
) -> None:
    """Its page gave it up and opened another; the server was slow, and hears of it only now."""
    older = await _mint(people, people.liz_user, visit)
    liz = await _enter(address, people, people.liz_user, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    late = await _enter(address, people, people.liz_user, visit, ticket=older)
    assert await late.hears("bye") == {"type": "bye", "reason": "replaced"}
    await liz.hears_nothing_of("bye")
    await maya.say(type="signal", to=liz.id, data={"n": 1})
    assert (await liz.hears("signal"))["data"] == {"n": 1}


async def test_what_is_told_late_of_an_older_socket_ends_no_call(people: Cast, visit: Visit, address: str) -> None:
    before = uuid7()
    liz = await _enter(address, people, people.liz_user, visit)

    def joined(socket: Any) -> Callable[[Actor], None]:
        item = f"joined {liz.id} {socket}"
        return lambda _: realtime._notify({"t": str(people.larkspur.id), "topic": f"visit:{visit.id}", "item": item})

    await _as(people, people.liz_user, joined(before))
    await _as(people, people.liz_user, lambda _: realtime.push_on_commit(f"visit:{visit.id}", "after"))
    await liz.hears("hint", kind="after")
    await liz.hears_nothing_of("bye")
    await _as(people, people.liz_user, joined(uuid7()))
    assert await liz.hears("bye") == {"type": "bye", "reason": "replaced"}


async def test_a_clock_that_was_set_back_keeps_nobody_out(people: Cast, visit: Visit, address: str) -> None:
    """The seat of a server that was killed has an id and a time of later."""

    def later(_: Actor) -> None:
        Participant.objects.filter(visit=visit, role="patient").update(
            socket_id="ffffffff-0000-7000-8000-000000000000", seen_at=clock.now() + timedelta(hours=1)
        )

    await _as(people, people.maya_user, later)
    liz = await _enter(address, people, people.liz_user, visit)
    await liz.hears_nothing_of("bye")
    assert liz.welcome["ice_servers"] is not None


async def test_pings_are_answered_while_the_database_stalls(
    people: Cast, visit: Visit, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown failing with the sign of life written before the next message is read."""
    liz = await _enter(address, people, people.liz_user, visit)
    monkeypatch.setattr(lean, "ALIVE_SECONDS", 0)
    held, go = threading.Event(), threading.Event()

    def hold(_: Actor) -> None:
        list(Participant.objects.select_for_update().filter(visit=visit))
        held.set()
        go.wait(20)

    stall = asyncio.create_task(_as(people, people.maya_user, hold))
    try:
        await asyncio.to_thread(held.wait, 10)
        for n in range(3):
            await liz.say(type="ping", n=n)
            assert (await liz.hears("pong", seconds=1))["n"] == n
    finally:
        go.set()
        await stall


async def test_what_needs_no_reading_opens_no_frame(
    people: Cast, visit: Visit, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    liz, _maya = [await _enter(address, people, user, visit) for user in (people.liz_user, people.maya_user)]
    news = await _enter(address, people, people.grace_user, visit, "visit-news")
    await liz.hears("peer", event="joined")
    opened: list[Any] = []
    begin = frames.begin_lean

    def counted(*arguments: Any, **named: Any) -> Any:
        opened.append(named)
        return begin(*arguments, **named)

    monkeypatch.setattr(hub.frames, "begin_lean", counted)
    await liz.say(type="stats", key=str(uuid7()), digest={"seconds": 1})
    await liz.hears("kept")
    await _as(people, people.maya_user, lambda _: realtime._notify(
        {"t": str(people.larkspur.id), "topic": f"visit-news:{visit.id}", "item": "presence"}
    ))  # fmt: skip
    await news.hears("hint", kind="presence")
    assert len(opened) == 1, "the message itself"


@pytest.mark.parametrize(
    ("starts", "who", "gets"),
    [
        (timedelta(days=3), "liz_user", False),
        (timedelta(days=3), "maya_user", True),
        (timedelta(minutes=55), "liz_user", True),
    ],
)
async def test_a_patient_gets_the_relay_once_check_in_is_open(
    people: Cast, address: str, monkeypatch: pytest.MonkeyPatch, starts: timedelta, who: str, gets: bool
) -> None:
    env = settings.ENV.model_copy(update={"turn_urls": ["turn:relay.test"], "turn_secret": SecretStr("of the tests")})
    monkeypatch.setattr(settings, "ENV", env)
    planned = await _in_thread(lambda: factories.planned(people, starts=clock.now() + starts))
    side = await _enter(address, people, getattr(people, who), planned)
    assert bool(side.welcome["ice_servers"]) is gets


async def test_who_has_checked_in_gets_the_relay_whenever_the_visit_is(
    people: Cast, visit: Visit, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = settings.ENV.model_copy(update={"turn_urls": ["turn:relay.test"], "turn_secret": SecretStr("of the tests")})
    monkeypatch.setattr(settings, "ENV", env)

    def moved(_: Actor) -> None:
        start = clock.now() + timedelta(hours=3)
        visit.appointment.period = TimestamptzRange(start, start + timedelta(minutes=20))
        visit.appointment.save()

    await _as(people, people.maya_user, moved)
    liz = await _enter(address, people, people.liz_user, visit)
    assert liz.welcome["ice_servers"]


async def test_going_without_a_word_and_leaving_are_two_things(people: Cast, visit: Visit, address: str) -> None:
    maya = await _enter(address, people, people.maya_user, visit)
    liz = await _enter(address, people, people.liz_user, visit)
    await liz.socket.close()
    assert (await maya.hears("peer", event="away"))["participant"] == liz.id
    liz = await _enter(address, people, people.liz_user, visit)
    await maya.hears("peer", event="joined")
    await liz.say(type="leave")
    assert (await maya.hears("peer", event="left"))["participant"] == liz.id
    seat = await _as(people, people.maya_user, lambda _: Participant.objects.get(id=liz.id))
    assert seat.socket_id is None
    assert seat.left_at is not None


async def test_a_link_takes_the_patients_seat(people: Cast, visit: Visit, address: str) -> None:
    link = Actor(
        kind=ActorKind.LINK, label="Liz Moreno", tenant_id=people.larkspur.id, roles=frozenset({Role.PATIENT}),
        subject_id=visit.appointment_id,
    )  # fmt: skip
    liz = await _enter(address, people, link, visit)
    assert liz.welcome["polite"] is True
    # She opens her account beside it: the same seat, so the link's page gives way.
    again = await _enter(address, people, people.liz_user, visit)
    assert again.id == liz.id
    assert (await liz.hears("bye"))["reason"] == "replaced"


async def test_who_acts_for_the_patient_sits_on_her_side_under_her_own_name(
    people: Cast, visit: Visit, address: str
) -> None:
    maya = await _enter(address, people, people.maya_user, visit)
    ana = await _in_thread(lambda: _acting(people, people.ana_for_liz))
    side = await _enter(address, people, ana, visit)
    assert side.welcome["type"] == "welcome" and side.welcome["polite"]
    joined = await maya.hears("peer", event="joined")
    assert (joined["role"], joined["name"]) == ("patient", "Ana Moreno (daughter), for Liz Moreno")
    # Her own account, without the choice, has no seat; nor has a grant for something else.
    narrow = await _as(people, people.ana_user, lambda _: _narrow(people))
    for nobody in (people.ana_user, narrow):
        with pytest.raises(realtime.TopicRefused):
            await _mint(people, nobody, visit)
    # Liz comes herself: the seat is hers, and nobody is told a wrong name.
    liz = await _enter(address, people, people.liz_user, visit)
    assert (await side.hears("bye"))["reason"] == "replaced"
    assert (await maya.hears("peer", event="joined", name="Liz Moreno"))["participant"] == liz.id


async def test_whose_access_is_ended_is_out_at_once_and_gets_no_new_ticket(
    people: Cast, visit: Visit, address: str
) -> None:
    ana = await _in_thread(lambda: _acting(people, people.ana_for_liz))
    side = await _enter(address, people, ana, visit)
    unused = await _mint(people, ana, visit)
    liz = await _enter(address, people, people.maya_user, visit)

    def end(actor: Actor) -> None:
        people_services.end_delegation(actor=actor, delegation=people.ana_for_liz)

    await _as(people, people.liz_user, end)
    assert (await side.hears("bye"))["reason"] == "renewed"
    late = await _enter(address, people, ana, visit, ticket=unused)
    assert late.welcome == {"type": "bye", "reason": "refused"}
    over = await _in_thread(lambda: _acting(people, people.ana_for_liz))
    with pytest.raises(realtime.TopicRefused):
        await _mint(people, over, visit)
    await liz.hears_nothing_of("bye")


async def test_a_socket_ends_with_the_grant_that_opened_it(people: Cast, visit: Visit, address: str) -> None:
    ana = await _in_thread(lambda: _acting(people, people.ana_for_liz))
    soon = clock.now() + timedelta(seconds=2)

    def mint() -> str:
        with frames.begin(tenant_id=ana.tenant_id, actor=ana):
            return mint_ticket(actor=ana, topics=[f"visit:{visit.id}"], ends_at=soon)

    side = await _enter(address, people, ana, visit, ticket=await _in_thread(mint))
    assert (await side.hears("bye"))["reason"] == "expired"


def _acting(cast: Cast, grant: Delegation) -> Actor:
    with cast.as_(cast.ana_user) as ana:
        return acting(ana, grant)


def _narrow(cast: Cast) -> Actor:
    return acting(cast.actor_of(cast.daniel_user), delegation(cast.liz, cast.daniel_user, Scope.SUMMARIES))


async def test_a_link_that_is_revoked_loses_its_seat_and_nobody_else_does(
    people: Cast, visit: Visit, address: str
) -> None:
    link = Actor(
        kind=ActorKind.LINK, label="Liz Moreno", tenant_id=people.larkspur.id, roles=frozenset({Role.PATIENT}),
        subject_id=visit.appointment_id,
    )  # fmt: skip
    seat, news = [await _enter(address, people, link, visit, topic) for topic in ("visit", "visit-news")]
    maya, grace = [
        await _enter(address, people, user, visit, topic)
        for user, topic in ((people.maya_user, "visit"), (people.grace_user, "visit-news"))
    ]

    def move(actor: Actor) -> None:
        Visit.objects.update(encounter_id=None, admitted_at=None)  # one that has begun isn't moved
        slot = scheduling_selectors.next_free(
            service=people.video_visit, state="NY", since=clock.now() + timedelta(days=2)
        )
        assert slot is not None
        scheduling.move_appointment(actor=actor, appointment=visit.appointment, start=slot.start)

    await _as(people, people.grace_user, move)
    for side in (seat, news):
        assert (await side.hears("bye"))["reason"] == "revoked"
    for side in (maya, grace):
        await side.hears_nothing_of("bye")


async def test_numbers_become_facts_and_a_visit_starts_when_both_have_heard(
    people: Cast, visit: Visit, address: str
) -> None:
    def long_ago(_: Actor) -> None:
        Visit.objects.update(admitted_at=clock.now() - timedelta(minutes=2))

    def facts(_: Actor) -> Any:
        return selectors.call_facts_of(visit.id), list(QualitySample.objects.order_by("taken_at")), Visit.objects.get()

    await _as(people, people.maya_user, long_ago)
    liz = await _enter(address, people, people.liz_user, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    digest = {"seconds": 10, "sound_s": 10, "picture_s": 8.5, "rtt_ms": 42, "device": "Front camera", "kbps_in": None}
    await liz.say(type="stats", key=(key := str(uuid7())), digest=digest)
    assert (await liz.hears("kept"))["key"] == key
    for wrong in (
        {"seconds": "x"},
        {"seconds": True},
        {"seconds": -4},
        {"seconds": 0},
        {"seconds": 10**400, "rtt_ms": -(10**400)},  # no float holds them
        {"seconds": 10, "sound_s": "x"},
    ):
        await maya.say(type="stats", key=(key := str(uuid7())), digest={**digest, **wrong})
    await maya.hears("kept", key=key)
    await maya.hears_nothing_of("error")
    call, samples, now = await _as(people, people.maya_user, facts)
    assert samples[0].digest == {"seconds": 10, "sound_s": 10, "picture_s": 8.5, "rtt_ms": 42, "kbps_in": None}
    assert (samples[0].sound_seconds, samples[0].picture_seconds) == (10, 8.5)
    # Without the seconds that it covers it says nothing and is not kept; without sound nobody was heard.
    assert [sample.sound_seconds for sample in samples] == [10, 0]
    assert (call.connected, now.started_at) == (False, None)
    await maya.say(type="stats", key=str(uuid7()), digest=digest)
    assert (await maya.hears("hint", kind="started"))["id"] == str(visit.id)
    call, _, now = await _as(people, people.maya_user, facts)
    # Who was just heard can't have heard ten seconds more.
    assert (call.connected, now.status) == (False, "in-progress")

    def later(_: Actor) -> None:
        QualitySample.objects.update(taken_at=F("taken_at") - timedelta(seconds=40))
        Visit.objects.update(started_at=F("started_at") - timedelta(seconds=40))

    await _as(people, people.maya_user, later)
    await maya.say(type="stats", key=(key := str(uuid7())), digest=digest)
    await maya.hears("kept", key=key)  # a ping may be answered sooner than numbers are kept
    await maya.hears_nothing_of("error")
    call, _, now = await _as(people, people.maya_user, facts)
    assert call.connected is True
    names = await _as(people, people.maya_user, lambda _: list(OutboxEvent.objects.values_list("name", flat=True)))
    assert names.count("visits.VisitStarted") == 1
    again = await _enter(address, people, people.liz_user, visit)
    assert 40 <= again.welcome["elapsed_s"] < 60


async def test_no_page_can_claim_more_time_than_has_passed(people: Cast, visit: Visit, address: str) -> None:
    """The few seconds of grace are there once, however many messages come."""
    liz = await _enter(address, people, people.liz_user, visit)
    for ago in (0, 0, 0, 0, 0, 0, 0, 0, 1e9, -1e9, "long", None, True):
        await liz.say(type="stats", key=str(uuid7()), ago_s=ago, digest={"seconds": 30, "sound_s": 30, "picture_s": 30})
    await liz.hears_nothing_of("error")

    def kept(_: Actor) -> Any:
        return list(QualitySample.objects.values_list("sound_seconds", flat=True)), Visit.objects.get().admitted_at

    sound, admitted_at = await _as(people, people.maya_user, kept)
    assert 3 < sum(sound) < 3.1 + (clock.now() - admitted_at).total_seconds()
    for key in ("", None, "k" * 36):
        await liz.say(type="stats", key=key, digest={"seconds": 1})
        assert (await liz.hears("error"))["code"] == "refused"


async def test_what_a_page_measured_without_a_socket_counts_once_it_is_back(
    people: Cast, visit: Visit, address: str
) -> None:
    def long_ago(_: Actor) -> None:
        Visit.objects.update(admitted_at=clock.now() - timedelta(seconds=60))

    await _as(people, people.maya_user, long_ago)
    digest = {"seconds": 10, "sound_s": 10, "picture_s": 10}
    liz = await _enter(address, people, people.liz_user, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    await maya.say(type="stats", key=str(uuid7()), ago_s=30, digest=digest)
    await maya.hears("kept")
    measured = [(ago, str(uuid7())) for ago in (40, 30, 20, 10, 0)]
    for _ in range(2):  # a socket that died before it was told: the page sends all of it again
        for ago, key in measured:
            await liz.say(type="stats", key=key, ago_s=ago, digest=digest)
            assert (await liz.hears("kept"))["key"] == key

    def kept(_: Actor) -> Any:
        samples = list(QualitySample.objects.filter(participant__role="patient").order_by("taken_at"))
        between = [(b.taken_at - a.taken_at).total_seconds() for a, b in pairwise(samples)]
        return [sample.sound_seconds for sample in samples], between, Visit.objects.get()

    sound, between, now = await _as(people, people.maya_user, kept)
    assert sound == [10] * 5
    assert all(9 < seconds < 11 for seconds in between)
    # Since the later of the two has heard: she said so for the ten seconds until half a minute ago.
    assert 39 < (clock.now() - now.started_at).total_seconds() < 44


async def test_the_code_that_was_compared_is_kept(people: Cast, visit: Visit, address: str) -> None:
    liz = await _enter(address, people, people.liz_user, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    await liz.say(type="verified", result="different")
    await maya.hears("hint", kind="code")
    await maya.hears("verified", participant=liz.id, result="different")
    assert await _as(people, people.maya_user, lambda _: selectors.code_checks(visit)) == {
        "patient": "different", "clinician": "",
    }  # fmt: skip
    again = await _enter(address, people, people.maya_user, visit)
    assert again.welcome["checks"] == [{"participant": liz.id, "with": maya.id, "result": "different"}]
    await liz.say(type="verified", result="perhaps")
    assert (await liz.hears("error"))["code"] == "refused"
    await liz.say(type="verified", result="same")
    await again.hears("verified", participant=liz.id, result="same")


async def test_ending_says_bye_and_who_comes_later_hears_the_same(people: Cast, visit: Visit, address: str) -> None:
    liz = await _enter(address, people, people.liz_user, visit)
    news = await _enter(address, people, people.liz_user, visit, "visit-news")
    await _as(people, people.maya_user, lambda maya: services.end_visit(actor=maya, visit=visit))
    assert await liz.hears("bye") == {"type": "bye", "reason": "ended"}
    assert (await news.hears("hint", kind="ended"))["topic"] == f"visit-news:{visit.id}"
    late = await _enter(address, people, people.liz_user, visit)
    assert await late.hears("bye") == {"type": "bye", "reason": "ended"}


async def test_a_visit_that_has_begun_is_not_cancelled_and_a_cancelled_one_closes_its_room(
    people: Cast, visit: Visit, address: str
) -> None:
    liz = await _enter(address, people, people.liz_user, visit)

    def cancel(actor: Actor) -> None:
        scheduling.cancel_appointment(actor=actor, appointment=visit.appointment)
        handlers.close_when_cancelled(handlers.AppointmentCancelled(appointment_id=visit.appointment_id), visit.id)

    for user in (people.liz_user, people.maya_user):
        with pytest.raises(scheduling.WrongStatus):
            await _as(people, user, cancel)
    await liz.hears_nothing_of("bye")

    def never_begun(_: Actor) -> None:
        Visit.objects.update(encounter_id=None, admitted_at=None)

    await _as(people, people.maya_user, never_begun)
    await _as(people, people.maya_user, cancel)
    assert await liz.hears("bye") == {"type": "bye", "reason": "ended"}


async def test_who_came_by_a_link_hears_that_her_visit_was_cancelled(people: Cast, visit: Visit, address: str) -> None:
    link = Actor(
        kind=ActorKind.LINK, label="Liz Moreno", tenant_id=people.larkspur.id, roles=frozenset({Role.PATIENT}),
        subject_id=visit.appointment_id,
    )  # fmt: skip

    def cancel(actor: Actor) -> None:
        Visit.objects.update(encounter_id=None, admitted_at=None)  # one that has begun isn't cancelled
        scheduling.cancel_appointment(actor=actor, appointment=visit.appointment)

    seat = await _enter(address, people, link, visit)
    await _as(people, people.grace_user, cancel)
    assert await seat.hears("bye") == {"type": "bye", "reason": "cancelled"}


async def test_a_consent_taken_back_makes_the_clinicians_page_ask_again(
    people: Cast, visit: Visit, address: str
) -> None:
    maya = await _enter(address, people, people.maya_user, visit)

    def withdraw(liz: Actor) -> None:
        consent = Consent.objects.get(scope="visit")
        compliance.withdraw_consent(actor=liz, consent=consent)
        handlers.tell_when_consent_ends(handlers.ConsentWithdrawn(consent_id=consent.id), consent.id)

    await _as(people, people.liz_user, withdraw)
    await maya.hears("hint", kind="gates")


async def test_who_follows_hears_that_somebody_came_and_is_nobody_in_the_room(
    people: Cast, visit: Visit, address: str
) -> None:
    desk = await _enter(address, people, people.grace_user, visit, "visit-news")
    assert "participant" not in desk.welcome
    liz = await _enter(address, people, people.liz_user, visit)
    assert liz.welcome["peers"] == []
    assert (await desk.hears("hint", kind="presence"))["id"] == str(visit.id)


async def test_a_practitioner_who_handed_over_loses_the_seat(people: Cast, visit: Visit, address: str) -> None:
    maya = await _enter(address, people, people.maya_user, visit)

    def give_away(_: Actor) -> None:
        appointment = visit.appointment
        appointment.practitioner = people.daniel
        appointment.save()
        services.open_visit(appointment=appointment)

    await _as(people, people.admin_user, give_away)
    await maya.say(type="presence", visible=True)
    assert (await maya.hears("bye"))["reason"] == "replaced"


async def test_a_dead_sockets_seat_counts_as_empty_after_a_while(people: Cast, visit: Visit, address: str) -> None:
    """The server was killed: nobody wrote that the socket had gone."""

    def stale(_: Actor) -> None:
        Participant.objects.filter(visit=visit, role="patient").update(
            socket_id=visit.id, seen_at=clock.now() - selectors.PRESENT - timedelta(seconds=1)
        )

    await _as(people, people.maya_user, stale)
    maya = await _enter(address, people, people.maya_user, visit)
    assert maya.welcome["peers"] == []


def test_signals_that_nobody_fetched_are_swept(people: Cast, visit: Visit) -> None:
    with people.as_(people.liz_user):
        seats = selectors.participants(visit)
        for minutes in (0, 2):
            signal = Signal.objects.create(visit=visit, sender=seats["patient"], recipient=seats["clinician"], data={})
            Signal.objects.filter(id=signal.id).update(created_at=clock.now() - timedelta(minutes=minutes))
    assert tasks.drop_stale_signals() == 0
    with people.as_(people.liz_user):
        assert Signal.objects.count() == 1
