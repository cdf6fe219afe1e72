"""A daughter looks after her mother's care, a colleague opens a chart in an emergency: in a browser, to the end."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.conftest import Demo, someone, wait_until
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.apart, pytest.mark.timeout(600)]


def test_ana_acts_for_her_mother_and_liz_sees_it_and_ends_it(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Ana Moreno") as page, someone(chromium, demo, "Liz Moreno") as liz:
        page.get_by_role("heading", name="For whom do you act?").wait_for()
        examine(page, "acting-choose")
        page.get_by_role("button", name="Act for Liz", exact=True).click()
        page.get_by_role("heading", name="Liz’s care").wait_for()
        examine(page, "acting-home")
        page.get_by_text("You are acting for").first.wait_for()
        page.get_by_role("link", name="Services").first.click()
        page.get_by_text("You are acting for").first.wait_for()

        liz.goto("/o/larkspur/home/record/")
        liz.get_by_text("your daughter, for you").first.wait_for()
        liz.goto("/o/larkspur/delegates/")
        examine(liz, "delegates")
        liz.get_by_role("button", name=re.compile("End it now")).click()
        liz.get_by_text("Ana Moreno can no longer act for Liz.").wait_for()

        page.goto("/o/larkspur/home/")
        page.get_by_role("heading", name="You can no longer act for this person").wait_for()
        examine(page, "acting-over")
        page.get_by_role("button", name="Go back to yourself").click()
        page.get_by_text("You act for nobody here").wait_for()

        liz.goto("/o/larkspur/delegates/add/")
        examine(liz, "delegate-add")
        liz.get_by_role("textbox", name="Name").fill("Ana Moreno")
        liz.get_by_label("E-mail").fill("ana@moreno.example")
        liz.get_by_label("What are they to you?").select_option("DAUC")
        liz.get_by_label("Check in and be in the visit").check()
        liz.get_by_role("button", name="Send the invitation").click()
        liz.get_by_text("has not said yes yet").wait_for()

        def invitation() -> str | None:
            page.goto("/demo/mailbox/")
            letter = page.get_by_role("link", name=re.compile("asked to help")).first
            if not letter.count():
                return None
            letter.click()
            found = re.search(r"/o/larkspur/acting/invitation/[^/\"]+/", page.content())
            return found.group(0) if found else None

        page.goto(wait_until("the invitation's letter", invitation))
        examine(page, "invitation-to-act")
        page.get_by_role("button", name="Say yes").click()
        page.get_by_text("You can act for Liz Moreno now.").wait_for()


def test_daniel_opens_a_chart_in_an_emergency_and_ingrid_reviews_it(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Dr. Daniel Whitfield") as page:
        page.goto("/o/larkspur/emergency/")
        examine(page, "emergency-open")
        page.get_by_label("Record number").fill("LC-20418")
        page.get_by_label("Why must you see it now?").fill("Brought in unconscious, allergies unknown")
        page.get_by_role("button", name="Open the chart").click()
        page.get_by_text("Opened in an emergency").wait_for()
        examine(page, "emergency-chart")
        assert not page.get_by_text("Add an allergy").count()
        page.get_by_role("button", name="Close it now").click()
        page.get_by_text("The chart is closed again.").wait_for()
        page.goto("/o/larkspur/coverings/")
        examine(page, "coverings")
    with someone(chromium, demo, "Ingrid Vass") as page:
        page.goto("/o/larkspur/emergency/reviews/")
        examine(page, "emergency-reviews")
        page.get_by_role("button", name="Justified").first.click()
        page.get_by_text("Kept.").wait_for()
    with someone(chromium, demo, "Grace Lin") as page:
        page.goto("/o/larkspur/home/book/")
        page.get_by_label(re.compile("Name, phone")).fill("Moreno")
        page.get_by_role("button", name="Find", exact=True).click()
        page.get_by_role("link", name=re.compile("Book for Liz")).click()
        page.get_by_role("link", name="Who may act for this person").click()
        page.get_by_role("heading", name=re.compile("Who may act for")).wait_for()
        examine(page, "guardians")
