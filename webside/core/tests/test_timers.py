"""Timers are rows: due ones run once, a crash runs them again, a bad one stops nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from webside.core import clock, frames, timers
from webside.core.actor import system
from webside.core.models import Timer
from webside.people.models import Patient
from webside.testing.cast import Cast


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    seen: list[Any] = []
    monkeypatch.setattr(timers, "_handlers", {"test": lambda payload: seen.append(dict(payload))})
    return seen


def _set(cast: Cast, key: str, seconds: float, **payload: Any) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        timers.set_timer("test", key=key, due_at=clock.now() + timedelta(seconds=seconds), payload=payload)


def test_what_is_due_runs_once_and_what_is_not_waits(cast: Cast, ran: list[Any]) -> None:
    _set(cast, "due", -1, n=1)
    _set(cast, "later", 60, n=2)
    assert timers.run_due() == 1
    assert timers.run_due() == 0
    assert ran == [{"n": 1}]


def test_a_timer_moved_runs_at_its_new_time(cast: Cast, ran: list[Any]) -> None:
    _set(cast, "moved", -1)
    _set(cast, "moved", 60)
    assert timers.run_due() == 0
    assert Timer.objects.count() == 1


def test_a_cancelled_timer_does_not_run(cast: Cast, ran: list[Any]) -> None:
    _set(cast, "gone", -1)
    timers.cancel_timer("test", key="gone")
    assert timers.run_due() == 0


def test_it_runs_in_the_frame_of_its_tenant(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    handler = {"test": lambda _: seen.extend(patient.family for patient in Patient.objects.all())}
    monkeypatch.setattr(timers, "_handlers", handler)
    _set(cast, "k", -1)
    timers.run_due()
    assert seen == ["Moreno"]


def test_a_bad_one_is_tried_again_later_and_stops_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(payload: Any) -> None:
        if payload.get("bad"):
            raise ValueError("Liz Moreno")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    monkeypatch.setattr(timers, "_handlers", {"test": fail})
    _set(cast, "bad", -2, bad=True)
    _set(cast, "good", -1)
    assert timers.run_due() == 2
    bad = Timer.objects.get(key="bad")
    assert (bad.attempts, bad.last_error, bad.done_at) == (1, "ValueError", None)
    assert bad.due_at > clock.now()
    assert Timer.objects.get(key="good").done_at is not None


def test_one_that_sets_itself_anew_runs_again_later(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks again later, as an unanswered call for help does, must not be marked as done by its first run."""
    seen: list[int] = []

    def again(payload: Any) -> None:
        seen.append(payload["n"])
        timers.set_timer(
            "test", key="again", due_at=clock.now() + timedelta(minutes=1), payload={"n": payload["n"] + 1}
        )

    monkeypatch.setattr(timers, "_handlers", {"test": again})
    _set(cast, "again", -1, n=1)
    assert timers.run_due() == 1
    assert timers.is_set("test", key="again") and not timers.is_set("test", key="other")
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
        assert timers.run_due() == 1
    assert seen == [1, 2]
    timers.cancel_timer("test", key="again")
    assert not timers.is_set("test", key="again")
