"""A visit by phone: codes that nobody guesses, a lobby that nobody leaves by herself, minutes that are true."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.policy import default
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.html import escape

from webside.audit.codes import Outcome
from webside.audit.models import AuditEvent
from webside.core import clock, frames, timers
from webside.core.actor import Actor, system
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of
from webside.outbox.models import Delivery
from webside.outbox.services import deliver_due
from webside.people.models import Patient, Practitioner
from webside.scheduling.events import AppointmentBooked
from webside.scheduling.handlers import send_booked
from webside.testing import calls
from webside.testing.cast import Cast, sign_in
from webside.testing.queries import MOST, page_queries
from webside.visits import rules, selectors, services
from webside.visits.codes import ParticipantRole, PhoneState, PhoneWhy, Relation, Stage
from webside.visits.engines import phone
from webside.visits.engines.phone import CarrierAway, CarrierRefused, Standing, Then, Turn
from webside.visits.models import Participant, PhoneCall, PhoneMove, SafeStart, Visit
from webside.visits.tests import factories

LIZ_PHONE, MAYA_PHONE, STRANGER = "+18455550142", "+15185550123", "+12125550177"
PATIENT, CLINICIAN = ParticipantRole.PATIENT, ParticipantRole.CLINICIAN


class Carrier:
    """Does as it is told, and says what it was asked for."""

    name = "test"

    def __init__(self) -> None:
        self.number = calls.NUMBERS["larkspur"]
        self.placed: list[tuple[str, UUID]] = []
        self.turned: list[str] = []
        self.trouble: Exception | None = None
        self.stands = Standing(False)

    def number_of(self, clinic: str) -> str:
        return self.number if clinic == "larkspur" else ""

    def call(self, *, clinic: str, to: str, call_id: UUID) -> str:
        self._fail()
        self.placed.append((to, call_id))
        return f"CA{call_id.hex}"

    def turn(self, *, clinic: str, call_id: UUID, carrier_id: str) -> None:
        self._fail()
        self.turned.append(carrier_id)

    def standing(self, *, carrier_id: str) -> Standing:
        self._fail()
        return self.stands

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    found = Carrier()
    phone.lend(lambda: found)
    yield found
    phone.lend(None)


@pytest.fixture
def clinic(cast: Cast, carrier: Carrier) -> Cast:
    with cast.as_(cast.maya_user):
        Practitioner.objects.filter(id=cast.maya.id).update(phone=MAYA_PHONE)
        cast.maya.refresh_from_db()
    return cast


def as_carrier(cast: Cast) -> Any:
    return frames.begin(tenant_id=cast.larkspur.id, actor=_carrier_actor(cast))


def _carrier_actor(cast: Cast) -> Actor:
    return system("telephone service", cast.larkspur.id)


def code(cast: Cast, visit: Visit, role: ParticipantRole = PATIENT) -> str:
    with as_carrier(cast):
        found = services.dial_in(seat=selectors.participants(visit)[role], clinic="larkspur")
        assert found is not None
        return found.code


def dial(cast: Cast, digits: str, *, caller: str = LIZ_PHONE, sid: str = "") -> tuple[PhoneCall, Turn]:
    """Dial the clinic's number and type once."""
    actor = _carrier_actor(cast)
    with as_carrier(cast):
        first = services.take_call(actor=actor, carrier_id=sid or f"CA{uuid4().hex}", caller=caller)
    if first.then is not Then.CODE:
        return _call(cast, first.call_id), first
    return again(cast, first.call_id, digits)


def again(cast: Cast, call_id: UUID, digits: str, number: int | None = None) -> tuple[PhoneCall, Turn]:
    with as_carrier(cast):
        tries = PhoneCall.objects.get(id=call_id).tries if number is None else number
        turn = services.enter_code(actor=_carrier_actor(cast), call_id=call_id, digits=digits, number=tries)
        assert turn is not None
    return _call(cast, call_id), turn


def _call(cast: Cast, call_id: UUID) -> PhoneCall:
    with as_carrier(cast):
        return PhoneCall.objects.select_related("seat").get(id=call_id)


def move(
    cast: Cast, call: PhoneCall, sequence: int, joined: bool, at: datetime | None = None, room: str = "CF1"
) -> bool:
    with as_carrier(cast):
        return services.note_move(
            actor=_carrier_actor(cast), carrier_id=call.carrier_id, visit_id=call.visit_id, conference=room,
            sequence=sequence, joined=joined, at=at or clock.now(),
        )  # fmt: skip


def status(cast: Cast, call: PhoneCall, why: PhoneWhy = PhoneWhy.HUNG_UP, at: datetime | None = None) -> bool:
    with as_carrier(cast):
        return services.note_status(
            actor=_carrier_actor(cast),
            carrier_id=call.carrier_id or f"CA{uuid4().hex}",
            call_id=call.id,
            over=True,
            why=why,
            at=at,
        )


def turn_of(cast: Cast, call: PhoneCall) -> Turn:
    with as_carrier(cast):
        found = services.next_turn(call_id=call.id, again=0)
        assert found is not None
        return found


def admit(cast: Cast, visit: Visit, call: PhoneCall) -> PhoneCall:
    with cast.as_(cast.maya_user) as maya:
        return services.let_call_in(actor=maya, visit=visit, call_id=call.id)


def ask(cast: Cast, visit: Visit, role: ParticipantRole, user: Any, key: str = "one") -> PhoneCall:
    with cast.as_(user) as actor:
        return services.ask_call(actor=actor, visit=visit, role=role, client_key=key)


def seen(cast: Cast, visit: Visit) -> Visit:
    with cast.as_(cast.maya_user) as maya:
        found = selectors.visit(maya, visit.id)
        assert found is not None
        return found


def both_on_the_phone(cast: Cast, visit: Visit, at: datetime | None = None) -> tuple[PhoneCall, PhoneCall]:
    """Bring the patient, who dials, and the clinician, who had herself called, into the room."""
    liz, _turn = dial(cast, code(cast, visit))
    admit(cast, visit, liz)
    maya = ask(cast, visit, CLINICIAN, cast.maya_user, key=uuid4().hex)
    deliver_due()
    with as_carrier(cast):
        services.answer_call(actor=_carrier_actor(cast), call_id=maya.id, carrier_id=f"CA{maya.id.hex}")
        services.press_key(actor=_carrier_actor(cast), call_id=maya.id, digits="1", number=0)
    maya = _call(cast, maya.id)
    move(cast, liz, 1, True, at)
    move(cast, maya, 2, True, at)
    return liz, maya


# Codes


def test_each_seat_has_a_code_of_its_own_that_stands_in_no_table(clinic: Cast) -> None:
    visit = factories.planned(clinic)
    hers, his = code(clinic, visit), code(clinic, visit, CLINICIAN)
    assert hers != his and len(hers) == selectors.DIGITS and hers == code(clinic, visit), "the same each time"
    with as_carrier(clinic):
        row = Participant.objects.filter(visit=visit, role=PATIENT).values().get()
        assert hers not in str(row) and hers.encode() not in bytes(row["dial_digest"])
    with override_settings(SECRET_KEY="another installation's secret, stolen tables alone open nothing"):
        assert code(clinic, visit) != hers, "who has the tables and not the secret can't make codes of them"


def test_no_two_seats_have_the_same_code(clinic: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = factories.planned(clinic), factories.planned(clinic, starts=clock.now() + timedelta(hours=2))
    made = selectors.phone.code_for
    taken = code(clinic, one)
    monkeypatch.setattr(selectors.phone, "code_for", lambda seat: taken if seat.dial_turn == 0 else made(seat))
    monkeypatch.setattr(selectors, "code_for", selectors.phone.code_for)
    other = code(clinic, two)
    assert other != taken
    assert dial(clinic, taken)[0].visit_id == one.id and dial(clinic, other)[0].visit_id == two.id
    with as_carrier(clinic), transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        digest = Participant.objects.get(visit=one, role=PATIENT).dial_digest
        Participant.objects.filter(visit=two, role=PATIENT).update(dial_digest=digest)


def test_the_right_code_brings_to_the_lobby_of_that_visit_and_no_further(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    call, turn = dial(clinic, code(clinic, visit))
    assert (call.visit_id, call.seat.role, call.state) == (visit.id, PATIENT, PhoneState.LOBBY)
    assert turn.then is Then.WAIT and turn_of(clinic, call).then is Then.WAIT, "let in by video is not let in by phone"
    assert "lets you in" in turn.say[0].text and clinic.liz.full_name not in turn.say[0].text
    admit(clinic, visit, call)
    join = turn_of(clinic, call)
    assert (join.then, join.room, join.leads) == (Then.JOIN, visit.id, False)
    assert "could hear" in join.say[0].text and "is not on the phone yet" in join.say[0].text


def test_two_visits_at_once_are_two_rooms(clinic: Cast) -> None:
    one, two = (
        factories.admitted(clinic),
        factories.planned(clinic, patient=_somebody(clinic), practitioner=clinic.daniel),
    )
    first, second = dial(clinic, code(clinic, one))[0], dial(clinic, code(clinic, two), caller=STRANGER)[0]
    assert (first.visit_id, second.visit_id) == (one.id, two.id)
    with clinic.as_(clinic.daniel_user) as daniel, pytest.raises(services.NotAllowed):
        services.let_call_in(actor=daniel, visit=selectors.by_id(one.id), call_id=first.id)
    with clinic.as_(clinic.maya_user) as maya, pytest.raises(services.NotAllowed):
        services.let_call_in(actor=maya, visit=selectors.by_id(one.id), call_id=second.id)


def _somebody(cast: Cast) -> Patient:
    with cast.as_(cast.maya_user):
        return Patient.objects.create(
            given="Tom", family="Baker", birth_date=cast.liz.birth_date, record_number="R-77", language="es"
        )


def test_a_code_opens_from_the_check_in_on_until_the_end(clinic: Cast) -> None:
    later = factories.planned(clinic, starts=clock.now() + timedelta(hours=3))
    call, turn = dial(clinic, code(clinic, later))
    assert turn.then is Then.HANG_UP and call.why == PhoneWhy.EARLY and "not open yet" in turn.say[0].text
    visit = factories.admitted(clinic)
    with clinic.as_(clinic.maya_user) as maya:
        services.end_visit(actor=maya, visit=visit)
    call, turn = dial(clinic, code(clinic, visit))
    assert turn.then is Then.HANG_UP and call.why == PhoneWhy.OVER and call.wrong == 0
    missed = factories.planned(clinic, starts=clock.now() - timedelta(hours=6))
    assert dial(clinic, code(clinic, missed))[0].why == PhoneWhy.OVER


def test_who_has_not_checked_in_is_told_so_and_no_minute_of_the_talk_before_counts(clinic: Cast) -> None:
    visit = factories.planned(clinic)
    call, turn = dial(clinic, code(clinic, visit))
    assert "have not checked in" in turn.say[0].text and turn.then is Then.WAIT
    admit(clinic, visit, call)
    assert turn_of(clinic, call).then is Then.JOIN, "they may talk before it begins"
    maya = ask(clinic, visit, CLINICIAN, clinic.maya_user)
    move(clinic, call, 1, True)
    move(clinic, _with_id(clinic, maya), 2, True)
    assert seen(clinic, visit).started_at is None and selectors.stage_of(seen(clinic, visit)) is Stage.CHECK_IN


def _with_id(cast: Cast, call: PhoneCall) -> PhoneCall:
    with as_carrier(cast):
        PhoneCall.objects.filter(id=call.id).update(carrier_id=f"CA{call.id.hex}", state=PhoneState.LOBBY)
    return _call(cast, call.id)


def test_the_line_speaks_the_patients_language(clinic: Cast) -> None:
    visit = factories.planned(clinic, patient=_somebody(clinic))
    _call_row, turn = dial(clinic, code(clinic, visit))
    assert [said.language for said in turn.say] == ["es"] and "Por favor" in turn.say[0].text
    with as_carrier(clinic):
        first = services.take_call(actor=_carrier_actor(clinic), carrier_id="CA7", caller=STRANGER)
    assert [said.language for said in first.say] == ["en", "es"], "before the code nobody knows who it is"
    assert "ocho" in first.say[1].text


def test_a_guest_has_a_code_and_waits_like_everybody(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    with clinic.as_(clinic.maya_user) as maya:
        asked = services.ask_in(
            actor=maya, visit=visit, role=ParticipantRole.FAMILY, relation=Relation.CHILD, name="Ana", link_to=str
        )
        found = services.dial_in(seat=asked.seat, clinic="larkspur")
    assert found is not None
    call, _turn = dial(clinic, found.code, caller=STRANGER)
    assert call.seat_id == asked.seat.id and call.state == PhoneState.LOBBY
    admit(clinic, visit, call)
    assert turn_of(clinic, call).then is Then.JOIN
    with clinic.as_(clinic.maya_user) as maya:
        services.send_to_lobby(actor=maya, visit=visit, seat_id=asked.seat.id)
    assert turn_of(clinic, call).then is Then.WAIT
    with clinic.as_(clinic.maya_user) as maya:
        services.remove(actor=maya, visit=visit, seat_id=asked.seat.id)
    assert turn_of(clinic, call).then is Then.HANG_UP
    assert dial(clinic, found.code, caller=STRANGER)[0].visit_id is None, "her code is nobody's now"


# Guessing


def test_three_wrong_codes_end_a_call_and_a_try_told_twice_counts_once(clinic: Cast) -> None:
    factories.planned(clinic)
    call, turn = dial(clinic, "00000000", caller=STRANGER)
    assert turn.then is Then.CODE and "not right" in turn.say[0].text and call.wrong == 1
    call, turn = again(clinic, call.id, "00000000", number=0)
    assert (call.wrong, call.tries, turn.number) == (1, 1, 1), "the carrier told it twice"
    call, turn = again(clinic, call.id, "")
    assert (call.wrong, call.tries) == (1, 2), "nothing typed is no guess, but a try"
    call, turn = again(clinic, call.id, "12")
    assert turn.then is Then.HANG_UP and call.why == PhoneWhy.WRONG_CODE and call.ended_at is not None
    with as_carrier(clinic):
        refused = AuditEvent.objects.filter(action="visits.phone.dial", outcome=Outcome.REFUSED).count()
    assert refused == 3


def test_a_caller_who_guesses_is_locked_out_and_others_are_not(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    right = code(clinic, visit)
    most = rules.most_wrong_of_caller(clock.now().date())
    for _round in range(most // 3):
        call, _turn = dial(clinic, "00000000", caller=STRANGER)
        again(clinic, call.id, "00000001")
        again(clinic, call.id, "00000002")
    call, turn = dial(clinic, right, caller=STRANGER)
    assert turn.then is Then.HANG_UP and call.why == PhoneWhy.TOO_MANY and call.visit_id is None, "the right one too"
    assert "Call me" in turn.say[0].text
    assert dial(clinic, right)[0].state == PhoneState.LOBBY, "her own number still gets through"
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=True):
        assert dial(clinic, right, caller=STRANGER)[0].visit_id == visit.id, "after an hour it may try again"


def test_who_hides_her_number_is_not_shut_out_by_another_who_does(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    for _round in range(rules.most_wrong_of_caller(clock.now().date()) // 3):
        call, _turn = dial(clinic, "00000000", caller="anonymous")
        again(clinic, call.id, "00000001")
        again(clinic, call.id, "00000002")
    assert dial(clinic, code(clinic, visit), caller="anonymous")[0].state == PhoneState.LOBBY


def test_guessing_from_many_numbers_locks_the_line_to_strangers_and_call_me_still_works(
    clinic: Cast, carrier: Carrier
) -> None:
    visit = factories.admitted(clinic)
    right = code(clinic, visit)
    with as_carrier(clinic):
        PhoneCall.objects.bulk_create(
            PhoneCall(
                tenant_id=clinic.larkspur.id, carrier_id=f"CAx{number}", number=f"+1212555{number:04d}", wrong=3,
                state=PhoneState.ENDED, ended_at=clock.now(),
            ) for number in range(rules.most_wrong_of_number(clock.now().date()) // 3)
        )  # fmt: skip
    call, turn = dial(clinic, right, caller=STRANGER)
    assert turn.then is Then.HANG_UP and call.why == PhoneWhy.TOO_MANY
    ask(clinic, visit, PATIENT, clinic.liz_user)
    deliver_due()
    assert [to for to, _id in carrier.placed] == [LIZ_PHONE]
    assert dial(clinic, right)[0].state == PhoneState.LOBBY, "her own number still gets through"
    assert dial(clinic, code(clinic, visit, CLINICIAN), caller=MAYA_PHONE)[0].state != PhoneState.ENDED
    with time_machine.travel(visit.appointment.end + timedelta(hours=30), tick=True), as_carrier(clinic):
        assert not selectors.is_expected(LIZ_PHONE, clock.now()), "nobody is expected after the visit"


def test_nobody_but_the_carrier_says_what_a_call_did(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    call, _turn = dial(clinic, code(clinic, visit))
    with clinic.as_(clinic.liz_user) as liz:
        with pytest.raises(services.NotAllowed):
            services.take_call(actor=liz, carrier_id="CA1", caller=LIZ_PHONE)
        with pytest.raises(services.NotAllowed):
            services.enter_code(actor=liz, call_id=call.id, digits="00000000", number=0)
        with pytest.raises(services.NotAllowed):
            services.note_status(actor=liz, carrier_id=call.carrier_id, over=True)


# Out of order, twice, late


def test_what_the_carrier_tells_twice_or_out_of_order_is_one_truth(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    call, _maya = both_on_the_phone(clinic, visit)
    assert seen(clinic, visit).started_at is not None
    assert move(clinic, call, 3, False) and move(clinic, call, 3, False)
    assert _call(clinic, call.id).state == PhoneState.LOBBY
    assert move(clinic, call, 1, True), "told once more, late"
    assert _call(clinic, call.id).state == PhoneState.LOBBY
    with as_carrier(clinic):
        assert PhoneMove.objects.filter(call=call).count() == 2
    status(clinic, call)
    ended = _call(clinic, call.id).ended_at
    with as_carrier(clinic):
        services.note_status(actor=_carrier_actor(clinic), carrier_id=call.carrier_id, call_id=call.id)
    found = _call(clinic, call.id)
    assert (found.state, found.ended_at, found.why) == (PhoneState.ENDED, ended, PhoneWhy.HUNG_UP), "an end is final"


def test_the_same_call_answered_again_goes_on_where_it_was(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    call, _turn = dial(clinic, code(clinic, visit), sid="CA9")
    with as_carrier(clinic):
        turn = services.take_call(actor=_carrier_actor(clinic), carrier_id="CA9", caller=LIZ_PHONE)
    assert turn.call_id == call.id and turn.then is Then.WAIT
    with as_carrier(clinic):
        assert PhoneCall.objects.count() == 1


def test_an_end_that_was_lost_is_asked_for(clinic: Cast, carrier: Carrier) -> None:
    visit = factories.admitted(clinic)
    call, _maya = both_on_the_phone(clinic, visit)
    left = clock.now() + timedelta(minutes=2)
    carrier.stands = Standing(True, left, PhoneWhy.HUNG_UP)
    with time_machine.travel(clock.now() + services.phone.LOOK + timedelta(seconds=5), tick=True):
        timers.run_due()
        found = _call(clinic, call.id)
        assert found.state == PhoneState.ENDED and found.ended_at == left, "by the carrier's clock, not by ours"
        carrier.trouble = CarrierAway("away")
        assert _call(clinic, call.id).ended_at == left


# Calling


def test_call_me_calls_the_number_given_and_no_other_once(clinic: Cast, carrier: Carrier) -> None:
    visit = factories.waiting(clinic)
    call = ask(clinic, visit, PATIENT, clinic.liz_user)
    assert ask(clinic, visit, PATIENT, clinic.liz_user).id == call.id
    assert ask(clinic, visit, PATIENT, clinic.liz_user, key="other").id == call.id, "one that goes on is enough"
    deliver_due()
    deliver_due()
    assert carrier.placed == [(LIZ_PHONE, call.id)]
    with clinic.as_(clinic.liz_user) as liz, pytest.raises(services.NotAllowed):
        services.ask_call(actor=liz, visit=visit, role=CLINICIAN, client_key="three")
    with clinic.as_(clinic.mallory_user) as mallory, pytest.raises(Visit.DoesNotExist):
        services.ask_call(actor=mallory, visit=visit, role=PATIENT, client_key="four")


def test_a_visit_asks_for_so_many_calls_and_no_more(clinic: Cast) -> None:
    visit = factories.waiting(clinic)
    for number in range(rules.most_phone_calls(clock.now().date())):
        call = ask(clinic, visit, PATIENT, clinic.liz_user, key=str(number))
        status(clinic, call, PhoneWhy.NO_ANSWER)
    with pytest.raises(services.TooMany):
        ask(clinic, visit, PATIENT, clinic.liz_user, key="more")


def test_who_picks_up_presses_a_key_and_an_answering_machine_sits_in_no_lobby(clinic: Cast, carrier: Carrier) -> None:
    visit = factories.waiting(clinic)
    call = ask(clinic, visit, PATIENT, clinic.liz_user)
    deliver_due()
    actor = _carrier_actor(clinic)
    with as_carrier(clinic):
        turn = services.answer_call(actor=actor, call_id=call.id, carrier_id="CA1")
        assert turn is not None and turn.then is Then.PRESS
        said = " ".join(each.text for each in turn.say)
        assert not any(word in said for word in (clinic.liz.given, clinic.maya.family, clinic.larkspur.name))
        for number in range(3):
            turn = services.press_key(actor=actor, call_id=call.id, digits="", number=number)
    assert turn is not None and turn.then is Then.HANG_UP
    assert _call(clinic, call.id).why == PhoneWhy.NO_ANSWER


def test_the_clinician_who_had_herself_called_goes_straight_in_and_who_dials_her_code_does_not(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    stranger, turn = dial(clinic, code(clinic, visit, CLINICIAN), caller=MAYA_PHONE)
    assert turn.then is Then.WAIT and "That is me" in turn.say[0].text
    status(clinic, stranger)
    maya = ask(clinic, visit, CLINICIAN, clinic.maya_user)
    deliver_due()
    with as_carrier(clinic):
        services.answer_call(actor=_carrier_actor(clinic), call_id=maya.id, carrier_id="CA1")
        turn = services.press_key(actor=_carrier_actor(clinic), call_id=maya.id, digits="1", number=0)
    assert turn is not None and turn.then is Then.JOIN and turn.leads


def test_a_carrier_that_is_away_is_asked_again_for_two_minutes_and_then_the_page_says_so(
    clinic: Cast, carrier: Carrier
) -> None:
    visit = factories.waiting(clinic)
    carrier.trouble = CarrierAway("ConnectError")
    call = ask(clinic, visit, PATIENT, clinic.liz_user)
    deliver_due()
    assert _call(clinic, call.id).state == PhoneState.ASKED
    page = sign_in(Client(), clinic.liz_user)
    assert "We are calling you" in page.get(_url(visit)).content.decode()
    with time_machine.travel(clock.now() + timedelta(hours=1), tick=True):
        carrier.trouble = None
        deliver_due()
        found = _call(clinic, call.id)
        assert (found.state, found.why, carrier.placed) == (PhoneState.ENDED, PhoneWhy.AWAY, []), (
            "no call out of the blue"
        )
        words = sign_in(Client(), clinic.liz_user).get(_url(visit)).content.decode()
        assert escape("The phone company can’t be reached now") in words and "Call me instead" in words
        assert Delivery.objects.filter(dead_at__isnull=False).count() == 0


def test_an_answer_that_was_lost_rings_once(clinic: Cast, carrier: Carrier) -> None:
    visit = factories.waiting(clinic)
    carrier.trouble = CarrierAway("ReadTimeout", unsure=True)
    call = ask(clinic, visit, PATIENT, clinic.liz_user)
    deliver_due()
    carrier.trouble = None
    deliver_due()
    assert carrier.placed == [] and _call(clinic, call.id).unsure
    with as_carrier(clinic):
        services.note_status(actor=_carrier_actor(clinic), carrier_id="CA5", call_id=call.id)
    found = _call(clinic, call.id)
    assert (found.state, found.carrier_id, found.unsure) == (PhoneState.RINGING, "CA5", False), "it rang all the same"


def test_one_that_the_carrier_refuses_is_over_at_once(clinic: Cast, carrier: Carrier) -> None:
    visit = factories.waiting(clinic)
    carrier.trouble = CarrierRefused("HTTP 400")
    call = ask(clinic, visit, PATIENT, clinic.liz_user)
    deliver_due()
    assert _call(clinic, call.id).why == PhoneWhy.REFUSED


def test_a_turn_that_the_carrier_did_not_take_is_told_again_and_the_page_says_it_is_not_done(
    clinic: Cast, carrier: Carrier
) -> None:
    visit = factories.admitted(clinic)
    call, _maya = both_on_the_phone(clinic, visit)
    carrier.trouble = CarrierAway("ConnectError")
    with clinic.as_(clinic.maya_user) as maya:
        services.hold_visit(actor=maya, visit=visit)
    deliver_due()
    assert turn_of(clinic, call).then is Then.WAIT, "whenever it asks, it hears the truth"
    page = sign_in(Client(), clinic.maya_user)
    assert escape("has not answered yet") in page.get(_url(visit)).content.decode()
    carrier.trouble = None
    with time_machine.travel(clock.now() + timedelta(seconds=10), tick=True):
        deliver_due()
    assert call.carrier_id in carrier.turned
    move(clinic, call, 3, False)
    assert _call(clinic, call.id).turned_at is None


# The visit


def test_a_visit_by_phone_begins_goes_on_and_ends_and_its_minutes_are_by_phone(clinic: Cast) -> None:
    start = clock.now()
    with time_machine.travel(start, tick=False) as clockwork:
        visit = factories.waiting(clinic)
        call, _turn = dial(clinic, code(clinic, visit))
        admit(clinic, visit, call)
        visit = seen(clinic, visit)
        assert visit.admitted_at is not None and visit.started_at is None, "one press lets her into the visit too"
        call, maya = both_on_the_phone_again(clinic, visit, call)
        assert seen(clinic, visit).started_at == start
        clockwork.shift(timedelta(minutes=12, seconds=30))
        with clinic.as_(clinic.maya_user) as actor:
            visit = services.end_visit(actor=actor, visit=visit)
        facts = _facts(clinic, visit)
        assert (facts.connected, facts.video_minutes, facts.audio_minutes, facts.phone_minutes) == (True, 0, 12, 12)
        assert turn_of(clinic, call).then is turn_of(clinic, maya).then is Then.HANG_UP
        clockwork.shift(timedelta(minutes=5))
        assert _facts(clinic, visit).audio_minutes == 12, "who forgot to hang up makes no minutes"


def both_on_the_phone_again(cast: Cast, visit: Visit, liz: PhoneCall) -> tuple[PhoneCall, PhoneCall]:
    maya = _with_id(cast, ask(cast, visit, CLINICIAN, cast.maya_user, key=uuid4().hex))
    move(cast, liz, 1, True)
    move(cast, maya, 2, True)
    return _call(cast, liz.id), maya


def _facts(cast: Cast, visit: Visit) -> rules.CallFacts:
    with cast.as_(cast.maya_user):
        return selectors.call_facts(selectors.by_id(visit.id))


def test_hung_up_and_called_back_is_one_visit(clinic: Cast) -> None:
    start = clock.now()
    with time_machine.travel(start, tick=False) as clockwork:
        visit = factories.admitted(clinic)
        call, _maya = both_on_the_phone(clinic, visit)
        clockwork.shift(timedelta(minutes=4))
        move(clinic, call, 3, False)
        status(clinic, call)
        clockwork.shift(timedelta(minutes=3))
        back, turn = dial(clinic, code(clinic, visit))
        assert turn.then is Then.WAIT, "who calls back is let in again: it may be somebody else"
        admit(clinic, visit, back)
        move(clinic, back, 4, True)
        clockwork.shift(timedelta(minutes=5))
        with clinic.as_(clinic.maya_user) as actor:
            visit = services.end_visit(actor=actor, visit=visit)
        facts = _facts(clinic, visit)
        assert (facts.phone_minutes, facts.audio_minutes, facts.total_minutes) == (9, 9, 12)


def test_back_in_the_waiting_room_she_hears_nothing_by_phone_either(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    call, _maya = both_on_the_phone(clinic, visit)
    with clinic.as_(clinic.maya_user) as maya:
        services.hold_visit(actor=maya, visit=visit)
    assert turn_of(clinic, call).then is Then.WAIT
    with clinic.as_(clinic.maya_user) as maya:
        services.admit(actor=maya, visit=visit)
    assert turn_of(clinic, call).then is Then.WAIT, "a press for the phone, too"


def test_hanging_up_is_for_the_clinician_and_for_ones_own_call(clinic: Cast, carrier: Carrier) -> None:
    visit = factories.admitted(clinic)
    call, maya = both_on_the_phone(clinic, visit)
    with clinic.as_(clinic.liz_user) as liz:
        with pytest.raises(services.NotAllowed):
            services.hang_up(actor=liz, visit=visit, call_id=maya.id)
        services.hang_up(actor=liz, visit=visit, call_id=call.id)
    deliver_due()
    assert call.carrier_id in carrier.turned and turn_of(clinic, call).then is Then.HANG_UP
    status(clinic, call)
    assert _call(clinic, call.id).why == PhoneWhy.SENT_AWAY


# Pages and letters


def _url(visit: Visit) -> str:
    return reverse("visits:visit-phone", args=["larkspur", visit.id])


@pytest.mark.parametrize("page", ["visit-prepare", "visit-check-in", "visit-phone"])
def test_number_and_code_are_shown_from_the_start(clinic: Cast, page: str) -> None:
    visit = factories.planned(clinic)
    html = (
        sign_in(Client(), clinic.liz_user).get(reverse(f"visits:{page}", args=["larkspur", visit.id])).content.decode()
    )
    own = code(clinic, visit)
    assert "(518) 555-0190" in html and f"{own[:4]} {own[4:]}" in html and f"tel:+15185550190,,{own}" in html
    assert code(clinic, visit, CLINICIAN) not in html.replace(" ", "")


def test_the_page_and_the_letter_of_a_booking_hold_her_own_code(clinic: Cast) -> None:
    visit = factories.planned(clinic)
    own = code(clinic, visit)
    shown = f"{own[:4]} {own[4:]}"
    page = reverse("scheduling:appointment-detail", args=["larkspur", visit.id])
    assert shown in sign_in(Client(), clinic.liz_user).get(page).content.decode()
    assert shown not in sign_in(Client(), clinic.grace_user).get(page).content.decode(), (
        "the front desk doesn't dial for her"
    )
    with as_carrier(clinic):
        send_booked(AppointmentBooked(appointment_id=visit.id), uuid4())
        letter = OutgoingMessage.objects.get(template="scheduling/appointment_booked")
        written = email.message_from_bytes(content_of(letter), policy=default)
    body = written.get_body(("plain",))
    assert body is not None and shown in body.get_content() and "(518) 555-0190" in body.get_content()
    assert own not in written["subject"] and shown not in written["subject"]


def test_a_clinic_without_a_number_shows_none_and_its_staff_reads_so(cast: Cast) -> None:
    visit = factories.waiting(cast)
    liz, maya = sign_in(Client(), cast.liz_user), sign_in(Client(), cast.maya_user)
    waiting = liz.get(reverse("visits:visit-waiting", args=["larkspur", visit.id])).content.decode()
    assert 'id="by-phone"' not in waiting and "your code" not in waiting.lower()
    assert "no telephone line" in maya.get(reverse("visits:visit-room", args=["larkspur", visit.id])).content.decode()
    with cast.as_(cast.liz_user) as actor, pytest.raises(services.NoNumber):
        services.ask_call(actor=actor, visit=visit, role=PATIENT, client_key="x")


def test_the_clinician_reads_who_calls_from_where_and_that_nobody_hears_whom(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    maya = sign_in(Client(), clinic.maya_user)
    call, _turn = dial(clinic, code(clinic, visit), caller=STRANGER)
    page = maya.get(_url(visit)).content.decode()
    assert "(212) 555-0177" in page and "ask who it is before" in page and "waits on the line" in page
    maya.post(_url(visit), {"do": "admit", "call": str(call.id)})
    assert turn_of(clinic, call).then is Then.JOIN
    move(clinic, call, 1, True)
    page = maya.get(_url(visit)).content.decode()
    assert escape("you don’t hear each other") in page and "Not verified: the phone company can hear" in page
    maya.post(_url(visit), {"do": "hang-up", "call": str(call.id)})
    assert turn_of(clinic, call).then is Then.HANG_UP


def test_a_press_of_call_me_says_what_happens_and_the_page_follows(clinic: Cast, carrier: Carrier) -> None:
    visit = factories.waiting(clinic)
    liz = sign_in(Client(), clinic.liz_user)
    page = liz.get(_url(visit)).content.decode()
    assert "Call me instead, on •••-0142" in page and not re.search(r"845\W{1,2}555", page)
    answer = liz.post(_url(visit), {"do": "call-me", "key": "k1"}, follow=True).content.decode()
    assert "Pick up and press 1" in answer
    deliver_due()
    assert "Your phone rings now" in liz.get(_url(visit)).content.decode()
    assert liz.post(_url(visit), {"do": "call-patient", "key": "k2"}).status_code == 404
    assert liz.post(_url(visit), {"do": "admit", "call": str(uuid4())}).status_code == 404


def test_pages_with_the_telephone_ask_no_more_than_pages_may(clinic: Cast) -> None:
    liz, maya = sign_in(Client(), clinic.liz_user), sign_in(Client(), clinic.maya_user)
    visit = factories.waiting(clinic)
    dial(clinic, code(clinic, visit))
    code(clinic, visit, CLINICIAN)
    _few_queries(visit, (liz, "visit-waiting"), (liz, "visit-prepare"), (maya, "visit-room"), (maya, "visit-door"))
    with clinic.as_(clinic.maya_user) as actor:
        services.admit(actor=actor, visit=visit)
    _few_queries(visit, (liz, "visit-room"), (maya, "visit-room"), (maya, "visit-phone"), (liz, "visit-phone"))


def _few_queries(visit: Visit, *pages: tuple[Any, str]) -> None:
    for client, name in pages:
        url = reverse(f"visits:{name}", args=["larkspur", visit.id])
        client.get(url)
        with page_queries() as found:
            assert client.get(url).status_code == 200
        assert len(found) <= MOST, (name, found)


def test_in_the_room_number_and_code_stand_where_a_broken_call_is_told_of(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    own = code(clinic, visit)
    room = reverse("visits:visit-room", args=["larkspur", visit.id])
    html = sign_in(Client(), clinic.liz_user).get(room).content.decode()
    assert html.count(f"tel:+15185550190,,{own}") == 2, "in the notice, and among who is there"
    theirs = sign_in(Client(), clinic.maya_user).get(room).content.decode()
    assert f'data-later data-url="{_url(visit)}"' in theirs and own not in theirs


def test_a_press_within_the_call_stays_on_its_page(clinic: Cast) -> None:
    visit = factories.admitted(clinic)
    liz = sign_in(Client(), clinic.liz_user)
    answer = liz.post(_url(visit), {"do": "call-me", "key": "k"}, headers={"X-In-Page": "1"})
    assert answer.status_code == 200 and "Pick up and press 1" in answer.content.decode()
    maya = sign_in(Client(), clinic.maya_user)
    said = {"do": "reason", "audio_reason": "patient_cannot"}
    assert "Kept." in maya.post(_url(visit), said, headers={"X-In-Page": "1"}).content.decode()
    assert seen(clinic, visit).audio_reason == "patient_cannot"
    with clinic.as_(clinic.maya_user) as actor:
        assert services.end_visit(actor=actor, visit=visit).audio_reason == "patient_cannot", (
            "nothing said is no other word"
        )
    assert liz.post(_url(visit), said).status_code == 404


@pytest.mark.parametrize("number", ["900-555-0123", "+88213412345", "+25263123456"])
def test_a_number_at_which_somebody_earns_is_not_called(clinic: Cast, carrier: Carrier, number: str) -> None:
    """Anybody can type one in at a booking or a check-in; the clinic pays for the call."""
    visit = factories.waiting(clinic)
    with as_carrier(clinic):
        Patient.objects.filter(id=clinic.liz.id).update(phone=number)
        SafeStart.objects.filter(visit=visit).update(phone=number)
    with pytest.raises(services.NoNumber):
        ask(clinic, visit, PATIENT, clinic.liz_user)
    deliver_due()
    assert carrier.placed == []
