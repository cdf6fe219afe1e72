"""In Spanish, whose words are longer, a patient's pages still fit a phone and 200 % zoom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import PHONE, Demo, someone
from tests.e2e.looks import ZOOMED, look, wider_than_its_window

pytestmark = pytest.mark.browser

PAGES = ("home/", "", "need/", "home/record/", "how-we-reach-you/", "delegates/", "offline/")


def test_patients_pages_fit_in_spanish(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno", size=PHONE) as page:
        page.goto("/o/larkspur/home/")
        page.get_by_role("button", name="Español").click()
        page.get_by_role("button", name="English").wait_for()
        assert page.url.endswith("/o/larkspur/home/"), "she is where she was"
        wrong = []
        for path in PAGES:
            page.goto(f"/o/larkspur/{path}")
            assert page.locator("html").get_attribute("lang") == "es"
            for size in (PHONE, ZOOMED):
                page.set_viewport_size(size)
                wrong += [f"{path or 'clinic'} at {size['width']}: {each}" for each in wider_than_its_window(page)]
            page.set_viewport_size(PHONE)
            look(page, f"spanish-{path.strip('/').replace('/', '-') or 'clinic'}")
        assert wrong == []
