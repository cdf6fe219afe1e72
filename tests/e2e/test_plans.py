"""One plan with owners, in browsers: a step is added beside the call, its owner does it, the patient reads and does hers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import PHONE, Demo, someone, wait_until
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]

STEP = "Send the new strips"


def test_a_step_is_added_beside_the_call_done_by_its_owner_and_read_by_the_patient(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno") as liz, someone(chromium, demo, "Dr. Maya Chen") as maya:
        visit = walk.come_and_wait(liz)
        walk.let_in(liz, maya, visit)

        plans = maya.locator("#chart-plans")
        plans.get_by_role("link", name="Calmer morning sugars").wait_for()
        maya.evaluate("() => { window.sameRoom = true; }")
        plans.get_by_text("Add a step", exact=True).press("Enter")  # the keyboard does all of it
        plans.get_by_label("What is to be done").fill(STEP)
        plans.get_by_label("Who does it").select_option(label="Grace Lin")
        plans.get_by_role("button", name="Add the step").press("Enter")
        plans.get_by_role("status").get_by_text("The step is added.").wait_for()
        plans.get_by_text("Changed since it was agreed").wait_for()
        plans.get_by_role("button", name="Agreed now").press("Enter")
        plans.get_by_text("Agreed", exact=True).wait_for()
        assert maya.evaluate("() => window.sameRoom === true"), "the call went on: the page was not loaded anew"
        examine(maya, "plan-beside-the-call", route="visits:visit-room")

        with someone(chromium, demo, "Grace Lin", size=PHONE) as grace:
            grace.goto("/o/larkspur/to-do/")
            grace.get_by_role("button", name=f"Done {STEP}").wait_for()
            examine(grace, "to-do")
            grace.get_by_role("button", name=f"Done {STEP}").click()
            grace.get_by_text("Marked as done.").wait_for()
            grace.get_by_role("button", name="Undo").click()
            grace.get_by_role("button", name=f"Done {STEP}").click()
            grace.get_by_text("Marked as done.").wait_for()

        with someone(chromium, demo, "Dr. Maya Chen", size=PHONE) as there:
            there.goto(maya.get_by_role("link", name="Calmer morning sugars").get_attribute("href"))
            there.get_by_text("Who changed what").wait_for()
            examine(there, "plan-detail")

    with someone(chromium, demo, "Liz Moreno", size=PHONE) as liz:
        liz.goto("/o/larkspur/plan/")
        examine(liz, "plan-own")
        liz.get_by_role("button", name=re.compile("^I did this")).first.click()
        liz.get_by_text("Marked as done.").wait_for()
        liz.get_by_role("button", name="Undo").click()
        wait_until(
            "her step to be open again", lambda: liz.get_by_role("button", name=re.compile("^I did this")).count()
        )
