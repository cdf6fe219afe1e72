"""What a patient who speaks Spanish is told of her visits, and why something can't be booked: in Spanish."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from webside.catalog import law
from webside.catalog import services as catalog
from webside.catalog.gates import Finding, Moment, ask, stops
from webside.catalog.tests.test_gates import case
from webside.compliance.codes import ReasonCode
from webside.core import clock
from webside.core.decisions import Reason
from webside.notifications.models import OutgoingMessage
from webside.outbox.services import deliver_due
from webside.people import services as people
from webside.people.models import Patient
from webside.scheduling import handlers
from webside.scheduling.events import AppointmentBooked
from webside.scheduling.tests import test_pages, test_queue_pages, test_waitlist_pages
from webside.scheduling.tests.factories import book, some_slots, write_of_one_visit
from webside.scheduling.tests.line import on_duty, open_line
from webside.testing.cast import sign_in
from webside.testing.spanish import left_in_english, letter_of


@pytest.fixture
def speaks_spanish(cast: Any) -> None:
    with cast.as_(cast.grace_user):
        cast.liz.language = "es"
        cast.liz.save()


@pytest.mark.usefixtures("speaks_spanish")
def test_letters_of_a_visit_are_in_her_language(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        write_of_one_visit(cast, liz)
        letters = [letter_of(row) for row in OutgoingMessage.objects.order_by("queued_at")]
    assert len(letters) == 3
    assert [left_in_english(each) for each in letters] == [[], [], []]
    assert all("consulta" in each.lower() for each in letters)


def test_what_is_left_in_english_would_be_seen(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        appointment = book(cast, liz, some_slots(cast)[0].start)
        handlers.send_booked(AppointmentBooked(appointment_id=appointment.id), uuid4())
        assert left_in_english(letter_of(OutgoingMessage.objects.get()))


def books(client: Client, cast: Any) -> Any:
    return client.post(*test_pages.form(client, cast))


def gets_in_line(client: Client, cast: Any) -> Any:
    open_line(cast)
    on_duty(cast)
    return client.post(test_queue_pages.now_url(cast), test_queue_pages.WORDS)


def gets_on_the_list(client: Client, cast: Any) -> Any:
    until = (clock.now() + timedelta(days=20)).date().isoformat()
    wish = {**test_waitlist_pages.FORM, "until": until}
    return client.post(test_waitlist_pages.join_url(cast), wish)


WAYS_IN = pytest.mark.parametrize("comes", [books, gets_in_line, gets_on_the_list])


def letters_after(client: Client, cast: Any, comes: Any) -> list[str]:
    """Let a visitor come; return the letters that she gets of it."""
    assert comes(client, cast).status_code == 302
    while deliver_due():
        pass
    with cast.as_(cast.grace_user):
        nora = Patient.objects.get(given="Nora")
        return [letter_of(row) for row in OutgoingMessage.objects.filter(patient_id=nora.id, channel="email")]


@WAYS_IN
def test_who_comes_by_a_spanish_page_is_written_to_in_spanish(cast: Any, client: Client, comes: Any) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    letters = letters_after(client, cast, comes)
    assert letters and [left_in_english(each) for each in letters] == [[] for _ in letters]


@WAYS_IN
def test_who_comes_by_an_english_page_is_written_to_in_english(cast: Any, client: Client, comes: Any) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert all(left_in_english(each) for each in letters_after(client, cast, comes))


def test_the_page_of_the_front_desk_says_nothing_of_her_language(cast: Any, client: Client) -> None:
    sign_in(client, cast.grace_user).cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    assert all(left_in_english(each) for each in letters_after(client, cast, gets_in_line))


def bare(page: str) -> str:
    """Return what a page says in its own language: without its title, and without what is marked with another one."""
    said = re.sub(r"<title>.*?</title>", "", page, flags=re.DOTALL)
    return re.sub(r'<span lang="en">.*?</span>', "", said, flags=re.DOTALL)


def test_what_the_clinic_typed_of_a_service_is_marked_as_english_on_spanish_pages(cast: Any, client: Client) -> None:
    open_line(cast)
    service = test_pages.page(cast.video_visit)
    listing = client.get(service, {"state": "NY"})
    here = {"state": "NY", "zone": "America/New_York"}
    pages = [
        ("/o/larkspur/", {}),
        (service, here),
        (service + "book/", here | {"slot": test_pages.slots_on(listing)[-1]}),
        (test_queue_pages.now_url(cast), here),
        (test_waitlist_pages.join_url(cast), here),
    ]
    for address, query in pages:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
        page = client.get(address, query).content.decode()
        assert f'<span lang="en">{cast.video_visit.name}</span>' in page, address
        assert cast.video_visit.name not in bare(page), address
        assert cast.video_visit.summary not in bare(page), address
        assert cast.video_visit.price_note not in bare(page), address
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        page = client.get(address, query).content.decode()
        assert cast.video_visit.name in page and '<span lang="en">' not in page, address


def test_what_the_clinic_says_in_spanish_is_read_in_spanish(cast: Any, client: Client) -> None:
    with cast.as_(cast.admin_user) as actor:
        said = {"name": "Consulta de hoy", "summary": "Fiebre, tos o un golpe", "price_note": "Copago o 75 dólares"}
        catalog.translate_service(actor=actor, service=cast.video_visit, translations={"es": said})
        people.translate_practitioner(
            actor=actor, practitioner=cast.maya, translations={"es": {"specialty": "Medicina"}}
        )
    open_line(cast)
    service = test_pages.page(cast.video_visit)
    here = {"state": "NY", "zone": "America/New_York"}
    slot = test_pages.slots_on(client.get(service, {"state": "NY"}))[-1]
    pages = [
        ("/o/larkspur/", {}, ("name", "summary", "price_note")),
        (service, here, ("name", "summary", "price_note")),
        (service + "book/", here | {"slot": slot}, ("name", "price_note")),
        (test_queue_pages.now_url(cast), here, ("name", "summary", "price_note")),
        (test_waitlist_pages.join_url(cast), here, ("name",)),
        ("/o/larkspur/embed/", {}, ("name", "price_note")),
    ]
    for address, query, fields in pages:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
        page = client.get(address, query).content.decode()
        for field in fields:
            assert said[field] in page, (address, field)
            assert f'<span lang="es">{said[field]}' not in page, (address, field)
        assert not any(getattr(cast.video_visit, field) in page for field in said), address
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        page = client.get(address, query).content.decode()
        for field in fields:
            assert getattr(cast.video_visit, field) in page and said[field] not in page, (address, field)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    page = client.get(service, here).content.decode()
    assert "<title>Consulta de hoy" in page
    front = client.get("/o/larkspur/").content.decode()
    assert "<p>Medicina</p>" in front
    assert f'<span lang="en">{cast.priya.specialty}</span>' in front, "what is not said in Spanish is marked"
    assert "Medicina" in client.get(service + "book/", here | {"slot": slot}).content.decode()


def test_every_code_of_the_law_that_a_patient_meets_has_words() -> None:
    of_prescribing = {code for code in ReasonCode if code.startswith("prescribing.")}
    assert set(law.TOLD) == set(ReasonCode) - of_prescribing


@pytest.mark.parametrize("code", sorted(law.TOLD))
def test_the_law_speaks_the_language_of_the_page(code: str) -> None:
    english = "What the rule said."
    assert law.told(code, english, who="Dr. Maya Chen", place="Oregon") == (english, "")
    with translation.override("es"):
        text, lang = law.told(code, english, who="Dr. Maya Chen", place="Oregon")
        assert lang == "" and text != english and left_in_english(text) == []
        assert "%(" not in text and "%(" not in law.told(code, english)[0]


def test_what_has_no_words_there_stays_english_and_says_so() -> None:
    with translation.override("es"):
        assert law.told("prescribing.not_allowed", "Not by video.") == ("Not by video.", "en")


def test_a_booking_that_the_law_refuses_is_explained_in_spanish(cast: Any) -> None:
    with cast.as_(cast.liz_user):
        (refused,) = stops(ask(case(cast, moment=Moment.BOOK, state="OR", facts={"consents": {"telehealth"}})))
        with translation.override("es"):
            told = law.told_finding(refused, who="Dr. Maya Chen", place="Oregon")
            why = law.told_reasons(refused.gate, refused.reasons, who="Dr. Maya Chen", place="Oregon")
    assert "Nothing on record could cover" in refused.text, "what is kept is what the rule said"
    assert left_in_english(told["text"]) == [] and "Oregon" in told["text"] and told["lang"] == ""
    assert left_in_english(" ".join(told["fixes"])) == []
    assert [each["source"] for each in why] == [refused.reasons[0].source], "sources are cited as they are"


def test_a_finding_of_another_gate_keeps_its_words() -> None:
    own = Finding("callback_number", "care", "stop", "Falta un número.", (Reason(code="x", text="Falta", source=""),))
    with translation.override("es"):
        assert law.told_finding(own)["text"] == "Falta un número."
