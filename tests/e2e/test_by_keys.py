"""By keyboard alone, beside what `test_walk.py` walks: what she needs, the line, how it was, and that something is wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.conftest import Demo, someone
from tests.e2e.keyboard import Keyboard
from tests.e2e.test_need import SUGAR

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

A_TIME = re.compile(r".*\d{1,2}:\d\d [ap]m$")


def test_from_what_she_needs_to_how_it_was_by_keyboard_alone(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno") as page:
        keys = Keyboard(page)
        book_what_she_needs(page, keys)
        stand_in_line_and_leave(page, keys)
        say_how_it_was(page, keys)
        say_what_is_wrong(page, keys)


def book_what_she_needs(page: Any, keys: Keyboard) -> None:
    """Say it in her own words, take the first time of what fits best, and confirm it."""
    page.goto("/o/larkspur/")
    keys.write("What is going on?", SUGAR)
    keys.press("Show my choices")
    page.get_by_role("heading", name="2 things fit what you wrote").wait_for()
    keys.reach(A_TIME)
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("^Go on")).first.wait_for()
    keys.press("Go on")
    page.get_by_role("heading", name="Check and book").wait_for()
    page.get_by_role("button", name="Book this visit").wait_for()  # below what may be asked
    if page.get_by_label("I have read this and I agree").count():
        keys.tick("I have read this and I agree")
    keys.press("Book this visit")
    page.get_by_role("heading", name="Your visit is booked").wait_for()


def stand_in_line_and_leave(page: Any, keys: Keyboard) -> None:
    """Get in line where she is, and leave it; that can be taken back."""
    page.goto("/o/larkspur/")
    keys.press("See someone now")
    page.get_by_label("None of these").wait_for()
    keys.tick("None of these")
    keys.write("What is it about?", "A cough for a week")
    keys.press("Get in line")
    page.get_by_role("heading", name=re.compile("You’re next|before you")).wait_for()
    keys.press("Leave the line")
    page.get_by_role("heading", name="You have left the line").wait_for()


def say_how_it_was(page: Any, keys: Keyboard) -> None:
    """Open the newest summary and answer the two questions."""
    page.goto("/o/larkspur/home/")
    keys.press("Read the summary")
    page.get_by_role("heading", name=re.compile("^Your visit with")).wait_for()
    keys.reach(re.compile("How was it|Change what you said"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="How was your visit?").wait_for()
    keys.choose(re.compile("Very well"), "Very well")
    keys.choose(re.compile("Yes"), "Mostly")
    keys.press("Send")
    page.get_by_text("You can change it for a day").wait_for()


def say_what_is_wrong(page: Any, keys: Keyboard) -> None:
    """Ask for a person's help."""
    keys.press("Something is wrong")
    page.get_by_label("What is wrong?").wait_for()
    keys.write("What is wrong?", "The pharmacy has no prescription for me")
    keys.press("Send it to the front desk")
    page.get_by_text("Nobody has seen it yet").wait_for()
