"""Weekly hours by page: dated, never deleted; overlap refused; what is booked stays; whose they are to change."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from webside.audit.models import AuditEvent
from webside.core import clock
from webside.scheduling import rules, selectors, services
from webside.scheduling.models import Availability
from webside.scheduling.rules import Span, WeeklyHours
from webside.scheduling.tests.factories import book, some_slots
from webside.scheduling.tests.test_pages import text_of
from webside.testing.cast import sign_in

PAGE = "/o/larkspur/schedule/hours/"
NEW_YORK = "America/New_York"
WEDNESDAY = date(2026, 7, 1)


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def block(weekday: int, starts: int, ends: int, zone: str = NEW_YORK, **validity: date) -> WeeklyHours:
    return WeeklyHours(weekday, time(starts), time(ends % 24), zone, **validity)


@pytest.mark.parametrize(
    ("new", "there", "clashes"),
    [
        (block(0, 9, 12), block(0, 8, 10), True),
        (block(0, 9, 12), block(0, 12, 17), False),
        (block(0, 9, 12), block(1, 9, 12), False),
        (block(1, 0, 2), block(0, 22, 1), True),  # over midnight
        (block(0, 9, 12), block(0, 13, 15, "Europe/Berlin"), False),
        (block(0, 9, 12), block(0, 14, 16, "America/Sao_Paulo"), False),
        (block(0, 9, 12), block(0, 6, 7, "America/Los_Angeles"), True),  # 9 am in New York
        (block(0, 9, 12), block(0, 6, 7, "America/Phoenix"), True),  # in winter it is 8 am there, in summer 9 am
        (block(0, 8, 9), block(0, 6, 7, "America/Phoenix"), True),
        (block(0, 9, 12, valid_from=date(2026, 9, 1)), block(0, 9, 12, valid_to=date(2026, 8, 31)), False),
        (block(0, 9, 12, valid_from=date(2026, 8, 31)), block(0, 9, 12, valid_to=date(2026, 8, 31)), True),
        (block(0, 9, 12), block(0, 9, 12, valid_from=date(2027, 3, 1)), True),
        (block(0, 0, 24), block(0, 23, 24), True),
    ],
)
def test_hours_that_share_time_clash(new: WeeklyHours, there: WeeklyHours, clashes: bool) -> None:
    assert (rules.clash(new, [there], today=WEDNESDAY) is not None) is clashes
    assert (rules.clash(there, [new], today=WEDNESDAY) is not None) is clashes


@pytest.mark.parametrize(
    ("starts", "ends", "lies_within"), [(9, 10, True), (11, 13, True), (16, 18, False), (7, 9, False), (18, 19, True)]
)
def test_a_visit_lies_within_hours_that_touch_or_extra_time(starts: int, ends: int, lies_within: bool) -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 7, 1, hour, tzinfo=ZoneInfo(NEW_YORK))

    hours = [block(2, 8, 12), block(2, 12, 17)]
    extra = [Span(at(18), at(20))]
    assert rules.covered(Span(at(starts), at(ends)), hours=hours, extra=extra) is lies_within


def form(cast: Any, **changes: Any) -> dict[str, Any]:
    start = clock.today(NEW_YORK) + timedelta(days=1)
    return {
        "who": str(cast.maya.id), "weekdays": ["0", "2"], "starts_at": "20:00", "ends_at": "22:00",
        "valid_from": start.isoformat(), "valid_to": "", **changes,
    }  # fmt: skip


def held(cast: Any) -> list[Availability]:
    with cast.as_(cast.maya_user):
        rows = selectors.hours_of(cast.maya, clock.today(NEW_YORK))
        return [row for row in rows if row.starts_at == time(20)]


def undo_on(answer: Any) -> str:
    return unescape(re.search(r'action="([^"]+/schedule/hours/undo/[^"]+)"', answer.content.decode())[1])  # type: ignore[index]


@pytest.mark.parametrize("who", ["maya_user", "grace_user", "admin_user"])
def test_hours_are_added_on_several_days_and_taken_back(cast: Any, who: str) -> None:
    client = sign_in(Client(), getattr(cast, who))
    shown = text_of(client.get(PAGE, {"who": str(cast.maya.id)}))
    assert "All hours are Eastern Time, the clock where Dr. Maya Chen works" in shown
    answer = client.post(f"{PAGE}add/", form(cast), follow=True)
    assert "The hours are added on 2 days." in text_of(answer)
    assert [(row.weekday, row.timezone) for row in held(cast)] == [(0, NEW_YORK), (2, NEW_YORK)]
    assert "Taken back" in text_of(client.post(undo_on(answer), follow=True))
    assert held(cast) == []
    with cast.as_(cast.maya_user):
        assert Availability.objects.filter(starts_at=time(20)).count() == 2, "nothing is deleted"
        assert AuditEvent.objects.filter(action="scheduling.hours.add").count() == 2
        assert AuditEvent.objects.filter(action="scheduling.hours.end").count() == 2
    assert "8:00 pm" not in text_of(client.get(PAGE, {"who": str(cast.maya.id)})), "they never held"


def test_overlap_is_refused_in_plain_words_and_nothing_is_added(cast: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    client.post(f"{PAGE}add/", form(cast, weekdays=["2"]))
    answer = client.post(f"{PAGE}add/", form(cast, starts_at="21:00", ends_at="23:00"))
    assert answer.status_code == 409
    assert "Wednesday, 8:00 pm – 10:00 pm" in text_of(answer) and "Nothing was added." in text_of(answer)
    assert len(held(cast)) == 1
    with cast.as_(cast.maya_user):
        assert not Availability.objects.filter(starts_at=time(21)).exists(), "Monday neither"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weekdays": []}, "at least one day"),
        ({"ends_at": "19:00"}, "before they begin"),
        ({"ends_at": "20:00"}, "before they begin"),
        ({"valid_from": "2020-01-01"}, "today or a later day"),
        ({"valid_to": "2020-01-01"}, "before the first day"),
        ({"valid_from": "9999-12-31"}, "today or a later day"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(cast: Any, changes: dict[str, Any], words: str) -> None:
    answer = sign_in(Client(), cast.maya_user).post(f"{PAGE}add/", form(cast, **changes))
    assert (answer.status_code, words in text_of(answer)) == (422, True)
    assert held(cast) == []


def test_hours_end_with_a_day_and_what_is_booked_in_them_is_shown(cast: Any) -> None:
    with cast.as_(cast.liz_user) as liz:
        booked = book(cast, liz, some_slots(cast)[0].start)
        rows = list(selectors.hours_of(cast.maya, clock.today(NEW_YORK)))
    client = sign_in(Client(), cast.maya_user)
    assert "Booked outside these hours" not in text_of(client.get(PAGE))
    today = clock.today(NEW_YORK).isoformat()
    for row in rows:
        answer = client.post(f"{PAGE}{row.id}/end/", {"last_day": today}, follow=True)
    assert "What is booked stays booked." in text_of(answer)
    page = text_of(client.get(PAGE))
    assert "1 visit ahead lies outside these hours" in page and "Liz Moreno" in page
    desk = sign_in(Client(), cast.admin_user)
    seen_by_admin = text_of(desk.get(PAGE, {"who": str(cast.maya.id)}))
    assert "1 visit ahead" in seen_by_admin and "Liz" not in seen_by_admin, "no chart and no names for administrators"
    with cast.as_(cast.maya_user):
        assert Availability.objects.filter(practitioner=cast.maya).count() == len(rows)
        booked.refresh_from_db()
        assert booked.status == "booked"
    assert "Taken back" in text_of(client.post(undo_on(answer), follow=True))
    with cast.as_(cast.maya_user):
        assert Availability.objects.get(id=rows[-1].id).valid_to is None


def test_what_is_past_stays_as_it_was(cast: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    client.post(f"{PAGE}add/", form(cast, weekdays=["2"]))
    [row] = held(cast)
    assert "today or a later day" in text_of(
        client.post(f"{PAGE}{row.id}/end/", {"last_day": "2020-01-01"}, follow=True)
    )
    assert len(held(cast)) == 1
    with cast.as_(cast.maya_user) as maya:
        long_ago = clock.today(NEW_YORK) - timedelta(days=9)
        Availability.objects.filter(id=row.id).update(valid_from=None, valid_to=long_ago)
        row.refresh_from_db()
        with pytest.raises(services.HoursOver):
            services.end_hours(actor=maya, hours=row, last_day=clock.today(NEW_YORK))
    assert "Hours that have ended" in text_of(client.get(PAGE))


def test_other_hours_in_their_place_stop_the_way_back(cast: Any) -> None:
    client = sign_in(Client(), cast.maya_user)
    client.post(f"{PAGE}add/", form(cast, weekdays=["2"]), follow=True)
    [row] = held(cast)
    ended = client.post(f"{PAGE}{row.id}/end/", {"last_day": clock.today(NEW_YORK).isoformat()}, follow=True)
    client.post(f"{PAGE}add/", form(cast, weekdays=["2"]))
    assert "have taken their place" in text_of(client.post(undo_on(ended), follow=True))


def test_hours_are_ones_own(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        foreign = Availability.objects.filter(practitioner=cast.daniel).first()
        with pytest.raises(services.NotAllowed):
            services.end_hours(actor=maya, hours=foreign, last_day=clock.today(NEW_YORK))
        with pytest.raises(services.NotAllowed):
            services.reopen_hours(actor=maya, hours=foreign, last_day=None)
    client = sign_in(Client(), cast.maya_user)
    assert client.post(f"{PAGE}{foreign.id}/end/", {"last_day": "2031-01-01"}).status_code == 404
    # Whom she names doesn't count: she adds to her own.
    client.post(f"{PAGE}add/", form(cast, who=str(cast.daniel.id)))
    assert len(held(cast)) == 2
    for who in ("liz_user", "marcus_user", "ingrid_user"):
        assert sign_in(Client(), getattr(cast, who)).get(PAGE).status_code == 404
    assert sign_in(Client(), cast.mallory_user).get(PAGE).status_code == 404
