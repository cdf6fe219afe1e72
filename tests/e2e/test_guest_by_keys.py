"""By keyboard alone: a clinician asks somebody in, lets her in and says what she may do; the guest comes, writes and leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import Demo, someone
from tests.e2e.keyboard import Keyboard

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(1500)]


def lose_one_answer(page: Any, address: str) -> None:
    """Let the server do what is asked once, and the page never hear of it."""

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    page.watch.expect("ERR_")
    page.route(address, lose, times=1)


def test_a_guest_comes_and_goes_by_keyboard_alone(demo: Demo, browsers: Callable[..., Any]) -> None:
    chromium = browsers(fps=6)
    with (
        someone(chromium, demo, "Liz Moreno") as liz,
        someone(browsers(fps=6), demo, "Dr. Maya Chen") as maya,
        someone(chromium, demo, None) as guest,
    ):
        walk.let_in(liz, maya, walk.come_and_wait(liz))
        theirs, hers = Keyboard(maya), Keyboard(guest)

        theirs.press("People")
        theirs.press("Ask somebody in by a link")
        theirs.write("Name", "Rosa Diaz")
        theirs.reach("Comes as")
        maya.keyboard.type("Interpreter")
        lose_one_answer(maya, "**/people/ask/")
        theirs.press("Make the link")
        maya.get_by_text("Press again: they are asked once").wait_for()
        theirs.press("Make the link")
        maya.get_by_text("The link for Rosa Diaz").wait_for()
        assert maya.locator("form.visit-seatdo").count() == 1, "asked twice, she has one seat"

        guest.goto(maya.locator("#asked-link").input_value())
        hers.press("Join")
        guest.get_by_role("heading", name="One moment").wait_for()
        theirs.press("Let Rosa Diaz in")
        guest.locator(".ws-call").wait_for()
        wait_for("she is in the call", lambda: "has joined" in liz.locator("[data-call=people-note]").inner_text())

        hers.press("Chat")
        wait_for("the field is ready", lambda: guest.evaluate("() => document.activeElement?.id") == "chat-text")
        guest.keyboard.type("I interpret for Liz.")
        guest.keyboard.press("Enter")
        maya.locator("[data-chat-list]").get_by_text("I interpret for Liz.").wait_for(state="attached")
        guest.keyboard.press("Escape")

        theirs.press("What Rosa Diaz may do")
        theirs.tick("Speak")
        theirs.press("Keep")
        wait_for("she may not speak", lambda: guest.locator("[data-call-action=mute]").first.is_disabled())

        hers.press("Leave")
        guest.get_by_role("dialog").wait_for()
        hers.reach(re.compile("Leave"))
        guest.keyboard.press("Enter")
        guest.locator(".ws-call").wait_for(state="detached")
        wait_for("it is said", lambda: "has left" in maya.locator("[data-call=people-note]").inner_text())
