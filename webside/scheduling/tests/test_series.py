"""The same time again and again: the dates, what is free, booked all or none, told in one letter, cancelled."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from webside.compliance.models import Licence
from webside.core import clock
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import text_of
from webside.outbox.services import deliver_due
from webside.scheduling import rules, selectors, services
from webside.scheduling.codes import Every
from webside.scheduling.forms import slot_value
from webside.scheduling.models import Appointment, AppointmentSeries
from webside.scheduling.tests.factories import book
from webside.scheduling.tests.waits import FREE, ZONE, at_ten, by_machine, only, visits
from webside.testing.cast import agreed, sign_in

now = pytest.fixture(at_ten, name="now")
WEEK = timedelta(weeks=1)


def walls(first: str, every: Every, count: int) -> list[str]:
    here = ZoneInfo(ZONE)
    found = rules.series(datetime.fromisoformat(first).replace(tzinfo=here), ZONE, every, count)
    return [f"{each.astimezone(here):%Y-%m-%d %H:%M %z}" for each in found]


def test_the_time_on_the_wall_stays_when_the_clock_changes() -> None:
    assert walls("2026-10-29T09:00", Every.WEEKLY, 2) == ["2026-10-29 09:00 -0400", "2026-11-05 09:00 -0500"]
    assert walls("2027-02-28T02:30", Every.FORTNIGHTLY, 2) == ["2027-02-28 02:30 -0500", "2027-03-14 03:00 -0400"]


def test_a_month_later_is_the_same_weekday_of_the_month() -> None:
    assert [each[:10] for each in walls("2026-12-08T09:00", Every.MONTHLY, 3)] == [
        "2026-12-08", "2027-01-12", "2027-02-09",
    ]  # fmt: skip
    # The fifth Thursday is the last one where there are four.
    assert [each[:10] for each in walls("2026-10-29T09:00", Every.MONTHLY, 4)] == [
        "2026-10-29", "2026-11-26", "2026-12-31", "2027-01-28",
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def thursdays(now: Any, cast: Any) -> None:
    """Dr. Chen has Thursdays at nine and at half past ten, for a year."""
    only(cast, *(FREE + number * WEEK + more for number in range(40) for more in (timedelta(0), timedelta(minutes=90))))


def look(cast: Any, count: int = 4, every: Every = Every.WEEKLY) -> list[selectors.Occurrence]:
    with cast.as_(cast.liz_user):
        return selectors.occurrences(
            service=cast.video_visit, practitioner=cast.maya, patient=cast.liz, state="NY", zone=ZONE, first=FREE,
            every=every, count=count,
        )  # fmt: skip


def book_all(cast: Any, starts: list[datetime], **changes: Any) -> AppointmentSeries:
    values: dict[str, Any] = {
        "patient": cast.liz, "service": cast.video_visit, "times": [(start, cast.maya) for start in starts],
        "every": Every.WEEKLY, "state": "NY", "timezone": ZONE, "idempotency_key": uuid4().hex,
        "consent_scope": "telehealth", **changes,
    }  # fmt: skip
    with cast.as_(changes.pop("user", cast.liz_user)) as actor:
        values.pop("user", None)
        return services.book_series(actor=actor, **values)


STARTS = [FREE + number * WEEK for number in range(4)]


def test_what_isnt_free_is_said_with_what_is_near(cast: Any) -> None:
    with cast.as_(cast.grace_user) as grace:
        nora = services.book_as_visitor(
            actor=grace, details=services.VisitorDetails("Nora", "Quist", date(1988, 2, 29), "n@example.test", "518-555-0161"),
            service=cast.video_visit, practitioner=cast.maya, start=STARTS[1], state="NY", timezone=ZONE,
            idempotency_key=uuid4().hex, consent_scope="telehealth",
        )  # fmt: skip
        assert nora.start == STARTS[1]
    found = look(cast)
    assert [each.wanted for each in found] == STARTS
    assert [each.why for each in found] == ["", "taken", "", ""]
    assert [each.start for each in found[1].near] == [STARTS[1] + timedelta(minutes=90)]
    assert [each.why for each in look(cast, count=12, every=Every.MONTHLY)][-1] == "far"


def test_each_dates_gates_are_asked_for_its_own_day(cast: Any) -> None:
    with by_machine(cast):
        Licence.objects.filter(practitioner=cast.maya, state="NY").update(period_end=STARTS[2].date())
    assert [each.why for each in look(cast)] == ["", "", "", "gates"]
    with pytest.raises(services.SeriesStopped) as stopped:
        book_all(cast, STARTS)
    assert stopped.value.start == STARTS[3]
    assert isinstance(stopped.value.refusal, services.GatesStop)
    assert visits(cast) == []


def test_all_are_booked_or_none(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        booked = book(cast, liz, STARTS[2], service=cast.video_visit)
        services.cancel_appointment(actor=liz, appointment=booked)
        Appointment.objects.filter(id=booked.id).update(status="booked", patient=cast.liz)
        Appointment.objects.filter(id=booked.id).update(service=cast.coaching)
    with pytest.raises(services.SeriesStopped):
        book_all(cast, STARTS, consent_scope="")
    assert [each.id for each in visits(cast)] == [booked.id]
    with by_machine(cast):
        assert not AppointmentSeries.objects.exists()
    key = uuid4().hex
    rest = [STARTS[0], STARTS[1], STARTS[3]]
    series = book_all(cast, rest, consent_scope="", idempotency_key=key)
    assert book_all(cast, rest, consent_scope="", idempotency_key=key).id == series.id
    assert sorted(each.start for each in visits(cast) if each.series_id == series.id) == rest


@pytest.mark.parametrize("starts", [STARTS[:1], [STARTS[0], STARTS[0]], []])
def test_one_time_is_no_series(cast: Any, starts: list[datetime]) -> None:
    with pytest.raises(ValueError, match="several different times"):
        book_all(cast, starts)


def test_who_books_one(cast: Any) -> None:
    for user in (cast.maya_user, cast.marcus_user, cast.ana_user):
        with pytest.raises(services.NotAllowed):
            book_all(cast, STARTS, user=user)
    assert visits(cast) == []
    assert book_all(cast, STARTS, user=cast.grace_user).patient_id == cast.liz.id


def letters(cast: Any) -> list[str]:
    deliver_due()
    with by_machine(cast):
        return [
            text_of(row) for row in OutgoingMessage.objects.filter(tenant_id=cast.larkspur.id).order_by("queued_at")
        ]


def test_one_letter_tells_of_all_and_one_of_the_rest(cast: Any, now: Any) -> None:
    book_all(cast, STARTS)
    [letter] = letters(cast)
    assert letter.count("Thursday, December") == 4 and letter.count("/go/") == 1
    first, second, third, fourth = visits(cast)
    with cast.as_(cast.liz_user) as liz:
        services.cancel_appointment(actor=liz, appointment=second)
        assert len(letters(cast)) == 2, "one by one is told of as ever"
    with cast.as_(cast.liz_user) as liz:
        gone = services.cancel_rest(actor=liz, appointment=third)
        assert [each.id for each in gone] == [third.id, fourth.id]
        assert services.cancel_rest(actor=liz, appointment=third) == []
    told = letters(cast)
    assert len(told) == 3 and told[-1].count("Thursday, December") == 2
    assert [each.status for each in visits(cast)] == ["booked", "cancelled", "cancelled", "cancelled"]
    with cast.as_(cast.liz_user) as liz:
        services.restore_appointment(actor=liz, appointment=third)
        assert selectors.cancelled_with(third.id) == [], "news of it that comes late tells of nothing"
        services.cancel_appointment(actor=liz, appointment=third)
    now.move_to(STARTS[0] + timedelta(minutes=1))
    with cast.as_(cast.liz_user) as liz:
        assert services.cancel_rest(actor=liz, appointment=first) == [], "what has begun is no more cancelled"
    with cast.as_(cast.marcus_user) as marcus, pytest.raises(services.NotAllowed):
        services.cancel_rest(actor=marcus, appointment=first)


# ------------------------------------------------------------------------------------------------ the pages


def page_url(cast: Any) -> str:
    return reverse("scheduling:series-book", args=["larkspur", cast.video_visit.id])


def test_the_dates_are_looked_at_before_anything_is_booked(cast: Any, client: Client) -> None:
    sign_in(client, cast.liz_user)
    slot = slot_value(FREE, cast.maya.id)
    once = client.get(
        reverse("scheduling:appointment-book", args=["larkspur", cast.video_visit.id]), {"slot": slot, "state": "NY"}
    )
    assert page_url(cast) in once.content.decode()
    ask = {"slot": slot, "state": "NY", "zone": ZONE, "every": "weekly", "count": "3"}
    page = client.get(page_url(cast), {"slot": slot, "state": "NY"}).content.decode()
    assert "How often?" in page and "Book these visits" not in page
    page = client.get(page_url(cast), ask | {"count": "13"}).content.decode()
    assert "Book these visits" not in page
    page = client.get(page_url(cast), ask).content.decode()
    assert "3 dates are free" in page and visits(cast) == []
    key = re.search(r'name="key" value="([^"]+)"', page)[1]  # type: ignore[index]
    chosen = {f"date_{number}": slot_value(STARTS[number], cast.maya.id) for number in range(3)}
    agrees = {"key": key, "consent": agreed("telehealth")}
    one = {"date_0": chosen["date_0"], "date_1": "none", "date_2": "none"}
    few = client.post(page_url(cast), ask | agrees | one, follow=True)
    assert "Choose at least two different times." in few.content.decode()
    without = client.post(page_url(cast), ask | chosen | {"key": key}, follow=True)
    assert "Please tick the box if you agree." in without.content.decode() and visits(cast) == []
    answer = client.post(page_url(cast), ask | chosen | {"key": key, "consent": agreed("telehealth")}, follow=True)
    assert "3 visits are booked." in answer.content.decode()
    assert [each.start for each in visits(cast)] == STARTS[:3]
    assert "Cancel this one and all later ones (3 visits)" in answer.content.decode()
    second = visits(cast)[1]
    gone = client.post(reverse("scheduling:series-cancel", args=["larkspur", second.id]), follow=True)
    assert "2 visits are cancelled." in gone.content.decode()


def test_a_time_that_goes_meanwhile_books_nothing_and_shows_the_dates_anew(cast: Any, client: Client) -> None:
    sign_in(client, cast.liz_user)
    ask = {"slot": slot_value(FREE, cast.maya.id), "state": "NY", "zone": ZONE, "every": "weekly", "count": "2"}
    chosen = {f"date_{number}": slot_value(STARTS[number], cast.maya.id) for number in range(2)}
    only(cast, STARTS[0])
    answer = client.post(
        page_url(cast), ask | chosen | {"key": str(uuid4()), "consent": agreed("telehealth")}, follow=True
    )
    assert (
        "One of these times is gone" in answer.content.decode() and "This time isn’t free." in answer.content.decode()
    )
    assert visits(cast) == []


def test_a_visitor_books_one_visit_at_a_time(cast: Any, client: Client) -> None:
    slot = {"slot": slot_value(FREE, cast.maya.id), "state": "NY"}
    assert client.get(page_url(cast), slot).status_code == 404
    assert sign_in(client, cast.maya_user).get(page_url(cast), slot).status_code == 404
    assert clock.now() < FREE
