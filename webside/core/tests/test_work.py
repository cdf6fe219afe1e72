"""The worker ends when it is told to, however often it is told within a moment."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from webside.core import loops
from webside.core.management.commands import work


class ToldAgain(threading.Event):
    """A worker's end that is told of once more while it is being set, as the supervisor and the keeper may do."""

    def set(self) -> None:
        with self._cond:  # type: ignore[attr-defined]
            signal.raise_signal(signal.SIGTERM)
        super().set()


@pytest.fixture
def handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.timeout(20)
def test_who_tells_it_twice_does_not_make_it_wait_for_itself(
    monkeypatch: pytest.MonkeyPatch, handlers_as_before: None
) -> None:
    def tell() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    closed = []
    monkeypatch.setattr(loops, "registered", lambda: [loops.Loop("told", tell, 60, lambda: closed.append("told"))])
    monkeypatch.setattr(loops, "beat", lambda *_: None)
    monkeypatch.setattr(work, "threading", SimpleNamespace(Event=ToldAgain, Thread=threading.Thread))
    call_command("work")
    assert closed == ["told"]
