"""After a visit: proposed and booked with one press, how it was, and something that is wrong, by three people."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.conftest import PATIENCE, PHONE, Demo, someone, wait_until
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ROUTES = {
    "after-help": "visits:visit-help",
    "after-survey": "visits:visit-survey",
    "after-report": "visits:visit-report",
}
"""Pages of this story that `test_every_page.py` counts on."""


def open_the_last_summary(page: Any) -> str:
    """Open the patient's newest summary and return the path of its visit."""
    page.goto("/o/larkspur/home/")
    page.locator("a[href*='/summary/']").first.click()
    page.get_by_role("heading", name=re.compile("^Your visit with")).wait_for()
    path = page.get_by_role("link", name="Something is wrong").get_attribute("href")
    return str(path).removesuffix("help/")


def test_what_follows_a_visit(demo: Demo, chromium: Any, other_chromium: Any) -> None:
    with (
        someone(chromium, demo, "Liz Moreno", size=PHONE) as liz,
        someone(other_chromium, demo, "Priya Nair") as priya,
        someone(other_chromium, demo, "Grace Lin") as grace,
    ):
        visit = open_the_last_summary(liz)
        priya.goto(f"{visit}ended/")
        priya.get_by_label("When").select_option(label="in 4 weeks")
        priya.get_by_role("button", name="Propose").click()
        priya.get_by_text("Not booked yet").wait_for()
        examine(priya, "after-proposed")

        open_the_last_summary(liz)
        liz.get_by_text("One press books it").wait_for()
        examine(liz, "after-summary")
        liz.get_by_role("button", name=re.compile("^Book ")).click()
        liz.get_by_text("Your next visit is booked").wait_for()
        examine(liz, "after-booked")

        liz.get_by_role("link", name="How the call went").click()
        examine(liz, "after-report", route=ROUTES["after-report"])
        liz.get_by_role("link", name="Back to your visit").click()
        liz.get_by_role("link", name=re.compile("How was it|Change what you said")).click()
        examine(liz, "after-survey", route=ROUTES["after-survey"])
        liz.get_by_label("Very well").check()
        liz.get_by_label("Mostly").check()
        liz.get_by_role("button", name="Send").click()
        liz.get_by_text("You can change it for a day").wait_for()

        grace.goto("/o/larkspur/help/")
        grace.get_by_text("Nobody waits for help").wait_for()
        liz.get_by_role("link", name="Something is wrong").click()
        examine(liz, "after-help", route=ROUTES["after-help"])
        liz.get_by_label("What is wrong?").fill("The pharmacy has no prescription for me")
        liz.get_by_role("button", name="Send it to the front desk").click()
        liz.get_by_text("Nobody has seen it yet").wait_for()

        # It comes to the open list by itself, and what happens there to her page.
        grace.get_by_text("The pharmacy has no prescription").wait_for()
        examine(grace, "after-help-list")
        grace.get_by_role("button", name="Take it").click()
        liz.get_by_text("Grace Lin looks after it").wait_for()
        examine(liz, "after-help-taken")
        grace.get_by_label("What was done").fill("Called her and the pharmacy")
        grace.get_by_role("button", name="Answered").click()
        wait_until("the answer to reach her page", lambda: liz.get_by_text("by Grace Lin").count() == 1, PATIENCE)
        examine(grace, "after-help-answered")
