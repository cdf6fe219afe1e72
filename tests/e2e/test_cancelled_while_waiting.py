"""The front desk cancels while the patient waits: her page says so at once, and whom to call, however she came."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import PHONE, Demo, someone
from tests.e2e.looks import examine
from tests.e2e.test_walk import newest_letter
from tests.faults.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def wait_for_her_turn(page: Any, visit: str) -> None:
    """Check in and wait; the page is one that will not be loaded again."""
    page.goto(f"/o/larkspur/visits/{visit}/check-in/")
    walk.check_in(page)
    page.wait_for_url("**/waiting/")
    page.get_by_role("heading", name=re.compile("You’re next|before you")).wait_for()
    page.get_by_text("The clinic can see that you are here.").wait_for()
    page.evaluate("window.sameDocument = true")


def cancel(desk: Any, visit: str) -> None:
    """Cancel at the front desk."""
    desk.goto(f"/o/larkspur/appointments/{visit}/")
    desk.get_by_role("button", name="Cancel this visit").click()
    desk.get_by_role("heading", name="This visit is cancelled").wait_for()


def reads_that_it_was_cancelled(page: Any, name: str) -> None:
    """She reads it in the same page, with whom to call and how to book again, and nothing else about waiting."""
    heading = page.get_by_role("heading", name="This visit was cancelled")
    heading.wait_for()
    assert page.evaluate("window.sameDocument") is True, "the page was not loaded again"
    assert heading.evaluate("(h1) => document.activeElement === h1"), "a screen reader begins there"
    assert page.title() == "This visit was cancelled"
    words = page.locator("body").inner_text()
    for gone in ("next", "before you", "Waiting room", "sign-in ended", "can’t use this page", "can’t wait"):
        assert gone not in words, gone
    assert page.locator("main video").count() == 0, "nobody films her any more"
    assert page.locator("#live-bar").count() == 0, "nothing follows any more, so nothing is amiss"
    assert re.match(r"tel:[\d()+ -]{10,}", page.locator("main a[href^='tel:']").first.get_attribute("href"))
    examine(page, name)
    page.get_by_role("link", name="Find another time").click()
    page.get_by_role("heading", name="Diabetes video visit", exact=True).wait_for()


def test_who_waits_reads_at_once_that_the_visit_was_cancelled(demo: Demo, chromium: Any, other_chromium: Any) -> None:
    """Shown failing with the last word "revoked" in ``cancel_appointment``: who came by a link reads another one's words."""
    with ExitStack() as stack:
        liz = stack.enter_context(someone(chromium, demo, "Liz Moreno"))
        booking = stack.enter_context(someone(chromium, demo, None, size=PHONE))
        nora = stack.enter_context(someone(chromium, demo, None, size=PHONE))
        grace = stack.enter_context(someone(other_chromium, demo, "Grace Lin"))
        visits = {
            liz: walk.book(liz, "Diabetes video visit", who="Maya Chen"),
            nora: walk.book(booking, "Diabetes video visit", who="Maya Chen", person=walk.NORA),
        }
        link, _calendar = newest_letter(booking, demo, walk.NORA.email, after=0)
        nora.goto(link)
        for page, visit in visits.items():
            wait_for_her_turn(page, visit)
        for page, visit in visits.items():
            cancel(grace, visit)
            reads_that_it_was_cancelled(page, f"cancelled-while-waiting-{'liz' if page is liz else 'by-link'}")


def test_who_was_away_when_it_was_cancelled_is_not_told_of_a_sign_in(
    demo: Demo, chromium: Any, other_chromium: Any
) -> None:
    """Her network was gone for that moment: her link works no more, and that is what she reads."""
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(demo.address))
        away = replace(demo, address=wire.address)
        nora = stack.enter_context(someone(chromium, away, None, size=PHONE))
        grace = stack.enter_context(someone(other_chromium, demo, "Grace Lin"))
        nora.watch.expect("WebSocket", "ERR_", "signal timed out", "AbortError", "status of 404")
        visit = walk.book(nora, "Diabetes video visit", who="Maya Chen", person=walk.NORA)
        wait_for_her_turn(nora, visit)
        wire.cut()
        nora.get_by_text("The clinic can see that you are here.").wait_for(state="hidden")
        cancel(grace, visit)
        wire.mend()
        nora.get_by_role("heading", name="This page doesn’t open here any more").wait_for()
        words = nora.locator("main").inner_text()
        assert "sign-in" not in words and "next" not in words and "before you" not in words
        examine(nora, "link-shut-while-waiting")
