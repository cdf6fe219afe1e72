"""A patient is handed over in the middle of the call: checked in once, two doctors one after the other, the first leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.e2e import walk
from tests.e2e.call_lab.running import wait_for
from tests.e2e.conftest import DESKTOP, PHONE, Demo, look, someone
from tests.e2e.keyboard import Keyboard
from tests.e2e.looks import examine, findings, wider_than_its_window
from tests.e2e.test_group_visit import all_move

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("crowd"), pytest.mark.timeout(1500)]
WHY = "Vomiting since noon, sugar 310. I must leave for a procedure."
SOUND = """async () => {
  const { attach } = await import("visits/visits-call.js");
  const { mesh } = attach(document.querySelector("[data-behavior~=visits-call]"));
  let packets = 0;
  for (const report of (await mesh.main?.call.stats())?.values() ?? []) {
    if (report.type === "inbound-rtp" && report.kind === "audio") packets += report.packetsReceived ?? 0;
  }
  return packets;
}"""


@pytest.fixture(scope="module")
def chromium(browsers: Callable[..., Any]) -> Any:
    """Give a Chromium with a slow camera: six pictures are made and drawn at once on these two cores."""
    return browsers(fps=6)


def allow_new_york(page: Any) -> None:
    """Let the compliance officer write down that Dr. Whitfield holds a licence in New York too."""
    page.goto("/o/larkspur/compliance/licences/")
    row = page.locator("li, tr, section").filter(has_text="Whitfield").locator("a[href*='/licences/add/']")
    page.goto(row.last.get_attribute("href"))
    page.get_by_label("State", exact=True).select_option("NY")
    page.get_by_label("Number").fill("NY-WHI-7")
    page.get_by_label("First day").fill("2025-01-01")
    page.get_by_label("Last day").fill("2031-01-01")
    page.get_by_label("Where did you verify it?").fill("The board’s page")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The licence is on file.").wait_for()


def hears_more(page: Any) -> None:
    """Wait until sound of the person whom the page is about goes on coming in."""
    before = page.evaluate(SOUND)
    wait_for("sound comes", lambda: page.evaluate(SOUND) > before + 20, 30)


def main_name(page: Any) -> str:
    return str(page.locator("[data-call=peer-name]").first.inner_text())


def test_from_one_doctor_to_the_other_with_one_check_in(demo: Demo, chromium: Any) -> None:
    with ExitStack() as stack:
        with someone(chromium, demo, "Ingrid Vass") as ingrid:
            allow_new_york(ingrid)
        liz = stack.enter_context(someone(chromium, demo, "Liz Moreno"))
        maya = stack.enter_context(someone(chromium, demo, "Dr. Maya Chen"))
        daniel = stack.enter_context(someone(chromium, demo, "Dr. Daniel Whitfield"))
        visit = walk.come_and_wait(liz)
        with someone(chromium, demo, "Dr. Maya Chen") as beside:
            beside.goto(f"/o/larkspur/visits/{visit}/")
            beside.get_by_role("link", name="Hand over to a colleague").click()
            examine(beside, "handing-door", route="visits:visit-colleagues")
        walk.let_in(liz, maya, visit)
        liz.evaluate("window.stayed = true")
        maya.locator("#part-subjective").fill("Vomits since noon.")
        walk.saved(maya)

        ask(maya)
        assert main_name(liz) == "Dr. Maya Chen", "nothing changes until it is taken"
        daniel.get_by_role("link", name=re.compile("Dr. Maya Chen wants to hand a visit over to you")).click()
        daniel.get_by_text(WHY).wait_for()
        examine(daniel, "handing-asked", route="visits:hand-over")
        Keyboard(daniel).press("Take it")
        daniel.wait_for_url(f"**/visits/{visit}/")

        wait_for("she reads who comes", lambda: main_name(liz) == "Dr. Daniel Whitfield", 30)
        said = liz.locator("[data-call=people-note]")
        wait_for(
            "it is said", lambda: "in place of Dr. Maya Chen" in said.inner_text() or "has joined" in said.inner_text()
        )
        maya.wait_for_url("**/seats/**")
        all_move({"Liz Moreno": liz, "Dr. Maya Chen": maya, "Dr. Daniel Whitfield": daniel})
        hears_more(liz)
        hears_more(daniel)
        for who, page in (("liz", liz), ("maya", maya), ("daniel", daniel)):
            for size, window in (("desktop", DESKTOP), ("phone", PHONE)):
                page.set_viewport_size(window)
                look(page, f"handing-three-{who}-{size}")
                assert wider_than_its_window(page) == []
                assert findings(page) == []
            page.set_viewport_size(DESKTOP)
        daniel.get_by_text("Handed over by Dr. Maya Chen").wait_for()
        assert daniel.get_by_text("Vomits since noon.").is_visible()
        assert "845-555-0142" in daniel.locator(".visit-stays").inner_text()

        maya.get_by_role("button", name="Leave", exact=True).first.click()
        maya.locator("[data-call-action=leave-confirm]").click()
        maya.get_by_role("heading", name="You left the call").wait_for()
        wait_for("she is gone", lambda: said.inner_text().startswith("Dr. Maya Chen"), 30)
        all_move({"Liz Moreno": liz, "Dr. Daniel Whitfield": daniel})
        hears_more(liz)
        assert liz.evaluate("window.stayed") is True, "her page was never loaded again: one check-in, one room"
        assert WHY not in liz.content()
        daniel.get_by_role("button", name="End visit").click()
        liz.wait_for_url("**/ended/")


def ask(maya: Any) -> None:
    """Ask Dr. Whitfield from the menu of the call, by keyboard alone."""
    keys = Keyboard(maya)
    keys.press("More")
    keys.press("Hand over")
    maya.locator("#handing summary").wait_for()
    keys.reach(re.compile("Ask|Hand over|Choose"))
    maya.keyboard.press("Enter")
    maya.locator("#handing input[name=to]").first.wait_for()
    keys.choose(re.compile("Dr\\."), "Dr. Daniel Whitfield")
    keys.write("Why, and what matters", WHY)
    keys.tick("I stay in the call until I leave it myself")
    for size, window in (("desktop", DESKTOP), ("phone", PHONE)):
        maya.set_viewport_size(window)
        look(maya, f"handing-ask-{size}")
        assert wider_than_its_window(maya) == []
        assert findings(maya) == []
    maya.set_viewport_size(DESKTOP)
    keys.press("Ask to take over")
    maya.get_by_text("has been told").wait_for()
    maya.get_by_text("was asked to take this visit").wait_for()
