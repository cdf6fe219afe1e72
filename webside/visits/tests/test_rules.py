"""Minutes and stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webside.core.dated import Row, ended, figure_problems, load
from webside.visits import rules
from webside.visits.codes import ParticipantRole, Stage, VisitStatus
from webside.visits.rules import Heard

AT = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
ENDED = (rules.FIGURES,)
PATIENT, CLINICIAN = ParticipantRole.PATIENT, ParticipantRole.CLINICIAN


def _facts(patient: Heard | None, clinician: Heard | None, *, failed: bool = False) -> rules.CallFacts:
    heard = {role: side for role, side in ((PATIENT, patient), (CLINICIAN, clinician)) if side}
    return rules.call_facts(heard, on=AT.date(), failed=failed, began=AT, ended=AT + timedelta(minutes=28))


@pytest.mark.parametrize(
    ("patient", "clinician", "connected", "video", "audio"),
    [
        (Heard(1330, 1330), Heard(1325, 1325), True, 22, 0),
        (Heard(1330, 1330), Heard(1330, 0), True, 0, 22),  # one saw nothing: no visit with picture
        (Heard(1200, 600), Heard(1180, 700), True, 10, 9),
        (Heard(59, 59), Heard(59, 59), True, 0, 0),  # rounded down
        (Heard(4, 4), Heard(400, 400), False, 0, 0),
        (None, Heard(900, 900), False, 0, 0),  # a side that heard nothing
        (None, None, False, 0, 0),
        (Heard(9000, 9000), Heard(9000, 9000), True, 28, 0),  # longer than the visit lasted
    ],
)
def test_a_minute_is_one_that_both_sides_report(
    patient: Heard | None, clinician: Heard | None, connected: bool, video: int, audio: int
) -> None:
    facts = _facts(patient, clinician)
    assert (facts.connected, facts.video_minutes, facts.audio_minutes) == (connected, video, audio)
    assert facts.total_minutes == 28


def test_a_failed_visit_was_not_connected_whatever_was_measured() -> None:
    assert _facts(Heard(900, 900), Heard(900, 900), failed=True).connected is False


@pytest.mark.parametrize(
    ("status", "cancelled", "checked_in", "admitted", "expected"),
    [
        ("planned", False, False, False, Stage.CHECK_IN),
        ("planned", True, False, False, Stage.CANCELLED),
        ("waiting", False, True, False, Stage.WAITING),
        ("waiting", False, True, True, Stage.ROOM),
        ("in-progress", False, True, True, Stage.ROOM),
        ("stopped", False, False, False, Stage.STOPPED),
        ("finished", False, True, True, Stage.ENDED),
        ("failed", True, True, True, Stage.ENDED),
    ],
)
def test_stages(status: str, cancelled: bool, checked_in: bool, admitted: bool, expected: Stage) -> None:
    found = rules.stage(cancelled=cancelled, status=VisitStatus(status), checked_in=checked_in, admitted=admitted)
    assert found is expected


def test_a_place_grows_old() -> None:
    hour = timedelta(hours=1)
    assert rules.place_is_old(None, AT)
    assert not rules.place_is_old(AT - hour, AT)
    assert rules.place_is_old(AT - hour - timedelta(seconds=1), AT)


def _judged() -> tuple[bool, bool]:
    """Return what the figures decide: whether somebody was connected, and whether a place is too old."""
    return _facts(Heard(5, 0), Heard(5, 0)).connected, rules.place_is_old(AT - timedelta(minutes=1), AT)


@pytest.mark.parametrize("row", [row for path in ENDED for row in load(path).rows], ids=lambda row: row.id)
def test_ending_any_row_changes_an_answer_and_vouches_for_nothing(row: Row) -> None:
    assert _judged() == (True, False)
    with ended(row):
        assert _judged() in {(False, False), (True, True)}


def test_the_figures_hold_together() -> None:
    assert figure_problems(load(rules.FIGURES)) == []
