"""What stays free around visits, how many a day, how soon, how far ahead: on the pages, at booking, in the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from webside.audit.models import AuditEvent
from webside.catalog import services as catalog
from webside.catalog.codes import ScreenSharing
from webside.catalog.models import HealthcareService
from webside.core import clock
from webside.people.models import Patient
from webside.scheduling import selectors, services
from webside.scheduling.models import Appointment
from webside.scheduling.tests.factories import VISITOR, book
from webside.scheduling.tests.line import call, on_duty, open_line
from webside.scheduling.tests.waits import FREE, at_ten, by_machine, offers_of, only, wait, work
from webside.testing.cast import sign_in

now = pytest.fixture(at_ten, name="now")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def morning(now: Any, cast: Any) -> None:
    """Dr. Chen has six times of twenty minutes on Thursday, from nine to eleven."""
    only(cast, *(FREE + number * 20 * MINUTE for number in range(6)))


def limit(cast: Any, **limits: Any) -> None:
    """Let video visits be booked so."""
    plain: dict[str, Any] = {
        "minutes_before": 0, "minutes_after": 0, "most_a_day": None, "notice_minutes": 0, "furthest_days": None,
    }  # fmt: skip
    with cast.as_(cast.grace_user) as grace:
        catalog.set_limits(actor=grace, service=cast.video_visit, **plain | limits)


def free(cast: Any) -> list[str]:
    """Return when somebody may book, by the wall of New York."""
    with cast.as_(cast.liz_user):
        found = selectors.free_slots(service=cast.video_visit, state="NY", since=clock.now(), days=28)
        return [f"{each.start.astimezone(FREE.tzinfo):%H:%M}" for each in found]


def at(text: str) -> datetime:
    hour, _, minute = text.partition(":")
    return FREE.replace(hour=int(hour), minute=int(minute))


def test_what_stays_free_is_offered_and_booked_to_nobody(cast: Any) -> None:
    limit(cast, minutes_before=5, minutes_after=10)
    with cast.as_(cast.liz_user) as liz:
        booked = book(cast, liz, at("9:40"))
        assert (booked.minutes_before, booked.minutes_after) == (5, 10)
    assert free(cast) == ["09:00", "10:20", "10:40"], "five minutes to get ready, and ten to write up, of both visits"
    with cast.as_(cast.liz_user) as liz, pytest.raises(services.SlotTaken):
        book(cast, liz, at("10:00"))


def test_what_is_booked_keeps_what_was_promised_to_it(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        book(cast, liz, at("9:40"))
    limit(cast, minutes_after=10)
    assert free(cast) == ["09:00", "10:00", "10:20", "10:40"], (
        "the new visit needs ten minutes after it, the old one none"
    )


def test_the_database_itself_keeps_what_stays_free(cast: Any) -> None:
    limit(cast, minutes_after=10)
    with cast.as_(cast.liz_user) as liz:
        booked = book(cast, liz, at("9:40"))
        other = Patient.objects.create(record_number="X-1", given="Al", family="Fox", birth_date=VISITOR.birth_date)

        def put(start: datetime) -> Appointment:
            return Appointment.objects.create(
                patient=other, practitioner=cast.maya, service=cast.video_visit,
                period=TimestamptzRange(start, start + 20 * MINUTE), patient_state="NY", booked_by="x",
                patient_timezone="America/New_York", idempotency_key=uuid4().hex,
            )  # fmt: skip

        with pytest.raises(IntegrityError, match="appointment_practitioner_free"), transaction.atomic():
            put(booked.end + 9 * MINUTE)
        after = put(booked.end + 10 * MINUTE)
        with pytest.raises(IntegrityError, match="appointment_practitioner_free"), transaction.atomic():
            Appointment.objects.filter(id=after.id).update(minutes_before=1)


def test_no_more_than_so_many_a_day(cast: Any) -> None:
    limit(cast, most_a_day=2)
    next_day = FREE + timedelta(days=1)
    only(cast, *(FREE + number * 20 * MINUTE for number in range(6)), next_day)
    with cast.as_(cast.liz_user) as liz:
        first = book(cast, liz, at("9:00"))
        book(cast, liz, at("10:00"))
    assert free(cast) == ["09:00"], "only on the next day"
    with cast.as_(cast.liz_user) as liz:
        with pytest.raises(services.SlotTaken):
            book(cast, liz, at("10:40"))
        # Her own visit is one of the two: it may move within the day, and come back after it was cancelled.
        first = services.move_appointment(actor=liz, appointment=first, start=at("10:40"))
        services.cancel_appointment(actor=liz, appointment=first)
        assert services.restore_appointment(actor=liz, appointment=first).status == "booked"


def test_not_sooner_and_not_further_ahead(cast: Any, now: Any) -> None:
    limit(cast, notice_minutes=48 * 60)
    assert free(cast) == ["10:20", "10:40"], "two days from ten and some seconds"
    with cast.as_(cast.liz_user) as liz:
        with pytest.raises(services.SlotTaken) as refused:
            book(cast, liz, at("9:00"))
        assert [each.start for each in refused.value.nearest] == [at("10:20"), at("10:40")]
        booked = book(cast, liz, at("10:40"))
        now.move_to(at("10:00"))
        services.cancel_appointment(actor=liz, appointment=booked)
        assert services.restore_appointment(actor=liz, appointment=booked).status == "booked", "her own comes back"
    now.move_to(FREE - timedelta(days=2))
    limit(cast, furthest_days=1)
    assert free(cast) == []
    limit(cast, furthest_days=3)
    assert free(cast) == ["09:00", "09:20", "09:40", "10:00", "10:20"]


def test_next_times_of_all_services_keep_them_too(cast: Any) -> None:
    limit(cast, notice_minutes=48 * 60)
    with cast.as_(cast.liz_user):
        service = HealthcareService.objects.get(id=cast.video_visit.id)
        found = selectors.next_times_for_all(services=[service], state="NY", number=3)[service.id]
        assert [each.start for each in found] == [at("10:20"), at("10:40")]


def test_what_is_held_can_be_taken_though_it_is_late_by_then(cast: Any, now: Any) -> None:
    only(cast, FREE)
    limit(cast, notice_minutes=46 * 60, most_a_day=1)
    liz = wait(cast)
    work()
    [offer] = offers_of(cast, liz)
    now.move_to(offer.until - MINUTE)
    with cast.as_(cast.liz_user) as actor:
        assert services.accept_offer(actor=actor, offer=offer).start == FREE


def test_who_waits_in_line_is_called_when_a_visit_is_over_and_not_into_the_next_one(cast: Any, now: Any) -> None:
    limit(cast, minutes_before=10, minutes_after=10)
    with cast.as_(cast.liz_user) as liz:
        booked = book(cast, liz, at("9:00"))
    now.move_to(at("9:05"))
    open_line(cast)
    on_duty(cast)
    with by_machine(cast):
        other = Patient.objects.create(
            record_number="X-1",
            given="Al",
            family="Fox",
            birth_date=VISITOR.birth_date,
            state="NY",
            phone="845-555-0111",
        )
    with by_machine(cast) as frame:
        services.check_in_appointment(actor=frame.actor, appointment=booked)
        services.fulfil_appointment(actor=frame.actor, appointment=booked)
        entry = services.join_queue(
            actor=frame.actor, patient=other, service=cast.video_visit, state="NY", timezone="America/New_York",
            phone="845-555-0111", idempotency_key=uuid4().hex, consent_scope="telehealth",
        )  # fmt: skip
    now.move_to(at("9:21"))
    assert call(cast).entry.id == entry.id, "the ten minutes to write up are hers to give away"


# ------------------------------------------------------------------------------------------------ the page


def limits_url(cast: Any = None) -> str:
    if cast is None:
        return reverse("scheduling:limits", args=["larkspur"])
    return reverse("scheduling:limits-change", args=["larkspur", cast.video_visit.id])


FORM = {"minutes_before": "5", "minutes_after": "10", "most_a_day": "6", "notice_hours": "2", "furthest_days": "14"}


def test_the_front_desk_and_administrators_change_them(cast: Any, client: Client) -> None:
    sign_in(client, cast.grace_user)
    assert limits_url() in client.get(reverse("scheduling:hours", args=["larkspur"])).content.decode()
    page = client.get(limits_url()).content.decode()
    assert cast.video_visit.name in page and limits_url(cast) in page
    assert client.post(limits_url(cast), FORM)["Location"] == limits_url()
    page = client.get(limits_url()).content.decode()
    for words in ("5 minutes", "10 minutes", "at most 6", "2 h before", "14 days"):
        assert words in page
    assert 'value="14"' in client.get(limits_url(cast)).content.decode()
    with cast.as_(cast.ingrid_user):
        [event] = AuditEvent.objects.filter(action="catalog.service.limits")
        assert event.changes["minutes_after"] == {"was": 0, "is": 10}
    sign_in(client, cast.admin_user)
    client.post(limits_url(cast), FORM | {"most_a_day": "", "furthest_days": ""})
    with cast.as_(cast.grace_user):
        service = HealthcareService.objects.get(id=cast.video_visit.id)
        assert (service.most_a_day, service.furthest_days, service.notice_minutes) == (None, None, 120)


@pytest.mark.parametrize(
    "wrong",
    [{"minutes_before": "-1"}, {"minutes_after": "121"}, {"most_a_day": "0"}, {"notice_hours": "x"}, {"notice_hours": ""},
     {"furthest_days": "29"}],
)  # fmt: skip
def test_what_makes_no_sense_is_said_and_kept(cast: Any, client: Client, wrong: dict[str, str]) -> None:
    sign_in(client, cast.grace_user)
    page = client.post(limits_url(cast), FORM | wrong, follow=True).content.decode()
    assert "ws-errors" in page or "aria-invalid" in page
    with cast.as_(cast.grace_user):
        assert HealthcareService.objects.get(id=cast.video_visit.id).minutes_after == 0


def test_they_say_who_shows_a_screen_in_its_visits(cast: Any, client: Client) -> None:
    sign_in(client, cast.grace_user)
    assert "Everybody whose seat allows it" in client.get(limits_url(cast)).content.decode()
    client.post(limits_url(cast), FORM | {"screen_sharing": "staff"})
    client.post(limits_url(cast), FORM)
    assert 'value="staff" selected' in client.get(limits_url(cast)).content.decode(), "not asked again: as it was"
    assert client.post(limits_url(cast), FORM | {"screen_sharing": "me"}, follow=True).status_code == 200
    with cast.as_(cast.ingrid_user):
        assert HealthcareService.objects.get(id=cast.video_visit.id).screen_sharing == "staff"
        [event] = AuditEvent.objects.filter(action="catalog.service.screens")
        assert event.changes == {"screen_sharing": {"was": "everybody", "is": "staff"}}
    with cast.as_(cast.maya_user) as maya, pytest.raises(catalog.NotAllowed):
        catalog.set_screen_sharing(actor=maya, service=cast.video_visit, who=ScreenSharing.NOBODY)


def test_nobody_else_does(cast: Any, client: Client) -> None:
    for user in (cast.maya_user, cast.liz_user, cast.marcus_user):
        sign_in(client, user)
        assert client.get(limits_url()).status_code == 404
        assert client.post(limits_url(cast), FORM).status_code == 404
        with cast.as_(user) as actor, pytest.raises(catalog.NotAllowed):
            catalog.set_limits(actor=actor, service=cast.video_visit, minutes_before=1, minutes_after=1, most_a_day=None,
                               notice_minutes=0, furthest_days=None)  # fmt: skip
