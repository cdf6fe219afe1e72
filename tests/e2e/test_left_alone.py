"""A page that nobody uses: it asks, it is covered, and whoever comes back finds what was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Demo, running_demo, someone
from tests.e2e.looks import examine

pytestmark = pytest.mark.browser

TYPED = "My sugar is high in the mornings. 160 to 190."
MINUTES = 4


@pytest.fixture(scope="module")
def hasty() -> Iterator[Demo]:
    """Give a demo that signs out after four minutes; the browsers' clocks run as the tests want."""
    with running_demo(WEBSIDE_IDLE_MINUTES=str(MINUTES), WEBSIDE_IDLE_MINUTES_STAFF=str(MINUTES)) as clinic:
        yield clinic


def watched(page: Any) -> None:
    """Wait until somebody counts the minutes: what the clock passes over before that is no minute without use."""
    page.locator("[data-behavior=idle-watch][data-attached]").wait_for(state="attached")


def booking(page: Any) -> Any:
    """Open the form of a booking, type into it, and return the field."""
    page.goto("/o/larkspur/")
    page.get_by_role("link", name="Same-day video visit", exact=True).click()
    page.locator("label.ws-slot").first.click()
    page.get_by_role("button", name=re.compile("^(Go on|Go on with this time)$")).locator("visible=true").first.click()
    field = page.get_by_label(re.compile("like to talk about"))
    field.fill(TYPED)
    watched(page)
    return field


def test_what_was_typed_is_there_when_she_comes_back(hasty: Demo, chromium: Any) -> None:
    with someone(chromium, hasty, "Liz Moreno") as page:
        page.clock.install()
        field = booking(page)
        page.clock.fast_forward("02:10")
        asks = page.get_by_role("alertdialog", name="Are you still there?")
        asks.wait_for()
        assert re.search(r"in \d:\d\d, so", asks.inner_text())
        examine(page, "idle-asks")
        asks.get_by_role("button", name="Stay signed in").click()
        page.clock.run_for(6000)
        asks.wait_for(state="detached")
        assert field.input_value() == TYPED
        page.clock.fast_forward("04:10")
        over = page.get_by_role("dialog", name="You are signed out")
        over.wait_for()
        assert "Moreno" not in page.title()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        assert over.is_visible(), "nothing takes it away but signing in"
        examine(page, "idle-cover")
        box = over.bounding_box()
        assert (box["x"], box["y"]) == (0, 0)
        assert (box["width"], box["height"]) == (1280, 800), "nothing of the page shows"
        page.watch.expect("status of 404", "status of 403")
        with page.context.expect_page() as opened:
            over.get_by_role("link", name="Sign in again").click()
        again = opened.value
        again.get_by_label("Email address").fill("liz@moreno.example")
        again.get_by_label("Password").fill("webside-demo-1")
        again.get_by_role("button", name="Sign in", exact=True).click()
        again.get_by_role("heading", name="You are signed in again").wait_for()
        over.wait_for(state="detached")
        assert field.input_value() == TYPED
        again.close()
        agreement = page.get_by_label("I have read this and I agree")
        if agreement.count():
            agreement.check()
        page.get_by_role("button", name="Book this visit").click()
        page.get_by_role("heading", name="Your visit is booked").wait_for()


def test_another_page_of_hers_is_use_too(hasty: Demo, chromium: Any) -> None:
    with someone(chromium, hasty, "Liz Moreno") as page:
        other = page.context.new_page()
        for each in (page, other):
            each.clock.install()
            each.goto("/o/larkspur/home/")
            watched(each)
        page.clock.fast_forward("02:10")
        page.get_by_role("alertdialog").wait_for()
        other.clock.run_for(6000)
        other.clock.fast_forward("02:10")
        other.keyboard.press("Shift")
        page.clock.run_for(6000)
        page.get_by_role("alertdialog").wait_for(state="detached")


def test_somebody_else_does_not_find_her_page(hasty: Demo, chromium: Any) -> None:
    with someone(chromium, hasty, "Liz Moreno") as page:
        page.clock.install()
        page.goto("/o/larkspur/home/")
        watched(page)
        page.clock.fast_forward("04:10")
        page.get_by_role("dialog", name="You are signed out").wait_for()
        other = page.context.new_page()
        other.goto("/")
        other.get_by_role("button", name=re.compile("Dr. Maya Chen")).first.click()
        other.wait_for_url("**/home/")
        page.bring_to_front()
        page.evaluate("dispatchEvent(new Event('focus'))")
        page.wait_for_url(hasty.url("/"))


def test_a_page_on_which_a_call_goes_on_is_used_though_nobody_touches_it(hasty: Demo, chromium: Any) -> None:
    """The clinician listens; what she is with is shown by her page, and names itself in ``data-always``."""
    with someone(chromium, hasty, "Dr. Maya Chen") as page:
        page.clock.install()
        page.reload()
        watch = page.locator("[data-behavior=idle-watch]")
        page.locator("[data-behavior=idle-watch][data-attached]").wait_for(state="attached")
        watch.evaluate("(element) => { element.dataset.always = '[data-with-somebody]'; }")
        main = page.locator("main")
        main.evaluate("(element) => element.toggleAttribute('data-with-somebody', true)")
        asks = page.get_by_role("alertdialog", name="Are you still there?")
        for _ in range(3):
            page.clock.run_for(100_000)
            assert not asks.is_visible()
        main.evaluate("(element) => element.toggleAttribute('data-with-somebody', false)")
        page.clock.run_for(130_000)
        asks.wait_for()
