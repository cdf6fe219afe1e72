"""Somebody says what she needs: what fits, side by side; and what is dangerous, alone. By mouse, and by keyboard only."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.conftest import PHONE, Demo, someone
from tests.e2e.looks import examine

pytestmark = pytest.mark.browser

SUGAR = "My morning sugar has crept up for two weeks, and I don’t know what to eat anymore"


def test_from_her_own_words_to_a_booking(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Liz Moreno") as page:
        page.goto("/o/larkspur/")
        page.get_by_label("What is going on?").fill(SUGAR)
        page.get_by_role("button", name="Show my choices").click()
        page.get_by_role("heading", name="2 things fit what you wrote").wait_for()
        assert "sugar" not in page.url
        examine(page, "need-choices", route="triage:need")
        best = page.get_by_role("article").first
        best.get_by_role("heading", name="Diabetes video visit").wait_for()
        assert best.get_by_text("Best fit").is_visible()
        best.get_by_role("listitem").first.get_by_role("link").click()
        page.get_by_role("button", name=re.compile("^(Go on|Go on with this time)$")).locator(
            "visible=true"
        ).first.click()
        page.get_by_role("heading", name="Check and book").wait_for()
        assert page.get_by_label(re.compile("like to talk about")).input_value() == SUGAR, "nothing is asked twice"
        page.go_back()
        page.go_back()
        page.get_by_role("heading", name="2 things fit what you wrote").wait_for()


def test_danger_is_answered_alone_and_at_once(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, None, size=PHONE) as page:
        page.goto("/o/larkspur/")
        page.get_by_label("What is going on?").focus()
        page.keyboard.type("me duele el pecho y no puedo respirar")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_role("heading", name="Llame al 911 ahora").wait_for()
        assert page.get_by_role("link", name="Llamar al 911").first.get_attribute("href") == "tel:911"
        assert page.get_by_role("link", name="Elegir una hora").count() == 0
        examine(page, "need-danger", route="triage:need")
        page.get_by_role("link", name=re.compile("No está pasando ahora")).click()
        page.get_by_role("heading", name="What do you need?").wait_for()
