"""What pages cost a patient on a thin line: weighed as they are sent, with nothing in the cache."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmarks import big_clinic
from config import postgres
from tests.e2e import walk
from tests.e2e.conftest import Demo, someone

pytestmark = pytest.mark.browser


def weight_of(page: Any, path: str) -> float:
    """Return what a page costs when nothing is in the cache, in kB as sent, without pictures."""
    sent: list[Any] = []
    page.on("requestfinished", lambda request: sent.append(request))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    return sum(
        one.sizes()["responseBodySize"] + one.sizes()["responseHeadersSize"]
        for one in sent
        if one.resource_type != "image"
    ) / 1000  # fmt: skip


def test_pages_for_patients_are_light(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno") as page:
        home = page.url
        ready = page.get_by_role("link", name="Check in and join").get_attribute("href")
        assert ready
        visit = re.sub(r"(check-in|prepare|waiting)/$", "", ready)
        cookies = page.context.cookies()
    limits = {home: 100, "/o/larkspur/": 100, "/o/larkspur/home/record/": 100}
    limits |= {visit + part: 150 for part in ("prepare/", "check-in/")}
    heavy = {}
    for path, limit in limits.items():
        with someone(chromium, demo, None) as page:  # a context of its own: nothing in the cache
            page.context.add_cookies(cookies)
            weight = weight_of(page, path)
            assert weight > 40, f"{path}: {weight:.0f} kB can't be a whole page"
            if weight > limit:
                heavy[path] = f"{weight:.0f} kB of {limit}"
    assert heavy == {}


def test_the_page_of_a_call_is_light(demo: Demo, chromium: Any) -> None:
    """Last in this file: it holds Liz's visit."""
    with someone(chromium, demo, "Liz Moreno") as liz, someone(chromium, demo, "Dr. Maya Chen") as maya:
        liz.get_by_role("link", name="Check in and join").click()
        liz.get_by_role("link", name="Go on without the check").click()
        walk.check_in(liz)
        maya.get_by_role("link", name="Open the visit").click()
        maya.get_by_role("button", name="Let Liz in").click()
        liz.locator(".ws-call").wait_for()
        maya.locator(".visit-call").wait_for()
        rooms = {".ws-call": (liz.url, liz.context.cookies()), ".visit-call": (maya.url, maya.context.cookies())}
    weights = {}
    for call, (room, cookies) in rooms.items():
        with someone(chromium, demo, None) as page:
            page.context.add_cookies(cookies)
            weights[call] = weight_of(page, room)
            assert page.locator(call).count() == 1, page.url
    assert 70 < weights[".ws-call"] <= 140
    assert weights[".visit-call"] <= 187, "note, chart, plans and what the visit may turn into are in it too"


def test_the_big_clinic_of_the_figures_can_be_grown_from_the_demo(demo: Demo) -> None:
    """It copies rows in SQL, so each new column might break it, and nobody would see before the next figures."""
    said, long_chart = big_clinic.grow(postgres.urls(demo.var)["owner"], patients=8, years=1)
    assert "patients" in said
    assert long_chart
