"""The lean lane: sockets with another clinic's tickets, and ``decide`` with another clinic's key."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import websockets
from websockets.sync.client import ClientConnection, connect

from tests.isolation.canaries import canary, found_in
from tests.isolation.expectations import SIGNED_IN, TOPICS
from tests.isolation.matrix import Matrix
from tests.isolation.world import Clinic, World, missing_things
from webside.accounts.models import ApiKey
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, Role, anonymous
from webside.realtime import services
from webside.realtime.models import Ticket
from webside.testing.server import serve

WAIT = 5


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serve() as where:
        yield where


# ------------------------------------------------------------------------------------------------------- tickets


def _asks(world: World, name: str, clinic: Clinic) -> Actor:
    """Return the actor that somebody is at a clinic, known there or not."""
    if name == "visitor":
        return anonymous(clinic.tenant.id)
    if name == "guest":
        return Actor(
            kind=ActorKind.GUEST, label="asked in", tenant_id=clinic.tenant.id,
            subject_id=world.larkspur.things["seat_id"],
        )  # fmt: skip
    if name in ("link", "rosa_link"):
        subject = "room_appointment_id" if name == "link" else "rosa_appointment_id"
        return Actor(
            kind=ActorKind.LINK, label="by link", tenant_id=clinic.tenant.id, roles=frozenset({Role.PATIENT}),
            subject_id=world.larkspur.things[subject],
        )  # fmt: skip
    return world.actor(name, clinic)


def _gets_a_ticket(actor: Actor, clinic: Clinic, topic: str) -> bool:
    with frames.begin(tenant_id=clinic.tenant.id, actor=actor):
        try:
            services.mint_ticket(actor=actor, topics=[topic])
        except services.TopicRefused:
            return False
    return True


EVERYBODY = f"visitor guest link rosa_link {SIGNED_IN} mallory every"


@pytest.mark.parametrize("topic", TOPICS)
def test_who_gets_a_ticket(world: World, topic: str) -> None:
    allowed, thing = TOPICS[topic]
    things = world.larkspur.things
    for name in EVERYBODY.split():
        for clinic in (world.larkspur, world.northgate):
            actor = _asks(world, name, clinic)
            got = _gets_a_ticket(actor, clinic, f"{topic}:{things[thing]}")
            assert got == (clinic is world.larkspur and name in allowed.split()), f"{name} at {clinic.slug}"
            assert not _gets_a_ticket(actor, clinic, f"{topic}:{missing_things(things)[thing]}")


def test_one_foreign_topic_spoils_the_ticket(world: World) -> None:
    own, foreign = world.northgate.things, world.larkspur.things
    every = world.actor("every", world.northgate)
    with frames.begin(tenant_id=world.northgate.tenant.id, actor=every):
        assert services.mint_ticket(actor=every, topics=[f"visit:{own['room_visit_id']}"])
        before = Ticket.objects.count()
        with pytest.raises(services.TopicRefused):
            services.mint_ticket(
                actor=every, topics=[f"visit:{own['room_visit_id']}", f"visit:{foreign['room_visit_id']}"]
            )
        assert Ticket.objects.count() == before


# ------------------------------------------------------------------------------------------------------- sockets


def _ticket(world: World, name: str, clinic: Clinic, *topics: str, forged: bool = False) -> str:
    """Mint a ticket; ``forged``: as if the authorisers had let everything through."""
    actor = _asks(world, name, clinic)
    with frames.begin(tenant_id=clinic.tenant.id, actor=actor):
        if not forged:
            return services.mint_ticket(actor=actor, topics=topics)
        token = f"forged-{clock.now().timestamp()}"
        Ticket.objects.create(
            token_hash=services.digest(token), tenant_id=clinic.tenant.id, user_id=actor.user_id,
            actor=services.pack(actor), topics=list(topics), expires_at=clock.now() + timedelta(seconds=60),
            ends_at=clock.now() + timedelta(hours=1),
        )  # fmt: skip
        return token


@contextlib.contextmanager
def _socket(address: str, token: str, origin: str | None = "same") -> Iterator[ClientConnection]:
    given = {"origin": address if origin == "same" else origin} if origin else {}
    with connect(address.replace("http", "ws") + "/ws", open_timeout=20, **given) as socket:  # type: ignore[arg-type]
        socket.send(json.dumps({"type": "hello", "ticket": token}))
        yield socket


def _hears(socket: ClientConnection) -> list[dict[str, Any]]:
    """Return what a socket is told until it is quiet: until the answer to a ping comes."""
    socket.send(json.dumps({"type": "ping", "n": 77}))
    heard: list[dict[str, Any]] = []
    while (message := json.loads(socket.recv(timeout=20))) != {"type": "pong", "n": 77}:
        heard.append(message)
        if message["type"] == "bye":
            break
    return heard


def _until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while (message := json.loads(socket.recv(timeout=20)))["type"] != kind:
        pass
    return dict(message)


def _signals() -> int:
    with frames.begin(tenant_id=None, actor=anonymous()):
        from django.db import connections

        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM visits_signal")
            return int(cursor.fetchone()[0])


def test_a_call_is_not_heard_in_another_clinic(world: World, address: str) -> None:
    """Two talk at Larkspur; sockets of Northgate, one with a forged ticket for the same topics, hear nothing."""
    here, there = world.larkspur, world.northgate
    room, own_room = f"visit:{here.things['room_visit_id']}", f"visit:{there.things['room_visit_id']}"
    news = f"visit-news:{here.things['room_visit_id']}"
    day, tenant = f"day:{here.things['practitioner_id']}", f"tenant:{here.tenant.id}"
    with (
        _socket(address, _ticket(world, "every", there, own_room)) as every,
        _socket(address, _ticket(world, "mallory", there, news, day, tenant, forged=True)) as forged,
        _socket(address, _ticket(world, "maya", here, room, news)) as maya,
    ):
        _until(every, "welcome")
        assert _until(forged, "welcome") == {"type": "welcome", "topics": sorted([news, day, tenant])}
        _until(maya, "welcome")
        with _socket(address, _ticket(world, "liz", here, room)) as liz:
            maya_seat = _until(liz, "welcome")["peers"][0]["participant"]
            data = {"sdp": canary("larkspur", "chat")}
            liz.send(json.dumps({"type": "signal", "to": maya_seat, "data": data}))
            assert _until(maya, "signal")["data"] == data, "the two hear each other"
            # Northgate's room answers Larkspur's seat, and asks for topics that its ticket doesn't hold.
            before = _signals()
            every.send(json.dumps({"type": "signal", "to": maya_seat, "data": {"sdp": "stolen"}}))
            for word in ("subscribe", "hello", "join"):
                every.send(json.dumps({"type": word, "topic": room, "topics": [room, news], "ticket": "none"}))
            heard = _hears(every) + _hears(forged)
            assert _signals() == before
            actor = world.actor("maya", here)
            with frames.begin(tenant_id=here.tenant.id, actor=actor):
                for topic in (room, news, day, tenant):
                    services.push_on_commit(topic, "changed", here.things["room_visit_id"])
            assert _until(maya, "hint")["topic"] in (room, news)
            heard += _hears(every) + _hears(forged)
    said = json.dumps(heard)
    assert found_in(said, "larkspur") == set()
    assert str(here.things["room_visit_id"]) not in said
    assert "hint" not in said and "peer" not in said, said


def test_a_forged_ticket_for_a_room_opens_nothing(world: World, address: str) -> None:
    """Even if the page lane had let it through, the room asks again, in the frame of the ticket's clinic."""
    room = f"visit:{world.larkspur.things['room_visit_id']}"
    gone = f"visit:{missing_things(world.larkspur.things)['room_visit_id']}"
    told = []
    for name, clinic, topic in (
        ("every", world.northgate, room), ("every", world.northgate, gone), ("rosa", world.larkspur, room),
        ("daniel", world.larkspur, room), ("rosa_link", world.larkspur, room), ("visitor", world.larkspur, room),
    ):  # fmt: skip
        with _socket(address, _ticket(world, name, clinic, topic, forged=True)) as socket:
            told.append(json.loads(socket.recv(timeout=20)))
    assert told == [{"type": "bye", "reason": "refused"}] * len(told)


def test_used_old_unknown_and_broken_tickets_look_the_same(world: World, address: str) -> None:
    room = f"visit:{world.larkspur.things['room_visit_id']}"
    used, old = (_ticket(world, "liz", world.larkspur, room) for _ in range(2))
    Ticket.objects.filter(token_hash=services.digest(old)).update(expires_at=clock.now() - timedelta(seconds=1))
    with _socket(address, used) as socket:
        assert _until(socket, "welcome")["topics"] == [room]
    told = []
    for token in (used, old, "unknown", "", room):
        with _socket(address, token) as socket:
            told.append(json.loads(socket.recv(timeout=20)))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                socket.recv(timeout=20)
            told.append(closed.value.rcvd.code if closed.value.rcvd else None)
    assert told == [{"type": "bye", "reason": "refused"}, 4401] * 5


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://localhost.evil.example"])
def test_no_other_site_opens_a_socket(world: World, address: str, origin: str | None) -> None:
    token = _ticket(world, "liz", world.larkspur, f"visit:{world.larkspur.things['room_visit_id']}")
    with pytest.raises(websockets.InvalidStatus), _socket(address, token, origin):
        pass
    assert Ticket.objects.filter(token_hash=services.digest(token)).exists(), "it never came to the ticket"


# -------------------------------------------------------------------------------------------------------- decide

FACTS = {
    "on": "2026-03-02",
    "service": {"kind": "telehealth", "modality": "video"},
    "clinician": {"profession": "coach", "excluded": False},
    "patient": {"state": "NY", "age": 44, "guardian_present": False, "consents": []},
}
RULE = "/api/decide/compliance.may_treat"


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def test_decide_answers_every_clinic_alike_and_from_the_question_alone(world: World, address: str) -> None:
    keys = [world.larkspur.things["api_key"], world.northgate.things["api_key"]]
    answers = [httpx.post(address + RULE, json=FACTS, headers=_bearer(key)) for key in keys]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    for answer in answers:
        assert found_in(answer.content, "larkspur") | found_in(answer.content, "northgate") == set()


@pytest.mark.parametrize("path", ["/api/decide", RULE, "/api/decide/no.such.rule"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_decide_is_shut_without_a_key_that_holds(world: World, address: str, path: str, method: str) -> None:
    with frames.begin(tenant_id=world.larkspur.tenant.id, actor=world.actor("admin", world.larkspur)):
        keys = [_key(world, scopes=["other"]), _key(world, revoked=True)]
    answers = [
        httpx.request(method, address + path, json=FACTS if method == "POST" else None, headers=_bearer(key))
        for key in ("", "wsk_unknown", world.larkspur.things["token"], *keys)
    ]
    wanted = {401} if (path, method) != ("/api/decide", "POST") else {405}
    assert {answer.status_code for answer in answers} == wanted
    assert len({answer.content for answer in answers}) == 1, "unknown, foreign and ended look the same"


def _key(world: World, *, scopes: list[str] | None = None, revoked: bool = False) -> str:
    from webside.accounts import services as accounts

    key, secret = accounts.create_api_key(
        actor=world.actor("admin", world.larkspur), name="shut", scopes=scopes or ["decide"]
    )
    if revoked:
        ApiKey.objects.filter(id=key.id).update(revoked_at=clock.now())
    return secret


def test_wrong_facts_are_told_to_who_asked_and_not_to_the_log(world: World, address: str, matrix: Matrix) -> None:
    key = world.northgate.things["api_key"]
    word = canary("larkspur", "name")
    with matrix.lines as lines:
        for wrong in (FACTS | {"patient": word}, FACTS | {word: 1}, FACTS | {"on": word}):
            answer = httpx.post(address + RULE, json=wrong, headers=_bearer(key))
            assert answer.status_code == 400
            assert found_in("\n".join(answer.headers.values()), "larkspur") == set()
    assert found_in(lines.text(), "larkspur") == set()
