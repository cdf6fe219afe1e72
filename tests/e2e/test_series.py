"""The same time again and again, in a browser: the dates are looked at, booked in one go, and the rest is cancelled."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.conftest import Demo, someone
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_patient_books_two_weeks_and_cancels_them(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno") as page:
        page.goto("/o/larkspur/")
        service = re.search(r"/o/larkspur/services/([0-9a-f-]{36})/", page.content())
        assert service
        page.goto(f"{service[0]}?state=NY&from=2031-01-01")  # the last week that can be booked: free for her
        slot = page.locator('input[name="slot"]').first.get_attribute("value")
        page.goto(f"{service[0]}book/?state=NY&slot={slot}")
        page.get_by_role("link", name="Book this time every week, or every month").click()
        examine(page, "series-ask", route="scheduling:series-book")
        page.get_by_label("How many visits in all?").fill("2")
        page.get_by_role("button", name="Show the dates").click()
        examine(page, "series-dates", route="scheduling:series-book")
        page.get_by_role("button", name="Book these visits").wait_for()  # below what may be asked
        consent = page.get_by_label("I have read this and I agree")
        if consent.count():
            consent.check()
        page.get_by_role("button", name="Book these visits").click()
        page.get_by_text("2 visits are booked.").first.wait_for()
        page.get_by_role("button", name="Cancel this one and all later ones (2 visits)").click()
        page.get_by_text("2 visits are cancelled.").first.wait_for()
