"""``/ws`` over the real application: tickets, hints after commits, revocation, other tenants."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import websockets
from allauth.account.signals import password_changed
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from webside.accounts.models import Membership, User
from webside.accounts.services import change_membership
from webside.audit import services as audit
from webside.audit.models import AuditEvent
from webside.core import clock, frames
from webside.core import lean as lanes
from webside.core.actor import Actor, ActorKind, Role
from webside.core.ids import uuid7
from webside.realtime import hub, lean, registry, services
from webside.realtime.models import Ticket
from webside.realtime.views import tickets
from webside.testing.cast import Cast, make_cast, sign_in

TOPIC_ID = uuid7()
PATIENCE = 30
"""Seconds; other tests hold the disk and the processors. How fast the lane is, the drills say."""


@pytest.fixture
def people(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setitem(registry._topics, "test", registry.Topic("test", lambda actor, id: id == TOPIC_ID))
    return make_cast()


def _ticket(cast: Cast, user: Any, **given: Any) -> str:
    with cast.as_(user) as actor:
        return services.mint_ticket(actor=actor, topics=[f"test:{TOPIC_ID}"], **given)


async def _in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    def run() -> Any:
        try:
            return work(*arguments)
        finally:
            connection.close()  # a thread of its own holds a connection of its own

    return await asyncio.to_thread(run)


def _link_ticket(cast: Cast, subject: UUID) -> str:
    actor = Actor(kind=ActorKind.LINK, label="Liz Moreno", tenant_id=cast.larkspur.id, subject_id=subject)
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        return services.mint_ticket(actor=actor, topics=[f"test:{TOPIC_ID}"])


async def _open(address: str, token: str, origin: str | None = None) -> Any:
    socket = await websockets.connect(address.replace("http", "ws") + "/ws", origin=origin or address)
    await socket.send(json.dumps({"type": "hello", "ticket": token}))
    return socket


async def _next(socket: Any) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))


async def _welcomed(cast: Cast, address: str, user: Any, **given: Any) -> Any:
    socket = await _open(address, await _in_thread(lambda: _ticket(cast, user, **given)))
    assert (await _next(socket))["type"] == "welcome"
    return socket


async def _is_closed(socket: Any, reason: str) -> None:
    """Assert that a socket is told why, and closed; other messages are passed over."""
    async with asyncio.timeout(PATIENCE):
        while (message := await _next(socket))["type"] != "bye":
            pass
    assert message == {"type": "bye", "reason": reason}
    with pytest.raises(websockets.ConnectionClosed):
        await _next(socket)


async def _is_open(socket: Any) -> None:
    await socket.send(json.dumps({"type": "ping", "n": 7}))
    assert await _next(socket) == {"type": "pong", "n": 7}


def _push(cast: Cast, tenant: Any) -> None:
    actor = cast.actor_of(cast.maya_user)
    with frames.begin(tenant_id=tenant.id, actor=actor):
        services.push_on_commit(f"test:{TOPIC_ID}", "changed", TOPIC_ID)


async def test_a_hint_comes_after_the_commit_and_holds_ids_only(people: Cast, address: str) -> None:
    token = await _in_thread(_ticket, people, people.liz_user)
    socket = await _open(address, token)
    assert (await _next(socket))["type"] == "welcome"
    await _in_thread(_push, people, people.larkspur)
    assert await _next(socket) == {
        "type": "hint", "topic": f"test:{TOPIC_ID}", "kind": "changed", "id": str(TOPIC_ID),
    }  # fmt: skip
    await socket.close()


async def test_another_tenants_hint_on_the_same_topic_is_not_heard(people: Cast, address: str) -> None:
    token = await _in_thread(_ticket, people, people.liz_user)
    socket = await _open(address, token)
    await _next(socket)
    await _in_thread(_push, people, people.northgate)
    await socket.send(json.dumps({"type": "ping", "n": 7}))
    assert await _next(socket) == {"type": "pong", "n": 7}
    await socket.close()


async def test_a_ticket_works_once(people: Cast, address: str) -> None:
    token = await _in_thread(_ticket, people, people.liz_user)
    first = await _open(address, token)
    assert (await _next(first))["type"] == "welcome"
    second = await _open(address, token)
    assert await _next(second) == {"type": "bye", "reason": "refused"}
    await first.close()


async def test_an_old_ticket_and_a_made_up_one_look_the_same(people: Cast, address: str) -> None:
    token = await _in_thread(_ticket, people, people.liz_user)
    await _in_thread(lambda: Ticket.objects.update(expires_at="2020-01-01T00:00:00Z"))
    for each in (token, "made-up"):
        socket = await _open(address, each)
        assert await _next(socket) == {"type": "bye", "reason": "refused"}


async def test_another_site_may_not_open_a_socket(people: Cast, address: str) -> None:
    token = await _in_thread(_ticket, people, people.liz_user)
    with pytest.raises(websockets.InvalidStatus):
        await _open(address, token, origin="https://evil.example")


async def test_revoking_a_user_closes_their_sockets(people: Cast, address: str) -> None:
    token = await _in_thread(_ticket, people, people.maya_user)
    socket = await _open(address, token)
    await _next(socket)

    def revoke() -> None:
        with people.as_(people.admin_user):
            services.disconnect_on_commit(user_id=people.maya_user.id)

    await _in_thread(revoke)
    assert await _next(socket) == {"type": "bye", "reason": "revoked"}
    with pytest.raises(websockets.ConnectionClosed):
        await _next(socket)


async def test_a_ticket_from_before_signing_out_opens_nothing(people: Cast, address: str) -> None:
    tokens = [await _in_thread(_ticket, people, user) for user in (people.liz_user, people.maya_user)]

    def sign_out() -> None:
        client = sign_in(Client(), people.liz_user)
        assert client.post("/accounts/logout/").status_code == 302

    await _in_thread(sign_out)
    signed_out, other = [await _open(address, token) for token in tokens]
    assert await _next(signed_out) == {"type": "bye", "reason": "refused"}
    assert (await _next(other))["type"] == "welcome"
    await other.close()


async def test_a_ticket_from_before_a_role_was_taken_away_opens_nothing(people: Cast, address: str) -> None:
    token = await _in_thread(_ticket, people, people.maya_user)

    def take_away() -> None:
        with people.as_(people.admin_user) as admin:
            membership = Membership.objects.get(user=people.maya_user)
            change_membership(actor=admin, membership=membership, roles=[Role.BILLER], active=True)

    await _in_thread(take_away)
    assert await _next(await _open(address, token)) == {"type": "bye", "reason": "refused"}


async def test_a_ticket_from_before_a_link_was_revoked_opens_nothing(people: Cast, address: str) -> None:
    subject = uuid7()
    tokens = [await _in_thread(_link_ticket, people, each) for each in (subject, uuid7())]
    tokens.append(await _in_thread(_ticket, people, people.liz_user))

    def revoke() -> None:
        with people.as_(people.maya_user):
            services.disconnect_on_commit(subject_id=subject)

    await _in_thread(revoke)
    told = [await _next(await _open(address, token)) for token in tokens]
    assert [message["type"] for message in told] == ["bye", "welcome", "welcome"]


def test_tickets_stay_when_the_revocation_is_rolled_back(people: Cast) -> None:
    _ticket(people, people.liz_user)
    with contextlib.suppress(RuntimeError), people.as_(people.admin_user):
        services.disconnect_on_commit(user_id=people.liz_user.id)
        raise RuntimeError
    assert Ticket.objects.count() == 1


async def test_revoking_a_link_closes_the_sockets_of_whoever_came_by_it(people: Cast, address: str) -> None:
    subject = uuid7()
    tokens = [await _in_thread(_link_ticket, people, each) for each in (subject, uuid7())]
    tokens.append(await _in_thread(_ticket, people, people.liz_user))
    by_link, by_another, signed_in = [await _open(address, token) for token in tokens]
    for socket in (by_link, by_another, signed_in):
        assert (await _next(socket))["type"] == "welcome"

    def revoke(tenant: Any) -> None:
        with frames.begin(tenant_id=tenant.id, actor=people.actor_of(people.maya_user)):
            services.disconnect_on_commit(subject_id=subject)

    await _in_thread(revoke, people.northgate)  # the same id in another clinic is another thing
    await _in_thread(revoke, people.larkspur)
    assert await _next(by_link) == {"type": "bye", "reason": "revoked"}
    with pytest.raises(websockets.ConnectionClosed):
        await _next(by_link)
    for socket in (by_another, signed_in):
        await socket.send(json.dumps({"type": "ping", "n": 7}))
        assert await _next(socket) == {"type": "pong", "n": 7}
        await socket.close()


def test_a_topic_that_may_not_be_heard_and_one_that_is_not_there_look_the_same(people: Cast) -> None:
    for topic in (f"test:{uuid7()}", f"none:{TOPIC_ID}", "test:not-an-id", "test"):
        with people.as_(people.liz_user) as actor, pytest.raises(services.TopicRefused):
            services.mint_ticket(actor=actor, topics=[topic])


# ---- limits


async def test_who_says_too_much_is_closed_and_may_come_back(
    people: Cast, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lean, "PER_SECOND", 0.01)
    loud, other = [await _welcomed(people, address, user) for user in (people.liz_user, people.maya_user)]
    with contextlib.suppress(websockets.ConnectionClosed):
        for n in range(lean.BURST + 20):
            await loud.send(json.dumps({"type": "ping", "n": n}))
    assert [(await _next(loud))["type"] for _ in range(lean.BURST)] == ["pong"] * lean.BURST
    await _is_closed(loud, "too_fast")
    await _is_open(other)
    await _is_open(await _welcomed(people, address, people.liz_user))


async def test_of_too_many_sockets_of_one_person_the_one_silent_longest_goes(
    people: Cast, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._topics, "test", registry.Topic("test", lambda actor, id: True, most=2))
    first, second = [await _welcomed(people, address, people.liz_user) for _ in range(2)]
    other = await _welcomed(people, address, people.maya_user)
    await _is_open(first)  # heard of after the second one
    third = await _welcomed(people, address, people.liz_user)
    await _is_closed(second, "too_many")
    for socket in (first, third, other):
        await _is_open(socket)


# ---- the listener


def _lose_the_listener() -> None:
    with psycopg.connect(**lanes.conninfo(), autocommit=True) as db:
        lost = db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = %s",
            [f"LISTEN {services.CHANNEL}"],
        ).fetchall()
    assert lost


async def test_after_the_listener_was_away_every_socket_asks_for_a_new_ticket(
    people: Cast, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said meanwhile may have been a revocation."""
    monkeypatch.setattr(hub, "SPREAD_SECONDS", 0.1)
    sockets = [await _welcomed(people, address, user) for user in (people.liz_user, people.maya_user)]
    await _in_thread(_lose_the_listener)
    for socket in sockets:
        await _is_closed(socket, "missed")
    again = await _welcomed(people, address, people.liz_user)
    await _in_thread(_push, people, people.larkspur)
    assert (await _next(again))["kind"] == "changed"


async def test_nobody_is_welcomed_before_the_lane_listens(people: Cast, address: str) -> None:
    """What was said in between would be heard by nobody, and nobody would know. Shown failing without ``hub.listens``."""
    await _welcomed(people, address, people.maya_user)  # it listens by now, and doesn't begin to in the middle of this
    assert hub._listener is not None
    loop = hub._listener.get_loop()
    loop.call_soon_threadsafe(hub._listening.clear)
    socket = await _open(address, await _in_thread(_ticket, people, people.liz_user))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(socket.recv(), 0.5)
    loop.call_soon_threadsafe(hub._listening.set)
    assert (await _next(socket))["type"] == "welcome"


async def test_a_listener_that_fails_says_so_and_begins_again(
    people: Cast, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub, "SPREAD_SECONDS", 0.1)
    dispatch, failures = hub._dispatch, [ValueError()]

    async def fails_once(message: Any) -> None:
        if failures:
            raise failures.pop()
        await dispatch(message)

    monkeypatch.setattr(hub, "_dispatch", fails_once)
    socket = await _welcomed(people, address, people.liz_user)
    await _in_thread(_push, people, people.larkspur)
    await _is_closed(socket, "missed")
    assert "begins to listen again" in caplog.text
    again = await _welcomed(people, address, people.liz_user)
    await _in_thread(_push, people, people.larkspur)
    assert (await _next(again))["kind"] == "changed"


# ---- how long


async def test_a_socket_ends_with_what_let_its_person_in(people: Cast, address: str) -> None:
    ends_at = clock.now() + timedelta(seconds=3)
    short = await _welcomed(people, address, people.liz_user, ends_at=ends_at)
    long = await _welcomed(people, address, people.liz_user)
    await _is_closed(short, "expired")
    assert clock.now() >= ends_at
    await _is_open(long)


def test_no_ticket_is_for_longer_than_half_a_day_or_than_the_session(people: Cast) -> None:
    client = sign_in(Client(), people.liz_user)
    session = client.session
    session.set_expiry(600)
    session.save()
    with people.as_(people.liz_user) as actor:
        services.mint_ticket(actor=actor, topics=[f"test:{TOPIC_ID}"], ends_at=clock.now() + timedelta(days=2))
    answer = client.post(reverse("realtime:ticket-mint", args=["larkspur"]), {"topic": f"test:{TOPIC_ID}"})
    assert answer.status_code == 200
    longest, sessions = [ticket.ends_at - clock.now() for ticket in Ticket.objects.order_by("id")]
    assert timedelta(hours=11, minutes=59) < longest <= services.LONGEST
    assert timedelta(minutes=9) < sessions <= timedelta(minutes=10)
    assert services.LONGEST.total_seconds() >= settings.SESSION_COOKIE_AGE


def test_who_asks_for_ticket_after_ticket_waits_and_others_do_not(people: Cast) -> None:
    liz, maya = (sign_in(Client(), user) for user in (people.liz_user, people.maya_user))
    wanted = reverse("realtime:ticket-mint", args=["larkspur"]), {"topic": f"test:{TOPIC_ID}"}
    answers = [liz.post(*wanted).status_code for _ in range(tickets.BURST)]
    assert answers == [200] * tickets.BURST
    # Some of it came back while it was asked for; who asks once a second never meets this.
    over = next(answer for answer in (liz.post(*wanted) for _ in range(tickets.BURST)) if answer.status_code != 200)
    assert (over.status_code, over["Retry-After"]) == (429, "1")
    assert maya.post(*wanted).status_code == 200


async def test_a_new_password_makes_every_socket_ask_whether_its_session_still_holds(
    people: Cast, address: str
) -> None:
    hers, other = [await _welcomed(people, address, user) for user in (people.liz_user, people.maya_user)]

    def change() -> None:
        password_changed.send(User, request=RequestFactory().get("/"), user=people.liz_user)

    await _in_thread(change)
    await _is_closed(hers, "renewed")
    await _is_open(other)


# ---- the trail


def test_who_guesses_topics_without_an_account_fills_no_trail(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_GUESSES", 3)
    for _ in range(5):
        answer = Client().post(reverse("realtime:ticket-mint", args=["larkspur"]), {"topic": f"test:{uuid7()}"})
        assert answer.status_code == 404
    with people.as_(people.admin_user):
        assert AuditEvent.objects.filter(action="realtime.ticket.refuse").count() == 3
