"""Slots from hours, with the hour that doesn't exist and the hour that comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webside.scheduling import rules
from webside.scheduling.rules import Span, WeeklyHours

NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = date(2027, 3, 14), date(2026, 11, 1)
ZONES = ["America/New_York", "America/Los_Angeles", "America/Phoenix", "Pacific/Honolulu", "Australia/Lord_Howe",
         "Asia/Kathmandu", "Europe/London", "America/St_Johns"]  # fmt: skip


def hours(day: date, start: str, end: str, zone: str = "America/New_York") -> WeeklyHours:
    return WeeklyHours(day.weekday(), time.fromisoformat(start), time.fromisoformat(end), zone)


def walls(spans: list[Span], zone: ZoneInfo = NEW_YORK) -> list[str]:
    return [f"{span.start.astimezone(zone):%H:%M%z}" for span in spans]


def test_an_ordinary_day() -> None:
    spans = list(
        rules.slots_of_hours(hours(date(2026, 11, 24), "09:00", "10:30"), date(2026, 11, 24), timedelta(minutes=30))
    )
    assert walls(spans) == ["09:00-0500", "09:30-0500", "10:00-0500"]
    assert spans[0].start.tzinfo is UTC


def test_the_hour_that_does_not_exist_gives_no_slot() -> None:
    spans = list(rules.slots_of_hours(hours(SPRING, "01:00", "04:00"), SPRING, timedelta(minutes=30)))
    assert walls(spans) == ["01:00-0500", "01:30-0500", "03:00-0400", "03:30-0400"]


def test_the_hour_that_comes_twice_is_offered_once() -> None:
    spans = list(rules.slots_of_hours(hours(AUTUMN, "00:30", "03:00"), AUTUMN, timedelta(minutes=30)))
    assert walls(spans) == ["00:30-0400", "01:00-0400", "01:30-0400", "02:00-0500", "02:30-0500"]
    assert [rules.comes_twice(span.start, NEW_YORK) for span in spans] == [False, True, True, False, False]
    assert rules.offset_text(spans[1].start.astimezone(NEW_YORK)) == "UTC−4"


def test_a_slot_over_the_jump_lasts_its_minutes_and_overlaps_nobody() -> None:
    spans = list(rules.slots_of_hours(hours(SPRING, "01:50", "05:00"), SPRING, timedelta(minutes=25)))
    assert all(span.end - span.start == timedelta(minutes=25) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


def test_hours_that_end_in_the_gap_end_at_the_jump() -> None:
    spans = list(rules.slots_of_hours(hours(SPRING, "01:00", "02:30"), SPRING, timedelta(minutes=30)))
    assert walls(spans) == ["01:00-0500", "01:30-0500"]


def test_hours_over_midnight() -> None:
    spans = list(
        rules.slots_of_hours(hours(date(2026, 11, 24), "23:00", "01:00"), date(2026, 11, 24), timedelta(hours=1))
    )
    assert walls(spans) == ["23:00-0500", "00:00-0500"]


def test_validity_counts_both_ends() -> None:
    block = WeeklyHours(1, time(9), time(10), "America/New_York", date(2026, 11, 24), date(2026, 12, 1))
    assert [block.holds_on(day) for day in (date(2026, 11, 17), date(2026, 11, 24), date(2026, 12, 1), date(2026, 12, 8))] == [
        False, True, True, False,
    ]  # fmt: skip


def test_off_busy_and_extra() -> None:
    day = date(2026, 11, 24)

    def at(hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, 24, hour, minute, tzinfo=NEW_YORK)

    found = rules.free_slots(
        hours=[hours(day, "09:00", "12:00")], extra=[Span(at(15), at(16))], off=[Span(at(9), at(9, 10))],
        busy=[Span(at(10), at(10, 30))], since=at(8), until=at(20), length=timedelta(minutes=30),
    )  # fmt: skip
    assert walls(found) == ["09:30-0500", "10:30-0500", "11:00-0500", "11:30-0500", "15:00-0500", "15:30-0500"]


def test_what_stays_free_around_a_visit() -> None:
    day = date(2026, 11, 24)

    def free(before: int, after: int) -> list[str]:
        taken = Span(datetime(2026, 11, 24, 10, tzinfo=NEW_YORK), datetime(2026, 11, 24, 10, 40, tzinfo=NEW_YORK))
        found = rules.free_slots(
            hours=[hours(day, "09:00", "12:00")], busy=[taken], length=timedelta(minutes=30),
            since=datetime(2026, 11, 24, 8, tzinfo=NEW_YORK), until=datetime(2026, 11, 24, 20, tzinfo=NEW_YORK),
            before=timedelta(minutes=before), after=timedelta(minutes=after),
        )  # fmt: skip
        return [wall[:5] for wall in walls(found)]

    assert free(0, 0) == ["09:00", "09:30", "11:00", "11:30"]
    assert free(20, 0) == ["09:00", "09:30", "11:00", "11:30"], "twenty minutes are just free"
    assert free(21, 0) == ["09:00", "09:30", "11:30"]
    assert free(0, 1) == ["09:00", "11:00", "11:30"]


@pytest.mark.parametrize(
    ("day", "start", "end", "taken", "expected"),
    [
        # The hour from two to three isn't there: what ends at two by the wall ends when three begins.
        (SPRING, "00:30", "04:00", datetime(2027, 3, 14, 7, 30, tzinfo=UTC), ["00:30", "01:00", "03:30"]),
        # It comes twice: an hour of real time lies between the first half past one and two.
        (
            AUTUMN,
            "00:30",
            "03:30",
            datetime(2026, 11, 1, 7, 30, tzinfo=UTC),
            ["00:30", "01:00", "01:30", "02:30", "03:00"],
        ),
    ],
)
def test_what_stays_free_is_real_time_when_the_clock_changes(
    day: date, start: str, end: str, taken: datetime, expected: list[str]
) -> None:
    half = timedelta(minutes=30)
    found = rules.free_slots(
        hours=[hours(day, start, end)], busy=[Span(taken - half, taken)], length=half, before=timedelta(0), after=half,
        since=datetime.combine(day, time(0), tzinfo=NEW_YORK), until=datetime.combine(day, time(20), tzinfo=NEW_YORK),
    )  # fmt: skip
    assert [wall[:5] for wall in walls(found)] == expected


def test_on_full_days_nothing_is_free_by_the_wall_of_the_zone() -> None:
    day = date(2026, 11, 24)
    evening = datetime(2026, 11, 24, 23, tzinfo=NEW_YORK)  # the 25th in UTC
    full = rules.full_days([evening, evening + timedelta(minutes=90)], 1, "America/New_York")
    assert full == {date(2026, 11, 24), date(2026, 11, 25)}
    assert rules.full_days([evening, evening + timedelta(minutes=90)], 2, "America/New_York") == frozenset()
    assert rules.full_days([evening, evening + timedelta(minutes=90)], 2, "UTC") == {date(2026, 11, 25)}
    assert rules.full_days([evening], None, "UTC") == frozenset()
    found = rules.free_slots(
        hours=[hours(day, "22:00", "02:00")], length=timedelta(hours=1), full={day}, zone="America/New_York",
        since=datetime(2026, 11, 24, 8, tzinfo=NEW_YORK), until=datetime(2026, 11, 25, 8, tzinfo=NEW_YORK),
    )  # fmt: skip
    assert walls(found) == ["00:00-0500", "01:00-0500"]


def test_touching_is_not_overlapping() -> None:
    one, two, three = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 2, 3))
    assert not Span(one, two).overlaps(Span(two, three))
    assert Span(one, three).overlaps(Span(two, three))


def test_nearest() -> None:
    spans = [
        Span(datetime(2026, 1, 1, hour, tzinfo=UTC), datetime(2026, 1, 1, hour, 20, tzinfo=UTC))
        for hour in range(8, 20)
    ]
    near = rules.nearest(spans, datetime(2026, 1, 1, 12, 10, tzinfo=UTC), 3)
    assert [span.start.hour for span in near] == [11, 12, 13]


@pytest.mark.parametrize(
    ("zone", "text"), [("Asia/Kathmandu", "UTC+5:45"), ("UTC", "UTC+0"), ("America/St_Johns", "UTC−3:30")]
)
def test_offsets_as_people_read_them(zone: str, text: str) -> None:
    assert rules.offset_text(datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))) == text


def test_a_naive_moment_has_no_offset() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        rules.offset_text(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


days = st.dates(date(2025, 1, 1), date(2028, 12, 31))
minutes = st.integers(0, 24 * 60 - 1)


def clock_time(total: int) -> time:
    return time(total // 60, total % 60)


@settings(deadline=None, max_examples=80)
@given(day=days, start=minutes, end=minutes, length=st.integers(5, 180), zone=st.sampled_from(ZONES))
def test_every_slot_is_whole_real_and_alone(day: date, start: int, end: int, length: int, zone: str) -> None:
    block = WeeklyHours(day.weekday(), clock_time(start), clock_time(end), zone)
    size = timedelta(minutes=length)
    spans = list(rules.slots_of_hours(block, day, size))
    there = ZoneInfo(zone)
    for span in spans:
        assert span.end - span.start == size
        wall = span.start.astimezone(there)
        assert wall.fold == 0, "the second coming of an hour is never offered"
        assert rules.exists(wall.replace(tzinfo=None), there)
        minutes_in = (wall.replace(tzinfo=None) - datetime.combine(day, block.starts_at)).total_seconds() / 60
        assert minutes_in % length == 0, "slots stand on the grid of the wall clock"
    for one, other in pairwise(spans):
        assert one.end <= other.start
    assert len({f"{span.start.astimezone(there):%d %H:%M}" for span in spans}) == len(spans), "each wall time once"


spans_of_a_week = st.lists(
    st.builds(
        lambda offset, size: Span(
            datetime(2026, 10, 29, tzinfo=UTC) + timedelta(minutes=offset),
            datetime(2026, 10, 29, tzinfo=UTC) + timedelta(minutes=offset + size),
        ),
        st.integers(0, 7 * 24 * 60),
        st.integers(1, 600),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=80)
@given(
    off=spans_of_a_week,
    busy=spans_of_a_week,
    extra=spans_of_a_week,
    zone=st.sampled_from(ZONES),
    length=st.sampled_from([15, 20, 50]),
)
def test_no_free_slot_touches_what_is_off_or_taken(
    off: list[Span], busy: list[Span], extra: list[Span], zone: str, length: int
) -> None:
    since, until = datetime(2026, 10, 29, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)
    blocks = [WeeklyHours(weekday, time(0), time(6), zone) for weekday in range(7)]
    found = rules.free_slots(
        hours=blocks, extra=extra, off=off, busy=busy, since=since, until=until, length=timedelta(minutes=length)
    )
    assert found == sorted(found)
    for slot in found:
        assert since <= slot.start < until
        assert not any(slot.overlaps(other) for other in (*off, *busy))
    for one, other in pairwise(found):
        assert one.end <= other.start


@settings(deadline=None, max_examples=80)
@given(wall=st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)), zone=st.sampled_from(ZONES))  # noqa: DTZ001
def test_at_wall_keeps_what_exists_and_lands_on_the_jump_otherwise(wall: datetime, zone: str) -> None:
    wall = wall.replace(second=0, microsecond=0)
    there = ZoneInfo(zone)
    moment = rules.at_wall(wall, there)
    local = moment.astimezone(there)
    if rules.exists(wall, there):
        assert local.replace(tzinfo=None, fold=0) == wall
    else:
        before = (moment - timedelta(seconds=1)).astimezone(there)
        assert before.utcoffset() != local.utcoffset()
