"""Who comes by a link says when the person who was seen was born, before the summary opens."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.chart import selectors, services
from webside.chart.models import Encounter
from webside.chart.services import Barred, NotAllowed
from webside.chart.tests import factories
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, Role
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.scheduling.services.links import revoke_links
from webside.testing.cast import sign_in
from webside.ui.templatetags._page import tel

RIGHT, WRONG = "04/18/1969", "04/19/1969"
SAID = ("1969-04", "04/18", "04/19", "April 18", "April 19")
"""How either date could stand somewhere."""


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def signed(cast: Any) -> Encounter:
    return sign(cast)


def sign(cast: Any, **given: Any) -> Encounter:
    with cast.as_(cast.maya_user):
        made = factories.encounter(cast, parts=factories.PARTS, status="finished", ended_at=clock.now(), **given)
        made.note.status, made.note.signed_at, made.note.signed_by = "final", clock.now(), cast.maya
        made.note.save()
        return made


def come(cast: Any, encounter: Encounter, client: Client | None = None) -> Client:
    """Open a new link of an encounter's appointment in a browser."""
    client = client or Client()
    with cast.as_(cast.maya_user):
        token = scheduling.issue_link(appointment=encounter.appointment, since=clock.now())
    assert client.get(reverse("scheduling:link-open", args=["larkspur", token])).status_code == 302
    return client


def address(encounter: Encounter, route: str = "encounter-summary") -> str:
    return reverse(f"chart:{route}", args=["larkspur", encounter.id])


def say(client: Client, encounter: Encounter, born: str, *, wanted: str = "") -> Any:
    """Give a date of birth; follow to the page that answers."""
    return client.post(address(encounter, "summary-who") + wanted, {"birth_date": born}, follow=True)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def is_read(client: Client, encounter: Encounter) -> bool:
    """Whether both the page and the PDF open; they open together, or not at all."""
    page, paper = client.get(address(encounter)), client.get(address(encounter, "encounter-summary-pdf"))
    found = {"Your sugar went up." in page.content.decode(), paper.content.startswith(b"%PDF-")}
    assert len(found) == 1
    return found.pop()


def tries(cast: Any) -> list[AuditEvent]:
    with cast.as_(cast.maya_user):
        return list(AuditEvent.objects.filter(action="chart.summary.identify").order_by("sequence"))


@pytest.mark.parametrize(
    ("route", "wanted"), [("encounter-summary", ""), ("encounter-summary-pdf", "?for=pdf")], ids=["page", "pdf"]
)
def test_the_right_date_leads_to_what_she_wanted(cast: Any, signed: Encounter, route: str, wanted: str) -> None:
    client = come(cast, signed)
    asked = client.get(address(signed, route))
    assert asked.status_code == 302
    assert asked["Location"] == address(signed, "summary-who") + wanted
    page = client.get(asked["Location"])
    assert page.status_code == 200
    assert "enter the date of birth of the person who had the visit" in text_of(page)
    assert "Your sugar" not in text_of(page)
    led = client.post(asked["Location"], {"birth_date": RIGHT})
    assert (led.status_code, led["Location"]) == (302, address(signed, route))
    assert is_read(client, signed), "both, from now on"
    [event] = tries(cast)
    assert (event.outcome, event.patient_id, event.target_id) == ("0", cast.liz.id, signed.appointment_id)


@pytest.mark.parametrize("born", ["04181969", "1969-04-18", "19690418", "4.18.1969", " 4 / 18 / 1969 "])
def test_the_date_is_read_as_a_phone_lets_her_type_it(cast: Any, signed: Encounter, born: str) -> None:
    client = come(cast, signed)
    assert "Your sugar went up." in text_of(say(client, signed, born))


def test_a_wrong_date_says_what_to_do_and_is_a_refusal_in_the_trail(cast: Any, signed: Encounter) -> None:
    client = come(cast, signed)
    again = say(client, signed, WRONG)
    assert again.redirect_chain == [(address(signed, "summary-who"), 302)], "Back finds a page"
    text = text_of(again)
    assert "That isn’t the date of birth that we have. Enter that of the person who had the visit." in text
    assert 'aria-invalid="true"' in text
    assert cast.larkspur.phone and tel(cast.larkspur.phone) in text
    assert not is_read(client, signed)
    assert "That isn’t the date" not in text_of(client.get(address(signed, "summary-who"))), "said once"
    [event] = tries(cast)
    assert (event.outcome, event.actor_kind, event.patient_id) == ("4", "link", cast.liz.id)


@pytest.mark.parametrize(
    ("born", "words"),
    [("", "Enter your date of birth"), ("tomorrow", "can’t read this date"), ("01/01/1790", "check the year")],
)
def test_what_is_no_date_is_said_and_not_counted(cast: Any, signed: Encounter, born: str, words: str) -> None:
    assert words in text_of(say(come(cast, signed), signed, born))
    assert tries(cast) == []


def test_after_five_wrong_dates_from_whatever_browser_no_link_opens_it(cast: Any, signed: Encounter) -> None:
    first, opened = come(cast, signed), come(cast, signed)
    say(opened, signed, RIGHT)
    for number in range(5):
        last = say(first if number < 2 else come(cast, signed), signed, WRONG)
    assert last.status_code == 403
    text = text_of(last)
    assert "A wrong date of birth was entered too many times" in text
    assert tel(cast.larkspur.phone) in text and "Sign in to read it" in text
    assert f"/login/?next={address(signed)}" in text and "birth_date" not in text
    for client in (first, come(cast, signed)):
        assert say(client, signed, RIGHT).status_code == 403
        assert not is_read(client, signed)
    assert is_read(opened, signed), "who has said it already is not shut out by others"
    found = tries(cast)
    assert [event.outcome for event in found] == ["0", *"44444"], "no more is written than was compared"
    assert found[-1].reason.startswith("so many were wrong")


def test_a_day_after_the_first_wrong_dates_it_may_be_tried_again(cast: Any, signed: Encounter) -> None:
    now = clock.now()
    with time_machine.travel(now, tick=False):
        for _ in range(5):
            say(come(cast, signed), signed, WRONG)
    with time_machine.travel(now + timedelta(hours=23, minutes=59), tick=False):
        assert say(come(cast, signed), signed, RIGHT).status_code == 403
    with time_machine.travel(now + timedelta(hours=24), tick=False):
        assert "Your sugar went up." in text_of(say(come(cast, signed), signed, RIGHT))


def test_wrong_dates_of_one_visit_shut_no_other(cast: Any, signed: Encounter) -> None:
    other = sign(cast, started_at=clock.now() - timedelta(days=1))
    for _ in range(5):
        say(come(cast, signed), signed, WRONG)
    assert "Your sugar went up." in text_of(say(come(cast, other), other, RIGHT))


def test_what_was_said_for_one_visit_opens_no_other(cast: Any, signed: Encounter) -> None:
    other = sign(cast, started_at=clock.now() - timedelta(days=1))
    client = come(cast, signed)
    say(client, signed, RIGHT)
    for route in ("encounter-summary", "encounter-summary-pdf", "summary-who"):
        assert client.get(address(other, route)).status_code == 404
    assert say(client, other, RIGHT).status_code == 404
    assert [event.outcome for event in tries(cast)] == ["0", "4", "4"], "who asks for what is not hers is noted"
    come(cast, other, client)
    assert not is_read(client, other), "another link, another door"
    come(cast, signed, client)
    assert not is_read(client, signed), "and who opens the link again is asked again"


def test_what_was_said_ends_with_the_door(cast: Any, signed: Encounter) -> None:
    now = clock.now()
    with time_machine.travel(now, tick=False):
        client = come(cast, signed)
        say(client, signed, RIGHT)
    with time_machine.travel(now + timedelta(hours=12), tick=False):
        assert client.get(address(signed)).status_code == 404


def test_a_link_that_was_replaced_opens_nothing_whatever_was_said(cast: Any, signed: Encounter) -> None:
    client = come(cast, signed)
    say(client, signed, RIGHT)
    assert is_read(client, signed)
    with cast.as_(cast.grace_user):
        revoke_links(signed.appointment)
    for route in ("encounter-summary", "encounter-summary-pdf", "summary-who"):
        assert client.get(address(signed, route)).status_code == 404
    assert not is_read(come(cast, signed), signed)


def test_a_door_that_followed_a_hand_over_asks_and_opens(cast: Any, signed: Encounter) -> None:
    client = come(cast, signed)
    with cast.as_(cast.maya_user):
        revoke_links(signed.appointment, doors_follow=True)
        Appointment.objects.filter(id=signed.appointment_id).update(sequence=1, doors_since=0)
    assert not is_read(client, signed)
    assert "Your sugar went up." in text_of(say(client, signed, RIGHT))


def test_what_was_said_stands_in_no_cookie_and_the_session_gets_another_name(cast: Any, signed: Encounter) -> None:
    client = come(cast, signed)
    planted = client.session.session_key
    say(client, signed, RIGHT)
    assert client.session.session_key != planted
    stranger = Client()
    stranger.cookies["webside_session"] = planted
    assert stranger.get(address(signed)).status_code == 404


@pytest.mark.parametrize("who", ["liz_user", "maya_user"])
def test_who_is_signed_in_is_not_asked(cast: Any, signed: Encounter, who: str) -> None:
    client = sign_in(Client(), getattr(cast, who))
    assert is_read(client, signed)
    led = client.get(address(signed, "summary-who"))
    assert (led.status_code, led["Location"]) == (302, address(signed))
    assert client.post(address(signed, "summary-who"), {"birth_date": WRONG}).status_code == 302
    assert tries(cast) == []


@pytest.mark.parametrize("who", ["daniel_user", "grace_user", "mallory_user", None])
def test_for_everybody_else_there_is_nothing(cast: Any, signed: Encounter, who: str | None) -> None:
    client = sign_in(Client(), getattr(cast, who)) if who else Client()
    for answer in (client.get(address(signed, "summary-who")), say(client, signed, RIGHT)):
        assert answer.status_code == 404


def test_the_date_stands_in_no_address_no_log_and_no_row_of_the_trail(
    cast: Any, signed: Encounter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = come(cast, signed)
    answers = [say(client, signed, born) for born in (WRONG, "04/18/69x", RIGHT)]
    with cast.as_(cast.maya_user):
        rows = [str(row) for row in AuditEvent.objects.values()]
    kept = str(dict(client.session.items()))
    addresses = [step[0] for answer in answers for step in answer.redirect_chain]
    pages = [answer.content.decode() for answer in answers[:2]]
    for said in SAID:
        assert not [text for text in (*rows, *addresses, *pages, caplog.text, kept) if said in text], said


# ---------------------------------------------------------------------------------------------------- the service


def bearer(appointment_id: Any, tenant_id: Any, *, identified: bool = False) -> Actor:
    return Actor(
        kind=ActorKind.LINK, label="Liz Moreno", tenant_id=tenant_id, roles=frozenset({Role.PATIENT}),
        subject_id=appointment_id, identified=identified,
    )  # fmt: skip


def test_only_who_is_to_be_asked_is_compared(cast: Any, signed: Encounter) -> None:
    other = sign(cast, started_at=clock.now() - timedelta(days=1))
    with cast.as_(cast.maya_user) as maya:
        for actor in (
            maya,
            bearer(other.appointment_id, cast.larkspur.id),
            bearer(signed.appointment_id, cast.larkspur.id, identified=True),
        ):
            with pytest.raises(NotAllowed):
                services.identify(actor=actor, encounter=signed, birth_date=cast.liz.birth_date)


@pytest.mark.django_db(transaction=True)
def test_two_wrong_dates_at_once_are_two(cast: Any) -> None:
    """Eight browsers at once get five tries between them, and no right date slips in behind."""
    encounter = sign(cast)
    actor = bearer(encounter.appointment_id, cast.larkspur.id)

    def guess(day: int) -> str:
        try:
            with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
                locked = selectors.locked_summary(actor, encounter.id)
                assert locked is not None
                return str(services.identify(actor=actor, encounter=locked, birth_date=date(1970, 1, day)))
        except Barred:
            return "barred"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as browsers:
        answers = sorted(browsers.map(guess, range(1, 9)))
    assert answers == ["False"] * 5 + ["barred"] * 3
    assert len(tries(cast)) == 5
