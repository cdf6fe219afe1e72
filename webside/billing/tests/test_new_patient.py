"""Since when a patient must not have been seen to be new."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webside.billing.rules import tables
from webside.billing.rules.new_patient import seen_since
from webside.core.dated import Row, ended, load

ENDED = tables.FIGURES.paths


@pytest.mark.parametrize(
    ("seen", "since"),
    [
        (datetime(2026, 11, 25, 15, 30, tzinfo=UTC), datetime(2023, 11, 25, 15, 30, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC)),
    ],
)
def test_it_is_the_same_day_three_years_before(seen: datetime, since: datetime) -> None:
    assert seen_since(seen) == since


@pytest.mark.parametrize("row", [row for path in ENDED for row in load(path).rows], ids=lambda row: row.id)
def test_ending_any_row_leaves_it_unknown(row: Row) -> None:
    with ended(row):
        assert seen_since(datetime(2026, 11, 25, tzinfo=UTC)) is None
