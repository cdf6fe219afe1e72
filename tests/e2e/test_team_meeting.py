"""A conference of the care team without the patient, then with her, then without her again: one call that goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.e2e import walk
from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import DESKTOP, PHONE, Demo, look, someone
from tests.e2e.looks import ZOOMED, findings, wider_than_its_window
from tests.e2e.test_group_visit import Room, all_move, close_people, open_people, up

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(1500)]
CALLS = """async () => {
  const { attach } = await import("visits/visits-call.js");
  const { mesh } = attach(document.querySelector("[data-behavior~=visits-call]"));
  window.calls ??= new Map();
  for (const person of mesh.others) if (!window.calls.has(person.name)) window.calls.set(person.name, person.call);
  return Object.fromEntries(mesh.others.map((person) => [person.name, window.calls.get(person.name) === person.call]));
}"""
"""Of each of the others, whether it is the same connection as when this was asked first."""


class Meeting(Room):
    """Liz has checked in and waits; Dr. Chen is at the door."""

    def __init__(self, demo: Demo, chromium: Any, stack: ExitStack) -> None:
        self.demo, self.chromium, self.stack = demo, chromium, stack
        self.browsers = lambda **_: chromium  # one for all of them
        self.liz = stack.enter_context(someone(chromium, demo, "Liz Moreno"))
        self.maya = stack.enter_context(someone(chromium, demo, "Dr. Maya Chen"))
        self.maya.watch.expect("status of 409")  # her family is refused until she has said yes
        self.visit = walk.come_and_wait(self.liz)


@pytest.fixture(scope="module")
def chromium(browsers: Callable[..., Any]) -> Any:
    """Give a Chromium with a slow camera: six pictures are made and drawn at once on these two cores."""
    return browsers(fps=6)


def looks(page: Any, name: str) -> None:
    """Look at a page at both widths and enlarged: nothing scrolls sideways, axe finds nothing."""
    for size, window in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(window)
        look(page, f"team-{name}-{size}")
        assert wider_than_its_window(page) == []
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        assert findings(page) == []
        page.evaluate("scrollTo(0, 0)")
    page.set_viewport_size(ZOOMED)
    assert wider_than_its_window(page) == []
    page.set_viewport_size(DESKTOP)


def test_without_her_with_her_and_without_her_again(demo: Demo, chromium: Any) -> None:
    with ExitStack() as stack:
        room = Meeting(demo, chromium, stack)
        liz, maya = room.liz, room.maya
        maya.goto(f"/o/larkspur/visits/{room.visit}/")
        looks(maya, "door")
        maya.get_by_role("button", name="Meet the team first").click()
        maya.get_by_text("You meet without Liz").wait_for()
        liz.get_by_role("heading", name="Your care team is meeting").wait_for()
        assert "may Ana" not in liz.content()

        # Her daughter comes, and is not let in before Liz has said yes.
        ana = room.guest(room.asked(maya, "Ana Moreno", role="family", relation="child"))
        room.let_in("Ana Moreno")
        maya.get_by_text("only if Liz has said yes").wait_for()
        maya.get_by_role("button", name="Ask Liz for a yes").click()
        liz.get_by_text("may Ana Moreno (son or daughter) talk with your care team").wait_for()
        looks(liz, "asked")
        liz.get_by_role("button", name="Yes, they may").click()
        liz.get_by_text("You said yes: Ana Moreno").wait_for()
        maya.get_by_text("Liz said yes").wait_for()
        room.let_in("Ana Moreno")
        team = {"Dr. Maya Chen": maya, "Ana Moreno": ana}
        all_move(team)
        assert up(maya) == {"Ana Moreno"}
        looks(maya, "meeting")
        looks(ana, "meeting-guest")
        assert liz.url.endswith("/waiting/") and "Ana Moreno" not in liz.locator("[data-waiting=line]").inner_text()

        # They write among themselves, and draft the plan.
        if maya.locator("#chat").is_hidden():
            maya.locator("button[data-panel=chat][aria-expanded]").first.click()
        maya.locator("#chat textarea, #chat input[name=text]").first.fill("Stairs worry me")
        maya.keyboard.press("Enter")
        ana.locator("button[data-panel=chat][aria-expanded]").first.click()
        ana.get_by_text("Stairs worry me").wait_for()
        maya.get_by_text("Begin a plan").click()
        maya.locator("#chart-plans input[name=title]").fill("New hip")
        maya.locator("#chart-plans").get_by_role("button", name="Begin", exact=False).click()
        maya.locator("#chart-plans").get_by_role("heading", name="New hip").wait_for()

        # One press, and Liz is among them; everybody's call goes on.
        assert all(maya.evaluate(CALLS).values()) and all(ana.evaluate(CALLS).values())
        maya.evaluate("window.stayed = true")
        maya.get_by_role("button", name="Let Liz in").click()
        liz.wait_for_url(f"**/visits/{room.visit}/")
        everybody = team | {"Liz Moreno": liz}
        all_move(everybody)
        assert maya.evaluate("window.stayed") is True, "her page was never loaded again"
        assert maya.evaluate(CALLS)["Ana Moreno"] and ana.evaluate(CALLS)["Dr. Maya Chen"], "one call all the while"
        maya.locator("#part-subjective").fill("Walks with a stick.")
        walk.saved(maya)
        maya.get_by_role("button", name="End and sign").wait_for()
        maya.locator("#chart-plans").get_by_role("heading", name="New hip").wait_for()
        liz.locator("button[data-panel=chat][aria-expanded]").first.click()
        assert "Stairs worry me" not in liz.content()
        liz.locator("button[data-panel=chat][aria-expanded]").first.click()
        looks(maya, "with-her")
        looks(liz, "with-her-patient")

        # Asked to wait, the team stays; let in again.
        open_people(maya)
        maya.get_by_role("button", name="Ask Liz to wait, the team stays").click()
        liz.wait_for_url("**/waiting/")
        liz.get_by_role("heading", name="Your care team is meeting").wait_for()
        maya.get_by_text("You meet without Liz").wait_for()
        all_move(team)
        wait_for("she is not in the call", lambda: up(maya) == {"Ana Moreno"})
        assert maya.evaluate(CALLS)["Ana Moreno"], "and it is the same call"
        looks(liz, "waits-again")
        maya.get_by_role("button", name="Let Liz in").click()
        liz.wait_for_url(f"**/visits/{room.visit}/")
        all_move(everybody)

        # She takes it back while she is there: Ana stays as long as she does.
        open_people(liz)
        liz.get_by_role("button", name="Take it back").click()
        liz.get_by_text("Taken back.").wait_for()
        close_people(liz)
        open_people(maya)
        maya.get_by_text("Liz said no").wait_for()
        maya.get_by_role("button", name="Ask Liz to wait, the team stays").click()
        ana.get_by_role("heading", name="One moment").wait_for()
        liz.wait_for_url("**/waiting/")
        maya.get_by_role("button", name="End visit").click()
        maya.wait_for_url("**/ended/")
        assert maya.evaluate("document.readyState")
