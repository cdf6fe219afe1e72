"""The team's meeting over the real application: what its people hear, and that the patient's sockets hear nothing of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from webside.core.actor import Actor, ActorKind
from webside.testing.cast import Cast, make_cast
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole, Relation
from webside.visits.models import Participant, Signal, Visit
from webside.visits.tests import factories
from webside.visits.tests.test_room import Side, _as, _enter

DATA = {"description": {"type": "offer", "sdp": "v=0"}}


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(people: Cast) -> Visit:
    return factories.waiting(people)


def _guest(people: Cast, seat: Participant) -> Actor:
    return Actor(kind=ActorKind.GUEST, label=seat.name, tenant_id=people.larkspur.id, subject_id=seat.id)


async def _do(people: Cast, verb: str, visit: Visit, user: Any = None, **given: Any) -> Any:
    return await _as(
        people, user or people.maya_user, lambda actor: getattr(services, verb)(actor=actor, visit=visit, **given)
    )


async def _ask(people: Cast, visit: Visit, role: ParticipantRole, name: str, **given: Any) -> Participant:
    asked = await _do(people, "ask_in", visit, role=role, name=name, link_to=lambda token: f"/{token}/", **given)
    return asked.seat  # type: ignore[no-any-return]


async def _told(side: Side) -> list[Any]:
    """Return all that a socket was told until now: what came before the answer to a ping."""
    await side.say(type="ping", n=7)
    found: list[Any] = []
    async with asyncio.timeout(20):
        while (message := json.loads(await side.socket.recv()))["type"] != "pong":
            found.append(message)
    return found


async def _team(people: Cast, visit: Visit, address: str) -> tuple[Side, Side, Participant, Participant]:
    """Let Dr. Chen and Ana meet, with Liz's yes, while Liz waits; return their sockets, Ana's seat and the nurse's."""
    ana = await _ask(people, visit, ParticipantRole.FAMILY, "Ana Moreno", relation=Relation.CHILD)
    nurse = await _ask(people, visit, ParticipantRole.NURSE, "", user_id=people.daniel_user.id)
    await _do(people, "answer_apart", visit, people.liz_user, seat_id=ana.id, agrees=True)
    await _do(people, "meet_team", visit)
    maya = await _enter(address, people, people.maya_user, visit)
    await _do(people, "let_in", visit, seat_id=ana.id)
    return maya, await _enter(address, people, _guest(people, ana), visit), ana, nurse


async def test_the_team_hears_and_the_patients_sockets_are_told_nothing_of_it(
    people: Cast, visit: Visit, address: str
) -> None:
    liz = await _enter(address, people, people.liz_user, visit)
    follows = await _enter(address, people, people.liz_user, visit, topic="visit-news")
    assert (liz.welcome["inside"], liz.welcome["peers"]) == (False, [])
    maya, ana, _, nurse_seat = await _team(people, visit, address)
    assert {message["kind"] for message in await _told(liz)} == {"apart", "meeting"}
    assert {message["kind"] for message in await _told(follows)} <= {"apart", "meeting", "presence"}

    # Somebody comes; they signal, write, compare, show a picture, come and go.
    await maya.hears("peer", event="joined", participant=ana.id)
    await _do(people, "let_in", visit, seat_id=nurse_seat.id)
    nurse = await _enter(address, people, people.daniel_user, visit)
    assert {peer["participant"] for peer in nurse.welcome["peers"]} == {maya.id, ana.id}
    await maya.say(type="signal", to=nurse.id, data=DATA)
    assert (await nurse.hears("signal"))["from"] == maya.id
    await ana.say(type="signal", to=maya.id, data=DATA)
    await maya.hears("signal")
    await _do(people, "write_message", visit, text="The hip is worse", client_key="k")
    await ana.hears("hint", kind="chat")
    await ana.say(type="verified", **{"with": maya.id}, result="different")
    await maya.hears("verified")
    for side in (maya, ana, nurse):
        await side.say(type="signal", to=liz.id, data=DATA)
    await liz.say(type="signal", to=maya.id, data=DATA)
    await liz.say(type="signal", to=ana.id, data=DATA)
    await _do(people, "send_to_lobby", visit, seat_id=nurse_seat.id)
    await nurse.hears("bye", reason="lobby")
    await ana.say(type="leave")
    await maya.hears("peer", event="left", participant=ana.id)
    await maya.hears_nothing_of("signal")
    assert await _told(liz) == [], "not one message on her waiting page's socket"
    assert [message for message in await _told(follows) if message["kind"] != "presence"] == []
    assert await _as(people, people.maya_user, lambda _: Signal.objects.count()) == 0

    # Loading the page again, or a newer socket, tells no more.
    again = await _enter(address, people, people.liz_user, visit)
    assert (again.welcome["inside"], again.welcome["peers"], again.welcome["checks"]) == (False, [], [])


async def test_let_in_she_meets_everybody_and_nobodys_call_ends(people: Cast, visit: Visit, address: str) -> None:
    liz = await _enter(address, people, people.liz_user, visit)
    maya, ana, _, _ = await _team(people, visit, address)
    await maya.hears("peer", event="joined", participant=ana.id)
    await _do(people, "admit", visit)
    await liz.hears("hint", kind="admitted")
    inside = await _enter(address, people, people.liz_user, visit)
    assert {peer["participant"] for peer in inside.welcome["peers"]} == {maya.id, ana.id}
    for side in (maya, ana):
        assert (await side.hears("peer"))["event"] == "joined", "the first that they hear of anybody is that she came"
        await inside.say(type="signal", to=side.id, data=DATA)
        await side.hears("signal")
        await side.hears_nothing_of("bye")


async def test_asked_to_wait_her_socket_is_closed_and_the_others_hang_up(
    people: Cast, visit: Visit, address: str
) -> None:
    await _do(people, "admit", visit)
    liz = await _enter(address, people, people.liz_user, visit)
    maya = await _enter(address, people, people.maya_user, visit)
    nurse_seat = await _ask(people, visit, ParticipantRole.NURSE, "", user_id=people.daniel_user.id)
    await _do(people, "let_in", visit, seat_id=nurse_seat.id)
    nurse = await _enter(address, people, people.daniel_user, visit)
    await _do(people, "hold_visit", visit, team_stays=True)
    assert (await liz.hears("bye"))["reason"] == "lobby"
    for side in (maya, nurse):
        assert (await side.hears("peer", event="left"))["participant"] == liz.id
        await side.hears_nothing_of("bye")
    await maya.say(type="signal", to=nurse.id, data=DATA)
    await nurse.hears("signal")
    waits = await _enter(address, people, people.liz_user, visit)
    assert (waits.welcome["inside"], waits.welcome["peers"]) == (False, [])
    await maya.say(type="signal", to=waits.id, data=DATA)
    await nurse.say(type="signal", to=waits.id, data=DATA)
    assert await _told(waits) == []
    assert await _as(people, people.maya_user, lambda _: selectors.meets(selectors.by_id(visit.id)))


async def test_family_whose_yes_is_taken_back_hears_no_more(people: Cast, visit: Visit, address: str) -> None:
    maya, ana, seat, _ = await _team(people, visit, address)
    await _do(people, "withdraw_apart", visit, people.liz_user, seat_id=seat.id)
    assert (await ana.hears("bye"))["reason"] == "lobby"
    await maya.hears("peer", event="left", participant=ana.id)
    waits = await _enter(address, people, _guest(people, seat), visit)
    assert (waits.welcome["inside"], waits.welcome["peers"], waits.welcome["ice_servers"]) == (False, [], [])


async def test_who_makes_room_hears_no_more_and_the_patient_meets_the_others(
    people: Cast, visit: Visit, address: str
) -> None:
    liz = await _enter(address, people, people.liz_user, visit)
    maya, ana, ana_seat, nurse_seat = await _team(people, visit, address)
    helper_seat = await _ask(people, visit, ParticipantRole.PRESENTER, "Sam Bell")
    sides = {}
    for seat, actor in ((nurse_seat, people.daniel_user), (helper_seat, _guest(people, helper_seat))):
        await _do(people, "let_in", visit, seat_id=seat.id)
        sides[seat.id] = await _enter(address, people, actor, visit)
    nurse, helper = sides.values()
    assert {peer["participant"] for peer in helper.welcome["peers"]} == {maya.id, ana.id, nurse.id}, "four meet"
    await _told(liz)

    await _do(people, "admit", visit, makes_room=ana_seat.id)
    assert (await ana.hears("bye"))["reason"] == "lobby"
    for side in (maya, nurse, helper):
        left = await side.hears("peer", event="left")
        assert (left["participant"], left["reason"]) == (ana.id, "lobby")
        await side.hears_nothing_of("bye")
    await liz.hears("hint", kind="admitted")
    inside = await _enter(address, people, people.liz_user, visit)
    assert {peer["participant"] for peer in inside.welcome["peers"]} == {maya.id, nurse.id, helper.id}
    waits = await _enter(address, people, _guest(people, ana_seat), visit)
    assert (waits.welcome["inside"], waits.welcome["peers"], waits.welcome["ice_servers"]) == (False, [], [])
    await inside.say(type="signal", to=waits.id, data=DATA)
    await maya.say(type="signal", to=waits.id, data=DATA)
    await waits.hears_nothing_of("signal")

    # They take turns: Ana is among them again, and the nurse waits.
    await _do(people, "let_in", visit, seat_id=ana_seat.id, makes_room=nurse_seat.id)
    assert (await nurse.hears("bye"))["reason"] == "lobby"
    again = await _enter(address, people, _guest(people, ana_seat), visit)
    assert {peer["participant"] for peer in again.welcome["peers"]} == {maya.id, inside.id, helper.id}
