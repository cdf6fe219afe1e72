"""Showing a screen and hearing heart and lungs in the rooms of the clinic: what stands where, for both of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import Demo, someone, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair")]
PHONE = {"width": 390, "height": 844}


def keep(page: Any, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if folder := os.environ.get("WEBSIDE_LOOKS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_both_are_asked_told_and_can_end_it(demo: Demo, chromium: Any) -> None:
    with (
        someone(chromium, demo, "Liz Moreno", size=PHONE) as liz,
        someone(chromium, demo, "Dr. Maya Chen") as maya,
    ):
        liz.get_by_role("link", name="Check in and join").click()
        liz.get_by_role("link", name="Go on without the check").click()
        walk.check_in(liz)
        maya.get_by_role("link", name="Open the visit").click()
        maya.get_by_role("button", name="Let Liz in").click()
        liz.locator(".ws-call").wait_for()
        for page in (liz, maya):
            page.locator("[data-behavior~=visits-call][data-state=connected]").wait_for()
        sounds(liz, maya)
        screen(liz, maya)
        beside(maya)
        page = liz
        page.get_by_role("button", name="Devices").click()
        page.get_by_role("button", name="Sound only, all pictures off").click()
        keep(page, "phone-devices")
        maya.get_by_text("Liz Moreno chose sound only. Sound goes on.").wait_for()
        assert fits(liz) and fits(maya)
        large(liz)
        more(maya)


def sounds(liz: Any, maya: Any) -> None:
    maya.get_by_role("button", name="Listen to heart and lungs").click()
    heading = liz.get_by_role("heading", name="would like to hear your heart and lungs.")
    heading.wait_for()
    keep(liz, "phone-sounds-asked")
    liz.get_by_role("button", name="Turn it on").click()
    maya.get_by_role("region", name="Heart and lung sounds").get_by_text("Whole sound, nothing taken out.").wait_for()
    keep(maya, "desk-sounds")
    liz.get_by_role("button", name="Turn it off").wait_for()
    keep(liz, "phone-sounds-on")
    assert fits(liz) and fits(maya)
    maya.get_by_role("button", name="End it").click()
    heading.wait_for(state="hidden")


def screen(liz: Any, maya: Any) -> None:
    assert liz.get_by_role("button", name="Share screen").count() == 0, "a phone can't"
    maya.get_by_role("button", name="Share screen").click()
    warning = maya.get_by_role("dialog", name="Share your screen?")
    warning.get_by_text("also other patients’ names").wait_for()
    keep(maya, "desk-screen-warning")
    warning.get_by_role("button", name="Choose what to share").click()
    strip = maya.get_by_role("status").filter(has_text="You are sharing your screen")
    strip.wait_for()
    liz.get_by_text("is sharing a screen.").first.wait_for()
    liz.locator("[data-screen]").wait_for()
    keep(liz, "phone-screen")
    keep(maya, "desk-screen")
    maya.emulate_media(forced_colors="active")
    keep(maya, "desk-screen-forced")
    maya.emulate_media(forced_colors="none")
    liz.emulate_media(forced_colors="active")
    keep(liz, "phone-screen-forced")
    liz.emulate_media(forced_colors="none")
    assert fits(liz) and fits(maya)
    strip.get_by_role("button", name="Stop").click()
    strip.wait_for(state="hidden")
    liz.locator("[data-screen]").wait_for(state="detached")


WITHOUT_SMALL_WINDOWS = "Object.defineProperty(Document.prototype, 'pictureInPictureEnabled', { get: () => false })"
IN_SMALL_WINDOW = "document.pictureInPictureElement?.matches('[data-call=remote]') ?? false"


def beside(maya: Any) -> None:
    """The other side's picture moves in a small window above all others, and comes back; no button where there are none."""
    small = maya.get_by_role("button", name="Picture beside other windows")
    for shown in (True, False):
        maya.locator(".visit-more > summary").click()
        small.click()
        wait_until("the small window", lambda shown=shown: maya.evaluate(IN_SMALL_WINDOW) is shown, 10)
        walk.moves(maya)
    maya.add_init_script(WITHOUT_SMALL_WINDOWS)
    maya.reload()
    walk.connected(maya)
    maya.locator(".visit-more > summary").click()
    assert maya.get_by_role("button", name="Devices").is_visible() and small.is_hidden()
    maya.keyboard.press("Escape")


SMALLEST = """() => Math.min(...[...document.querySelectorAll(".ws-call__bar .ws-ctl")].map((one) => one.getBoundingClientRect())
  .filter(({ width }) => width).map(({ width, height }) => Math.min(width, height)))"""


def large(liz: Any) -> None:
    """Large buttons with words are chosen once and are there when she comes back."""
    liz.get_by_role("button", name="Large buttons").click()
    liz.get_by_role("button", name="Done").click()
    liz.reload()
    liz.locator(".ws-call[data-large]").wait_for()
    keep(liz, "phone-large")
    assert liz.evaluate(SMALLEST) >= 64 and fits(liz)
    liz.get_by_role("button", name="Devices").click()
    liz.get_by_role("button", name="Large buttons", pressed=True).click()
    liz.locator(".ws-call:not([data-large])").wait_for()


def more(maya: Any) -> None:
    """What is rarely pressed stands in one menu, found by mouse, by keys and by its letter."""
    menu = maya.locator(".visit-more > summary")
    menu.focus()
    maya.keyboard.press("Enter")
    keep(maya, "desk-more")
    maya.keyboard.press("Escape")
    assert maya.locator(".visit-more[open]").count() == 0
    menu.click()
    maya.get_by_role("button", name="Devices").click()
    maya.get_by_role("heading", name="Devices").wait_for()
    maya.get_by_role("dialog").get_by_role("button", name="Done").click()
    assert maya.locator(".visit-more > summary:focus").count() == 1, "back where she was"
    maya.locator(".visit-notecol").focus()
    maya.keyboard.press("f")
    maya.wait_for_function("Boolean(document.fullscreenElement)")
    maya.keyboard.press("f")
    maya.wait_for_function("!document.fullscreenElement")
