"""How ready a visit is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webside.portal.codes import Readiness
from webside.portal.rules import VisitFacts, harm_order, readiness
from webside.portal.selectors import TONES

NOW = datetime(2026, 11, 23, 15, 18, tzinfo=UTC)
SOON = VisitFacts(
    start=NOW + timedelta(minutes=12), appointment="booked", state="NY", licensed={"NY", "NJ"}, consent=True
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Readiness.EXPECTED),
        ({"checked_in": True}, Readiness.CHECKED_IN),
        ({"consent": False}, Readiness.NO_CONSENT),
        ({"state": "CT"}, Readiness.NO_LICENCE),
        ({"state": "CT", "licensed": None, "consent": None}, Readiness.EXPECTED),
        ({"start": NOW - timedelta(minutes=1)}, Readiness.LATE),
        ({"visit": "waiting", "checked_in": True}, Readiness.WAITING_READY),
        ({"visit": "waiting"}, Readiness.WAITING_CHECK_IN),
        ({"visit": "waiting", "checked_in": True, "start": NOW - timedelta(minutes=9)}, Readiness.WAITING_READY),
        ({"visit": "stopped", "state": "CT"}, Readiness.STOPPED),
        ({"visit": "in-progress"}, Readiness.IN_VISIT),
        ({"visit": "finished", "appointment": "fulfilled"}, Readiness.DONE),
        ({"visit": "failed"}, Readiness.FAILED),
        ({"appointment": "fulfilled"}, Readiness.DONE),
        ({"appointment": "noshow", "visit": "failed"}, Readiness.MISSED),
        ({"appointment": "cancelled"}, Readiness.CANCELLED),
    ],
)
def test_readiness(changes: dict[str, object], expected: Readiness) -> None:
    assert readiness(replace(SOON, **changes), NOW) is expected  # type: ignore[arg-type]


def test_who_waits_the_longest_comes_first_and_what_is_over_last() -> None:
    rows = [
        (Readiness.DONE, NOW - timedelta(hours=3)),
        (Readiness.EXPECTED, NOW + timedelta(hours=1)),
        (Readiness.WAITING_READY, NOW - timedelta(minutes=4)),
        (Readiness.LATE, NOW - timedelta(minutes=20)),
        (Readiness.STOPPED, NOW - timedelta(minutes=9)),
    ]
    order = [ready for ready, since in sorted(rows, key=lambda row: harm_order(*row))]
    assert order == [
        Readiness.STOPPED, Readiness.WAITING_READY, Readiness.LATE, Readiness.EXPECTED, Readiness.DONE,
    ]  # fmt: skip


def test_every_state_has_a_tone() -> None:
    assert set(TONES) == set(Readiness)
