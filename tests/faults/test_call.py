"""F12: a call of the whole application over a bad line, made beneath the media path.

The demo runs in a network namespace of its own; Liz's browser sits behind the bad line (500 kbit/s, 150 ms, 5 % loss), the
doctor's behind a good one. Success is always that more was decoded or received, and that no page was loaded anew: the fake
camera's picture is nearly still, so bitrate and size say nothing. The engine alone, under the same faults, is tried in
``tests/e2e/test_call_engine.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import Demo, someone
from tests.e2e.network.homes import OUTAGE, two_homes
from tests.e2e.network.netem import Network
from tests.e2e.test_sharing import draws, marks

pytestmark = [pytest.mark.browser, pytest.mark.netns, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(3600)]

BAD = {"delay_ms": 75, "loss": 0.05, "rate_kbit": 500}
SET_UP_SECONDS = 5
SAID_SECONDS = 7
SOUND_BACK_SECONDS = 5
# Beside other tests on the same two cores the limits say nothing; there it only has to come right by itself.
BESIDE_OTHERS = 4
# What was given up is tried again after a minute of peace at most, and once more after a try in vain.
PICTURE_BACK_SECONDS = 150
HALF_A_SECOND = 25  # packets of sound, 20 ms each

NUMBERS = """async () => {
  const { attach } = await import("visits/visits-call.js");
  const { call } = attach(document.querySelector("[data-behavior~=visits-call]"));
  const numbers = { frames: 0, sound: 0, heardMs: 0, rttMs: null, counts: call?.counts };
  for (const report of (await call?.stats())?.values() ?? []) {
    if (report.type === "inbound-rtp" && report.kind === "video") numbers.frames += report.framesDecoded ?? 0;
    if (report.type === "inbound-rtp" && report.kind === "audio") {
      numbers.sound += report.packetsReceived ?? 0;
      numbers.heardMs += Math.round(((report.totalSamplesReceived ?? 0) - (report.concealedSamples ?? 0)) / 48);
    }
    if (report.type === "candidate-pair" && report.nominated) numbers.rttMs ??= report.currentRoundTripTime * 1000;
  }
  return numbers;
}"""
# When this page showed the other side's first picture, in ms since it was asked for.
FIRST_FRAME = """document.addEventListener("DOMContentLoaded", () => {
  const timer = setInterval(() => {
    if (!(document.querySelector("[data-call=remote]")?.getVideoPlaybackQuality().totalVideoFrames > 0)) return;
    window.firstFrameAt = performance.now();
    clearInterval(timer);
  }, 20);
});"""


@dataclass
class Call:
    """Liz and Dr. Chen in a call through the whole application; Liz behind the bad line."""

    demo: Demo
    network: Network
    liz: Any
    maya: Any

    @property
    def pages(self) -> tuple[Any, Any]:
        return self.liz, self.maya

    def loaded(self) -> list[float]:
        """Return when each page was loaded; the same later means: without a navigation."""
        return [page.evaluate("performance.timeOrigin") for page in self.pages]

    def notice(self) -> str:
        """Return what Liz's page says about the connection; nothing while no notice is to be seen."""
        notice = self.liz.locator("[data-call=notice]")
        return str(notice.inner_text()) if notice.is_visible() else ""

    def goes_on(self, frames: int = 10, seconds: float = 60) -> None:
        """Wait until both see the other move. A picture that is given up for the sound, as is said, has its own time."""
        for page in self.pages:
            before = numbers(page)["frames"]

            def moves(page: Any = page, before: int = before) -> bool:
                return grown(page, "frames", before) >= frames

            wait_for("new frames", lambda page=page, moves=moves: moves() or given_up(page), seconds)
            wait_for("the picture that was given up", moves, PICTURE_BACK_SECONDS)

    def pictures_back(self) -> None:
        """Wait until neither page says that a picture was given up or that anybody is missed."""
        wait_for(
            "the picture is back",
            lambda: not any(page.locator("[data-call=notice]").is_visible() for page in self.pages),
            PICTURE_BACK_SECONDS,
        )

    def sound_back(self, within: float) -> float:
        """Return after how many seconds both sides have heard half a second of sound; fail if not ``within`` some."""
        began, before = time.monotonic(), [numbers(page)["sound"] for page in self.pages]
        for page, count in zip(self.pages, before, strict=True):
            wait_for(
                "sound", lambda page=page, count=count: grown(page, "sound", count) >= HALF_A_SECOND,
                max(0.1, within - (time.monotonic() - began)), 0.05,
            )  # fmt: skip
        return time.monotonic() - began

    def sound_in(self, seconds: float) -> list[int]:
        """Return how many milliseconds of real sound each side hears within so many seconds."""
        before = [numbers(page)["heardMs"] for page in self.pages]
        time.sleep(seconds)
        return [grown(page, "heardMs", count) for page, count in zip(self.pages, before, strict=True)]

    def black_out(self, seconds: float, *, slack: int) -> float:
        """Cut the line for a while; return how soon the sound was back once it was mended. Nobody touches anything."""
        before = self.loaded()
        with self.network.link.cut(seconds):
            wait_for("it is said", lambda: "We lost the connection." in self.notice(), slack * SAID_SECONDS)
            wait_for("the fault is real: nothing comes", lambda: still(self.pages), slack * SAID_SECONDS)
        took = self.sound_back(slack * SOUND_BACK_SECONDS)
        self.goes_on(seconds=10)
        assert self.loaded() == before, "no page was loaded anew"
        self.nobody_is_missed(10)
        return took

    def nobody_is_missed(self, seconds: float) -> None:
        """Wait until Liz's page says of nobody that the connection is lost. What it says of her picture may stand: on
        a line this bad the picture may be given up ("… Sound goes on."), and that comes right in its own time.
        """
        words = ("lost the connection", "The call goes on.", "get the call back")

        def missed() -> bool:
            notice = self.notice()
            return any(each in notice for each in words)

        wait_for("nobody is missed any more", lambda: not missed(), seconds)

    def set_up(self) -> float:
        """Let Liz load the page again, over the bad line; return the seconds until she sees the doctor."""
        self.liz.reload()
        at = wait_for("the first frame", lambda: self.liz.evaluate("window.firstFrameAt ?? 0"), 90)
        self.goes_on()
        return float(at) / 1000


def numbers(page: Any) -> dict[str, Any]:
    return dict(page.evaluate(NUMBERS))


def given_up(page: Any) -> bool:
    """Whether this page says that the other's picture was given up for the sound's sake."""
    words = page.locator("[data-call=remote-placeholder]")
    return bool(words.is_visible()) and "too weak for the picture" in words.inner_text()


def _slack(rounds: int) -> int:
    return BESIDE_OTHERS if rounds < 20 else 1


def grown(page: Any, what: str, before: int) -> int:
    """Return how much more there is now; a new connection counts from 0."""
    now = int(numbers(page)[what])
    return now - before if now >= before else now


def still(pages: tuple[Any, ...]) -> bool:
    """Whether no frame and no sound comes to any page for a second."""
    before = [numbers(page) for page in pages]
    time.sleep(1)
    return all(
        numbers(page)[what] == was[what]
        for page, was in zip(pages, before, strict=True)
        for what in ("frames", "sound")
    )


@pytest.fixture(scope="module")
def call() -> Iterator[Call]:
    with ExitStack() as stack:
        homes = stack.enter_context(two_homes())
        pages = []
        for browser, name in ((homes.far, "Liz Moreno"), (homes.near, "Dr. Maya Chen")):
            page = stack.enter_context(someone(browser, homes.demo, name))
            page.add_init_script(FIRST_FRAME)
            page.watch.expect(*OUTAGE)
            pages.append(page)
        liz, maya = pages
        visit = walk.book(liz, "Diabetes video visit", who="Maya Chen")
        liz.goto(f"/o/larkspur/visits/{visit}/check-in/")
        walk.check_in(liz)
        walk.let_in(liz, maya, visit)
        yield Call(homes.demo, homes.network, liz, maya)


@pytest.fixture(autouse=True)
def bad_line(call: Call) -> Iterator[None]:
    call.network.link.set(**BAD)
    yield
    call.network.link.set()


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.drill)])
def test_f12_a_call_survives_black_outs_without_a_click(call: Call, rounds: int) -> None:
    """Half of them 8 s long, half 25 s. Shown failing with the ICE restart taken out of ``peer-call.js``: after 25 s
    the sound never comes back."""
    set_up, back = [], []
    slack = _slack(rounds)
    for number in range(rounds):
        set_up.append(call.set_up())
        back.append(call.black_out(8 if number % 2 else 25, slack=slack))
        print(f"round {number + 1}: set up in {set_up[-1]:.2f} s, sound back after {back[-1]:.2f} s")
    slowest = sorted(set_up)[-1 - rounds // 20]
    print(f"F12: {len(back)} of {rounds} survived; set-up p95 {slowest:.2f} s; sound back at most {max(back):.2f} s")
    assert slowest <= slack * SET_UP_SECONDS


def test_the_line_is_really_a_bad_one_and_carries_picture_and_sound(call: Call) -> None:
    """Shown failing with ``delay_ms`` set to 0: the round trip stays below 20 ms."""
    call.goes_on(30)
    wait_for("the round trip is measured", lambda: (numbers(call.liz)["rttMs"] or 0) > 120)


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.drill)])
def test_f12_the_call_goes_on_without_the_server_and_the_page_reconnects(call: Call, rounds: int) -> None:
    """The sound is there within its limit after each kill, while there is no server. Shown failing with
    ``signallingDown`` closing the connection: the picture stops."""
    loaded, back = call.loaded(), []
    restarts = [numbers(page)["counts"] for page in call.pages]
    for number in range(rounds):
        before, said = call.demo.pid("web"), f"The server is back, {number + 1}."
        with call.demo.held("keeper"):
            call.demo.kill("web")
            back.append(call.sound_back(_slack(rounds) * SOUND_BACK_SECONDS))
            wait_for("it is said", lambda: "The call goes on." in call.notice(), 10)
        call.goes_on()
        wait_for("another process", lambda before=before: call.demo.replaced("web", before), 60)
        wait_for("the page is back", lambda: "The call goes on." not in call.notice(), 60)
        call.maya.get_by_label("Message", exact=True).fill(said)
        call.maya.get_by_label("Message", exact=True).press("Enter")
        call.liz.locator("[data-chat-list]").get_by_text(said).wait_for(state="attached", timeout=30_000)
        call.goes_on()
        print(f"round {number + 1}: the server is killed, sound after {back[-1]:.2f} s")
    assert call.loaded() == loaded
    assert [numbers(page)["counts"]["rebuilds"] for page in call.pages] == [each["rebuilds"] for each in restarts]
    print(f"F12: {len(back)} of {rounds} survived the server; sound after at most {max(back):.2f} s")


def test_sound_outlives_the_picture(call: Call) -> None:
    """Shown failing with a ``Ladder`` that never gives the picture up: its level stays *lean*."""
    loaded = call.loaded()
    call.network.link.set(delay_ms=75, rate_kbit=64)
    wait_for("the picture is given up", lambda: "The line is too weak for your picture." in call.notice(), 60)
    wait_for("no picture comes", lambda: grown(call.maya, "frames", stood(call.maya, "frames", 2)) == 0, 20)
    # What of the picture is still in the line must get through first.
    wait_for("most of the sound arrives", lambda: min(call.sound_in(4)) > 4000 * 0.9, 45)
    call.network.link.set(delay_ms=75)
    call.pictures_back()  # the narrow line took both
    call.goes_on(seconds=30)
    assert call.loaded() == loaded


def stood(page: Any, what: str, seconds: float) -> int:
    """Return a number of the connection as it was so many seconds ago."""
    count = int(numbers(page)[what])
    time.sleep(seconds)
    return count


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.drill)])
def test_f12_the_address_changes(call: Call, rounds: int) -> None:
    """From Wi-Fi to the mobile network and on: the old address is gone at once, the new one is a network that is there, so
    the limit counts from the change. Shown failing with the ICE restart taken out."""
    call.set_up()
    loaded, back = call.loaded(), []
    for number in range(rounds):
        call.network.ip("a", "addr", "flush", "dev", "bad1")
        call.network.ip("a", "addr", "add", f"10.77.1.{7 + number}/24", "dev", "bad1")
        call.network.ip("a", "route", "replace", "default", "via", "10.77.1.1")
        back.append(call.sound_back(_slack(rounds) * SOUND_BACK_SECONDS))
        call.nobody_is_missed(20)
        print(f"round {number + 1}: another address, sound back after {back[-1]:.2f} s")
        time.sleep(5)
    # On the way the picture may be given up for the sound, as it is said; on a good line it is there again.
    call.network.link.set()
    call.pictures_back()
    call.goes_on(seconds=20)
    assert call.loaded() == loaded
    print(f"F12: {len(back)} of {rounds} survived another address; sound back after at most {max(back):.2f} s")


def test_the_words_about_the_line_are_true(call: Call) -> None:
    """From good to what it is, and back."""
    words = call.liz.locator("[data-quality-text]")
    for line, said in (
        ({}, "Good picture and sound"),
        ({"delay_ms": 200}, "Fair. The picture may be slow"),
        ({"delay_ms": 350}, "Weak network"),
        ({}, "Good picture and sound"),
    ):
        call.network.link.set(**line)
        wait_for(f"{said!r} on {line}", lambda said=said: words.inner_text() == said, 60)


def test_what_was_drawn_while_her_line_was_dead_is_there_when_it_is_back(call: Call) -> None:
    """Shown failing with ``visits:resync`` taken out of ``visit-picture.js``: the line is never drawn at her side."""
    liz, maya = call.pages
    loaded = call.loaded()
    maya.get_by_role("button", name="Picture for both").click()
    maya.get_by_role("button", name="Take a still").click()
    maya.get_by_text("Nobody else sees it yet.").wait_for()
    maya.get_by_role("button", name="Send it").click()
    for page in call.pages:
        page.locator("[data-board] > svg").wait_for()
    with call.network.link.cut(8):
        wait_for("it is said", lambda: "We lost the connection." in call.notice(), BESIDE_OTHERS * SAID_SECONDS)
        wait_for("the fault is real: nothing comes", lambda: still(call.pages))
        draws(maya)
        wait_for("a line at the one", lambda: marks(maya) == 1)
        assert marks(liz) == 0
    wait_for("and at the other when her line is back", lambda: marks(liz) == 1)
    maya.get_by_role("button", name="Put it away for everybody").click()
    wait_for("put away at both", lambda: liz.locator("#picture").is_hidden())
    call.sound_back(BESIDE_OTHERS * SOUND_BACK_SECONDS)
    assert call.loaded() == loaded
