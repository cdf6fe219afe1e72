"""F6: the live lane is killed under fifty open pages, and every page is right again.

The clock starts at the kill: whoever looks at a page waits from then on. How much of it the next process took to start is
printed beside it. Five of the pages are real ones, the others follow as those do. What changed while the lane was away
never came as a hint, so a page that only listened stays wrong.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.conftest import Demo, someone, wait_until
from tests.faults.conftest import rows
from tests.faults.live_pages import LivePages

pytestmark = pytest.mark.browser

SOCKETS, BROWSERS = 50, 5
RIGHT_AGAIN_SECONDS = 5
# Beside other tests on the same two cores the limit says nothing; there it only has to come right by itself.
RIGHT_AGAIN_BESIDE_OTHERS = 45
# The supervisor's pauses start from the beginning again for a process that lived this long.
STEADY_SECONDS = 32
EXPECTED = (
    "WebSocket", "ERR_EMPTY_RESPONSE", "ERR_CONTENT_LENGTH_MISMATCH", "ERR_CONNECTION", "ERR_SOCKET_NOT_CONNECTED",
    "status of 50",
)  # fmt: skip


def _rename(demo: Demo, name: str) -> None:
    rows(demo, "UPDATE people_patient SET family = %s WHERE email = 'liz@moreno.example'", name)


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.drill)])
def test_f6_every_page_is_right_again_when_the_live_lane_was_killed(demo: Demo, chromium: Any, kills: int) -> None:
    """Shown failing with ``refreshAll()`` taken out of ``ui/live.js`` (the browser's page keeps the old name), and with
    the fetch after a welcome taken out of ``live_pages`` (all fifty do)."""
    took: list[tuple[float, float]] = []
    limit = RIGHT_AGAIN_SECONDS if kills > 2 else RIGHT_AGAIN_BESIDE_OTHERS
    others = SOCKETS - BROWSERS
    with LivePages(demo.address, "maya", others) as pages, someone(chromium, demo, "Dr. Maya Chen") as first:
        first.watch.expect(*EXPECTED)
        wait_until("all sockets to be open", lambda: len(pages.sockets) == others, 60)
        real = [first, *(first.context.new_page() for _ in range(BROWSERS - 1))]
        for page in real:
            page.goto(first.url)
            page.locator("html[data-live-state=on]").wait_for(state="attached")
        loaded = [page.evaluate("performance.timeOrigin") for page in real]
        for number in range(kills):
            name = f"Moreno-{kills}-{number}"
            before, began = demo.pid("web"), time.monotonic()
            demo.kill("web")
            _rename(demo, name)
            wait_until(
                "a new process to answer", lambda old=before: demo.replaced("web", old) and demo.answers(), 90, 0.05
            )
            up = time.monotonic()
            for page in real:
                left = began + RIGHT_AGAIN_BESIDE_OTHERS - time.monotonic()
                page.locator("#day-list").get_by_text(name).first.wait_for(timeout=left * 1000)
            left = began + RIGHT_AGAIN_BESIDE_OTHERS - time.monotonic()
            wait_until(f"all pages show {name}", lambda name=name: pages.showing(name) == others, left, 0.02)
            took.append((up - began, time.monotonic() - began))
            print(
                f"kill {number + 1}: process back after {took[-1][0]:.1f} s, every page right after {took[-1][1]:.2f} s"
            )
            if kills > 2:
                time.sleep(max(0, STEADY_SECONDS - (time.monotonic() - up)))
        assert [page.evaluate("performance.timeOrigin") for page in real] == loaded, "no page was loaded anew"
        assert pages.reconnects >= others * (kills if kills > 2 else 1), "every socket was lost with each kill"
    (starts, rights) = (sorted(each) for each in zip(*took, strict=True))
    print(
        f"F6: {kills} kills, {SOCKETS} pages: right again {rights[kills // 2]:.2f} s after the kill (worst {rights[-1]:.2f} s),"
        f" of which the process took {starts[kills // 2]:.2f} s to start (worst {starts[-1]:.2f} s)"
    )
    assert rights[-1] <= limit
