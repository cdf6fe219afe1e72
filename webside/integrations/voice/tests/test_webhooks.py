"""The whole way: telephones at the stand-in, our addresses, the rooms of the carrier. Signed, once, and silent to others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from webside.core import frames
from webside.core.actor import system
from webside.core.bucket import Bucket
from webside.integrations import webhooks
from webside.integrations.sms.client import signature
from webside.integrations.voice import lean
from webside.integrations.voice.stand_in import BUSY, MACHINE, REFUSED, StandIn
from webside.outbox.services import deliver_due
from webside.people.models import Patient, Practitioner
from webside.testing.calls import NUMBERS, carrier, until
from webside.testing.cast import Cast, make_cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import ParticipantRole, PhoneState, PhoneWhy
from webside.visits.models import PhoneCall, PhoneMove, SafeStart, Visit
from webside.visits.tests import factories

LIZ, MAYA, STRANGER = "+18455550142", "+15185550123", "+12125550177"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic(address: str, settings: Any) -> Cast:
    settings.PUBLIC_URL = address
    lean._buckets._by_who.clear()
    lean._guesses._by_who.clear()
    cast = make_cast()
    with cast.as_(cast.maya_user):
        Practitioner.objects.filter(id=cast.maya.id).update(phone=MAYA)
        cast.maya.refresh_from_db()
    return cast


@pytest.fixture
def voice(clinic: Cast) -> Iterator[StandIn]:
    with carrier() as stand_in:
        yield stand_in


def code(cast: Cast, visit: Visit, role: ParticipantRole = ParticipantRole.PATIENT) -> str:
    with cast.as_(cast.maya_user):
        found = services.dial_in(seat=selectors.participants(visit)[role], clinic="larkspur")
    assert found is not None
    return found.code


def of_carrier(cast: Cast, sid: str) -> PhoneCall | None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return PhoneCall.objects.select_related("seat").filter(carrier_id=sid).first()


def wait_for(cast: Cast, sid: str, state: PhoneState) -> PhoneCall:
    until(lambda: (found := of_carrier(cast, sid)) is not None and found.state == state)
    found = of_carrier(cast, sid)
    assert found is not None
    return found


def let_in(cast: Cast, visit: Visit, call: PhoneCall) -> None:
    with cast.as_(cast.maya_user) as maya:
        services.let_call_in(actor=maya, visit=visit, call_id=call.id)
    deliver_due()


def call_maya(cast: Cast, voice: StandIn, visit: Visit) -> str:
    """Have the clinician called, let her pick up and press one; return the carrier's id."""
    with cast.as_(cast.maya_user) as maya:
        asked = services.ask_call(actor=maya, visit=visit, role=ParticipantRole.CLINICIAN, client_key=uuid4().hex)
    deliver_due()
    with cast.as_(cast.maya_user):
        sid = PhoneCall.objects.get(id=asked.id).carrier_id
    until(lambda: voice.calls[sid].status == "ringing")
    voice.pick_up(sid)
    voice.keys(sid, "1")
    wait_for(cast, sid, PhoneState.ROOM)
    return sid


def test_both_come_by_phone_talk_hang_up_and_call_back(clinic: Cast, voice: StandIn) -> None:
    visit = factories.admitted(clinic)
    liz = voice.dial(LIZ, NUMBERS["larkspur"], code(clinic, visit))
    call = wait_for(clinic, liz, PhoneState.LOBBY)
    room = f"visit-{visit.id}"
    assert voice.together(room) == set()
    let_in(clinic, visit, call)
    wait_for(clinic, liz, PhoneState.ROOM)
    assert voice.together(room) == set(), "who is alone in the room hears nobody: it opens with the clinician"
    maya = call_maya(clinic, voice, visit)
    assert voice.together(room) == {LIZ, MAYA}
    until(lambda: _visit(clinic, visit).started_at)
    voice.hang_up(liz)
    gone = wait_for(clinic, liz, PhoneState.ENDED)
    assert gone.why == PhoneWhy.HUNG_UP and voice.together(room) == {MAYA}
    back = voice.dial(LIZ, NUMBERS["larkspur"], code(clinic, visit))
    let_in(clinic, visit, wait_for(clinic, back, PhoneState.LOBBY))
    wait_for(clinic, back, PhoneState.ROOM)
    with clinic.as_(clinic.maya_user) as actor:
        services.end_visit(actor=actor, visit=visit)
    deliver_due()
    for sid in (maya, back):
        wait_for(clinic, sid, PhoneState.ENDED)
        assert voice.calls[sid].status == "completed" and "This visit is over" in voice.calls[sid].heard[-1][0]
    assert voice.together(room) == set()


def _visit(cast: Cast, visit: Visit) -> Visit:
    with cast.as_(cast.maya_user):
        return selectors.by_id(visit.id)


def test_when_the_clinicians_line_breaks_nobody_talks_on_and_all_come_together_again(
    clinic: Cast, voice: StandIn
) -> None:
    visit = factories.admitted(clinic)
    liz = voice.dial(LIZ, NUMBERS["larkspur"], code(clinic, visit))
    let_in(clinic, visit, wait_for(clinic, liz, PhoneState.LOBBY))
    maya, room = call_maya(clinic, voice, visit), f"visit-{visit.id}"
    until(lambda: voice.together(room) == {LIZ, MAYA})
    voice.hang_up(maya)
    wait_for(clinic, maya, PhoneState.ENDED)
    until(lambda: voice.calls[liz].room == room and not voice.together(room))
    call_maya(clinic, voice, visit)
    until(lambda: voice.together(room) == {LIZ, MAYA})
    with clinic.as_(clinic.maya_user):
        assert PhoneMove.objects.filter(call__carrier_id=liz).values("conference").distinct().count() == 2


def test_two_visits_at_once_never_meet(clinic: Cast, voice: StandIn) -> None:
    one = factories.admitted(clinic)
    with clinic.as_(clinic.maya_user):
        tom = Patient.objects.create(
            given="Tom", family="Baker", birth_date=clinic.liz.birth_date, record_number="R-77"
        )
    two = factories.planned(clinic, practitioner=clinic.priya, service=clinic.coaching, patient=tom)
    first = voice.dial(LIZ, NUMBERS["larkspur"], code(clinic, one))
    second = voice.dial(STRANGER, NUMBERS["larkspur"], code(clinic, two))
    assert wait_for(clinic, first, PhoneState.LOBBY).visit_id == one.id
    assert wait_for(clinic, second, PhoneState.LOBBY).visit_id == two.id
    let_in(clinic, one, wait_for(clinic, first, PhoneState.LOBBY))
    wait_for(clinic, first, PhoneState.ROOM)
    assert voice.calls[second].room == "" and voice.calls[first].room == f"visit-{one.id}"


def test_a_stranger_who_guesses_is_hung_up_on(clinic: Cast, voice: StandIn) -> None:
    factories.admitted(clinic)
    sid = voice.dial(STRANGER, NUMBERS["larkspur"], "000000000000000000000000")
    call = wait_for(clinic, sid, PhoneState.ENDED)
    assert (call.why, call.wrong, call.visit_id) == (PhoneWhy.WRONG_CODE, 3, None)
    until(lambda: voice.calls[sid].status == "completed")
    heard = " ".join(text for text, _language in voice.calls[sid].heard)
    assert "not right either" in heard and clinic.liz.family not in heard


@pytest.mark.parametrize(
    ("number", "why"), [(REFUSED, PhoneWhy.REFUSED), (BUSY, PhoneWhy.BUSY), (MACHINE, PhoneWhy.NO_ANSWER)]
)
def test_a_number_that_is_busy_or_none_or_a_machine_is_told_on_the_page(
    clinic: Cast, voice: StandIn, number: str, why: PhoneWhy, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = factories.waiting(clinic)
    monkeypatch.setattr("webside.visits.selectors.callable_number", lambda visit, role: number)
    with clinic.as_(clinic.liz_user) as liz:
        call = services.ask_call(actor=liz, visit=visit, role=ParticipantRole.PATIENT, client_key="k")
    deliver_due()

    def over() -> PhoneCall | None:
        with clinic.as_(clinic.liz_user):
            return PhoneCall.objects.filter(id=call.id, state=PhoneState.ENDED).first()

    until(over)
    found = over()
    assert found is not None and found.why == why


def test_a_carrier_that_is_away_loses_nothing(clinic: Cast, voice: StandIn) -> None:
    visit = factories.waiting(clinic)
    voice.away = True
    with clinic.as_(clinic.liz_user) as liz:
        call = services.ask_call(actor=liz, visit=visit, role=ParticipantRole.PATIENT, client_key="k")
    deliver_due()
    page = sign_in(Client(), clinic.liz_user).get(reverse("visits:visit-phone", args=["larkspur", visit.id]))
    assert page.status_code == 200
    with clinic.as_(clinic.liz_user):
        found = PhoneCall.objects.get(id=call.id)
        assert found.state == PhoneState.ASKED and SafeStart.objects.filter(phone__isnull=False).exists()


def test_what_it_told_while_we_were_down_is_asked_for(clinic: Cast, voice: StandIn) -> None:
    visit = factories.admitted(clinic)
    liz = voice.dial(LIZ, NUMBERS["larkspur"], code(clinic, visit))
    call = wait_for(clinic, liz, PhoneState.LOBBY)
    voice.deaf = True
    voice.hang_up(liz)
    until(lambda: voice.calls[liz].status == "completed")
    with frames.begin(tenant_id=clinic.larkspur.id, actor=system("timer", clinic.larkspur.id)) as frame:
        services.look_after_call(actor=frame.actor, call_id=call.id)
    assert wait_for(clinic, liz, PhoneState.ENDED).why == PhoneWhy.HUNG_UP


# Who may tell


def form(**changes: str) -> dict[str, str]:
    return {"CallSid": f"CA{uuid4().hex}", "From": LIZ, "To": NUMBERS["larkspur"], "CallStatus": "ringing", **changes}


def post(url: str, fields: dict[str, str], voice: StandIn, signed: str | None = None) -> httpx.Response:
    given = signature(voice.secret, url, fields) if signed is None else signed
    return httpx.post(url, data=fields, headers={"X-Twilio-Signature": given} if given else {})


def count(cast: Cast) -> int:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return PhoneCall.objects.count()


def test_who_cannot_sign_learns_nothing(clinic: Cast, voice: StandIn) -> None:
    url, fields = lean.address("larkspur", "answer"), form()
    other = signature(voice.secret, url.replace("larkspur", "northgate"), fields)
    call = uuid4()
    answers = [
        post(url, fields, voice, ""),
        post(url, fields, voice, signature("another secret", url, fields)),
        post(url, fields, voice, other),
        post(url, fields | {"From": STRANGER}, voice, signature(voice.secret, url, fields)),
        post(lean.address("nobody", "answer"), fields, voice, ""),
        httpx.post(url, content=b"x" * (webhooks.MAX_BYTES + 1), headers={"X-Twilio-Signature": other}),
        httpx.post(url, json=fields, headers={"X-Twilio-Signature": other}),
        *(post(lean.address("larkspur", step, call), fields, voice, other)
          for step in ("code/0", "answered", "press/0", "next", "wait/1", "status")),
        *(post(lean.address("larkspur", step), fields, voice, other) for step in ("moved", "status")),
    ]  # fmt: skip
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, b"")}
    assert count(clinic) == 0
    assert post(lean.address("nobody", "answer"), fields, voice).status_code == 400


def test_guessing_is_slowed_down_and_holds_up_nobody_else(clinic: Cast, voice: StandIn) -> None:
    url = lean.address("larkspur", "answer")
    statuses = [post(url, form(), voice, "guess").status_code for _ in range(lean.GUESSES + 5)]
    assert statuses.count(429) >= 4 and set(statuses) == {403, 429}
    assert post(url, form(), voice).status_code == 200
    lean._buckets._by_who["larkspur"] = Bucket(1, 0.001, time.monotonic())
    assert [post(url, form(), voice).status_code for _ in range(3)] == [200, 429, 429]


def test_what_is_signed_for_one_clinic_moves_no_call_of_another(clinic: Cast, voice: StandIn) -> None:
    visit = factories.admitted(clinic)
    call = wait_for(clinic, voice.dial(LIZ, NUMBERS["larkspur"], code(clinic, visit)), PhoneState.LOBBY)
    sid = call.carrier_id
    over = {"CallSid": sid, "CallStatus": "completed"}
    assert post(lean.address("northgate", "status", call.id), over, voice).status_code == 404
    assert post(lean.address("northgate", "next", call.id), over, voice).status_code == 404
    moved = {"CallSid": sid, "ConferenceSid": "CF1", "FriendlyName": f"visit-{visit.id}", "SequenceNumber": "1",
             "StatusCallbackEvent": "participant-join"}  # fmt: skip
    assert post(lean.address("northgate", "moved"), moved, voice).status_code == 404
    assert (
        post(lean.address("larkspur", "moved"), moved | {"FriendlyName": f"visit-{uuid4()}"}, voice).status_code == 404
    )
    assert post(lean.address("larkspur", "status", call.id), over | {"CallSid": "CAforeign"}, voice).status_code == 404
    assert wait_for(clinic, sid, PhoneState.LOBBY).ended_at is None


def test_told_twice_and_late_it_is_one_thing(clinic: Cast, voice: StandIn) -> None:
    visit = factories.admitted(clinic)
    liz = voice.dial(LIZ, NUMBERS["larkspur"], code(clinic, visit))
    let_in(clinic, visit, wait_for(clinic, liz, PhoneState.LOBBY))
    wait_for(clinic, liz, PhoneState.ROOM)
    voice.hang_up(liz)
    wait_for(clinic, liz, PhoneState.ENDED)
    until(lambda: any(fields.get("CallStatus") == "completed" for _url, fields, _status in voice.told))
    for url, fields, _status in reversed(voice.told.copy()):
        assert voice.tell(url, fields) in (200, 204)
    ended = wait_for(clinic, liz, PhoneState.ENDED)
    assert ended.ended_at is not None
    with clinic.as_(clinic.maya_user):
        assert PhoneMove.objects.filter(call=ended).count() == 2
    answer = post(lean.address("larkspur", "answer"), form(CallSid=liz), voice)
    assert answer.status_code == 200 and "Hangup" in answer.text and count(clinic) == 1
