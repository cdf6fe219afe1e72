"""The pages: booking without JavaScript and without an account, bad input, links, isolation."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from webside.audit.models import AuditEvent
from webside.audit.services import MOST_GUESSES
from webside.core import clock
from webside.core.actor import anonymous
from webside.core.frames import begin
from webside.people.models import Patient
from webside.scheduling import registry, services
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.forms import TimeOffForm, VisitorBookingForm, parse_slot, slot_value
from webside.scheduling.models import Appointment, AppointmentLink, AvailabilityException
from webside.scheduling.tests.factories import book, some_slots
from webside.testing.cast import agreed, sign_in
from webside.testing.queries import page_queries

NORA = {
    "given": "Nora", "family": "Quist", "birth_date": "02/29/1988", "email": "nora@example.test",
    "phone": "518-555-0161", "reason_text": "A cough that stays", "consent": agreed("telehealth"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def page(service: Any) -> str:
    return f"/o/larkspur/services/{service.id}/"


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def html_at(client: Any, address: str) -> str:
    return str(client.get(address).content.decode())


def slots_on(response: Any) -> list[str]:
    return re.findall(r'name="slot" value="([^"]+)"', response.content.decode())


def key_on(response: Any) -> str:
    return re.search(r'name="key" value="([^"]+)"', response.content.decode())[1]


def form(client: Any, cast: Any, **changes: str) -> tuple[str, dict[str, str]]:
    """Walk to the booking form as a person does; return its address and what it would send."""
    listing = client.get(page(cast.video_visit), {"state": "NY"})
    slot = changes.pop("slot", None) or slots_on(listing)[-1]
    shown = client.get(page(cast.video_visit) + "book/", {"state": "NY", "zone": "America/New_York", "slot": slot})
    assert shown.status_code == 200, shown.content
    values = {**NORA, "state": "NY", "zone": "America/New_York", "slot": slot, "key": key_on(shown)}
    return page(cast.video_visit) + "book/", {**values, **changes}


def asked_again(client: Any, address: str, values: dict[str, str]) -> Any:
    """Send a form that can't be booked; return the page it leads to, which a browser can show again."""
    sent = client.post(address, values)
    assert (sent.status_code, sent.url.startswith(f"{address}?")) == (302, True)
    return client.get(sent.url)


def test_it_asks_where_you_are_then_shows_times_and_who_may(client: Client, cast: Any) -> None:
    asked = client.get(page(cast.video_visit))
    assert "Where will you be during the visit?" in text_of(asked)
    assert not slots_on(asked)
    shown = client.get(page(cast.video_visit), {"state": "NY"})
    text = text_of(shown)
    assert "You will be in New York. Dr. Maya Chen may treat you there." in text
    assert "All times are Eastern Time." in text
    assert "Dr. Daniel Whitfield can’t treat you in New York." in text
    values = slots_on(shown)
    assert values
    assert all(value.endswith(str(cast.maya.id)) for value in values)
    # The next page still knows the place.
    assert slots_on(client.get(page(cast.video_visit)))


def test_a_state_with_two_clocks_is_asked_for_the_time(client: Client, cast: Any) -> None:
    asked = client.get(page(cast.coaching), {"state": "TN"})
    assert "Two clocks run in Tennessee" in text_of(asked)
    shown = client.get(page(cast.coaching), {"state": "TN", "zone": "America/Chicago"})
    assert "All times are Central Time." in text_of(shown)
    foreign = client.get(page(cast.coaching), {"state": "TN", "zone": "Asia/Tokyo"})
    assert not slots_on(foreign)


def test_coaching_looks_different(client: Client, cast: Any) -> None:
    text = text_of(client.get(page(cast.coaching), {"state": "TX", "zone": "America/Chicago"}))
    assert "No licence is needed for coaching. Nothing goes to your insurer. The price is $40." in text
    assert "Priya Nair can meet you there." in text
    assert "may treat" not in text


def test_telecare_shows_price_and_how_to_set_it_up(client: Client, cast: Any) -> None:
    response = client.get(page(cast.safe_at_home))
    text = text_of(response)
    assert "$32 a month" in text
    assert "Call (845) 555-0110" in text
    assert not slots_on(response)


def test_nobody_may_treat_in_a_far_state(client: Client, cast: Any) -> None:
    response = client.get(page(cast.video_visit), {"state": "TX", "zone": "America/Chicago"})
    assert "Nobody here may give this service to you there." in text_of(response)
    assert not slots_on(response)


def test_a_visitor_books_without_an_account(client: Client, cast: Any) -> None:
    address, values = form(client, cast)
    assert "We talk by video." in text_of(client.get(address, {key: values[key] for key in ("state", "zone", "slot")}))
    done = client.post(address, values, follow=True)
    text = text_of(done)
    assert "Your visit is booked" in text
    assert "What happens next" in text
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        appointment = Appointment.objects.get()
        assert (appointment.patient.full_name, appointment.patient_state) == ("Nora Quist", "NY")
    calendar = client.get(f"/o/larkspur/appointments/{appointment.id}/calendar.ics")
    assert calendar["Content-Type"].startswith("text/calendar")
    assert b"METHOD:PUBLISH" in calendar.content
    assert b"Quist" not in calendar.content


def test_sending_twice_and_going_back_books_once(client: Client, cast: Any) -> None:
    address, values = form(client, cast)
    first, second = client.post(address, values), client.post(address, values)
    assert first.url == second.url
    listing = slots_on(client.get(page(cast.video_visit), {"state": "NY"}))
    third = client.post(address, {**values, "slot": listing[0]}, follow=True)
    assert "already have this visit" in text_of(third)
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        assert Appointment.objects.count() == 1
        assert Patient.objects.filter(email="nora@example.test").count() == 1


def test_a_page_that_was_drawn_again_does_not_blame_somebody_else(client: Client, cast: Any) -> None:
    """The browser asked for the form anew when she went back, so that it has another key and her own time is taken."""
    address, values = form(client, cast)
    first = client.post(address, values)
    again = client.post(address, {**values, "key": str(uuid4())}, follow=True)
    assert "already have this visit" in text_of(again)
    assert again.redirect_chain[-1][0] == first.url
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        assert Appointment.objects.count() == 1
        assert Patient.objects.filter(email="nora@example.test").count() == 1


def test_somebody_else_in_the_same_browser_is_not_taken_for_the_first(client: Client, cast: Any) -> None:
    """Two tabs, one time, two people: the second one is offered times nearby, and nothing of the first is shown."""
    address, values = form(client, cast)
    client.post(address, values)
    other = {**values, "key": str(uuid4()), "given": "Hugo", "email": "hugo@example.test"}
    answer = client.post(address, other, follow=True)
    assert "just taken" in text_of(answer)
    assert "nora@example.test" not in text_of(answer)
    assert "hugo@example.test" in answer.content.decode(), "what was typed is kept"


@pytest.mark.parametrize("key", ["its own", "another"])
@pytest.mark.parametrize("who", ["the browser that booked", "a link", "a stranger", "a link of another visit"])
def test_no_answer_of_the_form_depends_on_the_date_of_birth(client: Client, cast: Any, who: str, key: str) -> None:
    """A date that is right opens a summary for who holds a link; here it could be tried for ever, and nobody would see it.

    Shown failing with the date compared again, in either place.
    """
    address, values = form(client, cast)
    client.post(address, values)
    with cast.as_(cast.grace_user):
        booked = Appointment.objects.select_related("patient", "practitioner", "service").get()
    with cast.as_(cast.liz_user) as liz:
        other = book(cast, liz, some_slots(cast)[1].start)
    with cast.as_(cast.grace_user):
        linked = {"a link": booked, "a link of another visit": other}
        tokens = {name: services.issue_link(appointment=visit) for name, visit in linked.items()}

    def answer(born: str) -> str:
        browser = client if who == "the browser that booked" else Client()
        if who in tokens:
            browser.get(f"/o/larkspur/go/{tokens[who]}/")
        sent = {**values, "birth_date": born, "key": values["key"] if key == "its own" else str(uuid4())}
        text = text_of(browser.post(address, sent, follow=True))
        return re.sub(r"say [0-9a-f]+", "", text)

    right, wrong = answer(NORA["birth_date"]), answer("01/02/1990")
    assert right == wrong
    led = key == "its own" or who in ("the browser that booked", "a link")
    assert ("Your visit is booked" in right or "already have this visit" in right) is led
    assert ("just taken" in right) is not led
    with cast.as_(cast.grace_user):
        assert Appointment.objects.count() == 2
        assert str(Patient.objects.get(email="nora@example.test").birth_date) == "1988-02-29", "and none is changed"


def test_the_same_form_from_somebody_else_shows_nothing_of_the_first(client: Client, cast: Any) -> None:
    address, values = form(client, cast)
    client.post(address, values)
    stranger = Client()
    answer = asked_again(stranger, address, {**values, "given": "Eve", "email": "eve@example.test"})
    assert "Nora" not in answer.content.decode()
    assert 'value="Eve"' in answer.content.decode()
    assert key_on(answer) != values["key"]
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        assert Appointment.objects.count() == 1


def test_a_taken_slot_keeps_what_was_typed_and_offers_others(client: Client, cast: Any) -> None:
    address, values = form(client, cast)
    rival_address, rival = form(Client(), cast, slot=values["slot"], given="Al", email="al@example.test")
    Client().post(rival_address, rival)
    answer = asked_again(client, address, values)
    text = text_of(answer)
    assert "This time was just taken" in text
    assert 'value="Nora"' in answer.content.decode()
    near = slots_on(answer)
    assert values["slot"] not in near
    done = client.post(address, {**values, "slot": near[0]}, follow=True)
    assert "Your visit is booked" in text_of(done)


def test_a_slot_that_passes_while_the_form_is_open(client: Client, cast: Any) -> None:
    address, values = form(client, cast)
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        slot = some_slots(cast)[0]
    values["slot"] = slot_value(slot.start, slot.practitioner.id)
    with time_machine.travel(slot.start + timedelta(minutes=1), tick=True):
        answer = asked_again(client, address, values)
        assert "This time has passed" in text_of(answer)
        assert 'value="Nora"' in answer.content.decode()
        done = client.post(address, {**values, "slot": slots_on(answer)[-1]}, follow=True)
        assert "Your visit is booked" in text_of(done)


def test_a_forged_state_is_stopped_with_the_reason_and_colleagues(client: Client, cast: Any) -> None:
    address, values = form(client, cast)
    answer = asked_again(client, address, {**values, "state": "OR", "zone": "America/Los_Angeles"})
    text = text_of(answer)
    assert "This visit can’t be booked like this" in text
    assert "Dr. Daniel Whitfield" in text
    assert all(value.endswith(str(cast.daniel.id)) for value in slots_on(answer))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("birth_date", "31/31/1990", "can’t read this date"),
        ("birth_date", "02/30/1990", "can’t read this date"),
        ("birth_date", "01/01/1790", "check the year"),
        ("birth_date", "tomorrow", "can’t read this date"),
        ("email", "nora@", "valid email"),
        ("phone", "12", "area code"),
        ("phone", "=cmd|' /C calc'!A0", "area code"),
        ("given", " ", "Enter your first name"),
        ("consent", "", "tick the box"),
        ("given", "x" * 81, "80 characters"),
    ],
)  # fmt: skip
def test_bad_input_is_said_at_its_field_and_nothing_is_lost(
    client: Client, cast: Any, field: str, value: str, words: str
) -> None:
    address, values = form(client, cast)
    answer = asked_again(client, address, {**values, field: value})
    assert words in text_of(answer)
    assert "A cough that stays" in answer.content.decode()
    assert key_on(answer) == values["key"]


def test_back_after_a_corrected_booking_finds_pages_and_another_browser_nothing(client: Client, cast: Any) -> None:
    """Each page on the way is one that can be asked for again; what was typed is sealed, and gone when it is booked."""
    address, values = form(client, cast)
    refused = client.post(address, {**values, "email": "nora@"}).url
    kept = str(client.session["kept_form"])
    assert "Nora" not in kept and "cough" not in kept
    for _ in range(2):
        assert 'value="Nora"' in html_at(client, refused)
    assert "Nora" not in html_at(Client(), refused)
    assert "Nora" not in html_at(client, refused.replace(str(cast.video_visit.id), str(cast.coaching.id)))
    with time_machine.travel(clock.now() + timedelta(minutes=31), tick=False):
        assert "Nora" not in html_at(client, refused)
    assert "Your visit is booked" in text_of(client.post(address, values, follow=True))
    assert client.get(refused).status_code == 200 and "Nora" not in html_at(client, refused)


@pytest.mark.parametrize(
    "slot", ["", "x", "20261301T9999Z.0", "20271201T0900Z.019a0000-0000-7000-8000-000000000000", "20261201T0900Z"]
)
def test_a_slot_that_is_none_leads_back_to_the_times(client: Client, cast: Any, slot: str) -> None:
    address, values = form(client, cast)
    for answer in (client.post(address, {**values, "slot": slot}), client.get(address, {"state": "NY", "slot": slot})):
        assert answer.status_code == 302
        assert answer.url.startswith(page(cast.video_visit))


def test_markup_and_formulas_in_names_stay_text(client: Client, cast: Any) -> None:
    nasty = "<script>alert(1)</script>"
    address, values = form(client, cast, given=nasty, family='=HYPERLINK("x")', reason_text=nasty)
    done = client.post(address, values, follow=True)
    assert "<script>alert" not in done.content.decode()
    session = client.session
    session["doors"] = {place: door | {"identified": True} for place, door in session["doors"].items()}
    session.save()
    with_reason = client.get(done.redirect_chain[-1][0]).content.decode()
    assert "<script>alert" not in with_reason
    assert "&lt;script&gt;alert" in with_reason
    sign_in(staff := Client(), cast.grace_user)
    with begin(tenant_id=cast.larkspur.id, actor=anonymous(cast.larkspur.id)):
        day = Appointment.objects.get().start
    listing = staff.get("/o/larkspur/schedule/", {"day": day.date().isoformat()})
    assert "<script>alert" not in listing.content.decode()


def test_a_signed_in_patient_types_nothing_twice(client: Client, cast: Any) -> None:
    sign_in(client, cast.liz_user)
    listing = client.get(page(cast.video_visit))
    assert "You will be in New York." in text_of(listing), "her own state is taken, and can be changed"
    slot = slots_on(listing)[-1]
    address = page(cast.video_visit) + "book/"
    shown = client.get(address, {"slot": slot})
    assert 'name="email"' not in shown.content.decode()
    values = {
        "slot": slot,
        "state": "NY",
        "zone": "America/New_York",
        "key": key_on(shown),
        "consent": agreed("telehealth"),
    }
    done = client.post(address, values, follow=True)
    assert "Your visit is booked" in text_of(done)
    # She agreed once; the next booking doesn't ask again.
    again = client.get(address, {"slot": slots_on(client.get(page(cast.video_visit)))[0]})
    assert 'name="consent"' not in again.content.decode()


def test_no_time_is_shown_at_which_she_has_another_visit(client: Client, cast: Any) -> None:
    sign_in(client, cast.liz_user)
    [first, *rest] = slots_on(client.get(page(cast.video_visit)))
    with cast.as_(cast.liz_user):
        start, _ = parse_slot(first)
        end = start + timedelta(minutes=20)
        hers = Appointment.objects.create(
            patient=cast.liz, practitioner=cast.daniel, service=cast.video_visit, period=(start, end),
            patient_state="NY", patient_timezone="America/New_York", booked_by="x", idempotency_key="daniel",
        )  # fmt: skip
    assert slots_on(client.get(page(cast.video_visit))) == rest
    assert first in slots_on(client.get(detail(hers, "move/"))), "her own time is in the way of other visits only"
    client.logout()
    assert first in slots_on(client.get(page(cast.video_visit), {"state": "NY"})), "another may have it"


def test_staff_do_not_book_for_themselves(client: Client, cast: Any) -> None:
    sign_in(client, cast.maya_user)
    slot = slots_on(client.get(page(cast.video_visit), {"state": "NY"}))[0]
    answer = client.get(page(cast.video_visit) + "book/", {"slot": slot, "state": "NY"})
    assert "signed in as staff" in text_of(answer)


@pytest.fixture
def booked(cast: Any) -> Appointment:
    with cast.as_(cast.liz_user) as liz:
        return book(cast, liz, some_slots(cast)[0].start)


def detail(appointment: Appointment, then: str = "") -> str:
    return f"/o/larkspur/appointments/{appointment.id}/{then}"


def test_move_and_take_it_back(client: Client, cast: Any, booked: Appointment) -> None:
    sign_in(client, cast.liz_user)
    shown = client.get(detail(booked, "move/"))
    slot = next(value for value in slots_on(shown))
    done = client.post(detail(booked, "move/"), {"slot": slot}, follow=True)
    assert "Your visit has moved" in text_of(done)
    undo = unescape(re.search(r'action="([^"]+/move/undo/[^"]+)"', done.content.decode())[1])
    back = client.post(undo, follow=True)
    assert "back at its earlier time" in text_of(back)
    again = client.post(undo, follow=True)
    assert "too late" in text_of(again)
    with cast.as_(cast.liz_user):
        moved = Appointment.objects.get()
        assert (moved.start, moved.sequence) == (booked.start, 2)


def test_a_move_that_is_refused_leads_to_a_page_that_back_can_show(
    client: Client, cast: Any, booked: Appointment
) -> None:
    sign_in(client, cast.liz_user)
    address = detail(booked, "move/")
    slot = slots_on(client.get(address))[0]
    assert "No time is chosen yet" in text_of(asked_again(client, address, {}))
    with cast.as_(cast.liz_user) as liz:
        start = some_slots(cast)[9].start
        book(cast, liz, start)
    refused = client.post(address, {"slot": slot_value(start, booked.practitioner_id)}).url  # type: ignore[attr-defined]
    for _ in range(2):
        assert "This time was just taken" in html_at(client, refused)
    assert "Your visit has moved" in text_of(client.post(address, {"slot": slot}, follow=True))
    assert "This time was just taken" not in html_at(client, refused)


def test_a_move_is_taken_back_for_that_visit_only_and_before_the_check_in(
    client: Client, cast: Any, booked: Appointment
) -> None:
    with cast.as_(cast.liz_user) as liz:
        other = book(cast, liz, some_slots(cast)[9].start)
        services.move_appointment(actor=liz, appointment=other, start=some_slots(cast)[12].start)
    sign_in(client, cast.liz_user)
    slot = next(value for value in slots_on(client.get(detail(booked, "move/"))))
    done = client.post(detail(booked, "move/"), {"slot": slot}, follow=True)
    undo = unescape(re.search(r'action="([^"]+/move/undo/[^"]+)"', done.content.decode())[1])
    elsewhere = client.post(undo.replace(str(booked.id), str(other.id)), follow=True)
    assert "too late" in text_of(elsewhere)
    with cast.as_(cast.liz_user) as liz:
        services.check_in_appointment(actor=liz, appointment=booked)
    assert "too late" in text_of(client.post(undo, follow=True))


@pytest.mark.parametrize(
    "name", ["Click http://evil.example/x now", "www.evil.example", "a@evil.example", "evil.example/x"]
)
def test_a_strangers_name_brings_no_address_into_our_letters(name: str) -> None:
    form = VisitorBookingForm({"given": name, "family": name}, agree_to=None)
    assert "without a web address" in str(form.errors["given"]) and "without a web address" in str(
        form.errors["family"]
    )


def test_cancel_and_take_it_back(client: Client, cast: Any, booked: Appointment) -> None:
    sign_in(client, cast.liz_user)
    done = client.post(detail(booked, "cancel/"), follow=True)
    assert "This visit is cancelled" in text_of(done)
    assert "Take the cancellation back" in text_of(client.get(detail(booked))), "also after the message is gone"
    back = client.post(detail(booked, "restore/"), follow=True)
    assert "booked again" in text_of(back)
    assert client.get(detail(booked, "calendar.ics")).status_code == 200


@pytest.mark.parametrize("who", ["grace", "liz"])
def test_who_has_checked_in_can_still_be_told_that_it_does_not_take_place(
    client: Client, cast: Any, booked: Appointment, who: str
) -> None:
    """Until the visit begins. It is no more moved."""
    sign_in(client, getattr(cast, f"{who}_user"))
    with cast.as_(cast.liz_user):
        Appointment.objects.update(status=AppointmentStatus.CHECKED_IN)
    page = text_of(client.get(detail(booked)))
    assert "Cancel this visit" in page and "checked in" in page and "Move" not in page
    client.post(detail(booked, "cancel/"))
    assert "is cancelled" in text_of(client.get(detail(booked)))


def test_the_desk_reads_its_own_clock_and_the_patients(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.maya_user):
        Appointment.objects.filter(id=booked.id).update(patient_timezone="America/Los_Angeles")
    sign_in(client, cast.grace_user)
    text = text_of(client.get(detail(booked)))
    assert "Eastern Time" in text
    assert re.search(r"For Liz that is .*Pacific Time", text)
    assert "How we reach you" not in text and "What you pay" not in text, "it isn't her own visit"
    sign_in(client, cast.liz_user)
    hers = text_of(client.get(detail(booked)))
    assert "Pacific Time" in hers and "Eastern Time" not in hers
    assert "How we reach you" in hers


def test_a_link_opens_its_appointment_and_only_that(
    client: Client, cast: Any, booked: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_destinations", [])  # where higher apps lead is theirs to test
    with cast.as_(cast.liz_user) as liz:
        token = services.issue_link(appointment=booked)
        other = book(cast, liz, some_slots(cast)[3].start)
    opened = client.get(f"/o/larkspur/go/{token}/", follow=True)
    assert "Who looked" not in text_of(opened), "that page is for who has an account"
    assert "Your visit" in text_of(opened)
    assert opened.redirect_chain[-1][0] == detail(booked)
    assert client.get(detail(other)).status_code == 404
    again = client.get(f"/o/larkspur/go/{token}/")
    assert again.status_code == 302, "a link may be used again: people open e-mails twice"
    with cast.as_(cast.liz_user):
        assert AuditEvent.objects.filter(action="scheduling.link.open", patient_id=cast.liz.id).count() == 2


def test_a_registered_destination_takes_the_link(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.liz_user):
        token = services.issue_link(appointment=booked)

    def lead(appointment: Any) -> str:
        return f"/o/larkspur/somewhere/{appointment.id}/"

    registry.register_destination(lead)
    try:
        assert client.get(f"/o/larkspur/go/{token}/").url == f"/o/larkspur/somewhere/{booked.id}/"
    finally:
        registry.unregister_destination(lead)


def test_stopped_links_say_what_to_do(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.liz_user) as liz:
        old = services.issue_link(appointment=booked)
        moved = services.move_appointment(actor=liz, appointment=booked, start=some_slots(cast)[6].start)
        new = services.issue_link(appointment=moved)
    answer = client.get(f"/o/larkspur/go/{old}/")
    assert (answer.status_code, "We have sent a newer one since" in text_of(answer)) == (410, True)
    with time_machine.travel(moved.end + timedelta(hours=25), tick=False):
        answer = client.get(f"/o/larkspur/go/{new}/")
        assert (answer.status_code, "This visit is over" in text_of(answer)) == (410, True)
    with cast.as_(cast.liz_user) as liz:
        services.cancel_appointment(actor=liz, appointment=moved)
    answer = client.get(f"/o/larkspur/go/{new}/")
    assert (answer.status_code, "This visit is cancelled" in text_of(answer)) == (410, True)


def test_a_replaced_link_says_so_and_nothing_of_the_person(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.liz_user) as liz:
        old = services.issue_link(appointment=booked)
        moved = services.move_appointment(actor=liz, appointment=booked, start=some_slots(cast)[6].start)
    answer = client.get(f"/o/larkspur/go/{old}/")
    before = text_of(answer)
    assert "This link doesn’t work any more" in before and "We have sent a newer one" not in before
    assert cast.larkspur.phone == "(845) 555-0110"
    assert 'Call us: <a class="ws-nowrap" href="tel:8455550110">(845) 555-0110</a>' in answer.content.decode()
    with cast.as_(cast.liz_user):
        services.issue_link(appointment=moved)
    after = text_of(client.get(f"/o/larkspur/go/{old}/"))
    assert "We have sent a newer one since" in after
    with cast.as_(cast.liz_user):
        AppointmentLink.objects.filter(appointment=moved).update(revoked_at=clock.now())
    assert text_of(client.get(f"/o/larkspur/go/{old}/")) == before, "a newer one that is gone is none"
    day = f"{moved.start:%B}"
    for secret in ("Liz", "Moreno", "Chen", day, str(booked.id), cast.video_visit.name):
        assert secret not in before + after


def test_her_account_opens_what_an_old_link_does_not(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.liz_user) as liz:
        old = services.issue_link(appointment=booked)
        services.move_appointment(actor=liz, appointment=booked, start=some_slots(cast)[6].start)
    sign_in(client, cast.liz_user)
    assert client.get(f"/o/larkspur/go/{old}/").status_code == 302
    sign_in(client, cast.marcus_user)
    assert client.get(f"/o/larkspur/go/{old}/").status_code == 410


def test_guesses_at_links_are_seen_and_fill_no_trail(cast: Any, client: Client) -> None:
    def guess(by: Client, number: int) -> None:
        assert by.get(f"/o/larkspur/go/{number:043}/").status_code == 404

    def written() -> list[AuditEvent]:
        with cast.as_(cast.liz_user):
            return list(AuditEvent.objects.filter(action="scheduling.link.guess").order_by("sequence"))

    for number in range(MOST_GUESSES + 5):
        guess(client, number)
    rows = written()
    assert [row.reason for row in rows] == [
        "",
        *[""] * (MOST_GUESSES - 2),
        "so many within an hour: more are not written",
    ]
    guess(sign_in(Client(), cast.marcus_user), 1)
    assert len(written()) == MOST_GUESSES + 1, "whoever is signed in is noted each time"
    with time_machine.travel(clock.now() + timedelta(hours=1, minutes=1), tick=False):
        guess(client, 2)
    assert len(written()) == MOST_GUESSES + 2


def test_foreign_and_unknown_links_look_the_same(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.liz_user):
        token = services.issue_link(appointment=booked)
    foreign = client.get(f"/o/northgate/go/{token}/")
    unknown = client.get(f"/o/northgate/go/{'A' * 43}/")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert text_of(foreign) == text_of(unknown)
    assert "Larkspur" not in foreign.content.decode()


def test_a_link_for_somebody_else_than_who_is_signed_in(client: Client, cast: Any, booked: Appointment) -> None:
    with cast.as_(cast.liz_user):
        token = services.issue_link(appointment=booked)
    sign_in(client, cast.marcus_user)
    answer = client.get(f"/o/larkspur/go/{token}/")
    assert answer.status_code == 403
    assert "Somebody else is signed in" in text_of(answer)
    assert "Liz" not in text_of(answer)
    with cast.as_(cast.liz_user):
        assert AppointmentLink.objects.get().last_used_at is None


def test_a_patients_link_leads_who_works_here_to_the_appointment(
    client: Client, cast: Any, booked: Appointment
) -> None:
    with cast.as_(cast.liz_user):
        token = services.issue_link(appointment=booked)
    for user in (cast.maya_user, cast.grace_user):
        answer = sign_in(client, user).get(f"/o/larkspur/go/{token}/", follow=True)
        assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, detail(booked))


@pytest.mark.parametrize("then", ["", "move/", "calendar.ics"])
def test_nobody_else_finds_the_appointment(client: Client, cast: Any, booked: Appointment, then: str) -> None:
    strangers = [None, cast.daniel_user, cast.marcus_user, cast.ingrid_user, cast.admin_user, cast.mallory_user]
    for user in strangers:
        someone = Client()
        if user:
            sign_in(someone, user)
        assert someone.get(detail(booked, then)).status_code == 404, user
    sign_in(client, cast.mallory_user)
    assert client.get(detail(booked, then).replace("larkspur", "northgate")).status_code == 404
    assert client.get(f"/o/northgate/services/{cast.video_visit.id}/").status_code == 404


@pytest.mark.parametrize("then", ["cancel/", "restore/", "move/undo/", "noshow/"])
def test_nobody_else_changes_the_appointment(cast: Any, booked: Appointment, then: str) -> None:
    for user in (None, cast.daniel_user, cast.marcus_user, cast.mallory_user):
        someone = Client()
        if user:
            sign_in(someone, user)
        assert someone.post(detail(booked, then)).status_code == 404, user
    with cast.as_(cast.liz_user):
        assert Appointment.objects.get().status == "booked"


def test_the_front_desk_and_the_clinician_see_their_day(client: Client, cast: Any, booked: Appointment) -> None:
    day = booked.start.astimezone(some_zone()).date().isoformat()
    for user, sees in ((cast.grace_user, True), (cast.maya_user, True), (cast.daniel_user, False)):
        someone = sign_in(Client(), user)
        answer = someone.get("/o/larkspur/schedule/", {"day": day})
        assert answer.status_code == 200
        assert ("Liz Moreno" in text_of(answer)) is sees, user
    for user in (cast.liz_user, cast.marcus_user, cast.mallory_user):
        assert sign_in(Client(), user).get("/o/larkspur/schedule/").status_code == 404


def some_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("America/New_York")


def test_time_off_by_a_form(client: Client, cast: Any) -> None:
    sign_in(client, cast.maya_user)
    bad = client.post("/o/larkspur/schedule/time-off/", {"start": "2027-01-05T10:00", "end": "2027-01-05T09:00"})
    assert bad.status_code == 422
    done = client.post(
        "/o/larkspur/schedule/time-off/", {"start": "2027-01-05T10:00", "end": "2027-01-05T12:00", "reason": "meeting"},
        follow=True,
    )  # fmt: skip
    assert "Time off is noted" in text_of(done)
    with cast.as_(cast.maya_user):
        exception = AvailabilityException.objects.get()
        assert exception.period.lower.isoformat() == "2027-01-05T15:00:00+00:00", "wall clock of New York"
    foreign = sign_in(Client(), cast.daniel_user).post(f"/o/larkspur/schedule/time-off/{exception.id}/remove/")
    assert foreign.status_code == 404
    client.post(f"/o/larkspur/schedule/time-off/{exception.id}/remove/")
    with cast.as_(cast.maya_user):
        assert not AvailabilityException.objects.exists()


def queries(client: Client, address: str, **data: str) -> list[str]:
    """Return the statements of a page but for those of the frame, the session and the trail."""
    with page_queries() as found:
        assert client.get(address, data).status_code == 200
    return found


def test_pages_take_few_queries(client: Client, cast: Any, booked: Appointment) -> None:
    sign_in(client, cast.liz_user)
    client.get(page(cast.video_visit), {"state": "NY"})
    client.get(detail(booked))  # the first look may make the room that its link leads to
    assert len(queries(client, detail(booked))) <= 8
    assert len(queries(client, page(cast.video_visit), state="NY")) <= 8
    with cast.as_(cast.maya_user) as maya:
        from datetime import time

        for weekday in range(7):
            services.add_hours(actor=maya, practitioner=cast.maya, weekday=weekday, starts_at=time(18),
                               ends_at=time(22), timezone="America/New_York")  # fmt: skip
    assert len(queries(client, page(cast.video_visit), state="NY")) <= 8, "they don't grow with the times"


def test_a_week_without_a_free_time_costs_no_more_and_names_the_next_one(client: Client, cast: Any) -> None:
    sign_in(client, cast.liz_user)
    with cast.as_(cast.maya_user) as maya:
        services.add_exception(actor=maya, practitioner=cast.maya, start=clock.now(),
                               end=clock.now() + timedelta(days=12), reason="Away")  # fmt: skip
    client.get(page(cast.video_visit), {"state": "NY"})
    assert len(queries(client, page(cast.video_visit), state="NY")) <= 9
    text = text_of(client.get(page(cast.video_visit), {"state": "NY"}))
    assert "No time is free on these days" in text
    assert "The next free time is" in text


@pytest.mark.parametrize("at", ["99991231T2359Z", "00010101T0000Z", "99981231T2359Z", "00020101T0000Z"])
def test_a_time_at_the_end_of_the_calendar_is_no_slot(client: Client, cast: Any, at: str) -> None:
    slot = f"{at}.{cast.maya.id}"
    address, values = form(client, cast)
    assert client.get(address, {"state": "NY", "zone": "America/New_York", "slot": slot}).status_code in (200, 302)
    assert client.post(address, values | {"slot": slot}).status_code == 302
    with cast.as_(cast.maya_user):
        assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    "born", ["04/18/99999999999999999999", "99999999999999999999/1/1", "0/0/0", "04/18/" + "9" * 5000]
)
def test_a_birth_date_that_no_calendar_holds_keeps_the_form(client: Client, cast: Any, born: str) -> None:
    address, values = form(client, cast, birth_date=born)
    answer = asked_again(client, address, values)
    assert "We can’t read this date" in text_of(answer)
    assert "A cough that stays" in text_of(answer)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0002-01-01", "9998-12-31", "no day"])
def test_the_schedule_of_a_day_that_cannot_be_is_todays(client: Client, cast: Any, day: str) -> None:
    sign_in(client, cast.grace_user)
    assert client.get("/o/larkspur/schedule/", {"day": day}).status_code == 200


@pytest.mark.parametrize(
    ("start", "end"), [("0001-01-01T00:00", "2030-01-01T00:00"), ("2030-01-01T00:00", "9999-12-31T23:59")]
)
def test_time_off_at_the_end_of_the_calendar_is_refused(start: str, end: str) -> None:
    assert not TimeOffForm({"start": start, "end": end}).is_valid()


def test_a_nul_letter_is_left_out_of_what_was_typed(client: Client, cast: Any) -> None:
    sign_in(client, cast.liz_user)
    with cast.as_(cast.liz_user) as liz:
        appointment = book(cast, liz, some_slots(cast)[-1].start)
    address = f"/o/larkspur/appointments/{appointment.id}/cancel/"
    assert client.post(address, {"reason": "I am\x00 well\x00 again"}).status_code == 302
    with cast.as_(cast.liz_user):
        appointment.refresh_from_db()
        assert appointment.cancellation_reason == "I am well again"


def test_a_nul_letter_in_an_address_finds_nothing(client: Client, cast: Any) -> None:
    assert client.get("/o/lark%00spur/").status_code == 404
    assert client.get(page(cast.video_visit), {"state": "N\x00Y", "zone": "\x00", "who": "\x00"}).status_code == 200
