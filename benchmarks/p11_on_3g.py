"""P11 on a thin line: how long a patient's pages take on 3G, with a slow phone and nothing in the cache.

The line carries 1.6 Mbit/s down and 750 kbit/s up with 150 ms of delay, and the processor is four times slower, as is
usual for measuring phones. The peer is one document of the same weight without style, script or picture, over the same
line: what no page of that weight can beat. Time is taken until the largest picture of the first screen stands (LCP) and
until the page answers to a touch (its modules ran: ``load``); the median of three loads counts.

    python -m benchmarks.p11_on_3g

Limits: LCP 2.5 s, ``load`` 4 s, and ``load`` at most 3 × the bare document's. Exit status 1 when one is missed.
"""

from __future__ import annotations

import http.server
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.p11_pages import PAGES, PAINT, ROUNDS, pages_of
from tests.e2e.call_lab.running import launch
from tests.e2e.conftest import running_demo
from webside.testing.hands import Hands

ON_A_PHONE = {
    "": (*PAGES[""], r"/o/larkspur/services/[0-9a-f-]{36}/now/", "/o/larkspur/need/", "/o/larkspur/people/"),
    "liz": (*PAGES["liz"], r"/o/larkspur/visits/[0-9a-f-]{36}/prepare/"),
}
"""Pages that people open away from home, by who opens them."""
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
SLOWER = 4
MOST_LCP_MS, MOST_LOAD_MS, MOST_TIMES_BARE = 2500, 4000, 3.0
LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


@dataclass(frozen=True, slots=True)
class Load:
    """One page over the thin line: milliseconds until its picture stands and until it is loaded, and kB as sent."""

    lcp: float
    load: float
    weight: float


@contextmanager
def bare_document(size: int) -> Iterator[str]:
    """Serve one document of ``size`` bytes; give its address."""
    body = b"<!doctype html><title>Bare</title><p>" + b"x" * size

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()


def load_of(browser: Browser, address: str, cookies: list[dict[str, str]]) -> Load:
    """Return the median load of an address, each in a context of its own, so that nothing is in the cache."""
    lcps, loads, weights = [], [], []
    for _ in range(ROUNDS):
        context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", LINE)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        sent: list[float] = []
        tools.on("Network.loadingFinished", lambda one, sent=sent: sent.append(one["encodedDataLength"]))
        answer = page.goto(address, wait_until="load")
        if answer is None or not answer.ok:
            raise RuntimeError(f"{address} can't be measured: {answer and answer.status}")
        lcps.append(page.evaluate(PAINT)["lcp"])
        loads.append(page.evaluate(LOADED))
        weights.append(sum(sent) / 1000)
        context.close()
    return Load(statistics.median(lcps), statistics.median(loads), statistics.median(weights))


def main() -> int:
    """Measure and print; return 1 if a figure is over its limit."""
    missed = 0
    print(f"{'page':34}{'kB':>7}{'LCP ms':>9}{'load ms':>9}{'bare ms':>9}{'×':>6}")
    with running_demo() as demo, sync_playwright() as running:
        browser = launch(running.chromium)
        pages = pages_of(demo.address, ON_A_PHONE)
        for name, path, hands in pages:
            ours = load_of(browser, demo.url(path), cookies_of(hands, demo.address))
            with bare_document(int(ours.weight * 1000)) as bare:
                peer = load_of(browser, bare, [])
            times = ours.load / peer.load
            wrong = ours.lcp > MOST_LCP_MS or ours.load > MOST_LOAD_MS or times > MOST_TIMES_BARE
            missed += wrong
            print(
                f"{name:34}{ours.weight:7.0f}{ours.lcp:9.0f}{ours.load:9.0f}{peer.load:9.0f}{times:6.2f}"
                f"{'  MISSED' if wrong else ''}",
                flush=True,
            )
        browser.close()
    print(
        f"P11 on 3G: {len(pages) - missed} of {len(pages)} pages within LCP {MOST_LCP_MS} ms, load {MOST_LOAD_MS} ms"
        f" and {MOST_TIMES_BARE:g} × a bare document of the same weight"
    )
    return int(bool(missed))


def cookies_of(hands: Hands, address: str) -> list[dict[str, str]]:
    """Return the cookies of who is signed in, as the browser takes them."""
    return [{"name": name, "value": value, "url": address} for name, value in hands.cookies.items()]


if __name__ == "__main__":
    sys.exit(main())
