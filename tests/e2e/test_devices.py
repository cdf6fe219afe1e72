"""Cameras, microphones and lines that fail, on the pages of a visit: what is said, whether it helps, and that one can go on.

Whoever is refused a device is refused by the browser itself, and a device that is missing is not there. Only a device that
another program holds can't be had from a fake one; there the browser's answer is given by a script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.call_lab.running import launch, why_no_browser
from tests.e2e.conftest import STORY_FPS, Demo, need, someone, wait_until
from tests.e2e.looks import examine
from tests.faults.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]

BUSY = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  if (constraints.video) throw new DOMException("", "NotReadableError");
  return real(constraints);
};
"""
SLOW = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await real(constraints);
  if (!constraints.video) return stream;
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  const paint = canvas.getContext("2d");
  for (const track of stream.getVideoTracks()) { stream.removeTrack(track); track.stop(); }
  stream.addTrack(canvas.captureStream(15).getVideoTracks()[0]);
  setTimeout(() => setInterval(() => {
    paint.fillStyle = `hsl(${(Date.now() / 10) % 360} 80% 60%)`;
    paint.fillRect(0, 0, 640, 360);
  }, 60), 12_000);
  return stream;
};
"""
IN_USE = """async (kind) => {
  const { attach } = await import("visits/visits-call.js");
  return attach(document.querySelector("[data-behavior~=visits-call]")).media.tracks[kind]?.getSettings().deviceId;
}"""
FULL = "document.fullscreenElement?.matches('[data-behavior~=visits-call]') ?? false"
SOUND = "You are ready for a visit with sound only."
PHONE_CALL = "A video visit won’t work from here yet. Do what it says above, or the clinic calls you."


@pytest.fixture(scope="module")
def chromium_type() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    need(why_no_browser())
    with sync_playwright() as running:
        yield running.chromium


@pytest.fixture(scope="module")
def strict(chromium_type: Any) -> Iterator[Any]:
    """Give a Chromium with three cameras that refuses what wasn't allowed."""
    browser = launch(chromium_type, cameras=3, fps=STORY_FPS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def without_camera(chromium_type: Any) -> Iterator[Any]:
    browser = launch(chromium_type, cameras=0, fps=STORY_FPS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def visit(demo: Demo, strict: Any) -> str:
    """Give a visit of Liz with Dr. Chen, booked for the next free time."""
    with someone(strict, demo, "Liz Moreno") as liz:
        return walk.book(liz, "Diabetes video visit", who="Maya Chen")


@contextmanager
def at_the_check(demo: Demo, browser: Any, visit: str, *allowed: str, script: str = "") -> Iterator[Any]:
    """Give Liz's page of the device check, on which the browser allows some of camera and microphone."""
    with someone(browser, demo, "Liz Moreno") as page:
        allow_only(page, *allowed)
        if script:
            page.add_init_script(script)
        page.goto(f"/o/larkspur/visits/{visit}/prepare/")
        page.get_by_role("heading", name="Get ready for your visit").wait_for()
        yield page


def allow_only(page: Any, *allowed: str) -> None:
    page.context.clear_permissions()
    page.context.grant_permissions(list(allowed))


def check(page: Any, verdict: str, **rows: str) -> None:
    """Check the devices; assert what the rows say, and the verdict."""
    press = page.get_by_role("button", name="Check now").click
    press()
    assert walk.verdict(page, verdict, press) == verdict
    for name, words in rows.items():
        assert page.locator(f"[data-check={name}] [data-check-words]").inner_text() == words


def goes_on(page: Any) -> None:
    """Go on with what was found. Help stands beside it, with a number of people."""
    help_ = page.get_by_role("complementary", name="If something doesn’t work")
    assert help_.get_by_text("choose “Allow” for camera and microphone").is_visible()
    assert help_.get_by_role("link", name=re.compile(r"^\(?\d{3}")).get_attribute("href").startswith("tel:")
    page.get_by_role("button", name="Keep this and go on").click()
    page.get_by_role("heading", name=walk.CHECK_IN).wait_for()


def test_a_camera_that_was_refused_leaves_the_sound_and_comes_back(demo: Demo, strict: Any, visit: str) -> None:
    with at_the_check(demo, strict, visit, "microphone") as page:
        page.goto(f"/o/larkspur/visits/{visit}/check-in/?now=1")
        page.get_by_label("Yes, this is me").check()
        page.locator("input[name=near]").first.check()
        page.get_by_label("Their name").fill("Carlos Moreno")
        walk.saved(page)
        page.goto(f"/o/larkspur/visits/{visit}/prepare/")
        blocked = "The camera is blocked. Allow it in your browser’s address bar, then press “Check now”."
        check(page, SOUND, camera=blocked, microphone="We hear you.")
        examine(page, "device-check-refused")
        page.context.grant_permissions(["camera"])
        check(page, walk.READY, camera="Your camera works.")  # so the advice is true
        goes_on(page)
        assert page.get_by_label("Their name").input_value() == "Carlos Moreno", "what was typed before still stands"


def test_a_microphone_that_was_refused_leaves_the_telephone(demo: Demo, strict: Any, visit: str) -> None:
    blocked = "The microphone is blocked. Allow it in your browser’s address bar, then press “Check now”."
    with at_the_check(demo, strict, visit, "camera") as page:
        check(page, PHONE_CALL, camera="Your camera works.", microphone=blocked)
        goes_on(page)


def test_who_has_no_camera_goes_on_with_sound(demo: Demo, without_camera: Any, visit: str) -> None:
    missing = "We found no camera. Plug one in and press “Check now”, or go on without it."
    with at_the_check(demo, without_camera, visit, "camera", "microphone") as page:
        check(page, SOUND, camera=missing, microphone="We hear you.")
        goes_on(page)


def test_a_camera_that_another_program_holds_is_said_to_be_so(demo: Demo, strict: Any, visit: str) -> None:
    busy = "Another program uses the camera. Close it, then press “Check now”."
    with at_the_check(demo, strict, visit, "camera", "microphone", script=BUSY) as page:
        check(page, SOUND, camera=busy, microphone="We hear you.")
        goes_on(page)


def test_a_camera_that_is_slow_is_seen_when_it_gives_pictures(demo: Demo, strict: Any, visit: str) -> None:
    still = "Your camera is on, but gives no picture. Unplug it and plug it in again, or use another one."
    with at_the_check(demo, strict, visit, "camera", "microphone", script=SLOW) as page:
        page.get_by_role("button", name="Check now").click()
        words = page.locator("[data-check=camera] [data-check-words]")
        wait_until("no picture yet", lambda: words.inner_text() == still, 12)
        wait_until("the first pictures", lambda: words.inner_text() == "Your camera works.", 30)
        wait_until("a verdict", lambda: walk.settled(page) == walk.READY, 60)
        goes_on(page)


def test_a_line_that_is_down_is_found_and_found_again(demo: Demo, strict: Any, visit: str) -> None:
    """Cut beneath the browser, which is told nothing of it."""
    with Wire(demo.address) as wire:
        behind = Demo(wire.address, demo.var, demo.process)
        with at_the_check(behind, strict, visit, "camera", "microphone") as page:
            page.watch.expect("ERR_TIMED_OUT", "signal timed out", "AbortError", "WebSocket")
            check(page, walk.READY, network=walk.UNMEASURED)
            wire.cut()
            check(page, PHONE_CALL, network="We can’t reach the clinic from here. Check your internet.")
            wire.mend()
            check(page, walk.READY, network=walk.UNMEASURED)
            goes_on(page)


def test_a_call_begins_without_devices_and_gets_them_one_by_one(demo: Demo, strict: Any, visit: str) -> None:
    """Nobody has to load the page again, so nothing is lost that she typed meanwhile."""
    with ExitStack() as stack:
        liz = stack.enter_context(someone(strict, demo, "Liz Moreno"))
        maya = stack.enter_context(someone(strict, demo, "Dr. Maya Chen"))
        allow_only(liz)
        liz.goto(f"/o/larkspur/visits/{visit}/check-in/")
        walk.check_in(liz)
        liz.wait_for_url("**/waiting/")
        liz.locator("[data-waiting=media-notice]").get_by_text("The microphone is blocked.").wait_for()
        maya.goto(f"/o/larkspur/visits/{visit}/")
        maya.get_by_role("button", name="Let Liz in").click()
        walk.connected(liz)
        notice = liz.locator("[data-call=media-notice]")
        notice.get_by_text("You can see and hear Dr. Maya Chen. They can’t see or hear you.").wait_for()
        assert "then press the microphone button. The camera is blocked." in notice.inner_text()
        examine(liz, "patient-no-devices")
        maya.get_by_text("Liz Moreno has no picture on").wait_for()
        liz.get_by_role("button", name="Chat", exact=True).click()
        liz.get_by_label("Message", exact=True).fill("My camera is")
        liz.context.grant_permissions(["microphone"])
        liz.locator("[data-call-action=mute]").click()
        notice.get_by_text("Dr. Maya Chen can hear you, not see you.").wait_for()
        liz.context.grant_permissions(["camera"])
        liz.locator("[data-call-action=camera]").click()
        notice.wait_for(state="hidden")
        walk.connected(maya)
        assert liz.get_by_label("Message", exact=True).input_value() == "My camera is"
        liz.get_by_role("button", name="Close the chat").click()
        choose_others(liz, maya)
        fill_the_screen(liz)
        fill_the_screen(maya)


def choose_others(patient: Any, clinician: Any) -> None:
    """Choose another microphone and another camera while the call runs; the picture goes on with what was chosen."""
    patient.get_by_role("button", name="Devices").click()
    for label, kind in (("Microphone", "audio"), ("Camera", "video")):
        select = patient.get_by_label(label, exact=True)
        before = patient.evaluate(IN_USE, kind)
        assert select.input_value() == before
        others = [each.get_attribute("value") for each in select.locator("option").all()]
        other = next(each for each in reversed(others) if each not in (before, "default"))
        select.select_option(other)
        wait_until(f"another {kind}", lambda kind=kind, other=other: patient.evaluate(IN_USE, kind) == other)
        walk.moves(clinician)
    patient.get_by_role("button", name="Done").click()
    assert patient.locator("[data-call=media-notice]").is_hidden()
    walk.moves(patient)


def fill_the_screen(page: Any) -> None:
    """The button and its key bring the call to the whole screen, and back."""
    button, more = page.locator("[data-call-action=fullscreen]"), page.locator(".visit-more > summary")

    def press() -> None:
        if more.count():  # the clinician has it in a menu, which closes by itself
            more.click()
        button.locator("visible=true").first.click()

    for enter, leave in ((press, press), (lambda: page.keyboard.press("f"),) * 2):
        enter()
        wait_until("the whole screen", lambda: page.evaluate(FULL), 10)
        wait_until("the button to say so", lambda: button.first.get_attribute("aria-pressed") == "true", 5)
        walk.moves(page)
        leave()
        wait_until("the page", lambda: not page.evaluate(FULL), 10)
        wait_until("the button to say so", lambda: button.first.get_attribute("aria-pressed") == "false", 5)
