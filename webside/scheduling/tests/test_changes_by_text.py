"""News of visits by text: told before she sets out, by e-mail where the text doesn't arrive, and never after newer news."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from webside.integrations.sms.stand_in import StandIn
from webside.notifications import codes, telephone
from webside.notifications import services as notifications
from webside.notifications.codes import Choice
from webside.notifications.models import OutgoingMessage
from webside.people import services as people
from webside.scheduling import services
from webside.scheduling.codes import Every, PersonRelation, PersonRole
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import book
from webside.scheduling.tests.waits import FREE, ZONE, at_ten, by_machine, deliver, only, visits, wait, work
from webside.testing.texts import outgoing

EARLY = datetime(2026, 12, 2, 7, 30, tzinfo=ZoneInfo(ZONE))
"""Tomorrow, before the quiet hours end."""
EVENING = datetime(2026, 12, 1, 21, 15, tzinfo=ZoneInfo(ZONE))
LANDLINE = "500-555-0009"


@pytest.fixture(autouse=True)
def now(cast: Any) -> Iterator[Any]:
    for clock in at_ten():
        only(cast, EARLY, *(FREE + timedelta(hours=more) for more in (0, 2, 4)))
        with cast.as_(cast.liz_user) as liz:
            notifications.change_preference(
                actor=liz, patient=cast.liz, reminders=Choice.NONE, changes=Choice.SMS, quiet_from=codes.QUIET_FROM,
                quiet_until=codes.QUIET_UNTIL,
            )  # fmt: skip
        yield clock


def booked(cast: Any, start: datetime) -> Appointment:
    with cast.as_(cast.liz_user) as liz:
        return book(cast, liz, start)


def move(cast: Any, visit: Appointment, start: datetime) -> None:
    with cast.as_(cast.grace_user) as grace:
        services.move_appointment(actor=grace, appointment=visit, start=start)


def cancel(cast: Any, visit: Appointment) -> None:
    with cast.as_(cast.grace_user) as grace:
        services.cancel_appointment(actor=grace, appointment=visit)


def bodies(sms: StandIn) -> list[str]:
    return [each.body for each in outgoing(sms)]


def mails(cast: Any) -> list[str]:
    with by_machine(cast):
        found = OutgoingMessage.objects.filter(channel="email").order_by("queued_at")
        return [row.template.removeprefix("scheduling/") for row in found]


def test_a_visit_before_the_morning_that_is_cancelled_at_night_is_told_of_at_once(
    cast: Any, sms: StandIn, now: Any
) -> None:
    visit, later = booked(cast, EARLY), booked(cast, FREE)
    deliver()
    now.move_to(EVENING)
    cancel(cast, visit)
    cancel(cast, later)
    deliver()
    assert ["7:30 am EST is cancelled" in body for body in bodies(sms)[2:]] == [True], "the other can wait"
    now.move_to(EARLY + timedelta(minutes=31))
    deliver()
    assert len(bodies(sms)) == 4 and "9:00 am EST is cancelled" in bodies(sms)[3]


def test_a_visit_that_moves_at_night_is_told_of_before_she_comes_at_the_old_time(
    cast: Any, sms: StandIn, now: Any
) -> None:
    visit, later = booked(cast, EARLY), booked(cast, FREE)
    deliver()
    now.move_to(EVENING)
    move(cast, visit, FREE + timedelta(hours=2))
    deliver()
    assert len(bodies(sms)) == 3 and "new time, Thu, Dec 3, 11:00 am EST" in bodies(sms)[2]
    cancel(cast, later)
    move(cast, visit, FREE)
    deliver()
    assert len(bodies(sms)) == 3, "she knows of Thursday: another time on Thursday can wait"


@pytest.mark.parametrize("both", [False, True])
def test_news_by_text_that_does_not_arrive_is_followed_by_the_e_mail(
    cast: Any, sms: StandIn, now: Any, both: bool
) -> None:
    with cast.as_(cast.liz_user) as liz:
        people.change_patient(actor=liz, patient=cast.liz, phone=LANDLINE)
        if both:
            notifications.change_preference(
                actor=liz, patient=cast.liz, reminders=Choice.NONE, changes=Choice.BOTH, quiet_from=codes.QUIET_FROM,
                quiet_until=codes.QUIET_UNTIL,
            )  # fmt: skip
    booked(cast, EARLY), booked(cast, FREE)
    deliver()
    assert bodies(sms) == [] and mails(cast) == ["appointment_booked"] * 2, (
        "the second was never tried, and none is doubled"
    )


def test_who_told_only_the_carrier_to_stop_gets_the_e_mail(cast: Any, sms: StandIn) -> None:
    with cast.as_(cast.liz_user) as liz:
        people.change_patient(actor=liz, patient=cast.liz, phone="500-555-0004")
    booked(cast, FREE)
    deliver()
    assert mails(cast) == ["appointment_booked"]


def test_a_near_visit_does_not_wait_for_a_carrier_that_is_away(cast: Any, sms: StandIn, now: Any) -> None:
    near, far = booked(cast, EARLY), booked(cast, FREE)
    deliver()
    sms.away = True
    cancel(cast, far)
    deliver()
    now.shift(timedelta(seconds=30))
    assert mails(cast) == []
    cancel(cast, near)
    deliver()
    assert mails(cast) == ["appointment_cancelled"]
    now.move_to(FREE + timedelta(minutes=5))
    sms.away = False
    deliver()
    assert len(bodies(sms)) == 2 and mails(cast) == ["appointment_cancelled"] * 2, "too late for a text: by e-mail"


def test_what_is_no_longer_so_is_not_written_either(cast: Any, sms: StandIn, now: Any) -> None:
    visit = booked(cast, FREE)
    deliver()
    [row] = OutgoingMessage.objects.filter(channel="sms")
    cancel(cast, visit)
    deliver()
    with by_machine(cast) as frame:
        notifications.note_text_status(
            actor=frame.actor, message_id=row.id, sid=row.carrier_id, arrived=False, reason=codes.Reason.UNREACHABLE,
        )  # fmt: skip
    deliver()
    assert mails(cast) == []


def test_older_news_that_waits_is_not_told_after_newer(cast: Any, sms: StandIn, now: Any) -> None:
    sms.away = True
    visit = booked(cast, FREE)
    deliver()
    now.shift(timedelta(minutes=5))
    move(cast, visit, FREE + timedelta(hours=2))
    deliver()
    now.shift(timedelta(minutes=5))
    with cast.as_(cast.grace_user) as grace:
        visit.refresh_from_db()
        services.send_link_again(actor=grace, appointment=visit)
    deliver()
    with by_machine(cast):
        stale = OutgoingMessage.objects.get(template="scheduling/appointment_link")
        assert stale.status == "queued"
    now.shift(timedelta(minutes=5))
    move(cast, visit, FREE)
    sms.away = False
    for _ in range(3):
        deliver()
        now.shift(timedelta(minutes=5))
    [body] = bodies(sms)
    assert "new time, Thu, Dec 3, 9:00 am EST" in body
    [link] = re.findall(r"/o/larkspur/go/[\w-]+/", body)
    assert Client().get(link, follow=True).status_code == 200, "the link of the one that came opens the visit"


def test_who_comes_along_is_told_that_she_does_not_though_the_visit_moves_afterwards(
    cast: Any, sms: StandIn, now: Any
) -> None:
    visit = booked(cast, FREE)
    with cast.as_(cast.grace_user) as grace:
        guest = services.Guest(role=PersonRole.FAMILY, name="Ana", relation=PersonRelation.CHILD, phone="845-555-0177")
        person = services.add_person(actor=grace, appointment=visit, who=guest)
    deliver()
    sms.away = True
    with cast.as_(cast.grace_user) as grace:
        services.remove_person(actor=grace, appointment=visit, person=person)
    deliver()
    move(cast, visit, FREE + timedelta(hours=2))
    sms.away = False
    now.shift(timedelta(minutes=10))
    deliver()
    assert [body for body in bodies(sms) if "no longer needed" in body]


def test_a_move_that_she_never_heard_of_is_cancelled_by_the_time_that_she_knows(
    cast: Any, sms: StandIn, now: Any
) -> None:
    visit = booked(cast, EARLY)
    deliver()
    now.move_to(EVENING)
    sms.away = True
    move(cast, visit, FREE)
    deliver()
    cancel(cast, visit)
    now.shift(timedelta(minutes=10))
    sms.away = False
    deliver()
    assert len(bodies(sms)) == 2 and "Wed, Dec 2, 7:30 am EST is cancelled" in bodies(sms)[1]


# ------------------------------------------------------------------------- a series, and a wait in vain


def no_address(cast: Any) -> None:
    with cast.as_(cast.grace_user) as grace:
        people.change_patient(actor=grace, patient=cast.liz, email="")


def series(cast: Any) -> Any:
    with cast.as_(cast.liz_user) as liz:
        return services.book_series(
            actor=liz, patient=cast.liz, service=cast.video_visit, every=Every.WEEKLY, state="NY", timezone=ZONE,
            times=[(EARLY, cast.maya), (FREE, cast.maya), (FREE + timedelta(hours=2), cast.maya)],
            idempotency_key=uuid4().hex, consent_scope="telehealth",
        )  # fmt: skip


def tells_nothing(cast: Any, body: str) -> bool:
    secrets = ("Liz", "Moreno", "Chen", "sugar", cast.video_visit.name)
    return not [word for word in secrets if word in body] and telephone.length(body).parts <= 2


def test_a_series_is_booked_and_cancelled_by_one_text_each(cast: Any, sms: StandIn, now: Any) -> None:
    no_address(cast)
    series(cast)
    deliver()
    [body] = bodies(sms)
    assert "3 visits are booked, the first Wed, Dec 2, 7:30 am EST. Your link to it:" in body and tells_nothing(
        cast, body
    )
    [link] = re.findall(r"/o/larkspur/go/[\w-]+/", body)
    assert Client().get(link, follow=True).status_code == 200
    now.move_to(EVENING)
    with cast.as_(cast.grace_user) as grace:
        services.cancel_rest(actor=grace, appointment=visits(cast)[0])
    deliver()
    assert len(bodies(sms)) == 2, "at night, for the first is early tomorrow"
    assert "3 visits are cancelled, the first Wed, Dec 2, 7:30 am EST." in bodies(sms)[1] and mails(cast) == []
    assert tells_nothing(cast, bodies(sms)[1])


def test_a_series_whose_text_does_not_arrive_is_told_of_by_e_mail(cast: Any, sms: StandIn) -> None:
    with cast.as_(cast.liz_user) as liz:
        people.change_patient(actor=liz, patient=cast.liz, phone=LANDLINE)
    series(cast)
    deliver()
    assert bodies(sms) == [] and mails(cast) == ["series_booked"]


def test_a_series_whose_first_visit_moves_before_its_text_has_left_is_told_of_as_it_stands(
    cast: Any, sms: StandIn, now: Any
) -> None:
    no_address(cast)
    sms.away = True
    series(cast)
    deliver()
    move(cast, visits(cast)[0], FREE + timedelta(hours=4))
    sms.away = False
    for _ in range(3):
        deliver()
        now.shift(timedelta(minutes=5))
    assert len(bodies(sms)) == 2
    assert [each for each in bodies(sms) if "new time, Thu, Dec 3, 1:00 pm EST" in each]
    assert [each for each in bodies(sms) if "3 visits are booked, the first Thu, Dec 3, 9:00 am EST" in each]


@pytest.mark.parametrize("arrives", [True, False])
def test_a_wait_in_vain_ends_with_a_text_or_the_e_mail(cast: Any, sms: StandIn, now: Any, arrives: bool) -> None:
    only(cast)
    if arrives:
        no_address(cast)
    else:
        with cast.as_(cast.liz_user) as liz:
            people.change_patient(actor=liz, patient=cast.liz, phone=LANDLINE)
    wait(cast, until=date(2026, 12, 2))
    now.move_to(EARLY + timedelta(days=1, hours=2))
    work()
    deliver()
    assert "waitlist_over" in mails(cast) if not arrives else mails(cast) == []
    if not arrives:
        assert bodies(sms) == []
        return
    [body] = bodies(sms)
    assert "no time became free for you" in body and tells_nothing(cast, body)
    [link] = re.findall(r"https?://[^/]+(/\S+)", body)
    assert Client().get(link, follow=True).status_code == 200
