"""The fixtures of these tests."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.stand_in import House


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    folder = Path("/tmp") / f"webside-house-{os.getpid()}"
    house = House(folder)
    yield house
    for process in house.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        if process.stdout:
            process.stdout.close()
    house.database().stop()
    shutil.rmtree(folder, ignore_errors=True)
