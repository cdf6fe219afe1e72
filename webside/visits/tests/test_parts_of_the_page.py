"""Modules of the call's page in a real browser: what is redrawn takes nothing away from who is using it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from webside.ui import assets
from webside.ui.tests.site import Site

pytestmark = pytest.mark.browser

MODULES = Path(__file__).resolve().parent.parent / "static" / "visits"


@pytest.fixture(autouse=True)
def modules(plain_static: None, page: Any) -> None:
    """Answer for our modules; the site has those of ``ui``."""
    page.route("**/static/visits/*", lambda route: route.fulfill(path=MODULES / route.request.url.rsplit("/", 1)[1]))


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> Iterator[None]:
    """Static files under their own names: nothing has been collected in a test."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    assets.forget()
    yield
    assets.forget()


def ready(page: Any, behavior: str) -> None:
    expect(page.locator(f'[data-attached~="{behavior}"]').first).to_be_attached()


def test_what_came_while_somebody_typed_is_asked_for_anew(page: Any, site: Site) -> None:
    site.html = """<main><div data-behavior="visit-fragment" data-url="/fragment"><input aria-label="Why" id="why"></div>
        <button type="button" id="on">Go on</button></main>"""
    site.fragment = "<p>older</p>"
    page.goto(site.url)
    ready(page, "visit-fragment")
    page.focus("#why")
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/fragment")):
        page.evaluate("document.dispatchEvent(new CustomEvent('visits:hint', { detail: { kind: 'gates' } }))")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(page.locator("#why")).to_be_focused()
    site.fragment = "<p>newer</p>"
    page.focus("#on")
    expect(page.locator("main p")).to_have_text("newer")


def test_a_foot_that_is_drawn_anew_while_the_note_is_saved_still_ends_the_visit(page: Any, site: Site) -> None:
    site.html = """<main><form data-behavior="autosave" data-autosave-url="/post"><textarea name="plan" id="plan"
        aria-label="Plan"></textarea></form><form method="post" action="/post"><button name="team" value="sign">Ask her to
        wait</button></form><footer><form method="post" action="/post" data-behavior="submit-once visit-end">
        <button name="then" value="stay">End visit</button><button name="then" value="sign">End and sign</button></form>
        </footer></main>"""
    site.default = lambda form: (200, {"version": 2, "saved_at": "2026-11-23T20:43:07Z"})
    held: list[Any] = []
    page.route("**/post", lambda route: route.continue_() if held else held.append(route))
    page.goto(site.url)
    ready(page, "autosave")
    ready(page, "visit-end")
    foot = page.locator("footer").inner_html()
    page.fill("#plan", "Rest.")
    page.get_by_role("button", name="End and sign").click()
    while not held:
        page.wait_for_timeout(20)
    page.evaluate("html => { document.querySelector('footer').innerHTML = html; }", foot)
    with page.expect_navigation(url="**/post"):
        held[0].continue_()
    assert [post.get("then") for post in site.posts] == [None, "sign"], "and not what goes there from elsewhere"


def test_who_opens_by_keyboard_what_is_fetched_stays_where_she_is(page: Any, site: Site) -> None:
    site.html = """<main><div data-behavior="visit-people"><details data-load="/fragment">
        <summary>Choose a colleague</summary></details></div></main>"""
    page.goto(site.url)
    ready(page, "visit-people")
    page.locator("summary").press("Enter")
    page.get_by_text("first").wait_for()
    expect(page.locator("summary")).to_be_focused()
