"""Dates as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webside.ui.when import clock_time, distance, say, zone_name

NOW = datetime(2026, 11, 23, 20, 8, tzinfo=UTC)  # 3:08 pm in New York, 12:08 pm in Los Angeles
EAST, WEST = "America/New_York", "America/Los_Angeles"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (12, "today, 3:20 pm, in 12 minutes"),
        (-12, "today, 2:56 pm, 12 minutes ago"),
        (0, "today, 3:08 pm, now"),
        (1, "today, 3:09 pm, in 1 minute"),
        (60, "today, 4:08 pm, in 1 hour"),
        (125, "today, 5:13 pm, in 2 hours and 5 minutes"),
        (8 * 60 + 5, "today, 11:13 pm, in 8 hours"),
        (24 * 60, "tomorrow, 3:08 pm"),
        (-24 * 60, "yesterday, 3:08 pm"),
        (10 * 24 * 60, "Thursday, December 3, 3:08 pm"),
        (60 * 24 * 60, "Friday, January 22, 3:08 pm"),
        (-400 * 24 * 60, "October 19, 2025, 4:08 pm"),
    ],
)
def test_full(minutes: int, words: str) -> None:
    assert say(NOW + timedelta(minutes=minutes), NOW, zone=EAST) == words


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("short", "today, 3:20 pm"),
        ("time", "3:20 pm"),
        ("seconds", "3:20:00 pm"),
        ("day", "today"),
        ("distance", "in 12 minutes"),
        ("exact", "2026-11-23 3:20:00 pm"),
    ],
)
def test_styles(style: str, words: str) -> None:
    assert say(NOW + timedelta(minutes=12), NOW, zone=EAST, style=style) == words


def test_the_zone_stands_with_the_time() -> None:
    moment = NOW + timedelta(minutes=12)
    assert say(moment, NOW, zone=WEST, show_zone=True) == "today, 12:20 pm Pacific Time, in 12 minutes"


def test_today_is_the_day_where_it_is_said() -> None:
    moment = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    assert say(moment, NOW, zone=EAST, style="short") == "tomorrow, 1:30 am"
    assert say(moment, NOW, zone=WEST, style="short") == "today, 10:30 pm"


def test_the_hour_that_comes_twice_keeps_its_distance_and_says_which_one() -> None:
    before = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 1:30 am, still summer time
    after = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 1:30 am again
    assert say(after, before, zone=EAST) == "today, 1:30 am EST, in 1 hour"
    assert say(before, before, zone=EAST, style="time") == "1:30 am EDT"
    assert say(after + timedelta(hours=1), before, zone=EAST, style="time") == "2:30 am"


def test_noon_and_midnight() -> None:
    assert clock_time(datetime(2026, 1, 1, 0, 5, tzinfo=UTC)) == "12:05 am"
    assert clock_time(datetime(2026, 1, 1, 12, 0, tzinfo=UTC)) == "12:00 pm"


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(seconds=45), "in 1 minute"),
        (timedelta(minutes=59, seconds=20), "in 59 minutes"),
        (timedelta(minutes=59, seconds=45), "in 1 hour"),
        (timedelta(hours=35), "in 35 hours"),
        (timedelta(days=3), "in 3 days"),
        (timedelta(days=-2), "2 days ago"),
    ],
)
def test_distance(delta: timedelta, words: str) -> None:
    assert distance(NOW + delta, NOW) == words


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        say(datetime(2026, 1, 1), NOW)  # noqa: DTZ001 - the point of the test


def test_an_unknown_zone_has_its_abbreviation() -> None:
    assert zone_name(NOW.astimezone(UTC)) == "UTC"
