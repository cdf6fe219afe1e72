"""The line: who is next and why, and how long it may take. The day of 300 arrivals is lived through in ``line_day``."""

from __future__ import annotations

import time as clock_of_the_machine
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from webside.core.dated import Row, ended, figure_problems, load
from webside.scheduling import rules
from webside.scheduling.codes import Urgency
from webside.scheduling.rules import Before, Lengths, Place, Range, Server, Span, WeeklyHours
from webside.scheduling.rules.line import head_start
from webside.scheduling.tests.line_day import live

ENDED = (rules.FIGURES,)
NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
TODAY = NOW.date()
CHEN, ORTIZ = UUID(int=1), UUID(int=2)
BOTH = frozenset({CHEN, ORTIZ})
VISITS = Lengths(2.5, 0.4)  # about 12 minutes


def waiting(number: int, minutes: float, urgency: Urgency = Urgency.ROUTINE, **more: object) -> Place:
    """Return somebody who has waited for some minutes."""
    values: dict[str, object] = {"may": BOTH, **more}
    return Place(UUID(int=100 + number), NOW - timedelta(minutes=minutes), urgency, **values)  # type: ignore[arg-type]


def ids(line: list[Place]) -> list[int]:
    return [place.id.int - 100 for place in line]


def test_who_came_first_is_first() -> None:
    assert ids(rules.in_order([waiting(1, 5), waiting(2, 30), waiting(3, 10)], TODAY)) == [2, 3, 1]


def test_the_urgent_come_first_then_the_soon() -> None:
    line = [waiting(1, 31), waiting(2, 5, Urgency.SOON), waiting(3, 1, Urgency.URGENT)]
    assert ids(rules.in_order(line, TODAY)) == [3, 2, 1]


def test_nobody_starves() -> None:
    """However many urgent people come, who has waited two hours longer is before each of them."""
    patient = waiting(0, 121)
    line = [patient, *(waiting(number, 0, Urgency.URGENT) for number in range(1, 30))]
    assert ids(rules.in_order(line, TODAY))[0] == 0
    assert rules.why_before(patient, line[1], TODAY) is Before.LONGER_ALL_THE_SAME


def test_the_same_moment_keeps_its_order_however_the_rows_come() -> None:
    line = [waiting(number, 5) for number in range(6)]
    assert ids(rules.in_order(reversed(line), TODAY)) == ids(rules.in_order(line, TODAY)) == list(range(6))
    assert rules.why_before(line[0], line[1], TODAY) is Before.SAME_MOMENT


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (waiting(1, 10), waiting(2, 5), Before.LONGER),
        (waiting(1, 1, Urgency.URGENT), waiting(2, 60), Before.URGENCY),
        (waiting(1, 5, Urgency.SOON), waiting(2, 60), None),
        (waiting(1, 40), waiting(2, 5, Urgency.SOON), Before.LONGER_ALL_THE_SAME),
    ],
)
def test_each_order_has_its_reason(first: Place, second: Place, why: Before | None) -> None:
    assert rules.why_before(first, second, TODAY) is why


def test_who_waits_for_others_is_not_in_the_way() -> None:
    line = [waiting(1, 30, may=frozenset({ORTIZ})), waiting(2, 20), waiting(3, 10, may=frozenset({CHEN}))]
    assert rules.place_of(line, line[2].id) == 1
    assert rules.place_of(line, line[1].id) == 1
    assert rules.place_of([waiting(1, 30), waiting(2, 20, may=frozenset())], UUID(int=102)) == 1


@pytest.mark.parametrize("known", list(Urgency))
@pytest.mark.parametrize("found", list(Urgency))
def test_software_never_lowers_an_urgency(known: Urgency, found: Urgency) -> None:
    levels = list(Urgency)
    assert levels.index(rules.raised(known, found)) == max(levels.index(known), levels.index(found))


# ------------------------------------------------------------------------------------------------ the range


def told(line: list[Place], servers: list[Server], **more: object) -> list[Range | None]:
    values: dict[str, object] = {"visits": VISITS, "now": NOW, "on": TODAY, **more}
    return list(rules.estimate(line, servers=servers, **values).values())  # type: ignore[arg-type]


def test_somebody_who_is_free_comes_now() -> None:
    assert told([waiting(1, 0)], [Server(CHEN)]) == [Range(0, 5)]


def test_the_range_grows_with_those_before_her() -> None:
    found = told([waiting(number, 60 - number) for number in range(6)], [Server(CHEN)])
    lows = [each.low for each in found if each]
    assert lows == sorted(lows) and lows[-1] > 30 and len(lows) == 6


def test_a_second_clinician_halves_the_wait() -> None:
    line = [waiting(number, 60 - number) for number in range(8)]
    one, two = told(line, [Server(CHEN)])[-1], told(line, [Server(CHEN), Server(ORTIZ)])[-1]
    assert one and two and two.high < one.high * 0.7


def test_a_clinician_who_may_not_see_her_is_no_help() -> None:
    line = [waiting(number, 60 - number, may=frozenset({CHEN})) for number in range(4)]
    assert told(line, [Server(CHEN), Server(ORTIZ)]) == told(line, [Server(CHEN)])


def test_nobody_who_may_see_her_is_no_number() -> None:
    assert told([waiting(1, 30, may=frozenset())], [Server(CHEN)]) == [None]
    assert told([waiting(1, 30)], []) == [None]


def test_who_goes_before_her_turn_is_no_number() -> None:
    line = [waiting(number, 60 - number) for number in range(9)]
    assert told(line, [Server(CHEN, until=NOW + timedelta(minutes=20))])[-1] is None


def test_a_visit_that_runs_long_is_thought_to_run_on() -> None:
    """The longer it has taken, the longer it takes still: never *any moment now* for an hour."""
    just, long, longer, forgotten = (
        told([waiting(1, 0)], [Server(CHEN, since=NOW - timedelta(minutes=minutes))])[0] for minutes in (1, 30, 90, 300)
    )
    assert just and long and longer and longer.high >= long.high >= 10
    assert forgotten is None  # five hours: no visit says how that goes on


def test_a_booked_visit_is_kept() -> None:
    booked = Span(NOW - timedelta(minutes=1), NOW + timedelta(minutes=25))
    found = told([waiting(1, 0)], [Server(CHEN, booked=(booked,))])[0]
    assert found is not None and found.low >= 25


def test_urgent_people_of_late_widen_the_range_of_those_they_pass() -> None:
    line = [waiting(number, 60 - number) for number in range(5)]
    calm, busy = told(line, [Server(CHEN)])[-1], told(line, [Server(CHEN)], urgent_an_hour=2)[-1]
    assert calm and busy and busy.high > calm.high
    urgent = [waiting(1, 0, Urgency.URGENT)]
    assert told(urgent, [Server(CHEN)]) == told(urgent, [Server(CHEN)], urgent_an_hour=2)


def test_the_front_desks_choice_is_waited_for() -> None:
    line = [waiting(1, 5, asked_for=ORTIZ)]
    assert told(line, [Server(CHEN), Server(ORTIZ, since=NOW)])[0] != Range(0, 5)


def test_few_visits_say_little_and_many_say_it_all() -> None:
    usual, few, many = (rules.lengths([8.0] * number, 20, TODAY) for number in (0, 2, 400))
    assert usual and few and many
    assert usual.middle > few.middle > many.middle
    assert 20 * 0.99 < 2.718281828**usual.middle < 20 * 1.01
    assert rules.lengths([], 0, TODAY) is None


SEEDS = range(1, 7)


def test_four_of_five_waits_of_a_day_lie_within_the_range_that_was_shown() -> None:
    days = [live(seed) for seed in SEEDS]
    scores = [rules.scored(day.seen) for day in days]
    shares = [inside / number for inside, number in scores]
    assert min(shares) >= 0.8, shares
    assert all(number >= 250 for _inside, number in scores)  # most are told something, and are seen
    assert max(day.median_width for day in days) <= 25, [day.median_width for day in days]
    assert max(day.unsaid for day in days) <= 15


def test_a_range_that_is_too_narrow_would_be_seen() -> None:
    """The same day with the middle alone shown: far fewer waits lie within."""
    table = load(rules.FIGURES)
    with ended(table.by_id["range-low"], table.by_id["range-high"]):
        assert live(1).seen == []  # nobody is told a number that nobody vouches for
    day = live(1)
    narrow = [
        (waited, Range((each.low + each.high) // 2 - 2, (each.low + each.high) // 2 + 3)) for waited, each in day.seen
    ]
    inside, number = rules.scored(narrow)
    assert inside / number < 0.6


def test_fifty_waiting_are_told_within_five_milliseconds() -> None:
    line = [waiting(number, 90 - number, may=BOTH) for number in range(50)]
    servers = [Server(CHEN, since=NOW - timedelta(minutes=4)), Server(ORTIZ)]
    told(line, servers)  # the draws are made once in a process
    best = 1.0
    for _ in range(20):
        began = clock_of_the_machine.perf_counter()
        told(line, servers)
        best = min(best, clock_of_the_machine.perf_counter() - began)
    assert best < 0.005, f"{best * 1000:.1f} ms"


# ------------------------------------------------------------------------------------------------ the hours


def _open(weekday: int, starts: int, ends: int) -> WeeklyHours:
    return WeeklyHours(weekday, time(starts), time(ends), "America/New_York")


FRIDAY, SATURDAY = 4, 5


def test_the_line_is_open_within_its_hours() -> None:
    day = [_open(FRIDAY, 8, 21)]
    opened, later = rules.opening(day, NOW)  # Friday, 3 pm in New York
    assert later is None and opened is not None and opened.end == datetime(2026, 11, 28, 2, tzinfo=UTC)
    shut, later = rules.opening(day, NOW + timedelta(hours=7))
    assert shut is None and later == datetime(2026, 12, 4, 13, tzinfo=UTC)
    assert rules.opening([], NOW) == (None, None)


def test_hours_that_touch_at_midnight_do_not_close() -> None:
    night = [_open(FRIDAY, 18, 0), _open(SATURDAY, 0, 3)]
    opened, _ = rules.opening(night, datetime(2026, 11, 28, 4, tzinfo=UTC))  # 11 pm
    assert opened is not None and opened.end == datetime(2026, 11, 28, 8, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------ the figures


def _judged() -> tuple[object, ...]:
    """Return an answer that hangs on each figure."""
    line = rules.in_order(
        [waiting(0, 100), waiting(1, 5, Urgency.SOON), waiting(2, 20), waiting(3, 1, Urgency.URGENT)], TODAY
    )
    names = (
        "answer_within", "call_after", "duty_silence", "closing_warning", "least_visit", "watch_stale", "on_call_again",
    )  # fmt: skip
    return (
        ids(line),
        [head_start(each, TODAY) for each in Urgency],
        [rules.lasting(name, TODAY) for name in names],
        [rules.number(name, TODAY) for name in ("near_place", "recent_visits", "most_people", "most_people_ever")],
        (rules.horizon(NOW), _is_refused(hours=200, weeks=1), _is_refused(hours=12, weeks=26)),
        rules.estimate(line, servers=[Server(CHEN)], visits=rules.lengths([9.0], 20, TODAY), now=NOW, on=TODAY),
    )


def _is_refused(*, hours: int, weeks: int) -> bool:
    """Whether nobody can be on call for so long, or so many weeks in a row."""
    begins = datetime(2026, 11, 30, 8)  # noqa: DTZ001 - by the clock on the wall
    try:
        rules.stretches(begins, begins + timedelta(hours=hours), "America/New_York", weeks=weeks, on=TODAY)
    except rules.NotAStretch:
        return True
    return False


@pytest.mark.parametrize("row", [row for file in ENDED for row in load(file).rows], ids=lambda row: row.id)
def test_ending_any_row_changes_an_answer_and_vouches_for_nothing(row: Row) -> None:
    before = _judged()
    with ended(row):
        after = _judged()
    assert after != before
    if row["figure"].startswith(("range", "worlds", "leave", "between", "longest", "prior")):
        assert set(after[-1].values()) == {None}  # type: ignore[attr-defined]
    assert rules.number(row["figure"], date(2025, 1, 1)) is None


def test_the_figures_hold_together() -> None:
    assert figure_problems(load(rules.FIGURES)) == []
