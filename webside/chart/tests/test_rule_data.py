"""The chart's data files are sound, and each of their rows counts: end it, and a tested answer changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from webside.chart import selectors
from webside.chart.codes import HowSoon
from webside.chart.rules import diagnosis_words as words
from webside.chart.rules import emergency, plans, reading, transfers, vitals
from webside.chart.rules.confirmation import Standing, confirmation
from webside.core.dated import Row, ended, figure_problems, gaps_and_overlaps, load

ON = date(2026, 11, 25)
KEYS = {
    "diagnosis_words": ("words",),
    "figures": ("figure",),
    "icd10cm_releases": (),
    "plain_words": ("code",),
    "vitals": ("key", "ucum"),
}
"""What makes a row the same row on another day, by file."""
ENDED = tuple(words.DATA / f"{name}.csv" for name in KEYS)


def _figures(row: Row) -> object:
    confirmed = datetime(2026, 10, 1, tzinfo=UTC)
    held = confirmation(confirmed, None, ON).standing is Standing.CURRENT
    stale = plans.is_stale(confirmed.date(), ON)
    asked = [transfers.ask_at(confirmed, how_soon, ON) for how_soon in HowSoon]
    return held, reading.grade_wanted(ON), emergency.closes_at(confirmed, ON), stale, asked


def _plain_words(row: Row) -> object:
    """Return what the patient reads; where a shorter code says the same, whether the code is offered early."""
    shorter = words.in_plain_words(row["code"][:-1], "", ON)
    return (
        row["code"] in words.common_codes(ON) if shorter == row["words"] else words.in_plain_words(row["code"], "", ON)
    )


def _vitals(row: Row) -> object:
    middle = (Decimal(row["usual_low"]) + Decimal(row["usual_high"])) / 2
    reading = vitals.Reading(key=row["key"], ucum=row["ucum"], value=middle)
    return vitals.vitals_plausible(vitals.VitalsFacts(on=ON, readings=[reading])).allowed


ANSWERS: dict[str, Callable[[Row], Any]] = {
    "diagnosis_words": lambda row: words.parse(row["words"], ON),
    "figures": _figures,
    "icd10cm_releases": lambda row: selectors.release_on(row.effective_from),
    "plain_words": _plain_words,
    "vitals": _vitals,
}


@pytest.mark.parametrize(
    "row", [row for path in ENDED for row in load(path).rows], ids=lambda row: f"{row.table}-{row.id}"
)
def test_ending_any_row_changes_an_answer(row: Row) -> None:
    answer = ANSWERS[row.table]
    before = answer(row)
    with ended(row):
        assert answer(row) != before


@pytest.mark.parametrize("name", KEYS)
def test_the_dates_of_rows_hold_together(name: str) -> None:
    assert gaps_and_overlaps(load(words.DATA / f"{name}.csv"), key=KEYS[name]) == []


def test_the_figures_are_numbers_of_something() -> None:
    assert figure_problems(load(words.DATA / "figures.csv")) == []


def test_the_bounds_of_a_vital_sign_rise() -> None:
    for row in vitals.table().rows:
        low, usual_low, usual_high, high = (
            Decimal(row[column]) for column in ("possible_low", "usual_low", "usual_high", "possible_high")
        )
        assert low <= usual_low < usual_high <= high, row.id
