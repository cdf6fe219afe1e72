"""Captions through the whole application: asked, agreed, read, muted, taken back, the recogniser killed, and the call goes on.

Liz's microphone is a file of telephone keys; the recogniser is a stand-in that finds them in what it hears. That the way is
whole is shown here, not that speech is understood.
"""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import sync_playwright

from tests.e2e import walk
from tests.e2e.call_lab.running import CHROMIUM, launch, wait_for, why_no_browser
from tests.e2e.conftest import PHONE, STORY_FPS, Demo, look, need, running_demo, someone
from tests.e2e.looks import examine, findings, wider_than_its_window
from webside.integrations.captions.stand_in import StandIn, spoken

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]
RATE = 48_000
MUTED = "(element) => element.getAttribute('aria-pressed') === 'true'"


class Room:
    """A running visit: Liz on a phone, whose microphone hears keys, and Dr. Chen at a desk; and the clinic's recogniser."""

    def __init__(self, demo: Demo, server: StandIn, hears: Any, other: Any, stack: ExitStack) -> None:
        self.server = server
        self.liz = stack.enter_context(someone(hears, demo, "Liz Moreno", size=PHONE))
        self.maya = stack.enter_context(someone(other, demo, "Dr. Maya Chen"))
        visit = walk.come_and_wait(self.liz)
        walk.let_in(self.liz, self.maya, visit)

    def lines(self, page: Any) -> str:
        """Return what somebody reads."""
        return str(page.locator("[data-captions-lines]").inner_text())

    def ask(self) -> None:
        """Dr. Chen asks for captions."""
        self.maya.locator(".visit-more > summary").click()
        self.maya.locator('[data-call-action="captions"]').click()
        self.maya.get_by_role("heading", name="Captions").wait_for()

    def goes_on(self) -> None:
        """Whether the call does, on both sides."""
        walk.moves(self.liz)
        walk.moves(self.maya)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    need(why_no_browser())
    sound = tmp_path_factory.mktemp("sound") / "keys.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(spoken("123  ", rate=RATE))
    server = StandIn().start()
    told = {"larkspur": {"en": {"url": server.url, "word_error": 12.5, "measured": "2026-11-20"}}}
    try:
        with (
            running_demo(WEBSIDE_CAPTIONS=json.dumps(told)) as demo,
            sync_playwright() as running,
            ExitStack() as stack,
        ):
            hears = launch(running.chromium, CHROMIUM, f"--use-file-for-fake-audio-capture={sound}", fps=STORY_FPS)
            other = launch(running.chromium, fps=STORY_FPS)
            for browser in (hears, other):
                stack.callback(browser.close)
            yield Room(demo, server, hears, other, stack)
    finally:
        server.stop()


def test_she_is_asked_and_says_no_and_nothing_of_her_voice_goes_anywhere(room: Room) -> None:
    liz = room.liz
    assert liz.locator("[data-call=captions]").is_hidden()
    room.ask()
    question = liz.get_by_role("heading", name="Dr. Maya Chen would like to read what is said.")
    question.wait_for()
    assert "Dr. Maya Chen would like to read what is said." in liz.locator("[data-call=status]").inner_text()
    assert "Your voice goes to the clinic’s own computer" in liz.locator(".visit-captions").inner_text()
    look(liz, "captions-asked-390")
    assert findings(liz) == [] and wider_than_its_window(liz) == []
    assert (room.server.configs, room.server.heard) == ([], 0), "nothing begins before she says so"
    liz.locator(".visit-captions").get_by_role("button", name="No", exact=True).click()
    room.maya.get_by_text("Said no: Liz Moreno").wait_for()
    assert (room.server.configs, room.server.heard) == ([], 0)
    room.goes_on()


def test_she_agrees_after_all_and_what_she_says_is_read_at_the_other_side(room: Room) -> None:
    liz, maya = room.liz, room.maya
    liz.get_by_role("button", name="Let it be written").click()
    liz.get_by_text("Your voice is written down for Dr. Maya Chen.").wait_for()
    maya.get_by_text("Written: Liz Moreno").wait_for()
    wait_for("what she says", lambda: "Liz Moreno: one two three" in room.lines(maya), 30)
    wait_for("four lines of it at most", lambda: maya.locator("[data-captions-lines] > p").count() == 4, 30)
    reads = maya.locator(".visit-captions").inner_text()
    assert "12.5 words of 100 were wrong when the clinic measured it" in reads
    assert maya.locator("[data-captions-lines]").get_attribute("aria-live") == "off"
    assert room.server.configs[-1]["sample_rate"] == 16000
    look(liz, "captions-written-390")
    assert findings(liz) == [] and wider_than_its_window(liz) == []
    examine(maya, "captions-read")
    room.goes_on()


def test_while_she_is_muted_nothing_of_her_is_heard(room: Room) -> None:
    liz, maya = room.liz, room.maya
    mute = liz.locator('[data-call-action="mute"]').first
    mute.click()
    wait_for("muted", lambda: mute.evaluate(MUTED))
    wait_for(
        "what was under way is written",
        lambda: maya.locator("[data-captions-lines] > p:not([data-final])").count() == 0,
        30,
    )
    maya.wait_for_timeout(1500)
    before = room.lines(maya), maya.locator("[data-captions-lines] > p").last.get_attribute("data-line")
    maya.wait_for_timeout(4000)
    assert before == (room.lines(maya), maya.locator("[data-captions-lines] > p").last.get_attribute("data-line"))
    mute.click()
    last = before[1]
    wait_for(
        "she is heard again",
        lambda: maya.locator("[data-captions-lines] > p").last.get_attribute("data-line") != last,
        30,
    )


def test_a_recogniser_that_is_killed_is_said_to_both_and_the_call_goes_on(room: Room) -> None:
    liz, maya = room.liz, room.maya
    room.server.stop()
    liz.get_by_text(
        "Your voice is not being written now: the clinic’s computer does not answer. The call goes on."
    ).wait_for()
    maya.get_by_text("What Liz Moreno says is not being written").wait_for()
    look(maya, "captions-away")
    room.goes_on()
    room.server.start()
    wait_for("it is written again", lambda: maya.locator("[data-captions-state]").inner_text() == "", 30)
    wait_for("and she knows", lambda: liz.locator("[data-captions-own]").inner_text() == "", 30)
    before = room.server.heard
    wait_for("it hears her", lambda: room.server.heard > before + 32000, 30)


def test_loaded_again_the_page_goes_on_with_what_was_agreed(room: Room) -> None:
    liz, maya = room.liz, room.maya
    liz.reload()
    walk.connected(liz)
    liz.get_by_text("Your voice is written down for Dr. Maya Chen.").wait_for()
    wait_for("she is heard", lambda: room.server.voices == 1, 30)
    last = maya.locator("[data-captions-lines] > p").last.get_attribute("data-line")
    wait_for(
        "and read",
        lambda: maya.locator("[data-captions-lines] > p").last.get_attribute("data-line") != last,
        30,
    )


def test_taken_back_her_voice_goes_nowhere_at_once(room: Room) -> None:
    liz, maya = room.liz, room.maya
    liz.get_by_role("button", name="Take it back").click()
    wait_for("nobody is heard", lambda: room.server.voices == 0, 15)
    maya.get_by_text("Said no: Liz Moreno").wait_for()
    heard = room.server.heard
    liz.wait_for_timeout(1500)
    assert room.server.heard == heard
    room.goes_on()


def test_the_patient_may_read_too_and_ending_it_takes_all_away(room: Room) -> None:
    liz, maya = room.liz, room.maya
    liz.locator('[data-call-action="captions"]').click()
    liz.get_by_role("heading", name="Captions").wait_for()
    maya.get_by_role("heading", name="Liz Moreno would like to read what is said.").wait_for()
    maya.locator(".visit-captions").get_by_role("button", name="Yes, write it down").click()
    liz.get_by_text("Written: Dr. Maya Chen").wait_for()
    wait_for("she is heard", lambda: room.server.voices == 1, 30)
    look(liz, "captions-read-390")
    assert findings(liz) == [] and wider_than_its_window(liz) == []
    liz.get_by_role("button", name="End captions").click()
    wait_for("nobody is heard", lambda: room.server.voices == 0, 15)
    maya.get_by_role("button", name="End captions").click()
    for page in (liz, maya):
        wait_for("nothing of it is left", page.locator("[data-call=captions]").is_hidden)
    room.goes_on()
