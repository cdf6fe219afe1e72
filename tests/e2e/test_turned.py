"""A visit turns into an emergency while it runs: two presses, the call goes on, help comes, somebody takes over, it is closed.

Or into care in person: where, how soon and what to take along are the patient's to read as soon as the visit has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.e2e import walk
from tests.e2e.conftest import DESKTOP, PHONE, Demo, look, someone
from tests.e2e.looks import examine, findings, wider_than_its_window

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.apart, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def chromium(browsers: Callable[..., Any]) -> Any:
    """Give a Chromium with a slow camera: pictures are made and drawn on these two cores."""
    return browsers(fps=6)


def both_widths(page: Any, name: str) -> None:
    """Look at a running call at both widths, and leave it as it was."""
    for size, window in (("phone", PHONE), ("desktop", DESKTOP)):
        page.set_viewport_size(window)
        look(page, f"{name}-{size}")
        assert wider_than_its_window(page) == []
        assert findings(page) == []


def overtake(page: Any) -> None:
    """Let what the page fetches of it by itself be answered only when a press is on its way, and just before that one."""
    held: list[Any] = []

    def answer(route: Any) -> None:
        if route.request.method == "GET":
            held.append(route)
            return
        while held:
            first = held.pop()
            first.fulfill(response=first.fetch())
        route.continue_()

    page.route("**/turn/**", answer)


def send_ahead(sheet: Any, demo: Demo, chromium: Any) -> None:
    """Send the checked sheet to who takes over; they open it on their own computer, with the code told by phone."""
    assert sheet.get_by_label("To whom").input_value() == "Sam Ortiz", "who took over is who gets it"
    sheet.get_by_label("E-mail").fill("er@kingston")
    sheet.get_by_role("button", name="Send the link").click()
    sheet.get_by_text("This is no e-mail address.").first.wait_for()
    sheet.get_by_label("E-mail").fill("er@kingston.example")
    sheet.get_by_role("button", name="Send the link").click()
    told = sheet.get_by_text("Tell them this code by phone:")
    told.wait_for()
    examine(sheet, "turned-sent-ahead", route="chart:transfer-sheet")
    code = re.sub(r"\D", "", told.inner_text())
    with someone(chromium, demo, None, size=PHONE) as them:
        link = walk.letters_link(them, "has sent you something ahead", r"/o/larkspur/sent-ahead/[^/\"]+/")
        them.goto(link)
        them.get_by_role("heading", name="Enter the code").wait_for()
        examine(them, "turned-ahead-code", route="chart:sent-ahead")
        them.get_by_label("Code").fill(f"{(int(code) + 1) % 10**6:06}")
        them.get_by_role("button", name="Open it").click()
        them.get_by_text("That isn’t the code.").first.wait_for()
        them.get_by_label("Code").fill(code)
        them.get_by_role("button", name="Open it").click()
        them.get_by_text("Chest pain for an hour, pale.").wait_for()
        examine(them, "turned-ahead-sheet", route="chart:sent-ahead")
        with them.expect_download() as saved:
            them.get_by_role("link", name="Save PDF").click()
        assert saved.value.suggested_filename == "sent-ahead.pdf"
        them.get_by_role("button", name="Close it on this computer").click()
        them.get_by_role("heading", name="Enter the code").wait_for()
    sheet.reload()
    sheet.get_by_text("Opened", exact=True).wait_for()
    assert not sheet.get_by_text("Tell them this code by phone:").count(), "said once, it is done with"


def test_an_emergency_within_the_call_from_two_presses_to_the_end(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno", size=PHONE) as liz, someone(chromium, demo, "Dr. Maya Chen") as maya:
        visit = walk.come_and_wait(liz)
        overtake(maya)
        walk.let_in(liz, maya, visit)
        maya.evaluate("() => { window.sameRoom = true; }")
        maya.locator("#part-assessment").fill("Chest pain for an hour, pale.")
        walk.saved(maya)

        turned = maya.locator("#chart-transfer")
        both_widths(maya, "turned-before")
        turned.get_by_text("Turn this visit into…", exact=True).press("Enter")  # the keyboard does all of it
        turned.get_by_role("button", name="Emergency", exact=True).press("Enter")
        turned.get_by_role("heading", name="What to say").wait_for()
        maya.unroute("**/turn/**")
        turned.get_by_text("Put me through to the emergency desk there").wait_for()
        assert turned.get_by_text("845-555-0142").count(), "the number of the check-in goes along"
        both_widths(maya, "turned-emergency")
        turned.get_by_role("button", name="I have called").press("Enter")
        turned.get_by_text("Stay on the line until help is there.").wait_for()
        turned.get_by_text("Write more, or correct it", exact=True).press("Enter")
        turned.locator("#turn-emergency-why").fill("Chest pain, one hour")
        turned.get_by_role("button", name="Save", exact=True).press("Enter")
        turned.get_by_text("What is wrong: Chest pain, one hour").wait_for()
        said = turned.get_by_role("status")
        turned.get_by_text("Write more, or correct it", exact=True).press("Enter")
        turned.locator("#turn-emergency-done").fill("Aspirin 324 mg, chewed")
        turned.get_by_role("button", name="Help is there").press("Enter")
        said.get_by_text("Noted that help is there").wait_for()
        assert turned.locator("#turn-emergency-done").input_value() == "Aspirin 324 mg, chewed", (
            "what is being typed stays"
        )
        turned.get_by_role("button", name="Save", exact=True).press("Enter")
        said.get_by_text("Saved.").wait_for()
        turned.get_by_text("Who took over", exact=True).press("Enter")
        maya.watch.expect("status of 422")  # a form that lacks something is shown again
        turned.get_by_role("button", name="Note it").press("Enter")
        turned.get_by_text("Say whether you reached somebody.").wait_for()
        turned.get_by_label("Yes, and they have the patient now").check()
        turned.locator("[name=name]").fill("Sam Ortiz")
        turned.get_by_label(re.compile("^What they are")).fill("Paramedic")
        both_widths(maya, "turned-took-over")
        turned.get_by_role("button", name="Note it").press("Enter")
        turned.get_by_text("Sam Ortiz").wait_for()
        assert maya.evaluate("() => window.sameRoom === true"), "the call went on: the page was not loaded anew"
        assert maya.locator("#part-assessment").input_value() == "Chest pain for an hour, pale."
        assert liz.get_by_text("Maya Chen").count(), "she is with her doctor still"

        with maya.expect_popup() as opened:
            turned.get_by_role("link", name="Check what is sent ahead").press("Enter")
        sheet = opened.value
        sheet.get_by_text("Chest pain for an hour, pale.").wait_for()
        sheet.get_by_text("Sam Ortiz, Paramedic").wait_for()
        examine(sheet, "turned-sheet", route="chart:transfer-sheet")
        sheet.get_by_role("button", name="I have read it, and it is right").click()
        sheet.get_by_text("Noted that you have checked it.").wait_for()
        send_ahead(sheet, demo, chromium)
        sheet.close()
        maya.get_by_role("button", name="End visit").click()
        liz.wait_for_url("**/ended/")
        liz.get_by_text("This is an emergency").wait_for()
        examine(liz, "turned-ended", route="visits:visit-ended")

    with someone(chromium, demo, "Dr. Maya Chen", size=PHONE) as maya:
        maya.goto("/o/larkspur/to-do/")
        maya.get_by_text("Taken over by Sam Ortiz, Paramedic").wait_for()
        examine(maya, "turned-to-do", route="chart:to-do")
        maya.get_by_role("link", name="Note what became of it").click()
        examine(maya, "turned-page", route="chart:transfer")
        maya.get_by_text("Did the patient get there?", exact=True).first.click()
        maya.get_by_label("The patient is there, or help is with them").check()
        maya.get_by_role("button", name="Close it").click()
        maya.get_by_text("Closed.").wait_for()
        maya.goto("/o/larkspur/to-do/")
        maya.get_by_role("heading", name="Mine to do").wait_for()
        assert not maya.get_by_text("Taken over by Sam Ortiz").count()


def test_care_in_person_is_what_the_patient_reads_when_the_visit_has_ended(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno", size=PHONE) as liz, someone(chromium, demo, "Dr. Maya Chen") as maya:
        visit = walk.book(liz, "Diabetes video visit", who="Maya Chen")
        liz.goto(f"/o/larkspur/visits/{visit}/check-in/")
        walk.check_in(liz)
        walk.let_in(liz, maya, visit)
        maya.evaluate("() => { window.sameRoom = true; }")
        turned = maya.locator("#chart-transfer")
        turned.get_by_text("Turn this visit into…", exact=True).press("Enter")
        turned.get_by_text("In-person care", exact=True).press("Enter")
        maya.watch.expect("status of 422")  # a form that lacks something is shown again
        turned.get_by_role("button", name="Send there").press("Enter")
        turned.get_by_text("Choose where the patient goes.").first.wait_for()
        turned.locator("#turn-in-person-why").fill("A foot that is red and warm, seen in the picture")
        turned.locator("#turn-in-person-destination").select_option("urgent-care")
        turned.locator("#turn-in-person-place_name").fill("Kingston Urgent Care, Ulster Avenue")
        turned.locator("#turn-in-person-how_soon").select_option("today")
        turned.locator("#turn-in-person-bring").fill("Your meter with its numbers")
        turned.get_by_role("button", name="Send there").press("Enter")
        turned.get_by_text("Nobody has taken over yet").wait_for()
        both_widths(maya, "turned-in-person")
        assert maya.evaluate("() => window.sameRoom === true"), "the call went on: the page was not loaded anew"
        held: list[Any] = []
        maya.route("**/turn/**", lambda route: held.append(route))
        with maya.expect_request("**/turn/?beside=1"):
            maya.reload()
        turned.get_by_text("Turn it into something else too", exact=True).press("Enter")
        emergency = turned.get_by_role("button", name="Emergency", exact=True)
        emergency.focus()
        held[0].continue_()
        turned.get_by_text("Nobody has taken over yet").wait_for()
        assert emergency.evaluate("(button) => document.activeElement === button"), "what may be pressed is left alone"
        maya.get_by_role("button", name="End visit").click()
        liz.wait_for_url("**/ended/")
        liz.get_by_text("Kingston Urgent Care, Ulster Avenue").wait_for()
        liz.get_by_text("Your medicines, or a list of them").wait_for()
        assert "Your meter" not in liz.content(), (
            "what was written for her stands in the summary: a link alone opens this page"
        )
        examine(liz, "turned-in-person-ended", route="visits:visit-ended")
