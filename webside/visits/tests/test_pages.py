"""The pages: who gets which, without JavaScript too, and how many queries they cost."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.catalog.models import GateOverride
from webside.chart import services as chart
from webside.chart.codes import ListCode
from webside.chart.models import Encounter
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind
from webside.scheduling import registry
from webside.scheduling.models import Appointment
from webside.scheduling.services import cancel_appointment, issue_link
from webside.testing.cast import Cast, sign_in
from webside.testing.queries import page_queries
from webside.visits import selectors, services
from webside.visits.codes import Stage, VisitStatus
from webside.visits.models import ChatMessage, Participant, SafeStart, Visit
from webside.visits.tests import factories
from webside.visits.tests.factories import FORM

GETS = (
    "visit-room", "visit-where", "visit-chat", "visit-stopped", "visit-ended", "visit-prepare", "visit-check-in",
    "visit-card", "visit-waiting", "visit-line", "visit-door", "visit-gates", "visit-emergency-card",
)  # fmt: skip
POSTS = (
    "visit-chat", "visit-hand-over", "visit-prepare", "visit-check-in", "visit-place", "visit-admit", "visit-hold",
    "visit-end", "visit-fail", "visit-noshow", "visit-identity", "visit-answer",
)  # fmt: skip


def _url(name: str, visit: Visit) -> str:
    return reverse(f"visits:{name}", args=["larkspur", visit.id])


@pytest.fixture
def liz(cast: Cast, client: Client) -> Client:
    return sign_in(Client(), cast.liz_user)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(), cast.maya_user)


def test_check_in_two_days_before_asks_nothing_that_is_true_only_at_the_visit(cast: Cast, liz: Client) -> None:
    """It says when it opens and what can be done until then. Who was asked to come sooner can."""
    visit = factories.planned(cast, starts=clock.now() + timedelta(days=2))
    page = liz.get(_url("visit-check-in", visit)).content.decode()
    assert "Check-in opens later" in page and "Check camera and sound" in page and "calendar.ics" in page
    assert "Where are you right now" not in page and 'name="location"' not in page
    assert "Check-in opens" in liz.get(_url("visit-prepare", visit)).content.decode()
    assert 'name="location"' in liz.get(_url("visit-check-in", visit), {"now": "1"}).content.decode()
    with time_machine.travel(selectors.check_in_opens(visit), tick=False):
        on_the_day = sign_in(Client(), cast.liz_user)
        assert 'name="location"' in on_the_day.get(_url("visit-check-in", visit)).content.decode()


def test_who_was_called_from_the_line_reads_that_it_is_her_turn(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast, starts=clock.now() + timedelta(minutes=5))
    for name in ("visit-prepare", "visit-check-in"):
        assert "expects you now" not in liz.get(_url(name, visit)).content.decode()
    with time_machine.travel(visit.appointment.start + timedelta(seconds=1), tick=False):
        for name in ("visit-prepare", "visit-check-in"):
            page = liz.get(_url(name, visit)).content.decode()
            assert "It’s your turn" in page and "expects you now" in page


def test_the_waiting_room_says_what_is_true_before_the_clinician_has_come(cast: Cast, liz: Client) -> None:
    page = liz.get(_url("visit-waiting", factories.waiting(cast))).content.decode()
    assert "Dr. Maya Chen’s list shows that you are here." in page
    assert "sees that you are here" not in page and "knows that you are here" not in page


def _stage(cast: Cast, visit: Visit) -> Stage:
    with cast.as_(cast.liz_user) as actor:
        return selectors.stage_of(selectors.visit(actor, visit.id))


@pytest.mark.parametrize("stage", ["planned", "waiting", "admitted"])
@pytest.mark.parametrize("who", ["daniel", "grace", "ingrid", "mallory", None])
def test_nobody_else_finds_anything_at_any_address(cast: Cast, stage: str, who: str | None) -> None:
    visit = getattr(factories, stage)(cast)
    client = sign_in(Client(), getattr(cast, f"{who}_user")) if who else Client()
    answers = {name: client.get(_url(name, visit)).status_code for name in GETS}
    answers |= {f"{name} (POST)": client.post(_url(name, visit), FORM).status_code for name in POSTS}
    assert {name: status for name, status in answers.items() if status != 404} == {}
    assert _stage(cast, visit) is {"planned": Stage.CHECK_IN, "waiting": Stage.WAITING, "admitted": Stage.ROOM}[stage]


def test_each_side_has_its_own_doors(cast: Cast, liz: Client, maya: Client) -> None:
    visit = factories.admitted(cast)
    for name in ("visit-door", "visit-gates", "visit-emergency-card"):
        assert liz.get(_url(name, visit)).status_code == 404
    for name in (
        "visit-admit",
        "visit-hold",
        "visit-end",
        "visit-fail",
        "visit-noshow",
        "visit-identity",
        "visit-answer",
    ):
        assert liz.post(_url(name, visit)).status_code == 404
    for name in ("visit-prepare", "visit-check-in", "visit-card", "visit-waiting", "visit-line"):
        assert maya.get(_url(name, visit)).status_code == 404
    refused = AuditEvent.objects.filter(action="visits.visit.refuse")
    assert refused.count() == 0  # written on a connection of its own, outside this test's transaction


@pytest.mark.parametrize(
    ("stage", "patient", "clinician"),
    [
        ("planned", "visit-prepare", "visit-room"),
        ("waiting", "visit-waiting", "visit-room"),
        ("admitted", "visit-room", "visit-room"),
    ],
)
def test_everybody_is_led_to_where_they_belong(
    cast: Cast, liz: Client, maya: Client, stage: str, patient: str, clinician: str
) -> None:
    visit = getattr(factories, stage)(cast)
    for client, name in ((liz, patient), (maya, clinician)):
        assert client.get(_url(name, visit)).status_code == 200
        elsewhere = "visit-waiting" if (stage, client) == ("admitted", liz) else "visit-ended"
        answer = client.get(_url(elsewhere, visit))
        assert answer.headers["Location"] == _url(name, visit)


def test_checking_in_works_without_javascript(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    page = liz.get(_url("visit-check-in", visit)).content.decode()
    assert "Your emergency card" in page
    assert "Nobody named" in page
    answer = liz.post(_url("visit-check-in", visit), FORM)
    assert answer.headers["Location"] == _url("visit-waiting", visit)
    assert "next" in liz.get(_url("visit-waiting", visit)).content.decode()


def test_a_form_with_gaps_comes_back_with_what_was_typed(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    answer = liz.post(_url("visit-check-in", visit), {**FORM, "agrees": "", "near": "yes", "nearby_name": ""})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Please tick the box if you agree" in page
    assert "Enter the name of the person near you" in page
    assert "845-555-0142" in page
    assert _stage(cast, visit) is Stage.CHECK_IN
    with cast.as_(cast.liz_user):
        assert SafeStart.objects.get(visit=visit).phone == "845-555-0142"


def test_a_form_that_comes_back_speaks_of_the_place_that_stands_in_it(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    url = _url("visit-check-in", visit)
    liz.post(url, {"location": "home", "version": "new"}, headers={"X-Autosave": "1"})
    assert "You are in New York" in liz.get(url).content.decode()
    away = {**FORM, "location": "other", "address_line": "1 Main Street", "city": "Burlington", "state": "VT"}
    page = liz.post(url, {**away, "agrees": ""}).content.decode()
    assert "You are in New York" not in page
    said = "hold this visit while you are in Vermont"
    assert said in page and said in liz.post(_url("visit-place", visit), away).content.decode()
    card = page[page.index("ws-ecard--patient") :]
    assert "1 Main Street, Burlington VT" in card and "Not said yet" not in card


def test_no_place_is_judged_before_one_is_chosen(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    answers = {name: value for name, value in FORM.items() if name != "location"} | {"state": "NY"}
    assert "You are in" not in liz.post(_url("visit-check-in", visit), answers).content.decode()
    assert "You are in" not in liz.post(_url("visit-place", visit), answers).content.decode()


def test_answers_are_saved_as_they_are_typed_and_said_to_be_only_then(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    headers = {"X-Autosave": "1", "Accept": "application/json"}
    answer = liz.post(_url("visit-check-in", visit), {"phone": "845-555-0199", "version": "new"}, headers=headers)
    assert answer.status_code == 200
    assert answer.json().keys() == {"version", "saved_at"}
    answer = liz.post(
        _url("visit-check-in", visit), {"phone": "call me", "version": "1", "city": "Kingston"}, headers=headers
    )
    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == {"phone"}
    with cast.as_(cast.liz_user):
        start = SafeStart.objects.get(visit=visit)
    assert (start.phone, start.city) == ("845-555-0199", "Kingston")


def test_a_request_that_broke_off_does_not_empty_the_form(cast: Cast, liz: Client) -> None:
    visit = factories.waiting(cast)
    refused = liz.post(_url("visit-check-in", visit), {}, headers={"X-Autosave": "1"})
    assert (refused.status_code, refused.json()["error"]) == (400, "incomplete")
    assert "nothing was changed" in refused.json()["message"]
    plain = liz.post(_url("visit-check-in", visit), {"phone": "", "version": ""})
    assert plain.status_code == 400
    assert "nothing was changed" in plain.content.decode()
    assert _stage(cast, visit) is Stage.WAITING
    with cast.as_(cast.liz_user):
        assert SafeStart.objects.get(visit=visit).phone == "845-555-0142"


def test_the_law_answers_where_the_place_is_given(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    away = {"location": "other", "state": "OR", "version": "new"}
    assert "hold this visit while you are in Oregon" in liz.post(_url("visit-place", visit), away).content.decode()
    here = liz.post(_url("visit-place", visit), {**away, "state": "NJ"}).content.decode()
    assert "You are in New Jersey. Dr. Maya Chen may treat you there." in here
    assert "You booked from New York" in here
    with cast.as_(cast.liz_user):
        assert not SafeStart.objects.filter(visit=visit, state="NJ").exists()


def test_both_see_why_and_the_colleague_takes_over_with_one_click(cast: Cast, liz: Client, maya: Client) -> None:
    visit = factories.planned(cast)
    away = {**FORM, "location": "other", "address_line": "1 Main Street", "city": "Portland", "state": "OR"}
    assert liz.post(_url("visit-check-in", visit), away).headers["Location"] == _url("visit-stopped", visit)
    mine = liz.get(_url("visit-stopped", visit)).content.decode()
    hers = maya.get(_url("visit-stopped", visit)).content.decode()
    for page in (mine, hers):
        assert "in Oregon" in page
        assert "Dr. Daniel Whitfield" in page
    assert "licence.missing" in hers
    assert maya.get(_url("visit-room", visit)).headers["Location"] == _url("visit-stopped", visit)
    start = re.search(r'name="start" value="([^"]+)"', mine)
    assert start is not None
    taken = liz.post(_url("visit-hand-over", visit), {"practitioner": str(cast.daniel.id), "start": start[1]})
    assert taken.status_code == 302
    with cast.as_(cast.daniel_user) as daniel:
        assert selectors.visit(daniel, visit.id).safe_start.city == "Portland"
    assert maya.get(_url("visit-stopped", visit)).status_code == 404


def test_who_had_checked_in_already_is_handed_over_with_one_click_too(cast: Cast, liz: Client) -> None:
    visit = factories.waiting(cast)
    away = {**FORM, "location": "other", "address_line": "1 Main Street", "city": "Portland", "state": "OR"}
    assert liz.post(_url("visit-check-in", visit), away).headers["Location"] == _url("visit-stopped", visit)
    with cast.as_(cast.liz_user):
        assert Appointment.objects.get(id=visit.id).status == "checked-in"
    start = re.search(r'name="start" value="([^"]+)"', liz.get(_url("visit-stopped", visit)).content.decode())
    assert start is not None
    taken = liz.post(_url("visit-hand-over", visit), {"practitioner": str(cast.daniel.id), "start": start[1]})
    assert taken.headers["Location"] != _url("visit-stopped", visit)
    with cast.as_(cast.daniel_user) as daniel:
        appointment = selectors.visit(daniel, visit.id).appointment
    assert (appointment.practitioner, appointment.status, appointment.patient_state) == (cast.daniel, "booked", "OR")


def test_who_came_by_a_link_and_takes_the_colleague_stays(cast: Cast) -> None:
    visit = factories.waiting(cast, answers=factories.AWAY)
    by_link, other = Client(), Client()
    for client in (by_link, other):
        with cast.as_(cast.maya_user):
            token = issue_link(appointment=Appointment.objects.get(id=visit.id))
        client.get(reverse("scheduling:link-open", args=["larkspur", token]))
    start = re.search(r'name="start" value="([^"]+)"', by_link.get(_url("visit-stopped", visit)).content.decode())
    assert start is not None
    taken = by_link.post(
        _url("visit-hand-over", visit), {"practitioner": str(cast.daniel.id), "start": start[1]}, follow=True
    )
    assert taken.status_code == 200
    assert other.get(_url("visit-stopped", visit)).status_code == 404, "its link was for the time before"


def _come_by_link(cast: Cast, visit: Visit) -> Client:
    client = Client()
    with cast.as_(cast.maya_user):
        token = issue_link(appointment=Appointment.objects.get(id=visit.id))
    client.get(reverse("scheduling:link-open", args=["larkspur", token]))
    return client


def test_the_way_in_tells_a_link_alone_neither_birth_date_nor_age_nor_reason(cast: Cast, liz: Client) -> None:
    """With them whoever holds a forwarded link could answer what the summary asks."""
    visit = factories.waiting(cast)
    by_link = _come_by_link(cast, visit)
    told = {"visit-check-in": "Born April 18, 1969", "visit-waiting": "My sugar is up in the morning"}
    age = f"</strong>, {selectors.emergency_card(visit).age}"
    for name in ("visit-check-in", "visit-card", "visit-waiting", "visit-line"):
        page = by_link.get(_url(name, visit))
        assert page.status_code == 200
        text, own = page.content.decode(), liz.get(_url(name, visit)).content.decode()
        for words in ("1969", age, *told.values()):
            assert words not in text, (name, words)
        assert told.get(name, "") in own
        assert (age in own) is (name in ("visit-check-in", "visit-card"))
    assert "Liz Moreno" in by_link.get(_url("visit-check-in", visit)).content.decode(), "she still says that it is she"


def test_a_link_alone_is_not_told_where_she_lives_and_is_asked_for_the_address(cast: Cast, liz: Client) -> None:
    """She types where she is and sees it on her card, as an ambulance would be told. Shown failing without the guard."""
    visit = factories.planned(cast)
    by_link, url = _come_by_link(cast, visit), _url("visit-check-in", visit)
    street, record = cast.liz.address_line, cast.liz.postal_code
    assert street in liz.get(url).content.decode()
    for page in (by_link.get(url), by_link.get(_url("visit-card", visit))):
        assert page.status_code == 200 and street not in page.content.decode()
    assert "data-home-known" not in by_link.get(url).content.decode()
    refused = by_link.post(url, factories.FORM)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "Enter the street and number where you are right now." in text
    assert street not in text and record not in text
    with cast.as_(cast.liz_user) as actor:
        assert SafeStart.objects.get(visit=visit).address_line == ""
        assert selectors.emergency_card(visit).record_address.startswith(street), "her clinician still sees it, marked"
    typed = {"address_line": "9 Pine Street", "city": "Kingston", "state": "NY", "postal_code": "12401"}
    assert by_link.post(url, {**factories.FORM, **typed}).status_code == 302
    assert "9 Pine Street, Kingston NY 12401" in by_link.get(_url("visit-card", visit)).content.decode()
    with cast.as_(cast.liz_user) as actor:
        card = selectors.emergency_card(selectors.visit(actor, visit.id))
    assert card.address == "9 Pine Street, Kingston NY 12401"


def test_the_chat_of_a_visit_that_is_over_is_not_for_a_link_alone(cast: Cast, liz: Client, maya: Client) -> None:
    visit = factories.admitted(cast)
    by_link = _come_by_link(cast, visit)
    maya.post(_url("visit-chat", visit), {"text": "Take two with dinner", "key": "one"})
    assert "Take two" in by_link.get(_url("visit-chat", visit)).content.decode()
    maya.post(_url("visit-end", visit))
    led = by_link.get(_url("visit-chat", visit))
    assert (led.status_code, led["Location"]) == (302, _url("visit-ended", visit))
    assert "Take two" in liz.get(_url("visit-chat", visit)).content.decode()


def _slot_offered(client: Client, visit: Visit) -> dict[str, str]:
    """Return the form by which a stopped visit is given to the colleague who was offered."""
    page = client.get(_url("visit-stopped", visit)).content.decode()
    return dict(re.findall(r'name="(practitioner|start)" value="([^"]+)"', page))


def test_who_came_by_a_link_follows_when_the_clinician_hands_over(cast: Cast, maya: Client) -> None:
    """She did nothing: her page goes on, the old link doesn't, and what comes later shuts the door as ever."""
    visit = factories.waiting(cast, answers=factories.AWAY)
    hers, stranger = Client(), Client()
    with cast.as_(cast.maya_user):
        token = issue_link(appointment=Appointment.objects.get(id=visit.id))
    old = reverse("scheduling:link-open", args=["larkspur", token])
    hers.get(old)
    assert maya.post(_url("visit-hand-over", visit), _slot_offered(maya, visit)).status_code == 302
    with cast.as_(cast.daniel_user):
        moved = Appointment.objects.get(id=visit.id)
    assert (moved.practitioner_id, moved.doors_since) == (cast.daniel.id, 0)
    followed = hers.get(_url("visit-stopped", visit), follow=True)
    assert followed.status_code == 200 and "Dr. Daniel Whitfield" in followed.content.decode()
    topic = {"topic": f"visit-news:{visit.id}"}
    assert hers.post("/o/larkspur/live/ticket", topic).status_code == 200
    assert stranger.get(old).status_code == 410
    assert stranger.get(_url("visit-waiting", visit)).status_code == 404
    with cast.as_(cast.grace_user) as grace:
        cancel_appointment(actor=grace, appointment=moved)
    assert hers.get(_url("visit-waiting", visit)).status_code == 404
    assert hers.post("/o/larkspur/live/ticket", topic).status_code == 404


def test_who_waits_reads_that_the_front_desk_cancelled(cast: Cast, liz: Client) -> None:
    visit = factories.waiting(cast)
    assert "This visit was cancelled" not in liz.get(_url("visit-line", visit)).content.decode()
    with cast.as_(cast.grace_user) as grace:
        cancel_appointment(actor=grace, appointment=visit.appointment)
    line = liz.get(_url("visit-line", visit)).content.decode()
    assert 'data-over="cancelled"' in line and "next" not in line
    page = liz.get(_url("visit-waiting", visit), follow=True).content.decode()
    assert "This visit was cancelled" in page and "Find another time" in page and "tel:" in page


def test_only_who_came_by_a_link_is_told_of_one_that_works_no_more(cast: Cast, liz: Client) -> None:
    visit, by_link = factories.waiting(cast), Client()
    with cast.as_(cast.maya_user):
        token = issue_link(appointment=visit.appointment)
    by_link.get(reverse("scheduling:link-open", args=["larkspur", token]))
    pages = {who: client.get(_url("visit-waiting", visit)) for who, client in {"liz": liz, "link": by_link}.items()}
    ends = {who: re.findall(r'data-waiting-over="(\w+)"', page.content.decode()) for who, page in pages.items()}
    assert ends == {"liz": ["cancelled"], "link": ["cancelled", "revoked"]}


def test_a_door_of_before_an_earlier_change_follows_no_hand_over(cast: Cast, maya: Client) -> None:
    visit = factories.waiting(cast, answers=factories.AWAY)
    early = Client()
    with cast.as_(cast.maya_user):
        early.get(reverse("scheduling:link-open", args=["larkspur", issue_link(appointment=visit.appointment)]))
        Appointment.objects.filter(id=visit.id).update(sequence=2)  # cancelled and restored since
    maya.post(_url("visit-hand-over", visit), _slot_offered(maya, visit))
    with cast.as_(cast.daniel_user):
        assert Appointment.objects.get(id=visit.id).doors_since == 2
    assert early.get(_url("visit-waiting", visit)).status_code == 404


def test_the_door_asks_for_a_reason_and_then_opens(cast: Cast, maya: Client) -> None:
    visit = factories.waiting(cast, answers={**factories.ANSWERS, "phone": ""})
    assert "No number to call back was given" in maya.get(_url("visit-room", visit)).content.decode()
    maya.post(_url("visit-admit", visit))
    assert _stage(cast, visit) is Stage.WAITING
    maya.post(_url("visit-answer", visit), {"gate": "callback_number", "reason": ""})
    maya.post(_url("visit-admit", visit))
    assert _stage(cast, visit) is Stage.WAITING
    maya.post(_url("visit-answer", visit), {"gate": "callback_number", "reason": "She is on a borrowed laptop"})
    assert maya.post(_url("visit-admit", visit)).headers["Location"] == _url("visit-room", visit)
    page = maya.get(_url("visit-room", visit)).content.decode()
    assert 'data-behavior="visits-call visit-panels"' in page
    assert "She is on a borrowed laptop" in page
    assert "Assessment" in page
    with cast.as_(cast.maya_user):
        assert GateOverride.objects.get().reason == "She is on a borrowed laptop"


def test_going_on_without_a_document_is_said_in_the_strip(cast: Cast, maya: Client) -> None:
    visit = factories.admitted(cast)
    assert "Seen on a photo ID" in maya.get(_url("visit-gates", visit)).content.decode()
    sent = {"gate": "identity_document", "reason": "Known for ten years"}
    strip = maya.post(_url("visit-answer", visit), sent, headers={"HX-Request": "true"}).content.decode()
    assert "Known for ten years" in strip
    assert "Seen on a photo ID" not in strip
    maya.post(_url("visit-identity", visit))
    assert "seen on a document" in maya.get(_url("visit-gates", visit)).content.decode()


def test_a_visit_by_pages_from_the_door_to_the_end(cast: Cast, liz: Client, maya: Client) -> None:
    visit = factories.waiting(cast)
    assert "data-admitted" not in liz.get(_url("visit-line", visit)).content.decode()
    maya.post(_url("visit-admit", visit))
    assert "data-admitted" in liz.get(_url("visit-line", visit)).content.decode()
    maya.post(_url("visit-hold", visit))
    assert 'data-behavior="visit-go"' in liz.get(_url("visit-where", visit)).content.decode()
    assert "asked you to wait here" in liz.get(_url("visit-waiting", visit)).content.decode()
    maya.post(_url("visit-admit", visit))
    maya.post(_url("visit-identity", visit))
    answer = maya.post(_url("visit-end", visit), {"then": "sign"})
    with cast.as_(cast.maya_user):
        encounter = Encounter.objects.get()
    assert answer.headers["Location"] == reverse("chart:encounter-sign", args=["larkspur", encounter.id])
    assert liz.get(_url("visit-room", visit)).headers["Location"] == _url("visit-ended", visit)
    assert "Your visit has ended" in liz.get(_url("visit-ended", visit)).content.decode()
    assert "The visit has ended" in maya.get(_url("visit-ended", visit)).content.decode()


def test_who_left_a_call_that_goes_on_stays_out_until_she_goes_back(cast: Cast, liz: Client, maya: Client) -> None:
    visit = factories.admitted(cast)
    left = liz.get(_url("visit-ended", visit))
    assert left.status_code == 200
    assert "You left the call" in left.content.decode()
    assert f'href="{_url("visit-room", visit)}"' in left.content.decode()
    assert maya.get(_url("visit-ended", visit)).headers["Location"] == _url("visit-room", visit)


def test_a_visit_that_failed_says_that_nothing_is_charged(cast: Cast, liz: Client, maya: Client) -> None:
    visit = factories.admitted(cast)
    maya.post(_url("visit-fail", visit))
    assert "Nothing is charged" in liz.get(_url("visit-ended", visit)).content.decode()
    assert "gives no code" in maya.get(_url("visit-ended", visit)).content.decode()


def test_the_chat_writes_once_and_escapes(cast: Cast, liz: Client, maya: Client) -> None:
    visit = factories.admitted(cast)
    line = {"text": "<b>172</b> & rising", "key": "one"}
    headers = {"Accept": "application/json"}
    first = liz.post(_url("visit-chat", visit), line, headers=headers)
    assert first.json()["id"] == liz.post(_url("visit-chat", visit), line, headers=headers).json()["id"]
    page = maya.get(_url("visit-chat", visit)).content.decode()
    assert "&lt;b&gt;172&lt;/b&gt; &amp; rising" in page
    assert page.count("data-message") == 1
    assert liz.post(_url("visit-chat", visit), {"text": "", "key": "two"}, headers=headers).status_code == 422
    assert liz.post(_url("visit-chat", visit), {"text": "No script", "key": "three"}).status_code == 302
    with cast.as_(cast.maya_user):
        assert ChatMessage.objects.count() == 2
    maya.post(_url("visit-end", visit))
    assert liz.post(_url("visit-chat", visit), {"text": "Late", "key": "four"}, headers=headers).status_code == 410


def test_names_with_markup_stay_text_on_every_page(cast: Cast, liz: Client, maya: Client) -> None:
    with cast.as_(cast.admin_user):
        cast.liz.given = "<img src=x onerror=alert(1)>"
        cast.liz.save()
        cast.liz.refresh_from_db()
    visit = factories.admitted(cast)
    for client, names in (
        (liz, ("visit-room", "visit-card")),
        (maya, ("visit-room", "visit-gates", "visit-emergency-card")),
    ):
        for name in names:
            assert "<img src=x" not in client.get(_url(name, visit)).content.decode()


def test_the_device_check_keeps_its_verdict(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    sent = {"verdict": "low_video", "camera": "works", "kbps": "240"}
    assert liz.post(_url("visit-prepare", visit), sent).headers["Location"] == _url("visit-check-in", visit)
    liz.post(_url("visit-prepare", visit), {"verdict": "perfect"})
    with cast.as_(cast.maya_user):
        assert selectors.patient_verdict(selectors.by_id(visit.id)) == "low_video"


def test_what_was_measured_of_her_line_is_kept_and_she_sees_it(cast: Cast, liz: Client) -> None:
    earlier, visit = factories.waiting(cast), factories.planned(cast, starts=clock.now() + timedelta(hours=2))
    weak = {
        "verdict": "audio_only",
        "network": "slow",
        "kbps": "240",
        "rtt_ms": "910",
        "loss_pct": "",
        "camera": "works",
    }
    liz.post(_url("visit-prepare", earlier), weak)
    liz.post(_url("visit-prepare", visit), {"verdict": "video", "network": "works", "kbps": "2400", "rtt_ms": "40"})
    with cast.as_(cast.maya_user):
        seat = Participant.objects.get(visit=earlier, role="patient")
        assert {**seat.device_check, "at": ""} == {
            "verdict": "audio_only", "at": "", "line": "slow", "kbps": 240, "rtt_ms": 910,
        }  # fmt: skip
    page = liz.get(_url("visit-prepare", visit)).content.decode()
    assert page.index("2400 kbit a second, 40 ms there and back") < page.index("240 kbit a second, 910 ms")
    assert ", at home: the line was weak" in page and ": the line was good" in page
    liz.post(_url("visit-prepare", visit), {"verdict": "video", "network": "unmeasured", "rtt_ms": "2"})
    assert "the clinic answered; more was not measured" in liz.get(_url("visit-prepare", visit)).content.decode()
    liz.post(_url("visit-prepare", visit), {"verdict": "video"})
    assert liz.get(_url("visit-prepare", visit)).content.decode().count("there and back") == 1, "no line was tested"


@pytest.mark.parametrize("wrong", [{"network": "dreamy"}, {"kbps": "-1"}, {"loss_pct": "101"}, {"rtt_ms": "1e9"}])
def test_what_nobody_can_have_measured_is_not_kept(cast: Cast, liz: Client, wrong: dict[str, str]) -> None:
    visit = factories.planned(cast)
    liz.post(_url("visit-prepare", visit), {"verdict": "video", **wrong})
    with cast.as_(cast.maya_user):
        assert Participant.objects.get(visit=visit, role="patient").device_check is None


def test_a_link_shows_the_test_of_its_own_visit_alone(cast: Cast, liz: Client) -> None:
    earlier, visit = factories.waiting(cast), factories.planned(cast, starts=clock.now() + timedelta(hours=2))
    liz.post(_url("visit-prepare", earlier), {"verdict": "video", "network": "works", "kbps": "2400"})
    with cast.as_(cast.liz_user) as herself:
        read = selectors.by_id(visit.id)
        assert len(selectors.line_tests(herself, read)) == 1
    link = Actor(kind=ActorKind.LINK, label="link", tenant_id=cast.larkspur.id, subject_id=visit.appointment_id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=link):
        assert selectors.line_tests(link, read) == []


def test_the_link_leads_to_the_first_step_that_is_not_done(cast: Cast, liz: Client) -> None:
    """Never past the device check in silence, never back to what is done."""
    for starts in (clock.now() + timedelta(minutes=5), clock.now() + timedelta(hours=2)):
        visit = factories.planned(cast, starts=starts)

        def leads_to(visit: Visit = visit) -> str:
            with cast.as_(cast.liz_user):
                return str(registry.destination_of(Appointment.objects.get(id=visit.id)))

        assert leads_to() == _url("visit-prepare", visit)
        assert liz.get(_url("visit-room", visit)).headers["Location"] == _url("visit-prepare", visit)
        without = liz.get(_url("visit-prepare", visit)).content.decode()
        assert f'href="{_url("visit-check-in", visit)}">Go on without the check' in without
        liz.post(_url("visit-prepare", visit), {"verdict": "video"})
        assert leads_to() == _url("visit-check-in", visit)
        with cast.as_(cast.liz_user) as actor:
            services.save_safe_start(actor=actor, visit=visit, answers=factories.ANSWERS)
        assert leads_to() == _url("visit-check-in", visit) + "#q-agree"
        with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
            assert leads_to() == _url("visit-check-in", visit), "where she is is asked again"
        with cast.as_(cast.liz_user) as actor:
            services.complete_safe_start(actor=actor, visit=visit, answers=factories.ANSWERS, agrees=True)
        assert leads_to() == _url("visit-waiting", visit)
        with cast.as_(cast.liz_user):
            Appointment.objects.filter(id=visit.id).update(status="cancelled")


def test_who_waits_is_not_called_back_to_the_device_check(cast: Cast) -> None:
    visit = factories.waiting(cast)
    with cast.as_(cast.liz_user):
        assert registry.destination_of(visit.appointment) == _url("visit-waiting", visit)


def _line(client: Client, name: str, visit: Visit) -> list[tuple[str, bool, bool]]:
    """Return the line of steps of a page: each step's name, whether it is done, whether it is this page's."""
    page = client.get(_url(name, visit)).content.decode()
    drawn = page.partition('class="visit-steps"')[2].partition("</nav>")[0]
    steps = re.findall(r'<li class="visit-step([^"]*)".*?</span><span>([^<]*)<', drawn, re.DOTALL)
    return [(words, "is-done" in state, "is-here" in state) for state, words in steps]


def test_each_page_on_the_way_in_shows_the_steps(cast: Cast, liz: Client) -> None:
    visit = factories.planned(cast)
    names = ["Camera and sound", "Your answers", "Your agreement", "Waiting room"]
    here = [name for name, _done, is_here in _line(liz, "visit-prepare", visit) if is_here]
    assert (here, [name for name, _, _ in _line(liz, "visit-prepare", visit)]) == (names[:1], names)
    assert _line(liz, "visit-check-in", visit)[:2] == [(names[0], False, False), (names[1], False, True)]
    with cast.as_(cast.liz_user) as actor:
        services.complete_safe_start(actor=actor, visit=visit, answers=factories.ANSWERS, agrees=True)
    assert [done for _, done, _ in _line(liz, "visit-waiting", visit)] == [False, True, True, False]


def test_an_appointment_whose_room_nobody_made_gets_one_at_first_look(cast: Cast, liz: Client) -> None:
    with cast.as_(cast.liz_user):
        appointment = factories.make_appointment(cast)
    assert liz.get(reverse("visits:visit-check-in", args=["larkspur", appointment.id])).status_code == 200
    with cast.as_(cast.liz_user):
        assert Visit.objects.get(appointment=appointment).status == VisitStatus.PLANNED


@pytest.mark.parametrize(
    ("who", "stage", "name", "most"),
    [
        ("liz", "planned", "visit-prepare", 4),
        ("liz", "planned", "visit-check-in", 4),
        ("liz", "waiting", "visit-waiting", 5),
        ("liz", "waiting", "visit-line", 4),
        ("liz", "admitted", "visit-room", 3),
        ("liz", "admitted", "visit-chat", 3),
        ("liz", "admitted", "visit-where", 2),
        ("maya", "admitted", "visit-emergency-card", 2),
    ],
)
def test_pages_ask_the_database_little(
    cast: Cast, liz: Client, maya: Client, who: str, stage: str, name: str, most: int
) -> None:
    visit = getattr(factories, stage)(cast)
    client: Any = {"liz": liz, "maya": maya}[who]
    client.get(_url(name, visit))
    with page_queries() as queries:
        assert client.get(_url(name, visit)).status_code == 200
    assert len(queries) <= most, json.dumps(queries, indent=1)


def test_the_questions_of_the_gates_do_not_grow_with_the_chat(cast: Cast, maya: Client) -> None:
    visit = factories.admitted(cast)

    def cost() -> int:
        with page_queries() as queries:
            assert maya.get(_url("visit-room", visit)).status_code == 200
        return len(queries)

    maya.get(_url("visit-room", visit))
    before = cost()
    with cast.as_(cast.liz_user) as actor:
        for number in range(5):
            services.write_message(actor=actor, visit=visit, text=f"Line {number}", client_key=str(number))
    assert cost() == before


def test_the_banner_shows_allergies_at_the_door_and_in_the_room(cast: Cast, maya: Client) -> None:
    visit = factories.waiting(cast)

    def banner() -> str:
        text = maya.get(_url("visit-room", visit)).content.decode()
        return text[text.index("wss-banner") : text.index("</header>", text.index("wss-banner"))]

    assert "Not asked yet" in banner()
    with cast.as_(cast.maya_user) as actor:
        chart.confirm_list(actor=actor, patient=cast.liz, code=ListCode.ALLERGIES)
    assert "none known" in banner() and "(confirmed" in banner()
    with cast.as_(cast.maya_user) as actor:
        chart.add_allergy(actor=actor, patient=cast.liz, substance="Latex", reaction="<b>rash</b>", criticality="low")
        chart.add_allergy(actor=actor, patient=cast.liz, substance="Sulfa", reaction="hives", criticality="high")
    at_the_door = banner()
    with cast.as_(cast.maya_user) as actor:
        services.admit(actor=actor, visit=visit)
    in_the_room = banner()
    assert _stage(cast, visit) is Stage.ROOM
    for said in (at_the_door, in_the_room):
        assert said.index("Sulfa: hives") < said.index("Latex: &lt;b&gt;rash&lt;/b&gt;"), "the most dangerous first"
        assert "ws-state--danger" in said and 'id="allergy-now"' in said


def test_a_coach_reads_no_allergies_in_the_banner(cast: Cast) -> None:
    factories.planned(cast, starts=clock.now() + timedelta(hours=2))
    with cast.as_(cast.maya_user) as actor:
        chart.add_allergy(actor=actor, patient=cast.liz, substance="Sulfa", reaction="hives", criticality="high")
    visit = factories.waiting(cast, practitioner=cast.priya, service=cast.coaching)
    text = sign_in(Client(), cast.priya_user).get(_url("visit-room", visit)).content.decode()
    assert "Sulfa" not in text and "wss-banner" in text


def test_the_keys_of_the_room_move_and_mute_and_none_ends_the_call(cast: Cast, maya: Client) -> None:
    page = maya.get(_url("visit-room", factories.admitted(cast))).content.decode()
    parts = {key: part for part, key in re.findall(r'<([^>]*data-key="(.)"[^>]*)>', page)}
    assert parts.keys() == {"m", "v", "f", "c", "t", "p", "n", "l"}
    assert "data-panel" in parts["c"] and 'aria-controls="chat"' in parts["t"] and "visit-notecol" in parts["n"]
    assert not any(word in part for part in parts.values() for word in ("submit", "leave", "hangup"))


@pytest.mark.parametrize("kind", ["telemedicine", "telehealth"])
def test_the_waiting_room_says_whom_to_call_and_what_to_have_ready(cast: Cast, liz: Client, kind: str) -> None:
    """Shown failing with the front desk's section taken out, and with the tips."""
    given = {} if kind == "telemedicine" else {"service": cast.coaching, "practitioner": cast.priya}
    page = liz.get(_url("visit-waiting", factories.waiting(cast, **given))).content.decode()
    assert '<a href="tel:(845) 555-0110">Call (845) 555-0110</a>' in page
    assert "If you can’t wait or need help with this page, call us." in page
    assert "Monday to Friday, 8 am to 6 pm" in page
    assert '<a href="tel:911">911</a>' in page
    treated = ("Have a photo ID near you", "Get your pills", "Have the bottles near, so you can read the labels.")
    ready = treated if kind == "telemedicine" else ("Find a quiet place", "A place where you can talk freely is best.")
    for words in ready:
        assert words in page
    assert kind == "telemedicine" or not any(words in page for words in treated)
