"""Reminders on their way: sent once, of what still holds, answered by a word or a link; strangers learn nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from webside.audit.models import AuditEvent
from webside.core import frames, timers
from webside.core.actor import system
from webside.core.models import Timer
from webside.integrations.sms.stand_in import StandIn
from webside.notifications import codes, telephone
from webside.notifications import services as notifications
from webside.notifications.codes import Choice
from webside.notifications.models import IncomingText, OutgoingMessage
from webside.outbox.services import deliver_due
from webside.scheduling import fhir, selectors, services
from webside.scheduling.codes import Missed
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import book
from webside.testing.cast import sign_in
from webside.testing.spanish import left_in_english, letter_of
from webside.testing.texts import carrier, outgoing

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("America/New_York"))
LIZ = "+18455550142"
FORBIDDEN = ("Liz", "Moreno", "sugar", "Chen", "Video visit", "diabetes")
"""What no text may hold: who it is about, with whom, and what for."""


@pytest.fixture
def sms(tmp_path: Path) -> Iterator[StandIn]:
    with carrier(tmp_path / "texts") as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def now() -> Iterator[Any]:
    with time_machine.travel(NOON) as traveller:
        yield traveller


def booked(cast: Any, days: int = 5, **changes: Any) -> Appointment:
    """Book Liz at three in the afternoon, some days from now, and let what follows happen."""
    with cast.as_(cast.liz_user if "patient" not in changes else cast.grace_user) as actor:
        start = changes.pop("start", NOON + timedelta(days=days, hours=3))
        appointment = book(cast, actor, start, **changes)
    deliver_due()
    return appointment


def at(now: Any, moment: datetime) -> None:
    """Let time come, and do what is due."""
    now.move_to(moment)
    timers.run_due()
    deliver_due()
    notifications.send_due_texts()


def texts(sms: StandIn, to: str = LIZ) -> list[str]:
    return [each.body for each in outgoing(sms, to)]


def say(cast: Any, body: str, number: str = LIZ) -> IncomingText:
    """Text to the clinic, and let what follows happen."""
    actor = system("text message service", cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        text = notifications.receive_text(actor=actor, carrier_id=uuid4().hex, number=number, body=body)
    deliver_due()
    notifications.send_due_texts()
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        text.refresh_from_db()
    return text


def fresh(cast: Any, appointment: Appointment) -> Appointment:
    with cast.as_(cast.grace_user):
        appointment.refresh_from_db()
    return appointment


def prefer(cast: Any, reminders: Choice) -> None:
    with cast.as_(cast.liz_user) as liz:
        notifications.change_preference(
            actor=liz, patient=cast.liz, reminders=reminders, changes=Choice.EMAIL,
            quiet_from=codes.QUIET_FROM, quiet_until=codes.QUIET_UNTIL,
        )  # fmt: skip


def mails() -> list[OutgoingMessage]:
    return list(OutgoingMessage.objects.filter(channel="email", kind="reminder"))


def test_three_reminders_by_text_and_e_mail_that_tell_nothing_about_her(cast: Any, sms: StandIn, now: Any) -> None:
    appointment = booked(cast)
    for days in (2, 4):
        at(now, NOON + timedelta(days=days, hours=3))
    at(now, appointment.start - timedelta(hours=2))
    found = texts(sms)
    assert len(found) == 3 and len(mails()) == 3
    for body in found:
        assert body.startswith(
            "Larkspur Clinic: your visit is Sat, Nov 28, 3:00 pm EST. Reply 1 to confirm, 2 to cancel."
        )
        assert not [word for word in FORBIDDEN if word in body]
        assert telephone.length(body).alphabet == "GSM-7" and telephone.length(body).parts <= 2
    assert not [word for row in mails() for word in FORBIDDEN if word in row.subject]
    assert {each.payload["step"] for each in Timer.objects.filter(name=services.TIMER)} == {
        f"telemedicine-{step}" for step in ("3-days", "1-day", "2-hours")
    }


def test_reminders_speak_her_language(cast: Any, sms: StandIn, now: Any) -> None:
    with cast.as_(cast.grace_user):
        cast.liz.language = "es"
        cast.liz.save()
    appointment = booked(cast)
    at(now, appointment.start - timedelta(hours=2))
    said = [*texts(sms), *(letter_of(row) for row in mails())]
    assert len(said) >= 2
    assert [left_in_english(each) for each in said] == [[] for _ in said]
    assert "Responda 1" in texts(sms)[0]


def test_a_timer_that_runs_twice_reminds_once(cast: Any, sms: StandIn, now: Any) -> None:
    booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    Timer.objects.filter(name=services.TIMER).update(done_at=None)
    at(now, NOON + timedelta(days=2, hours=3, minutes=1))
    assert len(texts(sms)) == 1 and len(mails()) == 1


def test_what_was_moved_or_cancelled_meanwhile_is_not_reminded_of(cast: Any, sms: StandIn, now: Any) -> None:
    """The timer of the old time runs before the news of the move was heard: it finds another sequence."""
    appointment = booked(cast)
    with cast.as_(cast.liz_user) as liz:
        services.move_appointment(actor=liz, appointment=appointment, start=NOON + timedelta(days=7, hours=3))
    now.move_to(NOON + timedelta(days=2, hours=3))
    timers.run_due()  # the event waits still
    assert OutgoingMessage.objects.filter(kind="reminder").count() == 0
    at(now, NOON + timedelta(days=2, hours=4))
    at(now, NOON + timedelta(days=4, hours=3))
    assert len(texts(sms)) == 1 and "Mon, Nov 30" in texts(sms)[0], "three days before the new time"
    with cast.as_(cast.liz_user) as liz:
        services.cancel_appointment(actor=liz, appointment=fresh(cast, appointment))
    deliver_due()
    assert not Timer.objects.filter(name=services.TIMER, done_at=None)
    at(now, NOON + timedelta(days=6, hours=3))
    assert len(texts(sms)) == 1


def test_a_reminder_that_waits_for_the_carrier_is_taken_back_when_the_visit_moves(
    cast: Any, sms: StandIn, now: Any
) -> None:
    appointment = booked(cast)
    sms.away = True
    at(now, NOON + timedelta(days=2, hours=3))
    with cast.as_(cast.liz_user) as liz:
        services.move_appointment(actor=liz, appointment=appointment, start=NOON + timedelta(days=9, hours=3))
    sms.away = False
    at(now, NOON + timedelta(days=2, hours=4))
    assert texts(sms) == []
    row = OutgoingMessage.objects.get(channel="sms")
    assert (row.status, row.reason) == ("withheld", "withdrawn")


def test_who_chose_e_mail_gets_no_text_and_who_said_stop_gets_the_e_mail(cast: Any, sms: StandIn, now: Any) -> None:
    booked(cast)
    prefer(cast, Choice.EMAIL)
    at(now, NOON + timedelta(days=2, hours=3))
    assert texts(sms) == [] and len(mails()) == 1
    prefer(cast, Choice.SMS)
    say(cast, "STOP")
    at(now, NOON + timedelta(days=4, hours=3))
    assert len(texts(sms)) == 1 and "no more texts" in texts(sms)[0]
    assert len(mails()) == 2, "texts only, and none can go: the e-mail comes instead"
    prefer(cast, Choice.NONE)
    at(now, NOON + timedelta(days=5, hours=1))
    assert len(mails()) == 2


def test_a_text_that_does_not_arrive_is_followed_by_the_e_mail(cast: Any, sms: StandIn, now: Any) -> None:
    with cast.as_(cast.grace_user):
        cast.liz.phone = "500-555-0009"
        cast.liz.save()
    booked(cast)
    prefer(cast, Choice.SMS)
    at(now, NOON + timedelta(days=2, hours=3))
    deliver_due()
    assert OutgoingMessage.objects.get(channel="sms").reason == "landline" and len(mails()) == 1


# --------------------------------------------------------------------------------------- by a word


def test_one_confirms_and_two_asks_once_more(cast: Any, sms: StandIn, now: Any) -> None:
    appointment = booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    text = say(cast, "1")
    appointment = fresh(cast, appointment)
    assert appointment.confirmed_at is not None and appointment.confirmed_how == "text"
    assert "is confirmed" in texts(sms)[-1] and text.patient_id == cast.liz.id and not text.needs_person
    say(cast, "2")
    assert fresh(cast, appointment).status == "booked" and "Reply 2 again" in texts(sms)[-1]
    say(cast, "yes")
    say(cast, "2")
    assert fresh(cast, appointment).status == "booked", "a yes in between took the question back"
    say(cast, "c")
    assert fresh(cast, appointment).status == "cancelled" and "is cancelled" in texts(sms)[-1]
    assert not [word for body in texts(sms) for word in FORBIDDEN if word in body]
    with cast.as_(cast.admin_user):
        row = AuditEvent.objects.filter(action="scheduling.appointment.cancel").latest("sequence")
        assert row.actor_label == services.replies.WHO  # type: ignore[attr-defined]


def test_the_question_whether_to_cancel_does_not_hold_for_days(cast: Any, sms: StandIn, now: Any) -> None:
    appointment = booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    say(cast, "2")
    now.move_to(NOON + timedelta(days=3))
    say(cast, "2")
    assert fresh(cast, appointment).status == "booked"


def test_an_answer_to_the_reminder_of_another_time_confirms_nothing(cast: Any, sms: StandIn, now: Any) -> None:
    appointment = booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    with cast.as_(cast.liz_user) as liz:
        services.move_appointment(actor=liz, appointment=appointment, start=NOON + timedelta(days=9, hours=3))
    say(cast, "1")
    assert fresh(cast, appointment).confirmed_at is None


def test_a_sentence_is_the_front_desks(cast: Any, sms: StandIn, now: Any) -> None:
    booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    text = say(cast, "Can I come an hour later?")
    assert text.needs_person and text.patient_id == cast.liz.id and "call" in texts(sms)[-1]


@pytest.mark.parametrize("body", ["1", "2", "Who is this?"])
def test_a_stranger_is_told_nothing_about_anybody_and_the_front_desk_sees_it(
    cast: Any, sms: StandIn, now: Any, body: str
) -> None:
    appointment = booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    text = say(cast, body, "+15185550177")
    assert text.needs_person and text.patient_id is None
    (answer,) = texts(sms, "+15185550177")
    assert "visit" not in answer.lower() and not [word for word in FORBIDDEN if word in answer]
    assert fresh(cast, appointment).confirmed_at is None
    page = sign_in(Client(), cast.grace_user).get("/o/larkspur/texts/").content.decode()
    assert "Unknown number" in page and "(518) 555-0177" in page


def test_a_number_that_is_no_longer_hers_answers_for_nobody(cast: Any, sms: StandIn, now: Any) -> None:
    appointment = booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    with cast.as_(cast.grace_user):
        cast.liz.phone = "845-555-0199"
        cast.liz.save()
    assert say(cast, "2").patient_id is None and fresh(cast, appointment).status == "booked"
    assert "visit" not in texts(sms)[-1].lower()


def test_a_number_that_two_people_share_is_asked_which_by_link(cast: Any, sms: StandIn, now: Any) -> None:
    from webside.people.services import register_patient

    with cast.as_(cast.grace_user) as grace:
        child = register_patient(actor=grace, given="Ana", family="Moreno", birth_date=date(2001, 2, 3),
                                 phone="(845) 555-0142", email="ana@example.test", state="NY")  # fmt: skip
    mine = booked(cast)
    hers = booked(cast, patient=child, start=NOON + timedelta(days=5, hours=4))
    at(now, NOON + timedelta(days=2, hours=4))
    text = say(cast, "1")
    assert text.patient_id is None and not text.needs_person
    answer = texts(sms)[-1]
    assert len(re.findall(r"/answer/[\w-]+/", answer)) == 2 and "Ana" not in answer and "Liz" not in answer
    assert fresh(cast, mine).confirmed_at is None and fresh(cast, hers).confirmed_at is None
    assert say(cast, "one of us is ill").needs_person


# --------------------------------------------------------------------------------------- by the link


def link_of(sms: StandIn) -> str:
    found = re.search(r"(/o/larkspur/answer/[\w-]+/)", texts(sms)[0])
    assert found
    return found.group(1)


@pytest.fixture
def reminded(cast: Any, sms: StandIn, now: Any) -> tuple[Appointment, str]:
    appointment = booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    return appointment, link_of(sms)


def test_opening_a_link_changes_nothing_however_often(cast: Any, reminded: tuple[Appointment, str]) -> None:
    appointment, link = reminded
    for client in (Client(), Client(headers={"user-agent": "previewer"})):
        for _ in range(2):
            page = client.get(link)
            assert page.status_code == 200 and "Confirm that I come" in page.content.decode()
            assert client.head(link).status_code == 200
        words = page.content.decode()
        assert not [word for word in FORBIDDEN if word in words]
        assert client.get(f"/o/larkspur/appointments/{appointment.id}/").status_code == 404, "no door is open yet"
    assert fresh(cast, appointment).confirmed_at is None and appointment.status == "booked"


def test_one_press_confirms(cast: Any, reminded: tuple[Appointment, str]) -> None:
    appointment, link = reminded
    client = Client()
    assert client.post(link, {"do": "confirm"}).status_code == 302
    assert fresh(cast, appointment).confirmed_how == "link"
    page = client.get(f"/o/larkspur/appointments/{appointment.id}/").content.decode()
    assert "Confirmed by link" in page
    assert "Confirm that I come" not in client.get(link).content.decode()
    with cast.as_(cast.grace_user):
        cast.liz.refresh_from_db()
    schedule = sign_in(Client(), cast.grace_user).get(f"/o/larkspur/schedule/?day={appointment.start:%Y-%m-%d}")
    assert "Confirmed by link" in schedule.content.decode()


def test_one_press_cancels_and_it_can_be_taken_back(cast: Any, reminded: tuple[Appointment, str]) -> None:
    appointment, link = reminded
    client = Client()
    page = client.post(link, {"do": "cancel"}, follow=True).content.decode()
    assert "The visit is cancelled" in page and fresh(cast, appointment).status == "cancelled"
    assert client.get(link).status_code == 410
    client.post(f"/o/larkspur/appointments/{appointment.id}/restore/")
    assert fresh(cast, appointment).status == "booked"


def test_move_leads_to_the_page_of_times(cast: Any, reminded: tuple[Appointment, str]) -> None:
    appointment, link = reminded
    answer = Client().get(link.replace("/answer/", "/go/") + "?to=move")
    assert answer.status_code == 302 and answer["Location"].endswith(f"/appointments/{appointment.id}/move/")


def test_anything_else_that_is_pressed_changes_nothing_and_foreign_links_look_alike(
    cast: Any, reminded: tuple[Appointment, str]
) -> None:
    appointment, link = reminded
    assert Client().post(link, {"do": "everything"}).status_code == 302
    assert fresh(cast, appointment).status == "booked" and appointment.confirmed_at is None
    for other in ("/o/larkspur/answer/nobody-was-sent-this/", link.replace("larkspur", "northgate")):
        assert Client().get(other).status_code == 404 and Client().post(other, {"do": "cancel"}).status_code == 404
    stranger = sign_in(Client(), cast.mallory_user)
    assert stranger.post(link, {"do": "cancel"}).status_code == 403
    assert sign_in(Client(), cast.grace_user).post(link, {"do": "cancel"}).status_code == 302
    assert fresh(cast, appointment).status == "booked", "who works here is led to the visit, and presses there"


# ------------------------------------------------------------------------------- on the pages, and missed


def test_the_patient_and_the_front_desk_confirm_on_the_page(cast: Any) -> None:
    for user, how in ((cast.liz_user, "page"), (cast.grace_user, "desk")):
        appointment = booked(cast, days=5 if how == "page" else 6)
        client = sign_in(Client(), user)
        assert client.post(f"/o/larkspur/appointments/{appointment.id}/confirm/").status_code == 302
        assert fresh(cast, appointment).confirmed_how == how
        with cast.as_(cast.liz_user) as liz:
            moved = services.move_appointment(
                actor=liz, appointment=appointment, start=appointment.start + timedelta(days=10)
            )
        assert moved.confirmed_at is None and moved.confirmed_how == "", "the new time is not confirmed"


def test_the_front_desk_sees_whether_the_reminder_arrived(cast: Any, sms: StandIn, now: Any) -> None:
    with cast.as_(cast.grace_user):
        cast.liz.phone = "500-555-0009"
        cast.liz.save()
    appointment = booked(cast)
    at(now, NOON + timedelta(days=2, hours=3))
    page = sign_in(Client(), cast.grace_user).get(f"/o/larkspur/appointments/{appointment.id}/").content.decode()
    assert "Did not arrive" in page and "The number is a landline" in page and "Call the person" in page
    own = sign_in(Client(), cast.liz_user).get(f"/o/larkspur/appointments/{appointment.id}/").content.decode()
    assert "landline" not in own


def test_why_a_visit_did_not_take_place_is_noted(cast: Any, now: Any) -> None:
    appointment = booked(cast, days=1)
    now.move_to(appointment.start + timedelta(minutes=30))
    client = sign_in(Client(), cast.grace_user)
    address = f"/o/larkspur/appointments/{appointment.id}/noshow/"
    assert "It did not take place?" in client.get(f"/o/larkspur/appointments/{appointment.id}/").content.decode()
    page = client.post(address, {"reason": "other", "note": " "}, follow=True).content.decode()
    assert "say in a few words" in page and fresh(cast, appointment).status == "booked"
    client.post(address, {"reason": "clinician", "note": "On another call"})
    appointment = fresh(cast, appointment)
    assert (appointment.status, appointment.missed_reason) == ("noshow", Missed.CLINICIAN)
    with cast.as_(cast.grace_user):
        assert selectors.missed_text(appointment) == "The clinician was not there: On another call"
        reason = fhir.appointment(appointment)["cancelationReason"]
        assert reason == {"coding": [{"system": fhir.REASONS, "code": "prov"}], "text": "On another call"}
    with cast.as_(cast.admin_user):
        row = AuditEvent.objects.filter(action="scheduling.appointment.noshow", outcome="0").latest("sequence")
        assert row.changes == {"why": "clinician"} and row.reason == "On another call"
    schedule = client.get(f"/o/larkspur/schedule/?day={appointment.start:%Y-%m-%d}").content.decode()
    assert "The clinician was not there" in schedule
