"""Fixtures of ui's tests. None needs a database; those marked ``browser`` drive Chromium."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.template import engines
from django.test import RequestFactory

from webside.ui import assets
from webside.ui.tests.site import Site

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> Iterator[None]:
    """Static files under their own names: nothing has been collected in a test."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    assets.forget()
    yield
    assets.forget()


@pytest.fixture
def draw(rf: RequestFactory) -> Callable[..., str]:
    """Render template source with the project's engine, as a page would."""

    def render(source: str, **context: Any) -> str:
        return engines["django"].from_string(source).render(context, rf.get("/"))

    return render


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One Chromium for the browser tests of a file.

    Playwright runs an event loop in this thread while it is open: no longer than the file, or other
    files on the same worker could start neither a loop nor a Playwright of their own.
    """
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A small site with our modules under our policy; the test says what its server answers."""
    import uvicorn

    made = Site()
    server = uvicorn.Server(
        uvicorn.Config(made.app, host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the test site didn't start"
        time.sleep(0.01)
    made.port = server.servers[0].sockets[0].getsockname()[1]
    yield made
    made.stop()
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def page(chromium: Any, site: Site) -> Iterator[Any]:
    """A fresh page; a script error or a broken policy fails the test."""
    context = chromium.new_context(
        viewport={"width": 1000, "height": 700}, locale="en-US", timezone_id="America/New_York"
    )
    opened = context.new_page()
    opened.set_default_timeout(8000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            wrong.append(message.text)
            if message.type == "error"
            and "Failed to load resource" not in message.text
            and "WebSocket connection" not in message.text
            else None
        ),
    )
    yield opened
    context.close()
    assert wrong == []
