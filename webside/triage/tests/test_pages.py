"""What somebody says that she needs: what fits, what is dangerous, what is kept and what isn't."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from webside.catalog.codes import Need
from webside.core import clock
from webside.scheduling import selectors as scheduling
from webside.scheduling.forms import slot_value
from webside.scheduling.models import Appointment
from webside.testing.cast import Cast, agreed, sign_in
from webside.testing.queries import page_queries

NEED = "/o/larkspur/need/"
SUGAR = "My morning sugar has crept up for two weeks, and I don’t know what to eat anymore"
CHEST = "My chest feels tight and my left arm has been numb since breakfast"


@pytest.fixture(autouse=True)
def offered(cast: Cast) -> None:
    """The clinic's services say what they help with."""
    with cast.as_(cast.admin_user):
        for service, needs in (
            (cast.video_visit, [Need.URGENT_CARE, Need.PRIMARY_CARE, Need.PHARMACY]),
            (cast.coaching, [Need.COACHING, Need.NUTRITION]),
            (cast.safe_at_home, [Need.ALARM, Need.HOME_SAFETY]),
        ):
            service.needs = needs
            service.save()


def ask(client: Client, text: str, **more: str) -> Any:
    """Say something, and return the page that answers."""
    answer = client.post(NEED, {"text": text, **more})
    assert answer.status_code == 302
    assert answer["Location"].startswith(NEED)
    assert "%" not in answer["Location"] and "text" not in answer["Location"], "no words of hers stand in an address"
    return client.get(answer["Location"])


def names(page: Any) -> list[str]:
    return [card["choice"].service.name for card in page.context["choices"]]


def test_what_fits_stands_side_by_side(cast: Cast, client: Client) -> None:
    page = ask(client, SUGAR, state="NY", zone="America/New_York")
    assert names(page) == ["Same-day video visit", "Wellness coaching"]
    best, other = page.context["choices"]
    assert best["choice"].best and not other["choice"].best
    text = page.content.decode()
    assert "sugar has crept" in best["choice"].why and "what to eat" in other["choice"].why
    assert "Best fit" in text and "Dr. Maya Chen" in text
    assert text.index("Co-pay or $75") < text.index("$40 for 30 minutes"), "what each costs, beside it"
    assert "Dr. Daniel Whitfield" not in [name for time in best["times"] for name in time], "no licence in New York"
    assert "Call 911" in text, "beside each answer"
    assert page.context["found"].others[0].name == "Safe at home"


def test_a_time_leads_to_the_booking_which_knows_what_was_said(cast: Cast, client: Client) -> None:
    page = ask(client, SUGAR, state="NY", zone="America/New_York")
    with cast.as_(cast.liz_user):
        slot = scheduling.free_slots(service=cast.video_visit, state="NY", since=clock.now(), days=14)[0]
    url = reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id])
    query = {"state": "NY", "zone": "America/New_York", "slot": slot_value(slot.start, slot.practitioner.id)}
    assert page.context["choices"][0]["times"][0]["url"].startswith(
        f"/o/larkspur/services/{cast.video_visit.id}/?state=NY"
    )
    assert client.get(url, query).context["form"]["reason_text"].value() == SUGAR
    service = cast.video_visit
    with cast.as_(cast.admin_user):
        service.on_demand = True
        service.save()
    now = ask(client, SUGAR, state="NY", zone="America/New_York").context["choices"][0]["now_url"]
    line = client.get(now)
    assert "form" not in line.context or line.context["form"]["reason_text"].value() == SUGAR, "the line asks not twice"
    other = Client()
    assert not other.get(url, query).context["form"]["reason_text"].value()
    with time_machine.travel(clock.now() + timedelta(minutes=31), tick=False):
        assert not client.get(url, query).context["form"]["reason_text"].value(), "forgotten"
    assert SUGAR not in str(dict(client.session.items())), "sealed"


@pytest.mark.parametrize(
    ("text", "title", "phone"),
    [
        (CHEST, "Call 911 now", "tel:911"),
        ("I don't want to live anymore", "Call or text 988 now", "tel:988"),
        ("my toddler drank bleach", "Call Poison Control now", "tel:1-800-222-1222"),
        ("no puedo respirar y me duele el pecho", "Llame al 911 ahora", "tel:911"),
    ],
)
def test_danger_is_answered_alone(cast: Cast, client: Client, text: str, title: str, phone: str) -> None:
    page = ask(client, text)
    html = page.content.decode()
    assert f">{title}</h1>" in html and phone in html
    assert "choices" not in page.context and "/services/" not in html, "nothing to book stands beside it"
    assert "We have not called for you" in html or "no hemos llamado por usted" in html


def test_nothing_is_guessed(cast: Cast, client: Client) -> None:
    page = ask(client, "hello there")
    assert names(page) == [] and "Tell us a little more" in page.content.decode()
    page = ask(client, "")
    assert "Say in a few words what you need." in page.content.decode()
    page = ask(client, "x" * 2001)
    assert "fewer words" in page.content.decode()
    assert client.get(NEED).status_code == 200


def test_what_the_clinic_does_not_offer_is_said(cast: Cast, client: Client) -> None:
    page = ask(client, "I am sad all the time and want to talk to a therapist")
    html = page.content.decode()
    assert "We don’t offer this here" in html and "Mental health" in html
    assert names(page) == ["Same-day video visit"] and "A first step" in html and "Best fit" not in html
    page = ask(client, "I have a question about my bill")
    assert "Our front desk helps you with this" in page.content.decode() and names(page) == []


def test_the_number_of_queries_does_not_grow(cast: Cast, client: Client) -> None:
    ask(client, SUGAR)
    with page_queries() as asked:
        client.get(f"{NEED}?again=1")
    assert len(asked) == 5, asked


def test_what_is_written_on_a_booking_is_read_for_danger(cast: Cast, client: Client) -> None:
    sign_in(client, cast.liz_user)
    with cast.as_(cast.liz_user):
        slot = scheduling.free_slots(service=cast.video_visit, state="NY", since=clock.now(), days=14)[0]
    url = reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id])
    form = {"state": "NY", "zone": "America/New_York", "slot": slot_value(slot.start, slot.practitioner.id),
            "reason_text": CHEST, "key": uuid4().hex, "consent": agreed("telehealth")}  # fmt: skip
    answer = client.post(url, form)
    page = client.get(answer["Location"])
    assert "Call 911 now" in page.content.decode() and page.context["form"]["reason_text"].value() == CHEST
    with cast.as_(cast.liz_user):
        assert not Appointment.objects.exists()
    assert "booked=1" in client.post(url, form | {"read": "1"})["Location"], "she has read it, and decides"


def test_who_writes_spanish_on_an_english_page_is_answered_in_spanish(cast: Cast, client: Client) -> None:
    page = ask(client, "me quiero morir").content.decode()
    assert '<html lang="es"' in page and "Llame" in page and "Call 988" not in page
    fits = ask(client, "quiero dejar de fumar").content.decode()
    assert '<html lang="es"' in fits and "Best fit" not in fits
    assert '<html lang="en"' in client.get(NEED).content.decode(), (
        "the choice of language is hers, at the foot of the page"
    )
