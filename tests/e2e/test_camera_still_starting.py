"""Somebody is let in within the second in which her camera starts: she is seen all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import Demo, someone

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(300)]

STILL_STARTING = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (constraints) =>
  location.pathname.endsWith("/waiting/") ? new Promise(() => undefined) : real(constraints);
"""


def test_who_is_let_in_while_her_camera_still_starts_is_seen_in_the_call(demo: Demo, chromium: Any) -> None:
    """Shown failing with the waiting room's choice taken from whether there is a camera yet: she comes without a picture."""
    with someone(chromium, demo, "Liz Moreno") as liz, someone(chromium, demo, "Dr. Maya Chen") as maya:
        liz.add_init_script(STILL_STARTING)
        visit = walk.come_and_wait(liz)
        walk.let_in(liz, maya, visit)
