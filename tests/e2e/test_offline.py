"""Without a network the clinic's page says what to do, and whom to call; with it, everything is as before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import PHONE, running_demo, someone, wait_until
from tests.e2e.looks import examine

pytestmark = pytest.mark.browser

KEPT = """async () => {
  const names = await caches.keys();
  const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return kept.flat().map((each) => new URL(each.url).pathname);
}"""


def test_a_page_that_cannot_be_reached_says_what_to_do(chromium: Any) -> None:
    with running_demo(fresh=True) as clinic, someone(chromium, clinic, "Liz Moreno", size=PHONE) as page:
        page.goto("/o/larkspur/home/")
        wait_until("the worker", lambda: "/o/larkspur/offline/" in page.evaluate(KEPT), 30)
        # A page that was loading while the worker began may stay without it (Chromium); the next one has it.
        assert page.evaluate("navigator.serviceWorker.ready.then((each) => Boolean(each.active))")
        page.goto("/o/larkspur/")
        page.goto("/o/larkspur/home/")
        assert page.evaluate("Boolean(navigator.serviceWorker.controller)")
        assert page.get_by_role("heading", name="Liz").count() == 1, "with a network it is in nobody’s way"
        kept = page.evaluate(KEPT)
        assert [path for path in kept if not path.startswith("/static/")] == ["/o/larkspur/offline/"]
        page.watch.expect("ERR_CONNECTION_REFUSED", "Failed to load resource", "WebSocket", "ERR_")
        clinic.process.terminate()
        clinic.process.wait(30)
        page.goto("/o/larkspur/home/")
        page.get_by_role("heading", name="You are offline").wait_for()
        assert "Liz" not in page.content()
        assert page.get_by_role("link", name="911").first.is_visible()
        assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Atkinson'), "it looks like ours"
        examine(page, "offline")
