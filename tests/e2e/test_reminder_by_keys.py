"""By keyboard alone: what a reminder's letter leads to is answered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import Demo, someone, wait_until
from tests.e2e.keyboard import Keyboard
from tests.e2e.test_answers_by_keys import A_TIME

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_reminder_is_answered_by_keyboard_alone(demo: Demo, chromium: Any) -> None:
    """Confirm, move and cancel, each from the letter; what was cancelled is taken back."""
    with someone(chromium, demo, "Liz Moreno") as page:
        keys = Keyboard(page)
        reminder = walk.letters_link(page, "^Your visit with .* is coming", r"/o/larkspur/answer/[^/\"]+/")

        def open_() -> bool:
            page.goto(reminder)
            return bool(page.get_by_role("button", name="Confirm that I come").count())

        wait_until("the page that the reminder opens", open_)
        keys.press("Confirm that I come")
        page.get_by_text("Thank you. The visit is confirmed.").wait_for()

        page.goto(reminder)
        page.get_by_text("Confirmed").wait_for()
        keys.press("Cancel this visit")
        page.get_by_text("Undo").wait_for()
        keys.press("Undo")
        page.get_by_role("link", name="Move").first.wait_for()

        keys.press("Move")
        page.get_by_role("heading", name=re.compile("[Mm]ove")).first.wait_for()
        keys.reach(A_TIME)
        page.keyboard.press("Space")
        keys.press("Move to this time")
        page.get_by_text(re.compile("moved", re.IGNORECASE)).first.wait_for()
