"""A calendar kept elsewhere blocks hours here: read, kept, asked at booking, told when it can't be read; and its privacy."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings as installation
from django.db import connection
from django.test import Client

from webside.accounts.models import Membership
from webside.audit.models import AuditEvent
from webside.core import clock, outgoing
from webside.core.retention import due
from webside.outbox.models import OutboxEvent
from webside.people.models import Practitioner
from webside.scheduling import calendars, selectors, services, tasks
from webside.scheduling.codes import CalendarTrouble
from webside.scheduling.models import Appointment, BusyTime, OtherCalendar
from webside.scheduling.tests.factories import book, some_slots
from webside.scheduling.tests.other import Other, event, meeting, other_calendar, text
from webside.scheduling.tests.waits import TEN, at_ten, by_machine
from webside.testing.cast import agreed, sign_in

PAGE = "/o/larkspur/schedule/hours/calendars/"
ZONE = ZoneInfo("America/New_York")
now = pytest.fixture(at_ten, name="now")


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def other() -> Iterator[Other]:
    with other_calendar() as found:
        yield found


def add(cast: Any, other: Other) -> OtherCalendar:
    """Let Dr. Chen's other calendar be read here."""
    with cast.as_(cast.maya_user) as maya:
        return services.add_calendar(actor=maya, practitioner=cast.maya, address=other.address, name="ward seven")


def work() -> None:
    """Let the worker go round once."""
    tasks.read_calendars()


def again(now: Any, later: timedelta = services.EVERY) -> None:
    """Let time come, and the worker go round."""
    now.move_to(clock.now() + later)
    work()


def row_of(cast: Any) -> OtherCalendar:
    with by_machine(cast):
        return OtherCalendar.objects.get()


def busy_of(cast: Any) -> list[tuple[datetime, datetime]]:
    with by_machine(cast):
        return [(each.period.lower, each.period.upper) for each in BusyTime.objects.order_by("period")]


def three(cast: Any) -> list[Any]:
    """Return her first three free times of tomorrow."""
    with cast.as_(cast.liz_user):
        return selectors.free_slots(
            service=cast.video_visit, state="NY", since=TEN + timedelta(days=1), days=3, practitioner=cast.maya
        )[:3]


def just_now(moment: datetime | None) -> bool:
    return moment is not None and clock.now() - moment < timedelta(seconds=20)


# ------------------------------------------------------------------------------------------------ what it blocks


def test_a_busy_time_takes_slots_away_and_gives_them_back(cast: Any, now: Any, other: Other) -> None:
    first, second, third = three(cast)
    other.says(meeting(first.start, first.end))
    add(cast, other)
    work()
    assert busy_of(cast) == [(first.start, first.end)]
    assert [each.start for each in three(cast)][:2] == [second.start, third.start]
    other.says(meeting(third.start, third.end))
    again(now)
    assert [each.start for each in three(cast)][:2] == [first.start, second.start]
    other.says()
    again(now)
    assert [each.start for each in three(cast)] == [first.start, second.start, third.start]
    with by_machine(cast):
        told = OutboxEvent.objects.filter(name="scheduling.HoursChanged").count()
    assert told == 2, "whoever waits for a time is looked for when one has become free"


def test_a_slot_that_another_calendar_took_meanwhile_is_refused_with_its_reason(
    cast: Any, now: Any, other: Other, client: Client
) -> None:
    first, second, _third = three(cast)
    add(cast, other)
    other.says(meeting(first.start + timedelta(minutes=5), first.end))
    work()
    with cast.as_(cast.liz_user) as liz:
        with pytest.raises(services.BusyElsewhere) as refused:
            book(cast, liz, first.start)
        assert second.start in {each.start for each in refused.value.nearest}
        moved = book(cast, liz, second.start)
        with pytest.raises(services.BusyElsewhere):
            services.move_appointment(actor=liz, appointment=moved, start=first.start)
    sign_in(client, cast.liz_user)
    slot = f"{first.start:%Y%m%dT%H%MZ}.{cast.maya.id}"
    address = f"/o/larkspur/services/{cast.video_visit.id}/book/"
    form = client.get(address, {"slot": slot, "place": "NY|America/New_York"}).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', form)
    body = {"slot": slot, "place": "NY|America/New_York", "key": key[1] if key else "k", "reason": "My sugar",
            "consent": agreed("telehealth")}  # fmt: skip
    page = client.post(address, body, follow=True).content.decode()
    assert "This time isn’t free any more" in page
    for private in ("Barnaby", "ward seven", other.address):
        assert private not in page


def test_what_is_kept_free_around_a_visit_is_kept_free_of_it_too(cast: Any, now: Any, other: Other) -> None:
    first, second, _third = three(cast)
    with by_machine(cast):
        type(cast.video_visit).objects.filter(id=cast.video_visit.id).update(minutes_after=10)
        cast.video_visit.refresh_from_db()
    free = [each.start for each in three(cast)]
    other.says(meeting(second.start, second.end))
    add(cast, other)
    work()
    left = [each.start for each in three(cast)]
    assert first.start in free and first.start not in left and second.start not in left


def test_visits_that_webside_put_there_do_not_block_but_those_of_another_clinic_do(
    cast: Any, now: Any, other: Other
) -> None:
    first, second, third = three(cast)
    host = urlsplit(installation.PUBLIC_URL).hostname or "localhost"
    with cast.as_(cast.liz_user) as liz:
        own = book(cast, liz, first.start)
    elsewhere = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000"
    # Her calendar shows her own visit at the time from which it has moved meanwhile, as calendars do for some hours.
    other.says(
        meeting(second.start, second.end, uid=f"{own.id}@{host}"),
        meeting(third.start, third.end, uid=f"{elsewhere}@{host}"),
    )
    add(cast, other)
    work()
    assert busy_of(cast) == [(third.start, third.end)]
    with cast.as_(cast.maya_user):
        assert selectors.clashes_ahead(cast.maya) == []


def test_her_own_feed_given_back_to_her_blocks_nothing(cast: Any, now: Any, other: Other) -> None:
    first, _second, _third = three(cast)
    with cast.as_(cast.liz_user) as liz:
        book(cast, liz, first.start)
    with by_machine(cast):
        other.body = calendars.feed(Appointment.objects.all())
    add(cast, other)
    work()
    assert row_of(cast).trouble == "" and busy_of(cast) == []


def test_a_visit_that_now_clashes_is_shown_and_stays(cast: Any, now: Any, other: Other, client: Client) -> None:
    first, second, _third = three(cast)
    with cast.as_(cast.liz_user) as liz:
        kept = book(cast, liz, first.start)
        book(cast, liz, second.start)
    other.says(meeting(first.start, first.end))
    add(cast, other)
    work()
    day = f"/o/larkspur/schedule/?day={first.start.astimezone(ZONE):%Y-%m-%d}"
    for user, pages in (
        (cast.maya_user, (day, PAGE, "/o/larkspur/home/", "/o/larkspur/home/?part=list")),
        (cast.grace_user, (day, f"{day}&who={cast.maya.id}")),
    ):
        sign_in(client, user)
        for page in pages:
            shown = client.get(page).content.decode()
            assert "Clashes with another calendar" in shown, page
            assert "Moreno" in shown and "Barnaby" not in shown, page
    row = re.search(rf"<tr>(?:(?!</tr>).)*{kept.id}(?:(?!</tr>).)*</tr>", client.get(day).content.decode(), re.DOTALL)
    assert row and "Clashes" in row[0]
    with by_machine(cast):
        assert [each.status for each in Appointment.objects.all()] == ["booked", "booked"]
    with time_machine.travel(first.start - timedelta(minutes=5)):
        sign_in(client, cast.grace_user)
        assert client.get("/o/larkspur/home/desk/").content.decode().count("Clashes with another calendar") == 1


# ------------------------------------------------------------------------------------------------ reading


def test_it_is_asked_for_news_and_read_whole_twice_a_day(cast: Any, now: Any, other: Other) -> None:
    first, second, _third = three(cast)
    other.says(meeting(first.start, first.end))
    other.etag = '"one"'
    add(cast, other)
    work()
    again(now)
    assert [each.get("if-none-match") for each in other.asked] == [None, '"one"']
    assert busy_of(cast) == [(first.start, first.end)]
    assert just_now(row_of(cast).read_at)
    other.says(meeting(second.start, second.end))
    other.etag = '"two"'
    again(now)
    assert busy_of(cast) == [(second.start, second.end)]
    again(now, timedelta(hours=13))
    assert other.asked[-1].get("if-none-match") is None, "time goes on, and what comes again comes nearer"


def test_it_is_read_packed_and_by_its_date(cast: Any, now: Any, other: Other) -> None:
    first, _second, _third = three(cast)
    other.says(meeting(first.start, first.end))
    other.packed = True
    other.headers = {"Last-Modified": "Tue, 01 Dec 2026 10:00:00 GMT"}
    add(cast, other)
    work()
    again(now)
    assert busy_of(cast) == [(first.start, first.end)]
    assert "gzip" in other.asked[0]["accept-encoding"]
    assert other.asked[1]["if-modified-since"] == "Tue, 01 Dec 2026 10:00:00 GMT"


def trouble_of(cast: Any, other: Other) -> OtherCalendar:
    """Let a calendar be read once that worked before, and return how that went."""
    first, _second, _third = three(cast)
    other.says(meeting(first.start, first.end))
    add(cast, other)
    work()
    assert row_of(cast).trouble == ""
    return row_of(cast)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(404, CalendarTrouble.GONE), (410, CalendarTrouble.GONE), (401, CalendarTrouble.REFUSED),
     (403, CalendarTrouble.REFUSED), (500, CalendarTrouble.SERVER), (503, CalendarTrouble.SERVER),
     (204, CalendarTrouble.SERVER), (304, CalendarTrouble.SERVER)],
)  # fmt: skip
def test_what_cannot_be_read_blocks_on_and_says_since_when(
    cast: Any, now: Any, other: Other, client: Client, status: int, trouble: str
) -> None:
    before = trouble_of(cast, other)
    busy = busy_of(cast)
    other.status = status
    again(now)
    failed = row_of(cast)
    assert (failed.trouble, failed.read_at) == (trouble, before.read_at)
    assert just_now(failed.failing_since)
    assert busy_of(cast) == busy != []
    sign_in(client, cast.maya_user)
    page = client.get(PAGE).content.decode()
    assert "This calendar can’t be read" in page and "still blocks your hours" in page
    assert "can’t be read" not in client.get("/o/larkspur/schedule/").content.decode(), "some minutes are no trouble"


def test_html_and_a_huge_calendar_and_one_that_drips_are_troubles(
    cast: Any, now: Any, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble_of(cast, other)
    busy = busy_of(cast)
    other.body = b"<!doctype html><title>Sign in</title>"
    again(now)
    assert row_of(cast).trouble == CalendarTrouble.NOT_A_CALENDAR
    monkeypatch.setattr(calendars.reading, "MOST_BYTES", 1 << 16)
    other.body, other.packed = text("X-PADDING:" + "x" * (1 << 20)).encode(), True
    again(now, timedelta(hours=1))
    assert row_of(cast).trouble == CalendarTrouble.TOO_BIG
    other.says()
    other.packed, other.drip = False, 0.05
    monkeypatch.setattr(outgoing.ask, "__kwdefaults__", {**outgoing.ask.__kwdefaults__, "within": 0.5})
    again(now, timedelta(hours=1))
    assert row_of(cast).trouble == CalendarTrouble.SLOW
    assert busy_of(cast) == busy


def test_a_text_that_takes_for_ever_is_given_up_and_the_worker_goes_on(
    cast: Any, now: Any, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second, _third = three(cast)
    add(cast, other)
    # Two thousand meetings each day since the year one: no calendar, an attack.
    other.says(
        *(event(":00010101T000000Z", ":00010101T000100Z", "RRULE:FREQ=DAILY", uid=f"{each}") for each in range(2000))
    )
    monkeypatch.setattr(calendars.reading, "PARSE_SECONDS", 2)
    work()
    assert row_of(cast).trouble == CalendarTrouble.UNREADABLE
    other.says(meeting(first.start, first.end))
    again(now)
    assert busy_of(cast) == [(first.start, first.end)]


def test_nobody_is_asked_inside_not_even_by_a_redirect(cast: Any, now: Any, other: Other, settings: Any) -> None:
    trouble_of(cast, other)
    settings.INSIDE_HOSTS = frozenset({"localhost"})
    asked = len(other.asked)
    other.status, other.headers = 302, {"Location": f"http://127.0.0.1:{other.port}/secret"}
    again(now)
    assert row_of(cast).trouble == CalendarTrouble.INSIDE
    assert [each["path"] for each in other.asked[asked:]] == [urlsplit(other.address).path]
    settings.INSIDE_HOSTS = frozenset()
    again(now, timedelta(hours=1))
    assert row_of(cast).trouble == CalendarTrouble.INSIDE
    assert len(other.asked) == asked + 1


def test_a_server_that_is_away_is_tried_at_growing_pauses_and_comes_back(cast: Any, now: Any) -> None:
    with other_calendar() as other:
        trouble_of(cast, other)
    pauses = []
    now.move_to(clock.now() + services.EVERY)
    for _ in range(8):
        work()
        found = row_of(cast)
        assert found.trouble == CalendarTrouble.UNREACHABLE
        pauses.append(round((found.look_at - clock.now()).total_seconds() / 60))
        now.move_to(found.look_at)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    with by_machine(cast):
        assert AuditEvent.objects.filter(action="scheduling.calendar.fail").count() == 1, "the trail says it once"


def test_after_a_day_her_day_and_the_front_desks_say_so(cast: Any, now: Any, other: Other, client: Client) -> None:
    trouble_of(cast, other)
    with cast.as_(cast.liz_user) as liz:
        book(cast, liz, some_slots(cast, practitioner=cast.maya)[-1].start)
    other.status = 404
    again(now)
    again(now, timedelta(hours=25))
    for user, pages in (
        (cast.maya_user, ("/o/larkspur/schedule/", "/o/larkspur/schedule/hours/", "/o/larkspur/home/")),
        (cast.grace_user, ("/o/larkspur/schedule/", f"/o/larkspur/schedule/?who={cast.maya.id}")),
    ):
        sign_in(client, user)
        for page in pages:
            shown = client.get(page).content.decode()
            assert "A calendar kept elsewhere can’t be read" in shown, page
            assert "still blocks" in shown, page
    other.says()
    again(now, timedelta(hours=1))
    sign_in(client, cast.maya_user)
    assert "can’t be read" not in client.get("/o/larkspur/schedule/").content.decode()
    with by_machine(cast):
        assert AuditEvent.objects.filter(action="scheduling.calendar.again").count() == 1


def test_one_that_was_never_read_is_not_taken_for_free(cast: Any, now: Any, other: Other, client: Client) -> None:
    other.status = 404
    add(cast, other)
    work()
    sign_in(client, cast.maya_user)
    assert "was never read, so it blocks nothing" in client.get(PAGE).content.decode().replace("It was", "was")
    assert "Whether these hours are free is not known here" in client.get("/o/larkspur/schedule/").content.decode()


def test_who_works_here_no_more_is_not_read_for(cast: Any, now: Any, other: Other) -> None:
    add(cast, other)
    with by_machine(cast):
        Practitioner.objects.filter(id=cast.maya.id).update(active=False)
    work()
    assert other.asked == []


def test_two_workers_read_it_once_and_a_claim_that_nobody_kept_runs_out(cast: Any, now: Any, other: Other) -> None:
    other.says()
    add(cast, other)
    with by_machine(cast):
        assert len(services.claim_calendars(most=4)) == 1
        assert services.claim_calendars(most=4) == []
    work()
    assert other.asked == []
    again(now, services.LEASE + timedelta(seconds=1))
    assert len(other.asked) == 1


def test_one_that_is_removed_while_it_is_read_leaves_nothing(cast: Any, now: Any, other: Other) -> None:
    first, _second, _third = three(cast)
    other.says(meeting(first.start, first.end))
    add(cast, other)
    with by_machine(cast) as _frame:
        [claim] = services.claim_calendars(most=1)
    reading = calendars.read(claim)
    assert reading.periods == [(first.start, first.end)]
    with cast.as_(cast.maya_user) as maya:
        services.remove_calendar(actor=maya, calendar=OtherCalendar.objects.get())
        services.keep_reading(actor=maya, claim=claim, reading=reading)
    assert busy_of(cast) == []


def test_what_is_over_goes_and_what_is_ahead_stays(cast: Any, now: Any, other: Other) -> None:
    first, _second, _third = three(cast)
    other.says(meeting(first.start, first.end))
    add(cast, other)
    work()
    [gone] = [each for each in due(first.end + timedelta(days=1, minutes=1)) if each.model == "scheduling.BusyTime"]
    with by_machine(cast):
        assert BusyTime.objects.filter(**{f"{gone.after}__lt": gone.before}).count() == 1
        assert not BusyTime.objects.filter(**{f"{gone.after}__lt": first.end}).exists()


# ------------------------------------------------------------------------------------------------ pages and privacy


def test_she_adds_reads_and_removes_it_by_page(cast: Any, now: Any, other: Other, client: Client) -> None:
    first, _second, _third = three(cast)
    other.says(meeting(first.start, first.end))
    sign_in(client, cast.maya_user)
    assert "No other calendar is read" in client.get(PAGE).content.decode()
    body = {"who": str(cast.maya.id), "address": other.address, "name": "ward seven"}
    page = client.post(f"{PAGE}add/", body, follow=True).content.decode()
    assert "Not read yet" in page and "ward seven" in page and "localhost" in page
    assert other.address not in page and "very-private" not in page
    work()
    page = client.get(PAGE).content.decode()
    assert "1 busy time from now on" in page and "Is read" in page and "very-private" not in page
    assert client.post(f"{PAGE}add/", body).status_code == 409
    row = row_of(cast)
    client.post(f"{PAGE}{row.id}/read/")
    work()
    assert len(other.asked) == 2
    page = client.post(f"{PAGE}{row.id}/remove/", follow=True).content.decode()
    assert "No other calendar is read" in page
    assert busy_of(cast) == []
    assert three(cast)[0].start == first.start
    with by_machine(cast):
        told = {each.action for each in AuditEvent.objects.filter(action__startswith="scheduling.calendar.")}
        written = str(list(AuditEvent.objects.values_list("changes", flat=True)))
    assert told == {f"scheduling.calendar.{each}" for each in ("add", "read", "ask", "remove")}
    assert "very-private" not in written and "ward seven" not in written


@pytest.mark.parametrize(
    ("address", "says"),
    [("", "required"), ("calendar", "no address"), ("https://", "no address"), ("https://a b/x.ics", "no address"),
     ("https://[oops/x.ics", "no address"), ("http://calendar.example/x.ics", "begins with https"),
     ("ftp://calendar.example/x.ics", "begins with https"),
     ("https://calendar.google.com/calendar/u/0/embed?src=maya", "Secret address in iCal format")],
)  # fmt: skip
def test_a_wrong_address_is_said_and_kept_for_mending(cast: Any, client: Client, address: str, says: str) -> None:
    sign_in(client, cast.maya_user)
    answer = client.post(f"{PAGE}add/", {"address": address, "name": "family"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page and 'value="family"' in page


def test_an_address_for_apps_is_read_over_https(cast: Any, client: Client) -> None:
    sign_in(client, cast.maya_user)
    client.post(f"{PAGE}add/", {"address": "webcal://calendar.example/private/x.ics"})
    with by_machine(cast):
        assert OtherCalendar.objects.get().address == "https://calendar.example/private/x.ics"


def test_so_many_and_no_more(cast: Any, client: Client) -> None:
    sign_in(client, cast.maya_user)
    for number in range(services.MOST_CALENDARS):
        assert client.post(f"{PAGE}add/", {"address": f"https://calendar.example/{number}.ics"}).status_code == 302
    assert client.post(f"{PAGE}add/", {"address": "https://calendar.example/more.ics"}).status_code == 409
    assert "No more calendars can be added" in client.get(PAGE).content.decode()


def test_the_address_is_sealed_and_in_no_log_not_even_when_it_fails(
    cast: Any, now: Any, other: Other, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    add(cast, other)
    other.status = 500
    work()
    with connection.cursor() as cursor, by_machine(cast):
        cursor.execute("SELECT t::text FROM scheduling_othercalendar t")
        [(stored,)] = cursor.fetchall()
    assert "very-private" not in stored and b"very-private".hex() not in stored
    assert "very-private" not in caplog.text
    assert row_of(cast).address == other.address


def test_an_address_whose_key_is_gone_is_a_trouble_and_the_page_opens(
    cast: Any, now: Any, other: Other, client: Client
) -> None:
    add(cast, other)
    with by_machine(cast):
        OtherCalendar.objects.update(address_sealed=b"\x01\x04gone" + b"x" * 40)
    work()
    sign_in(client, cast.maya_user)
    assert "Add it anew" in client.get(PAGE).content.decode()
    assert other.asked == []


def test_who_may_and_who_may_not(cast: Any, now: Any, other: Other, client: Client) -> None:
    add(cast, other)
    row = row_of(cast)
    sign_in(client, cast.admin_user)
    page = client.get(f"{PAGE}?who={cast.maya.id}").content.decode()
    assert "ward seven" in page and "Ask Dr. Maya Chen before you add it" in page
    assert client.post(f"{PAGE}{row.id}/read/").status_code == 302
    for user in (cast.grace_user, cast.daniel_user, cast.liz_user, cast.marcus_user, cast.mallory_user):
        sign_in(client, user)
        assert client.post(f"{PAGE}{row.id}/read/").status_code == 404
        assert client.post(f"{PAGE}{row.id}/remove/").status_code == 404
        assert "ward seven" not in client.get(f"{PAGE}?who={cast.maya.id}").content.decode()
    with cast.as_(cast.grace_user) as grace, pytest.raises(services.NotAllowed):
        services.add_calendar(actor=grace, practitioner=cast.maya, address="https://calendar.example/x.ics")
    with by_machine(cast):
        Membership.objects.filter(user=cast.maya_user).update(active=False)
    sign_in(client, cast.maya_user)
    assert client.get(PAGE).status_code == 404


def test_time_goes_on_for_a_calendar_that_never_changes(cast: Any, now: Any, other: Other) -> None:
    other.says(
        event(";TZID=America/New_York:20261202T080000", ";TZID=America/New_York:20261202T083000", "RRULE:FREQ=WEEKLY")
    )
    other.etag = '"same"'
    add(cast, other)
    work()
    last = max(end for _start, end in busy_of(cast))
    with time_machine.travel(clock.now() + timedelta(days=15)):
        work()
        assert max(end for _start, end in busy_of(cast)) == last + timedelta(days=14)


def test_a_holiday_that_goes_on_is_written_once(cast: Any, now: Any, other: Other) -> None:
    other.says(meeting(clock.now() - timedelta(days=5), clock.now() + timedelta(days=5)))
    add(cast, other)
    for _ in range(4):
        work()
        now.move_to(clock.now() + services.EVERY)
    with by_machine(cast):
        assert AuditEvent.objects.filter(action="scheduling.calendar.read").count() == 1
    assert three(cast) == []
