"""When a visit is reminded of: never at night, never twice, never of what is no longer so; and what a row of data decides."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from webside.core.dated import Row, ended, gaps_and_overlaps, load
from webside.notifications.rules import Quiet
from webside.scheduling import rules

ENDED = (rules.STEPS,)
NEW_YORK = "America/New_York"
NIGHT = Quiet(time(21), time(8), NEW_YORK)
DAY = date(2026, 11, 24)
THREE_DAYS, ONE_DAY, TWO_HOURS = "telemedicine-3-days", "telemedicine-1-day", "telemedicine-2-hours"


def here(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(NEW_YORK))


def plan(start: str, since: str = "2026-01-01T12:00", quiet: Quiet = NIGHT, zone: str = NEW_YORK) -> dict[str, str]:
    """Return each step with its moment on the patient's wall."""
    found = rules.plan(
        start=here(start), zone=zone, since=here(since), quiet=quiet, steps=rules.steps("telemedicine", DAY)
    )
    return {each.step: f"{each.at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}" for each in found}


def test_three_days_one_day_and_two_hours_before() -> None:
    assert plan("2026-11-24T15:30") == {THREE_DAYS: "11-21 15:30", ONE_DAY: "11-23 15:30", TWO_HOURS: "11-24 13:30"}


def test_what_is_booked_later_than_a_moment_is_not_reminded_of_it() -> None:
    assert plan("2026-11-24T15:30", since="2026-11-22T10:00") == {ONE_DAY: "11-23 15:30", TWO_HOURS: "11-24 13:30"}
    assert plan("2026-11-24T15:30", since="2026-11-24T14:00") == {}
    assert plan("2026-11-24T15:30", since="2026-11-24T13:30") == {}
    # Booked at ten in the evening: what would have been due at nine is not made up for in the morning.
    assert ONE_DAY not in plan("2026-11-24T21:30", since="2026-11-23T22:00")


def test_a_morning_visit_is_reminded_of_when_the_night_is_over_or_the_evening_before() -> None:
    assert plan("2026-11-24T09:00")[TWO_HOURS] == "11-24 08:00", "an hour is enough"
    assert plan("2026-11-24T08:15")[TWO_HOURS] == "11-23 20:00", "a quarter of an hour is not"
    assert plan("2026-11-24T22:30")[ONE_DAY] == "11-24 08:00"
    assert plan("2026-11-24T07:00") == {
        THREE_DAYS: "11-21 08:00", ONE_DAY: "11-23 08:00", TWO_HOURS: "11-23 20:00",
    }  # fmt: skip


def test_who_leaves_us_a_minute_a_day_gets_it_in_that_minute_and_not_at_all_for_the_last_hours() -> None:
    found = plan("2026-11-24T15:30", quiet=Quiet(time(8), time(7, 59), NEW_YORK))
    assert set(found) == {THREE_DAYS, ONE_DAY} and all(each.endswith("07:59") for each in found.values())


def test_two_reminders_are_never_close_together() -> None:
    shift = Quiet(time(9), time(23), NEW_YORK)
    found = plan("2026-11-24T10:00", quiet=shift)
    moments = [datetime.strptime(f"2026-{each}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for each in found.values()]
    assert all(later - earlier >= timedelta(hours=3) for earlier, later in pairwise(moments))


def test_the_night_is_the_patients_own() -> None:
    west = "America/Los_Angeles"
    found = plan("2026-11-24T11:30", quiet=Quiet(time(21), time(8), west), zone=west)
    assert found[ONE_DAY] == "11-23 08:30" and found[TWO_HOURS] == "11-23 20:00", "half past six in the morning, there"


def test_the_nights_on_which_clocks_change() -> None:
    """A day before is the same time by the wall; two hours are two hours; no reminder falls into a night made longer."""
    for start, before in (("2026-03-08T15:00", "03-07 15:00"), ("2026-11-01T15:00", "10-31 15:00")):
        assert plan(start)[ONE_DAY] == before
    spring = rules.plan(start=here("2026-03-08T04:00"), zone=NEW_YORK, since=here("2026-01-01T12:00"),
                        quiet=Quiet(time(12), time(12), NEW_YORK), steps=rules.steps("telemedicine", DAY))  # fmt: skip
    assert here("2026-03-08T04:00").astimezone(UTC) - spring[-1].at == timedelta(hours=2)
    autumn = plan("2026-11-01T09:00")
    assert autumn[TWO_HOURS] == "11-01 08:00" and autumn[ONE_DAY] == "10-31 09:00"


def test_a_reminder_that_comes_late_is_sent_only_while_it_helps() -> None:
    step = next(each for each in rules.steps("telemedicine", DAY) if each.id == TWO_HOURS)
    start = here("2026-11-24T15:30")
    assert rules.still_useful(step, start, start - timedelta(minutes=45))
    assert not rules.still_useful(step, start, start - timedelta(minutes=44))


def test_what_no_row_knows_is_not_reminded_of() -> None:
    assert rules.steps("telemedicine", date(2025, 12, 31)) == [] and rules.steps("unknown", DAY) == []


@pytest.mark.parametrize("row", [row for path in ENDED for row in load(path).rows], ids=lambda row: row.id)
def test_ending_any_row_changes_an_answer(row: Row) -> None:
    before = rules.steps(row["kind"], DAY)
    with ended(row):
        assert [each.id for each in rules.steps(row["kind"], DAY)] == [each.id for each in before if each.id != row.id]


def test_the_rows_hold_together() -> None:
    assert gaps_and_overlaps(load(rules.STEPS), key=("kind", "days", "hours")) == []
