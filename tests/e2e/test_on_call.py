"""Who is on call: the front desk plans, one offers a time, a colleague takes it, and where nobody is stands on the board."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.conftest import Demo, someone, wait_until
from tests.e2e.keyboard import Keyboard
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pair"), pytest.mark.timeout(600)]

ON_CALL = "/o/larkspur/on-call/"


def test_a_time_on_call_is_planned_offered_and_taken(demo: Demo, chromium: Any) -> None:
    tomorrow = datetime.now(ZoneInfo("America/New_York")) + timedelta(days=1)
    with (
        someone(chromium, demo, "Grace Lin") as desk,
        someone(chromium, demo, "Dr. Maya Chen") as maya,
        someone(chromium, demo, "Dr. Daniel Whitfield") as daniel,
    ):
        # The demo has somebody on call at any hour: Dr. Chen on working days, Dr. Whitfield at weekends.
        desk.goto(ON_CALL)
        now = desk.get_by_role("region", name="Now")
        now.get_by_text(re.compile("Dr. Maya Chen|Dr. Daniel Whitfield")).first.wait_for()
        keys = Keyboard(desk)  # planned without a mouse
        keys.reach("Who")
        desk.keyboard.type("Priya")
        for field, day, hour in (("From", tomorrow, "0800PM"), ("Until", tomorrow + timedelta(days=1), "0800AM")):
            keys.reach(field)
            desk.keyboard.type(f"{day:%m%d%Y}")
            desk.keyboard.press("ArrowRight")
            desk.keyboard.type(hour)
        keys.write("How many weeks in a row", "2")
        keys.write("Phone", "845-555-0177")
        keys.press("Plan it")
        desk.get_by_text("Priya Nair is on call then, in 2 weeks.").wait_for()

        maya.goto("/demo/mailbox/")
        letters = maya.get_by_role("link", name=re.compile("When you are on call has changed"))
        before = letters.count()
        maya.goto(ON_CALL)
        maya.get_by_role("button", name=re.compile("^Offer to colleagues")).first.click()
        maya.get_by_text("You are on call until a colleague takes it").wait_for()
        examine(maya, "on-call-offered", route="scheduling:on-call")
        daniel.goto(ON_CALL)
        daniel.get_by_role("button", name=re.compile("^Take it Dr. Maya Chen")).click()
        daniel.get_by_text("You are on call instead of Dr. Maya Chen.").wait_for()
        daniel.get_by_text("instead of Dr. Maya Chen", exact=False).first.wait_for()

        def letter() -> bool:
            maya.goto("/demo/mailbox/")
            return letters.count() > before

        wait_until("the letter that says so", letter)

        # Who is on call now is taken out, in hours in which the clinic wants somebody.
        desk.goto(ON_CALL)
        desk.get_by_text("Add hours").click()
        hours = desk.locator("#more-hours")
        for day in hours.get_by_role("checkbox").all():
            day.check()
        hours.get_by_label("From", exact=True).fill("18:00")
        hours.get_by_label("To", exact=True).fill("17:00")
        hours.get_by_role("button", name="Add these hours").click()
        desk.get_by_text("on the next day").first.wait_for()
        assert not desk.get_by_text("Nobody is on call at these times").count(), "somebody is at each hour"
        desk.get_by_role("button", name=re.compile("^Take it out")).first.click()
        desk.get_by_text("Nobody is on call at these times").wait_for()
        examine(desk, "on-call-desk", route="scheduling:on-call")
        desk.goto("/o/larkspur/home/desk/")
        desk.get_by_text(re.compile("^Nobody is on call")).first.wait_for()
        desk.get_by_text(re.compile("^Next on call: ")).wait_for()
        examine(desk, "on-call-board", route="portal:board")
