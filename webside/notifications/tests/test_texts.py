"""Texts: queued with their cause, sent once, held at night, given up in sight, and stopped by one word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine

from webside.core import clock, frames, loops
from webside.core.actor import system
from webside.integrations.sms.stand_in import StandIn
from webside.notifications import ports, selectors, services
from webside.notifications.codes import Choice, MessageKind, MessageStatus, Reason
from webside.notifications.models import ChannelState, IncomingText, OutgoingMessage
from webside.outbox.models import OutboxEvent
from webside.testing.texts import carrier, outgoing

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo("America/New_York"))
LIZ = "+18455550142"


@pytest.fixture
def sms(tmp_path: Path) -> Iterator[StandIn]:
    with carrier(tmp_path / "texts") as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock_:
        yield clock_


def queue(cast: Any, to: str = "845-555-0142", **values: Any) -> OutgoingMessage:
    """Queue a text for Liz (HELP's words: they need nothing)."""
    usual: dict[str, Any] = {
        "template": "notifications/text_started", "to": to, "context": {}, "kind": MessageKind.REMINDER,
        "idempotency_key": uuid4().hex, "patient_id": cast.liz.id,
    }  # fmt: skip
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return services.send_sms(**usual | values)


def fresh(row: OutgoingMessage) -> OutgoingMessage:
    row.refresh_from_db()
    return row


def test_a_text_leaves_in_plain_letters_and_is_kept_sealed(cast: Any, sms: StandIn) -> None:
    row = queue(cast, idempotency_key="one")
    assert queue(cast, idempotency_key="one").id == row.id
    assert b"Larkspur" not in bytes(row.body) and b"8455550142" not in bytes(row.recipient)
    assert services.send_due_texts() == 1 and services.send_due_texts() == 0
    (text,) = outgoing(sms)
    assert (text.to, text.sender) == (LIZ, "+15185550100")
    assert text.body.startswith("Larkspur Clinic: you get texts") and "\n" not in text.body
    assert text.key == str(row.id)
    assert fresh(row).status == MessageStatus.SENT and row.carrier_id == text.sid


def test_no_sender_is_a_state_and_nothing_is_lost(cast: Any, sms: StandIn) -> None:
    row = queue(cast)
    ports.lend_sms(None)
    assert services.send_due_texts() == 0 and fresh(row).attempts == 0
    assert "sms" in ports.missing("larkspur")


def test_a_clinic_without_a_number_of_its_own_waits_and_holds_nobody_up(cast: Any, sms: StandIn) -> None:
    with frames.begin(tenant_id=cast.northgate.id, actor=system("test", cast.northgate.id)):
        row = services.send_sms(
            template="notifications/text_started", to="845-555-0190", context={}, kind=MessageKind.REMINDER,
            idempotency_key="theirs",
        )  # fmt: skip
    ours = queue(cast)
    port = ports.sms()
    assert port is not None
    alone = replace(port, numbers={"larkspur": "+15185550100"})  # type: ignore[type-var]
    ports.lend_sms(lambda: alone)
    services.send_due_texts()
    assert fresh(ours).status == MessageStatus.SENT
    assert fresh(row).status == MessageStatus.QUEUED and ports.missing("northgate").count("sms") == 1


@pytest.mark.parametrize(
    ("to", "reason"),
    [("845-555-014", Reason.NO_NUMBER), ("", Reason.NO_NUMBER), ("845-555-0142 x7", Reason.NO_NUMBER)],
)
def test_what_is_no_number_is_not_tried(cast: Any, sms: StandIn, to: str, reason: Reason) -> None:
    row = queue(cast, to)
    assert (row.status, row.reason, bytes(row.body)) == ("withheld", reason, b"")
    assert services.send_due_texts() == 0


@pytest.mark.parametrize(("number", "reason"), [("+15005550001", Reason.INVALID), ("+15005550009", Reason.LANDLINE)])
def test_a_number_that_takes_no_texts_is_given_up_at_once_and_remembered(
    cast: Any, sms: StandIn, number: str, reason: Reason
) -> None:
    row = queue(cast, number)
    services.send_due_texts()
    assert (fresh(row).status, row.reason, row.attempts) == ("failed", reason, 1)
    assert number[-4:] not in row.last_error
    assert OutboxEvent.objects.filter(name="notifications.NotificationFailed").count() == 1
    assert queue(cast, number).reason == reason, "nobody waits for a second one"
    with cast.as_(cast.grace_user) as grace:
        services.retry_message(actor=grace, message=row)
        assert selectors.why_no_text(number) is Reason.NONE, "a person may know better"
    assert fresh(row).status == MessageStatus.QUEUED


def test_a_carrier_that_is_away_for_an_hour_loses_nothing(cast: Any, sms: StandIn, at_noon: Any) -> None:
    rows = [queue(cast) for _ in range(3)]
    sms.away = True
    for _ in range(60):
        services.send_due_texts()
        at_noon.shift(timedelta(minutes=1))
    assert {fresh(row).status for row in rows} == {"queued"}
    (state,) = selectors.channels_away()
    assert state.channel == "sms" and state.away_since == NOON and state.reason == Reason.AWAY
    sms.away = False
    for _ in range(6):
        services.send_due_texts()
        at_noon.shift(timedelta(minutes=1))
    assert {fresh(row).status for row in rows} == {"sent"}
    assert len(outgoing(sms)) == 3
    assert selectors.channels_away() == [] and not ChannelState.objects.filter(away_since__isnull=False)


def test_what_comes_back_too_late_is_given_up_and_somebody_is_told(cast: Any, sms: StandIn, at_noon: Any) -> None:
    row = queue(cast, expires_at=NOON + timedelta(minutes=30))
    sms.away = True
    services.send_due_texts()
    at_noon.shift(timedelta(hours=1))
    sms.away = False
    services.send_due_texts()
    assert (fresh(row).status, row.reason) == ("failed", Reason.TOO_LATE) and outgoing(sms) == []
    assert OutboxEvent.objects.get(name="notifications.NotificationFailed").payload == {"message_id": str(row.id)}


def test_a_carrier_that_asks_for_a_pause_gets_it(cast: Any, sms: StandIn) -> None:
    row = queue(cast, "+15005550429")
    services.send_due_texts()
    assert fresh(row).status == "queued" and row.due_at == NOON + timedelta(seconds=2) and row.trying_at is None


def test_quiet_hours_hold_what_can_wait(cast: Any, sms: StandIn, at_noon: Any) -> None:
    at_noon.move_to(NOON + timedelta(hours=10))
    held = queue(cast)
    urgent = queue(cast, kind=MessageKind.READY)
    answer = queue(cast, kind=MessageKind.ANSWER)
    services.send_due_texts()
    assert [fresh(row).status for row in (held, urgent, answer)] == ["queued", "sent", "sent"]
    assert urgent.urgent and held.due_at == NOON + timedelta(hours=20), "eight in the morning"
    at_noon.move_to(NOON + timedelta(hours=20))
    services.send_due_texts()
    assert fresh(held).status == "sent"


def test_quiet_hours_are_those_of_the_persons_own_choice_and_zone(cast: Any, sms: StandIn, at_noon: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        services.change_preference(
            actor=liz, patient=cast.liz, reminders=Choice.SMS, changes=Choice.EMAIL,
            quiet_from=time(11), quiet_until=time(13),
        )  # fmt: skip
    row = queue(cast)
    services.send_due_texts()
    assert fresh(row).status == "queued" and row.due_at == NOON + timedelta(hours=1)
    cast.liz.timezone = "America/Los_Angeles"
    with cast.as_(cast.grace_user):
        cast.liz.save()
    other = queue(cast)
    services.send_due_texts()
    assert fresh(other).status == "sent", "nine in the morning in Oregon"


def test_withdrawn_texts_do_not_leave(cast: Any, sms: StandIn) -> None:
    about = uuid4()
    row, other = queue(cast, about_id=about), queue(cast, about_id=uuid4())
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        services.withdraw_messages(about_id=about, kinds=frozenset({MessageKind.REMINDER}))
    services.send_due_texts()
    assert (fresh(row).status, row.reason) == ("withheld", Reason.WITHDRAWN) and fresh(other).status == "sent"


# --------------------------------------------------------------------------------- between sent and marked


def test_an_answer_that_never_came_is_asked_for_before_anything_is_sent_twice(
    cast: Any, sms: StandIn, at_noon: Any
) -> None:
    """The carrier took it, the line broke: the next try finds it."""
    row = queue(cast)
    port = ports.sms()
    assert port is not None

    class Deaf:
        name, number_of, find = port.name, port.number_of, port.find  # type: ignore[union-attr]

        def send(self, **given: Any) -> str:
            port.send(**given)  # type: ignore[union-attr]
            raise ports.TemporaryFailure("ReadTimeout", uncertain=True)

    ports.lend_sms(Deaf)  # type: ignore[arg-type]
    services.send_due_texts()
    assert fresh(row).status == "queued" and row.trying_at == NOON
    ports.lend_sms(lambda: port)
    sms.requests.clear()
    at_noon.shift(timedelta(minutes=5))
    services.send_due_texts()
    assert [method for method, _ in sms.requests] == ["GET"], "found, and not sent"
    assert fresh(row).status == "sent" and len(outgoing(sms)) == 1 and row.carrier_id == outgoing(sms)[0].sid


def test_what_was_not_taken_is_sent_after_asking_unless_it_is_too_late(cast: Any, sms: StandIn, at_noon: Any) -> None:
    row, late = queue(cast), queue(cast, "845-555-0143", expires_at=NOON + timedelta(minutes=1))
    OutgoingMessage.objects.filter(id__in=[row.id, late.id]).update(trying_at=NOON, attempts=1)
    at_noon.shift(timedelta(minutes=5))
    services.send_due_texts()
    assert fresh(row).status == "sent" and fresh(late).status == "failed" and late.reason == Reason.TOO_LATE
    assert [each.key for each in outgoing(sms)] == [str(row.id)]


# ------------------------------------------------------------------------------- what the carrier says later


def say(cast: Any, row: OutgoingMessage, **news: Any) -> OutgoingMessage:
    actor = system("text message service", cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        services.note_text_status(actor=actor, message_id=row.id, sid=news.pop("sid", "SM1"), **news)
    return fresh(row)


def test_what_arrived_is_known_even_before_the_sender_has_noted_that_it_left(cast: Any, sms: StandIn) -> None:
    row = say(cast, queue(cast), arrived=True)
    assert row.status == "sent" and row.delivered_at == NOON and row.carrier_id == "SM1"
    assert services.send_due_texts() == 0, "it is out"
    row = say(cast, row, arrived=False, reason=Reason.LANDLINE, code="code 30006")
    assert row.delivered_at == NOON and row.status == "sent", "what arrived has arrived"
    assert say(cast, row, sid="SM2", arrived=False, reason=Reason.INVALID).status == "sent"


def test_what_will_not_arrive_is_given_up_with_its_reason(cast: Any, sms: StandIn) -> None:
    row = queue(cast)
    services.send_due_texts()
    row = say(cast, fresh(row), sid=row.carrier_id, arrived=False, reason=Reason.LANDLINE, code="code 30006")
    assert (row.status, row.reason, row.last_error) == ("failed", Reason.LANDLINE, "code 30006")
    with cast.as_(cast.grace_user):
        assert selectors.why_no_text(LIZ) is Reason.LANDLINE


def test_another_clinics_text_is_not_touched(cast: Any, sms: StandIn) -> None:
    row = queue(cast)
    actor = system("text message service", cast.northgate.id)
    with frames.begin(tenant_id=cast.northgate.id, actor=actor):
        services.note_text_status(actor=actor, message_id=row.id, sid="SM1", arrived=True)
    assert fresh(row).delivered_at is None


# ------------------------------------------------------------------------------------- STOP, START and HELP


def receive(cast: Any, body: str, sid: str = "", number: str = LIZ, **more: Any) -> IncomingText:
    actor = system("text message service", cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        return services.receive_text(
            actor=actor, carrier_id=sid or uuid4().hex, number=number, body=body, **more
        )  # fmt: skip


def bodies(sms: StandIn) -> list[str]:
    services.send_due_texts()
    return [each.body for each in outgoing(sms)]


def test_stop_ends_texts_and_is_confirmed_once(cast: Any, sms: StandIn) -> None:
    waiting = queue(cast)
    receive(cast, "Stop.")
    receive(cast, "STOP")
    (said,) = bodies(sms)
    assert "no more texts" in said and "START" in said
    assert (fresh(waiting).status, waiting.reason) == ("withheld", Reason.STOPPED), "what waited doesn't leave either"
    assert queue(cast).reason == Reason.STOPPED
    receive(cast, "help")
    receive(cast, "1")
    assert len(bodies(sms)) == 2 and "Call us" not in said
    receive(cast, "START")
    assert any("texts about your visits again" in body for body in bodies(sms)) and queue(cast).status == "queued"


def test_a_stop_is_the_number_s_own_and_the_clinic_s_own(cast: Any, sms: StandIn) -> None:
    receive(cast, "STOP")
    assert queue(cast, "845-555-0143").status == "queued"
    with frames.begin(tenant_id=cast.northgate.id, actor=system("test", cast.northgate.id)):
        assert selectors.why_no_text(LIZ) is Reason.NONE


def test_a_stop_that_only_the_carrier_heard_is_learnt_from_its_refusal(cast: Any, sms: StandIn) -> None:
    row = queue(cast, "+15005550004")
    services.send_due_texts()
    assert (fresh(row).status, row.reason) == ("withheld", Reason.STOPPED)
    assert queue(cast, "+15005550004").reason == Reason.STOPPED


def test_what_the_carrier_has_answered_itself_is_not_answered_again(cast: Any, sms: StandIn) -> None:
    receive(cast, "STOP", answered=True)
    assert bodies(sms) == [] and queue(cast).reason == Reason.STOPPED


def test_the_same_text_twice_does_nothing_twice(cast: Any, sms: StandIn) -> None:
    one, two = receive(cast, "HELP", "SM9"), receive(cast, "HELP", "SM9")
    assert one.id == two.id and len(bodies(sms)) == 1
    receive(cast, "maybe", "SM10"), receive(cast, "maybe", "SM10")
    assert OutboxEvent.objects.filter(name="notifications.TextReceived").count() == 1


def test_two_machines_do_not_talk_to_each_other(cast: Any, sms: StandIn) -> None:
    for _ in range(20):
        receive(cast, "HELP")
    assert 0 < len(bodies(sms)) <= 6


def test_what_was_written_is_sealed_and_the_front_desks_alone(cast: Any, sms: StandIn) -> None:
    text = receive(cast, "I bleed")
    assert b"bleed" not in bytes(text.body) and b"8455550142" not in bytes(text.number)
    with cast.as_(cast.grace_user) as grace:
        found = selectors.incoming_text(grace, text.id)
        assert found is not None and selectors.words_of(found) == (LIZ, "I bleed")
        assert services.mark_text_done(actor=grace, text=found).done_by == "Grace Lin"
    for user in (cast.liz_user, cast.maya_user, cast.admin_user):
        with cast.as_(user) as actor:
            assert not selectors.incoming_texts(actor).exists()
            with pytest.raises(services.NotAllowed):
                services.mark_text_done(actor=actor, text=text)
    with cast.as_(cast.mallory_user) as mallory:
        assert not selectors.incoming_texts(mallory).exists()


def test_who_chooses_how_somebody_is_reached(cast: Any) -> None:
    for user, may in (
        (cast.liz_user, True),
        (cast.grace_user, True),
        (cast.maya_user, False),
        (cast.admin_user, False),
    ):
        with cast.as_(user) as actor:
            chosen = {
                "reminders": Choice.EMAIL,
                "changes": Choice.BOTH,
                "quiet_from": NOON.time(),
                "quiet_until": NOON.time(),
            }
            if may:
                services.change_preference(actor=actor, patient=cast.liz, **chosen)
            else:
                with pytest.raises(services.NotAllowed):
                    services.change_preference(actor=actor, patient=cast.liz, **chosen)


def test_the_worker_has_the_loop() -> None:
    assert "texts" in {loop.name for loop in loops.registered()}
    assert clock.now() == NOON
