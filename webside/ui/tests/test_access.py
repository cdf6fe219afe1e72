"""Every pattern and sample page in both themes and densities, at both widths: axe finds nothing, nothing scrolls sideways."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from tests.e2e.looks import findings, look
from webside.ui.tests.site import Site
from webside.ui.views.gallery import ERROR_PAGES, PAGES, parts, patterns

pytestmark = pytest.mark.browser

LOOKS = [(theme, density, width) for theme in ("light", "dark") for density, width in (("", 390), ("compact", 1280))]


def _draw(rf: RequestFactory, part: str, theme: str, density: str) -> str:
    request = rf.get(f"/patterns/{part}/", {"theme": theme, "density": density})
    request.COOKIES["webside_theme"] = theme
    return patterns(request, part).content.decode()


@pytest.mark.parametrize("part", [*parts(), *PAGES, *ERROR_PAGES])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    part: str, chromium: Any, site: Site, rf: RequestFactory
) -> None:
    for theme, density, width in LOOKS:
        context = chromium.new_context(viewport={"width": width, "height": 844})
        page = context.new_page()
        refused: list[str] = []
        page.on(
            "console",
            lambda message, refused=refused: "Content Security Policy" in message.text and refused.append(message.text),
        )
        site.whole = _draw(rf, part, theme, density)
        page.goto(site.url, wait_until="load")
        page.wait_for_function("document.documentElement.dataset.js === 'on'")
        assert findings(page) == [], (part, theme, density, width)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (part, theme, density, width)
        assert refused == []
        look(page, f"pattern-{part}-{'desktop' if density else 'phone'}{'-dark' if theme == 'dark' else ''}")
        context.close()


@pytest.mark.parametrize("page_name", ["page-patient", "page-staff", "page-plain"])
def test_a_page_grown_to_twice_its_size_still_fits(
    page_name: str, chromium: Any, site: Site, rf: RequestFactory
) -> None:
    """200 % zoom of a 1280 px window is a window of 640 px."""
    site.whole = _draw(rf, page_name, "light", "")
    context = chromium.new_context(viewport={"width": 640, "height": 400})
    page = context.new_page()
    page.goto(site.url, wait_until="load")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_without_javascript_the_page_is_whole(chromium: Any, site: Site, rf: RequestFactory) -> None:
    site.whole = _draw(rf, "fill-in", "light", "")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url, wait_until="load")
    assert page.get_by_label("Your name").first.is_visible()
    page.get_by_label("3:20 pm").check()
    assert page.get_by_role("button", name="Go to the waiting room").is_visible()
    context.close()


def test_the_skip_link_leads_to_the_main_part(chromium: Any, site: Site, rf: RequestFactory) -> None:
    site.whole = _draw(rf, "page-patient", "light", "")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.url, wait_until="load")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the main part"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    context.close()


def test_nothing_moves_when_the_font_comes(chromium: Any, site: Site, rf: RequestFactory) -> None:
    site.whole = _draw(rf, "page-patient", "light", "")
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value)))"
        ".observe({type: 'layout-shift', buffered: true})"
    )

    def late(route: Any) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route("**/*.woff2", late)
    page.goto(site.url, wait_until="load")
    page.wait_for_timeout(900)
    assert page.evaluate("document.fonts.check('16px \"Atkinson Hyperlegible\"')")
    assert page.evaluate("window.shift") <= 0.01
    context.close()
