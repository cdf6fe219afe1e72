"""The pages of who is asked into a visit, and of who asks, over HTTP."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from webside.core import clock
from webside.testing.cast import Cast, make_cast, sign_in
from webside.visits import services
from webside.visits.codes import ParticipantRole
from webside.visits.models import Participant, Visit
from webside.visits.tests import factories

pytestmark = pytest.mark.django_db
OF_THE_PATIENT = ("Liz", "Moreno", "Kingston", "sugar", "LC-20418", "845-555-0142")
GUEST = {"name": "Rosa Diaz", "role": "interpreter"}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def visit(cast: Cast) -> Visit:
    return factories.admitted(cast)


@pytest.fixture
def maya(cast: Cast) -> Client:
    return sign_in(Client(), cast.maya_user)


@pytest.fixture
def liz(cast: Cast) -> Client:
    return sign_in(Client(), cast.liz_user)


def url(visit: Visit, part: str = "") -> str:
    return f"/o/larkspur/visits/{visit.id}/{part}"


def ask(client: Client, visit: Visit, **given: str) -> str:
    """Ask somebody in, as the page does it; return the path of the link."""
    answer = client.post(url(visit, "people/ask/"), GUEST | given, headers={"X-In-Page": "1"})
    assert answer.status_code == 200, answer.content.decode()
    found = re.search(r'value="http://testserver(/o/larkspur/join/[^"]+/)"', answer.content.decode())
    assert found
    return found[1]


def seat_of(cast: Cast, name: str = "Rosa Diaz") -> Participant:
    with cast.as_(cast.maya_user):
        return Participant.objects.get(name=name)


def do(client: Client, visit: Visit, seat: Participant, what: str, **more: str) -> Any:
    return client.post(url(visit, f"people/{seat.id}/"), {"do": what} | more, headers={"X-In-Page": "1"})


def test_a_guest_comes_by_the_link_waits_is_let_in_and_is_removed(cast: Cast, visit: Visit, maya: Client) -> None:
    link, rosa = ask(maya, visit), Client()
    page = rosa.get(link).content.decode()
    assert "Dr. Maya Chen asks you into a video visit" in page and "Rosa Diaz" in page
    assert not any(word in page for word in OF_THE_PATIENT)
    assert seat_of(cast).browser_hash is None, "looking changes nothing"
    lobby = rosa.post(link, follow=True)
    seat = seat_of(cast)
    assert lobby.redirect_chain == [(f"/o/larkspur/seats/{seat.id}/", 302)]
    text = lobby.content.decode()
    assert "Only you see this" in text and "Lobby of Dr. Maya Chen" in text
    assert not any(word in text for word in OF_THE_PATIENT)
    assert rosa.post(f"/o/larkspur/seats/{seat.id}/ticket/").json()["ticket"]
    assert do(maya, visit, seat, "admit").status_code == 200
    line = rosa.get(f"/o/larkspur/seats/{seat.id}/where/").content.decode()
    assert "data-admitted" in line
    room = rosa.get(f"/o/larkspur/seats/{seat.id}/").content.decode()
    assert 'data-behavior="visits-call visit-panels"' in room and "Liz Moreno" in room
    assert f"/o/larkspur/seats/{seat.id}/chat/" in room and f"/visits/{visit.id}/" not in room
    do(maya, visit, seat, "remove")
    assert "You are not in this visit any more" in rosa.get(f"/o/larkspur/seats/{seat.id}/").content.decode()
    assert rosa.post(f"/o/larkspur/seats/{seat.id}/ticket/").status_code == 404
    assert rosa.get(link).status_code == 410


def test_only_who_helps_on_site_may_be_asked_for_the_sounds_of_heart_and_lungs(
    cast: Cast, visit: Visit, maya: Client, liz: Client
) -> None:
    """A page without the card cannot be asked: the patient's has one, and of those asked in the one beside her."""
    card, hers = 'data-call="sounds"', "would like to hear the patient’s heart and lungs."
    for role in ("presenter", "interpreter"):
        link, guest = ask(maya, visit, name=f"Rosa {role}", role=role), Client()
        guest.post(link)
        seat = seat_of(cast, f"Rosa {role}")
        do(maya, visit, seat, "admit")
        room = unescape(guest.get(f"/o/larkspur/seats/{seat.id}/").content.decode())
        assert 'data-call="remote"' in room
        assert (card in room, hers in room) == ((True, True) if role == "presenter" else (False, False)), role
    room = unescape(liz.get(url(visit)).content.decode())
    assert card in room and hers not in room
    assert "Who should send heart and lung sounds?" in maya.get(url(visit)).content.decode()


def test_three_come_with_one_link(cast: Cast, visit: Visit, maya: Client) -> None:
    link, (first, second, third) = ask(maya, visit), (Client(), Client(), Client())
    assert first.post(link).status_code == 302
    for late in (second, third):
        answer = late.post(link)
        assert answer.status_code == 409 and "This seat is taken" in answer.content.decode()
        assert late.get(f"/o/larkspur/seats/{seat_of(cast).id}/").status_code == 404
    assert first.get(link).status_code == 302, "who has the seat goes straight to it"
    people = maya.get(url(visit, "people/")).content.decode()
    assert "2 others tried the link of Rosa Diaz" in people


def test_links_of_yesterday_of_nobody_and_of_a_visit_that_is_over(cast: Cast, visit: Visit, maya: Client) -> None:
    link = ask(maya, visit)
    assert Client().get("/o/larkspur/join/guessed/").status_code == 404
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        for method in ("get", "post"):
            answer = getattr(Client(), method)(link)
            assert answer.status_code == 410 and "works for a day at most" in answer.content.decode()
    with cast.as_(cast.maya_user) as actor:
        services.end_visit(actor=actor, visit=visit)
    answer = Client().get(link)
    assert answer.status_code == 410 and "This visit is over" in answer.content.decode()


def test_a_guest_finds_nothing_else(cast: Cast, visit: Visit, maya: Client) -> None:
    link, rosa = ask(maya, visit), Client()
    rosa.post(link)
    seat = seat_of(cast)
    do(maya, visit, seat, "admit")
    for part in ("", "where/", "chat/", "people/", "gates/", "card/", "check-in/", "waiting/", "ended/"):
        assert rosa.get(url(visit, part)).status_code == 404, part
    for part in ("admit/", "end/", "people/ask/", f"people/{seat.id}/", "people/alone/"):
        assert rosa.post(url(visit, part), {"do": "permit", "see_chart": "on"}).status_code == 404, part
    assert rosa.post("/o/larkspur/live/ticket", {"topic": f"visit:{visit.id}"}).status_code == 404
    assert rosa.get(f"/o/larkspur/appointments/{visit.id}/").status_code == 404
    assert rosa.get(f"/o/larkspur/patients/{cast.liz.id}/").status_code in (302, 404)
    other = factories.admitted(cast, starts=clock.now() + timedelta(hours=1))
    ask(maya, other, name="Omar Ali")
    assert rosa.get(f"/o/larkspur/seats/{seat_of(cast, 'Omar Ali').id}/").status_code == 404
    assert rosa.get(f"/o/northgate/seats/{seat.id}/").status_code == 404


def test_a_patient_in_the_same_browser_stays_the_patient_elsewhere(cast: Cast, visit: Visit, maya: Client) -> None:
    link = ask(maya, visit)
    rosa = sign_in(Client(), cast.liz_user)
    rosa.post(link)
    seat = seat_of(cast)
    assert "Lobby of" in rosa.get(f"/o/larkspur/seats/{seat.id}/").content.decode()
    assert rosa.get(url(visit)).status_code == 200, "and on her own page she is herself"


def test_a_colleague_comes_by_the_account_and_nobody_by_the_address(cast: Cast, visit: Visit, maya: Client) -> None:
    answer = maya.post(
        url(visit, "people/ask/"), {"user": str(cast.daniel_user.id), "role": "specialist"}, headers={"X-In-Page": "1"}
    )
    said = unescape(answer.content.decode())
    assert "sees it on the day page" in said
    assert "New York" in said and "Dr. Daniel Whitfield may advise you. Treating Liz stays with you." in said
    seat = seat_of(cast, "Dr. Daniel Whitfield")
    daniel = sign_in(Client(), cast.daniel_user)
    lobby = daniel.get(f"/o/larkspur/seats/{seat.id}/").content.decode()
    assert "Lobby of Dr. Maya Chen" in lobby and not any(word in lobby for word in OF_THE_PATIENT)
    for user in (cast.priya_user, cast.grace_user, cast.liz_user):
        assert sign_in(Client(), user).get(f"/o/larkspur/seats/{seat.id}/").status_code == 404
    assert Client().get(f"/o/larkspur/seats/{seat.id}/").status_code == 404
    do(maya, visit, seat, "admit")
    assert "visits-call" in daniel.get(f"/o/larkspur/seats/{seat.id}/").content.decode()


def test_a_patient_asks_family_in_and_the_clinician_lets_in(
    cast: Cast, visit: Visit, maya: Client, liz: Client
) -> None:
    link = ask(liz, visit, name="Rafael Moreno", role="family", relation="spouse")
    page = Client().get(link).content.decode()
    assert "husband, wife or partner" in page and "Liz" not in page
    refused = liz.post(url(visit, "people/ask/"), GUEST, headers={"X-In-Page": "1"})
    assert refused.status_code == 422
    seat = seat_of(cast, "Rafael Moreno")
    assert do(liz, visit, seat, "admit").status_code == 404
    assert do(maya, visit, seat, "admit").status_code == 200
    room = liz.get(url(visit)).content.decode()
    assert "Rafael Moreno" in room and "Ask that Rafael Moreno leaves" in room and "Remove" not in room
    assert do(liz, visit, seat, "ask-away").status_code == 200
    assert "The patient asks that Rafael Moreno leaves." in maya.get(url(visit, "people/")).content.decode()
    answer = liz.post(url(visit, "people/alone/"), headers={"X-In-Page": "1"}).content.decode()
    assert "would like a moment alone" in answer


def test_what_is_refused_is_said_in_words(cast: Cast, visit: Visit, maya: Client) -> None:
    assert (
        "Say who is to come."
        in maya.post(
            url(visit, "people/ask/"), {"name": "", "role": "interpreter"}, headers={"X-In-Page": "1"}
        ).content.decode()
    )
    family = maya.post(url(visit, "people/ask/"), {"name": "Ana", "role": "family"}, headers={"X-In-Page": "1"})
    assert family.status_code == 422 and "Choose what they are to the patient." in family.content.decode()
    for number in range(3):
        ask(maya, visit, name=f"Guest {number}")
    answers = [do(maya, visit, seat_of(cast, f"Guest {number}"), "admit") for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert "A call holds 4 people. Say who makes room" in answers[2].content.decode()


def test_without_javascript_the_link_has_a_page_and_the_rest_leads_back(cast: Cast, visit: Visit, maya: Client) -> None:
    page = maya.post(url(visit, "people/ask/"), GUEST)
    assert page.status_code == 200 and "/o/larkspur/join/" in page.content.decode()
    answer = maya.post(url(visit, f"people/{seat_of(cast).id}/"), {"do": "admit"})
    assert (answer.status_code, answer["Location"]) == (302, url(visit))


def test_a_guest_writes_and_reads_in_the_chat_while_she_is_there(cast: Cast, visit: Visit, maya: Client) -> None:
    link, rosa = ask(maya, visit), Client()
    rosa.post(link)
    seat = seat_of(cast)
    maya.post(url(visit, "chat/"), {"text": "before her", "key": "1"})
    chat = f"/o/larkspur/seats/{seat.id}/chat/"
    assert rosa.get(chat).status_code == 302
    do(maya, visit, seat, "admit")
    assert rosa.post(chat, {"text": "hello", "key": "2"}, headers={"Accept": "application/json"}).status_code == 200
    lines = rosa.get(chat).content.decode()
    assert "hello" in lines and "before her" not in lines
    assert "hello" in maya.get(url(visit, "chat/")).content.decode()
    do(maya, visit, seat, "permit")
    answer = rosa.post(chat, {"text": "more", "key": "3"}, headers={"Accept": "application/json"})
    assert answer.status_code == 410, "who may not speak does not write"


def test_permissions_are_shown_and_kept(cast: Cast, visit: Visit, maya: Client) -> None:
    ask(maya, visit)
    seat = seat_of(cast)
    do(maya, visit, seat, "permit", speak="on", see_chart="on", write="on", stay_without_patient="on")
    kept = seat_of(cast)
    assert (kept.speak, kept.see_chart, kept.write, kept.stay_without_patient) == (True, False, False, True)
    people = maya.get(url(visit, "people/")).content.decode()
    assert "may stay without the patient" in people and "sees the chart" not in people
    assert ParticipantRole(kept.role) is ParticipantRole.INTERPRETER
