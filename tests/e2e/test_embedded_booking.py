"""Booking on the clinic's own site, in a browser: framed where it was listed, refused elsewhere, booked on our own page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e.conftest import Demo, someone
from tests.e2e.keyboard import Keyboard
from tests.e2e.looks import examine, findings, look

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PLAIN = "Book a visit with Larkspur"


@contextmanager
def site(lines: str, host: str = "localhost") -> Iterator[str]:
    """Give the address of a page on another origin that holds what the administrator was given."""
    head = (
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'>"
        "<title>Our clinic</title><link rel=icon href='data:,'>"
    )
    body = f"{head}<h1>Our clinic</h1>{lines}"

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((host, 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def frame_of(page: Any) -> Any:
    """Return the frame with the times, once it is there."""
    return page.frame_locator("iframe[data-webside]")


def test_the_clinics_site_shows_times_and_the_booking_is_ours(demo: Demo, chromium: Any) -> None:
    with someone(chromium, demo, "Sol Adeyemi") as admin:
        admin.goto("/o/larkspur/home/clinic/")
        admin.get_by_role("link", name="Booking on your own site").click()
        examine(admin, "embed-sites", route="portal:embed-sites")
        lines = admin.get_by_label("Lines for your page").input_value()
        assert f"{demo.address}o/larkspur/embed/" in lines
        with site(lines) as listed, site(lines) as stranger:
            admin.get_by_label("Address of the site").fill(f"{listed}/book.html")
            admin.get_by_role("button", name="Let this site show them").click()
            admin.get_by_text(listed).first.wait_for()
            _framed(chromium, demo, listed)
            _refused(chromium, demo, stranger)
            admin.get_by_role("button", name=f"Take out {listed}").click()
            admin.get_by_text("shows your times no more").first.wait_for()
            _refused(chromium, demo, listed)
            admin.get_by_role("button", name="Undo").click()
            admin.get_by_text("may show your times now").first.wait_for()
            _by_keyboard_at_320(chromium, demo, listed)


def _framed(chromium: Any, demo: Demo, address: str) -> None:
    with someone(chromium, demo, None) as page:
        page.watch.home = "http://localhost"  # the clinic's own site, and ours
        page.goto(address)
        frame = frame_of(page)
        frame.get_by_role("heading", name=PLAIN).wait_for()
        inner = next(each for each in page.frames if "/embed/" in each.url)
        tall = inner.evaluate("Math.ceil(document.documentElement.getBoundingClientRect().height)")
        page.wait_for_function(f"document.querySelector('iframe').getBoundingClientRect().height >= {tall} - 1")
        frame.get_by_label("Where will you be?").select_option("NY")
        frame.get_by_role("button", name="Show times").click()
        slot = frame.locator('a[href*="slot="]').first
        slot.wait_for()
        look(page, "embedded")
        assert page.context.cookies() == [], "nothing is kept on anybody's device by a frame"
        with page.context.expect_page() as opened:
            slot.click()
        booking = opened.value
        booking.get_by_role("heading", name="Check and book").wait_for()
        assert booking.url.startswith(demo.address)
        assert booking.evaluate("window.opener === null && window.top === window")
        booking.get_by_label("First name").fill("Nora")
        booking.close()
        with page.context.expect_page() as asked:
            frame.get_by_role("link", name="Not sure? Say what you need").click()
        asked.value.get_by_label("What is going on?").wait_for()


def _refused(chromium: Any, demo: Demo, address: str) -> None:
    with someone(chromium, demo, None) as page:
        page.watch.home = "http://localhost"
        page.watch.expect("frame-ancestors", "Refused to frame", "X-Frame-Options", "ERR_BLOCKED")
        page.goto(address)
        page.wait_for_timeout(1500)
        assert not any(each.name == PLAIN for each in page.frames)
        assert frame_of(page).get_by_role("heading", name=PLAIN).count() == 0
        page.get_by_role("link", name=PLAIN).click()
        page.get_by_role("heading", name="What do you need?").wait_for()


def _by_keyboard_at_320(chromium: Any, demo: Demo, address: str) -> None:
    with someone(chromium, demo, None, size={"width": 336, "height": 700}) as page:
        page.watch.home = "http://localhost"
        page.goto(f"{demo.address}o/larkspur/embed/?state=NY")
        page.set_viewport_size({"width": 320, "height": 700})
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        small = page.evaluate(
            """() => [...document.querySelectorAll('main a.ws-btn, main button, main select')]
              .filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.outerHTML.slice(0, 90))"""
        )
        assert small == []
        look(page, "embedded-320")
        page.set_viewport_size({"width": 336, "height": 700})
        page.goto(address)
        frame = frame_of(page)
        frame.get_by_role("heading", name=PLAIN).wait_for()
        inner = next(each for each in page.frames if "/embed/" in each.url)
        assert inner.evaluate("innerWidth") <= 320
        assert inner.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        Keyboard(inner_page(page, inner)).reach("Not sure? Say what you need")


def inner_page(page: Any, inner: Any) -> Any:
    """Give a page whose keys go to the window and whose questions go to the frame."""

    class Inner:
        keyboard = page.keyboard
        evaluate = staticmethod(inner.evaluate)

    return Inner()
