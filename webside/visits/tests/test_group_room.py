"""The room with more than two people, over the real application: lobby, pairs, sending out, what a guest hears."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from webside.audit.codes import Outcome
from webside.audit.models import AuditEvent
from webside.catalog.codes import ScreenSharing
from webside.catalog.models import HealthcareService
from webside.core import clock
from webside.core.actor import Actor, ActorKind
from webside.core.ids import uuid7
from webside.testing.cast import Cast, make_cast
from webside.visits import rules, selectors, services
from webside.visits.codes import ParticipantRole
from webside.visits.models import Participant, QualitySample, Signal, Visit
from webside.visits.tests import factories
from webside.visits.tests.test_room import Side, _as, _enter


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(people: Cast) -> Visit:
    return factories.admitted(people)


def _guest(people: Cast, seat: Participant) -> Actor:
    return Actor(kind=ActorKind.GUEST, label=seat.name, tenant_id=people.larkspur.id, subject_id=seat.id)


async def _ask(people: Cast, visit: Visit, name: str = "Rosa Diaz", **given: Any) -> Participant:
    given = {"role": ParticipantRole.INTERPRETER, "name": name, "link_to": lambda token: f"/join/{token}/"} | given
    asked = await _as(people, people.maya_user, lambda maya: services.ask_in(actor=maya, visit=visit, **given))
    return asked.seat  # type: ignore[no-any-return]


async def _run(people: Cast, verb: str, visit: Visit, seat: Participant) -> None:
    await _as(people, people.maya_user, lambda maya: getattr(services, verb)(actor=maya, visit=visit, seat_id=seat.id))


async def _two(address: str, people: Cast, visit: Visit) -> tuple[Side, Side]:
    liz = await _enter(address, people, people.liz_user, visit)
    return liz, await _enter(address, people, people.maya_user, visit)


async def test_the_lobby_tells_nothing_and_is_told_of_to_nobody(people: Cast, visit: Visit, address: str) -> None:
    liz, maya = await _two(address, people, visit)
    await liz.hears("peer", event="joined")
    seat = await _ask(people, visit)
    rosa = await _enter(address, people, _guest(people, seat), visit)
    assert (rosa.welcome["inside"], rosa.welcome["peers"], rosa.welcome["ice_servers"]) == (False, [], [])
    for side in (liz, maya):
        await side.hears_nothing_of("peer")
        await rosa.say(type="signal", to=side.id, data={"candidate": {}})
        await side.say(type="signal", to=rosa.id, data={"candidate": {}})
        await side.hears_nothing_of("signal")
    await liz.say(type="leave")
    again = await _enter(address, people, people.liz_user, visit)
    await again.say(type="verified", **{"with": maya.id}, result="different")
    await maya.hears("verified")
    for kind in ("peer", "signal", "verified"):
        await rosa.hears_nothing_of(kind)
    assert await _as(people, people.maya_user, lambda _: Signal.objects.count()) == 0


async def test_who_is_let_in_is_announced_to_everybody_and_each_pair_has_one_that_gives_way(
    people: Cast, visit: Visit, address: str
) -> None:
    liz, maya = await _two(address, people, visit)
    seat = await _ask(people, visit)
    daniel_seat = await _ask(people, visit, name="", role=ParticipantRole.SPECIALIST, user_id=people.daniel_user.id)
    sides = {"liz": liz, "maya": maya}
    polite: dict[tuple[str, str], bool] = {}
    for name, who, each in (("rosa", _guest(people, seat), seat), ("daniel", people.daniel_user, daniel_seat)):
        await _run(people, "let_in", visit, each)
        side = await _enter(address, people, who, visit)
        assert {peer["participant"] for peer in side.welcome["peers"]} == {other.id for other in sides.values()}
        for peer in side.welcome["peers"]:
            polite[side.id, peer["participant"]] = peer["polite"]
        for other in sides.values():
            told = await other.hears("peer", event="joined", participant=side.id)
            assert (told["name"], told["role"], told["speak"]) == (each.name, each.role, True)
            polite[other.id, side.id] = told["polite"]
        sides[name] = side
    assert len(polite) == 10
    assert all(polite[one, other] is not polite[other, one] for one, other in polite)
    data = {"description": {"type": "offer", "sdp": "v=0"}}
    await sides["rosa"].say(type="signal", to=sides["daniel"].id, data=data)
    assert (await sides["daniel"].hears("signal"))["from"] == sides["rosa"].id
    await liz.hears_nothing_of("signal")


async def test_who_is_sent_out_or_removed_hears_no_more_and_the_others_hang_up(
    people: Cast, visit: Visit, address: str
) -> None:
    liz, maya = await _two(address, people, visit)
    seat = await _ask(people, visit)
    guest = _guest(people, seat)
    await _run(people, "let_in", visit, seat)
    rosa = await _enter(address, people, guest, visit)
    await _run(people, "send_to_lobby", visit, seat)
    assert (await rosa.hears("bye"))["reason"] == "lobby"
    for side in (liz, maya):
        assert (await side.hears("peer", event="left"))["participant"] == rosa.id
    waits = await _enter(address, people, guest, visit)
    assert waits.welcome["inside"] is False
    await _run(people, "let_in", visit, seat)
    back = await _enter(address, people, guest, visit)
    await waits.hears("bye", reason="replaced")
    await _run(people, "remove", visit, seat)
    assert (await back.hears("bye"))["reason"] == "removed"
    assert (await maya.hears("peer", event="left", reason="removed"))["participant"] == rosa.id
    allowed = await _as(people, people.maya_user, lambda _: selectors.has_seat(guest, visit.id))
    assert not allowed, "no ticket any more"


async def test_the_patient_leaves_and_who_may_not_stay_goes_too(people: Cast, visit: Visit, address: str) -> None:
    liz, maya = await _two(address, people, visit)
    seat = await _ask(people, visit)
    await _run(people, "let_in", visit, seat)
    rosa = await _enter(address, people, _guest(people, seat), visit)
    await liz.say(type="leave")
    assert (await rosa.hears("bye"))["reason"] == "lobby"
    await maya.hears("peer", event="left", participant=rosa.id)
    await maya.hears("peer", event="left", participant=liz.id)


async def test_a_line_that_breaks_sends_nobody_out(people: Cast, visit: Visit, address: str) -> None:
    liz, _maya = await _two(address, people, visit)
    seat = await _ask(people, visit)
    await _run(people, "let_in", visit, seat)
    rosa = await _enter(address, people, _guest(people, seat), visit)
    await liz.socket.close()
    await rosa.hears("peer", event="away", participant=liz.id)
    await rosa.hears_nothing_of("bye")


async def test_minutes_are_the_two_peoples_and_numbers_are_kept_for_each_pair(
    people: Cast, visit: Visit, address: str
) -> None:
    liz, maya = await _two(address, people, visit)
    seat = await _ask(people, visit)
    await _run(people, "let_in", visit, seat)
    rosa = await _enter(address, people, _guest(people, seat), visit)

    async def count(side: Side, peer: Side | None, sound: float) -> None:
        more = {"peer": peer.id} if peer else {}
        await side.say(type="stats", key=str(uuid7()), digest={"seconds": 3, "sound_s": sound, "picture_s": 0}, **more)
        await side.hears("kept")

    await count(rosa, liz, 3)
    await count(liz, rosa, 3)
    await count(maya, rosa, 3)
    facts = await _as(people, people.maya_user, lambda maya: selectors.visit(maya, visit.id))
    assert facts.started_at is None, "a guest who is heard is no visit"
    await count(liz, maya, 3)
    await count(maya, None, 3)  # a page of before knows of one other only
    rows = await _as(
        people, people.maya_user,
        lambda _: list(QualitySample.objects.values_list("participant__role", "peer__role").order_by("created_at")),
    )  # fmt: skip
    assert rows == [
        ("interpreter", "patient"), ("patient", "interpreter"), ("clinician", "interpreter"), ("patient", "clinician"),
        ("clinician", "patient"),
    ]  # fmt: skip
    started = await _as(people, people.maya_user, lambda maya: selectors.visit(maya, visit.id))
    assert started.started_at is not None
    await _as(
        people, people.maya_user,
        lambda _: QualitySample.objects.filter(peer__role="interpreter").update(sound_seconds=600),
    )  # fmt: skip
    assert (await _as(people, people.maya_user, lambda _: selectors.call_facts(visit))).audio_minutes == 0


async def test_codes_are_checked_pair_by_pair(people: Cast, visit: Visit, address: str) -> None:
    liz, maya = await _two(address, people, visit)
    seat = await _ask(people, visit)
    await _run(people, "let_in", visit, seat)
    rosa = await _enter(address, people, _guest(people, seat), visit)
    await rosa.say(type="verified", **{"with": liz.id}, result="different")
    told = await liz.hears("verified")
    assert (told["participant"], told["with"], told["result"]) == (rosa.id, liz.id, "different")
    await maya.hears_nothing_of("verified")
    await liz.say(type="verified", **{"with": maya.id}, result="same")
    await maya.hears("verified", participant=liz.id)
    again = await _enter(address, people, people.liz_user, visit)
    assert {(each["participant"], each["with"], each["result"]) for each in again.welcome["checks"]} == {
        (rosa.id, liz.id, "different"), (liz.id, maya.id, "same"),
    }  # fmt: skip
    assert await _as(people, people.maya_user, lambda _: selectors.code_checks(visit)) == {
        "patient": "same", "clinician": "",
    }  # fmt: skip
    await rosa.say(type="verified", result="same")
    assert (await rosa.hears("error"))["code"] == "refused", "of three, one must say with whom"


async def test_a_screen_is_shown_by_whom_service_and_seat_let_and_the_trail_keeps_it(
    people: Cast, visit: Visit, address: str
) -> None:
    liz, maya = await _two(address, people, visit)
    seat = await _ask(people, visit)
    await _run(people, "let_in", visit, seat)
    rosa = await _enter(address, people, _guest(people, seat), visit)
    assert (maya.welcome["share"], liz.welcome["share"], rosa.welcome["share"]) == (True, True, False)
    assert (await maya.hears("peer", event="joined", participant=rosa.id))["share"] is False

    def kept(_: Actor) -> list[tuple[str, bool]]:
        found = AuditEvent.objects.filter(action="visits.screen.show", outcome=Outcome.SUCCESS).order_by("sequence")
        return [(event.actor_label, event.changes["shown"]) for event in found]

    def forbid(_: Actor) -> None:
        HealthcareService.objects.filter(id=visit.appointment.service_id).update(screen_sharing=ScreenSharing.NOBODY)

    async def shown(side: Side, on: bool = True) -> list[tuple[str, bool]]:
        await side.say(type="screen", on=on)
        await side.hears_nothing_of("bye")
        return list(await _as(people, people.maya_user, kept))

    assert await shown(maya) == [("Dr. Maya Chen", True)]
    assert await shown(maya, on=False) == [("Dr. Maya Chen", True), ("Dr. Maya Chen", False)]
    assert len(await shown(rosa)) == 2, "who may not is refused"
    may = rules.Permissions(speak=True, show_screen=True)
    await _as(
        people, people.maya_user, lambda her: services.permit(actor=her, visit=visit, seat_id=seat.id, wanted=may)
    )
    assert (await rosa.hears("you"))["share"] is True
    assert (await liz.hears("peer", event="changed", participant=rosa.id))["share"] is True
    assert (await shown(rosa))[2:] == [("Rosa Diaz", True)]
    await _as(people, people.maya_user, forbid)
    again = await _enter(address, people, people.liz_user, visit)
    assert again.welcome["share"] is False
    assert {peer["share"] for peer in again.welcome["peers"]} == {False}


async def test_a_guest_of_one_visit_opens_no_other_and_no_news(people: Cast, visit: Visit, address: str) -> None:
    other = await _as(
        people, people.liz_user,
        lambda _: services.open_visit(
            appointment=factories.make_appointment(people, starts=clock.now() + timedelta(hours=2))
        ),
    )  # fmt: skip
    seat = await _ask(people, visit)
    guest = _guest(people, seat)
    from webside.realtime.services import TopicRefused

    for topic, where in (("visit", other), ("visit-news", visit), ("day", visit), ("tenant", visit)):
        with pytest.raises(TopicRefused):
            await _enter(address, people, guest, where, topic)


async def test_ending_closes_the_lobby_too(people: Cast, visit: Visit, address: str) -> None:
    await _two(address, people, visit)
    seat = await _ask(people, visit)
    rosa = await _enter(address, people, _guest(people, seat), visit)
    await _as(people, people.maya_user, lambda maya: services.end_visit(actor=maya, visit=visit))
    assert (await rosa.hears("bye"))["reason"] == "ended"
