"""Which free time suits whom, how long it is held; and what a figure of the data decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from webside.core.dated import Row, ended, figure_problems, load
from webside.notifications.rules import Quiet
from webside.scheduling import rules
from webside.scheduling.codes import DayPart
from webside.scheduling.rules import Wish

ENDED = (rules.OFFERS,)
NEW_YORK = "America/New_York"
NIGHT = Quiet(time(21), time(8), NEW_YORK)
TODAY = date(2026, 12, 1)  # a Tuesday
CHEN, OKAFOR = UUID(int=1), UUID(int=2)


def here(text: str, zone: str = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


NOW = here("2026-12-01T10:00")
ANY = Wish(zone=NEW_YORK, until=date(2026, 12, 31), notice=timedelta(hours=2))


@pytest.mark.parametrize(
    ("wish", "start", "fits"),
    [
        (ANY, "2026-12-03T09:00", True),
        (ANY, "2026-12-01T12:00", True),
        (ANY, "2026-12-01T11:59", False),
        (replace(ANY, notice=timedelta(hours=48)), "2026-12-03T09:00", False),
        (replace(ANY, weekdays=frozenset({3})), "2026-12-03T09:00", True),
        (replace(ANY, weekdays=frozenset({0, 4})), "2026-12-03T09:00", False),
        (replace(ANY, parts=frozenset({DayPart.MORNING})), "2026-12-03T11:59", True),
        (replace(ANY, parts=frozenset({DayPart.MORNING})), "2026-12-03T12:00", False),
        (replace(ANY, parts=frozenset({DayPart.EVENING})), "2026-12-03T17:00", True),
        (replace(ANY, until=date(2026, 12, 3)), "2026-12-03T23:30", True),
        (replace(ANY, until=date(2026, 12, 3)), "2026-12-04T00:00", False),
        (replace(ANY, practitioner=OKAFOR), "2026-12-03T09:00", False),
        (replace(ANY, practitioner=CHEN), "2026-12-03T09:00", True),
        (replace(ANY, before=here("2026-12-03T09:00")), "2026-12-03T09:00", False),
        (replace(ANY, before=here("2026-12-03T09:20")), "2026-12-03T09:00", True),
        (replace(ANY, refused=frozenset({(CHEN, here("2026-12-03T09:00"))})), "2026-12-03T09:00", False),
        (replace(ANY, refused=frozenset({(OKAFOR, here("2026-12-03T09:00"))})), "2026-12-03T09:00", True),
        # Her own wall clock decides which day and which part of it a time is.
        (replace(ANY, zone="America/Los_Angeles", parts=frozenset({DayPart.MORNING})), "2026-12-03T14:30", True),
        (replace(ANY, zone="America/Los_Angeles", weekdays=frozenset({2})), "2026-12-03T02:00", True),
    ],
)
def test_what_suits(wish: Wish, start: str, fits: bool) -> None:
    assert rules.suits(wish, here(start), CHEN, NOW) is fits


def test_the_earliest_that_suits_whoever_it_is_with() -> None:
    times = [(here("2026-12-04T09:00"), CHEN), (here("2026-12-03T15:00"), OKAFOR), (here("2026-12-03T09:00"), CHEN)]
    assert rules.first_suiting(ANY, times, NOW) == (here("2026-12-03T09:00"), CHEN)
    afternoons = replace(ANY, parts=frozenset({DayPart.AFTERNOON}))
    assert rules.first_suiting(afternoons, times, NOW) == (here("2026-12-03T15:00"), OKAFOR)
    assert rules.first_suiting(replace(ANY, weekdays=frozenset({6})), times, NOW) is None


def held(start: str, now: str = "2026-12-01T10:00", quiet: Quiet = NIGHT) -> str:
    """Return until when a time is held, on the wall of New York."""
    found = rules.held_until(now=here(now), start=here(start), quiet=quiet, on=TODAY)
    return f"{found.astimezone(ZoneInfo(NEW_YORK)):%m-%d %H:%M}" if found else ""


@pytest.mark.parametrize(
    ("start", "now", "until"),
    [
        ("2026-12-03T09:00", "2026-12-01T10:00", "12-01 12:00"),  # two hours
        ("2026-12-01T12:00", "2026-12-01T10:00", "12-01 11:30"),  # others can still book it
        ("2026-12-01T10:45", "2026-12-01T10:00", "12-01 10:15"),
        ("2026-12-01T10:44", "2026-12-01T10:00", ""),  # too little time to answer
        ("2026-12-03T09:00", "2026-12-01T20:00", "12-02 09:00"),  # the second hour comes in the morning
        ("2026-12-03T09:00", "2026-12-01T21:00", ""),  # nobody is woken
        ("2026-12-03T09:00", "2026-12-02T07:59", ""),
        ("2026-12-03T09:00", "2026-12-02T08:00", "12-02 10:00"),
        ("2026-12-02T08:10", "2026-12-01T20:30", "12-02 07:40"),  # half an hour awake is enough
        ("2026-12-02T08:10", "2026-12-01T20:50", ""),  # ten minutes are not
        ("2026-11-01T12:00", "2026-10-31T20:30", "11-01 09:30"),  # the night has 25 hours' clock, and ends at eight
        ("2027-03-14T12:00", "2027-03-13T20:30", "03-14 09:30"),
    ],
)
def test_how_long_a_time_is_held(start: str, now: str, until: str) -> None:
    assert held(start, now) == until


def test_who_has_no_quiet_hours_is_offered_a_time_at_night() -> None:
    assert held("2026-12-03T09:00", "2026-12-01T23:00", Quiet(time(0), time(0), NEW_YORK)) == "12-02 01:00"


def _judged() -> tuple[object, ...]:
    """Return an answer that hangs on each figure."""
    return (
        held("2026-12-03T09:00"),
        held("2026-12-01T10:45"),
        [rules.offering(name, TODAY) for name in ("offer_grace", "offer_look")],
    )


@pytest.mark.parametrize("row", [row for file in ENDED for row in load(file).rows], ids=lambda row: row.id)
def test_ending_any_row_changes_an_answer_and_offers_nothing(row: Row) -> None:
    before = _judged()
    with ended(row):
        after = _judged()
    assert after != before
    if row["figure"] in ("offer_hold", "offer_least", "offer_ahead"):
        assert after[:2] == ("", "")


def test_the_figures_hold_together() -> None:
    assert figure_problems(load(rules.OFFERS)) == []
