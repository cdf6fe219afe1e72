"""Who is on call: the front desk plans, one offers a time, a colleague takes it, and where nobody is stands on the board."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.conftest import Demo, someone, wait_until
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ON_CALL = "/o/larkspur/on-call/"


def test_a_time_on_call_is_planned_offered_and_taken(demo: Demo, chromium: Any) -> None:
    tomorrow = datetime.now(ZoneInfo("America/New_York")) + timedelta(days=1)
    with (
        someone(chromium, demo, "Grace Lin") as desk,
        someone(chromium, demo, "Dr. Maya Chen") as maya,
        someone(chromium, demo, "Dr. Daniel Whitfield") as daniel,
    ):
        desk.goto(ON_CALL)
        desk.get_by_text("Nobody is planned", exact=True).wait_for()
        desk.get_by_label("Who", exact=True).select_option(label="Dr. Maya Chen")
        desk.get_by_label("From", exact=True).first.fill(f"{tomorrow:%Y-%m-%d}T20:00")
        desk.get_by_label("Until", exact=True).fill(f"{tomorrow + timedelta(days=1):%Y-%m-%d}T08:00")
        desk.get_by_label("How many weeks in a row").fill("2")
        desk.get_by_label(re.compile("^Phone")).fill("845-555-0177")
        desk.get_by_role("button", name="Plan it").click()
        desk.get_by_text("Dr. Maya Chen is on call then, in 2 weeks.").wait_for()

        desk.get_by_text("Add hours").click()
        hours = desk.locator("#more-hours")
        for day in hours.get_by_role("checkbox").all():
            day.check()
        hours.get_by_label("From", exact=True).fill("18:00")
        hours.get_by_label("To", exact=True).fill("08:00")
        hours.get_by_role("button", name="Add these hours").click()
        desk.get_by_text("Nobody is on call at these times").wait_for()
        examine(desk, "on-call-desk", route="scheduling:on-call")
        desk.goto("/o/larkspur/home/desk/")
        desk.get_by_text(re.compile("^Nobody is on call")).first.wait_for()
        desk.get_by_text("Next on call: Dr. Maya Chen").wait_for()
        examine(desk, "on-call-board", route="portal:board")

        maya.goto(ON_CALL)
        maya.get_by_role("button", name=re.compile("^Offer to colleagues")).first.click()
        maya.get_by_text("You are on call until a colleague takes it").wait_for()
        examine(maya, "on-call-offered", route="scheduling:on-call")
        daniel.goto(ON_CALL)
        daniel.get_by_role("button", name=re.compile("^Take it")).click()
        daniel.get_by_text("You are on call instead of Dr. Maya Chen.").wait_for()
        daniel.get_by_text("instead of Dr. Maya Chen", exact=False).first.wait_for()

        def letter() -> bool:
            maya.goto("/demo/mailbox/")
            return bool(maya.get_by_role("link", name=re.compile("When you are on call has changed")).count())

        wait_until("the letter that says so", letter)
