"""The page that says whether everything runs, and the answer for monitors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from webside.core import clock, loops
from webside.core.models import Heartbeat

pytestmark = pytest.mark.django_db


def _parts(client: Client) -> dict[str, tuple[str, str]]:
    text = client.get("/health/").content.decode()
    rows = re.findall(r'<th scope="row">([^<]+)</th>\s*<td>(.*?)</td>\s*<td>(.*?)</td>', text, re.DOTALL)
    return {name: (re.sub("<[^>]+>", "", state).strip(), seen.strip()) for name, state, seen in rows}


def _all_beat(*, but: str = "", ago: timedelta = timedelta()) -> None:
    for pulse in loops.pulses():
        at = clock.now() - (ago if pulse.name == but else timedelta())
        Heartbeat.objects.update_or_create(name=pulse.name, defaults={"beat_at": at, "every_seconds": 1})


def test_what_was_never_seen_is_said_to_be_so(client: Client) -> None:
    Heartbeat.objects.all().delete()
    assert "A part of this clinic is not running" in client.get("/health/").content.decode()
    parts = _parts(client)
    assert parts and set(parts.values()) == {("Not seen", "never")}
    assert client.get("/health.json").status_code == 503


def test_one_part_that_stopped_is_named_and_the_others_are_well(client: Client) -> None:
    stopped = loops.pulses()[0].name
    _all_beat(but=stopped, ago=timedelta(days=2))
    parts = _parts(client)
    state, seen = parts.pop(stopped)
    assert state == "Not seen" and 172_800 <= float(seen.removesuffix(" seconds ago")) < 172_900
    assert {state for state, _seen in parts.values()} <= {"Alive"}
    answer = client.get("/health.json")
    assert answer.status_code == 503
    assert [each["name"] for each in answer.json()["heartbeats"] if not each["alive"]] == [stopped]


def test_all_is_well(client: Client) -> None:
    _all_beat()
    assert "Everything is running" in client.get("/health/").content.decode()
    assert client.get("/health.json").json()["ok"] is True


@contextmanager
def _no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def gone() -> list[loops.Pulse]:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(loops, "pulses", gone)
        yield


def test_without_a_database_the_page_says_what_is_safe(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with _no_database(monkeypatch):
        text = client.get("/health/").content.decode()
        assert client.get("/health.json").status_code == 503
        assert client.get("/health").status_code == 503
    assert "The database can’t be reached" in text
    assert "What you had saved is safe" in text
