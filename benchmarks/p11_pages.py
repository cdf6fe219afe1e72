"""P11: what a page costs, against a bare Django page in the same run, at 10,000 patients.

CPU: the seconds that the web process uses for a request (its threads included, PostgreSQL not), in three
alternating rounds with the bare page of ``bare_page.py``, which is served in the same way; the median counts.
Picture: LCP and CLS in Chromium with the processor throttled four times. Queries: what a page asks the database,
counted as ``webside/testing/queries.py`` says (``tests/pages`` holds each page's number, with few rows and many).

    python -m benchmarks.p11_pages [--requests 40]

Limits: 6 × the bare page, LCP 0.8 s (1 s for the chart of ten years), CLS 0.01, 8 queries. Exit status 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import sync_playwright

from benchmarks import big_clinic
from config import postgres
from tests.e2e.call_lab.running import launch
from tests.e2e.conftest import Demo, running_demo
from webside.testing.hands import Hands
from webside.testing.queries import MOST as MOST_QUERIES
from webside.testing.server import free_port

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
MOST_TIMES_BARE = 6.0
MOST_LCP_MS = 800
MOST_LCP_MS_OF_A_LONG_CHART = 1000
LONG_CHART = "maya /patients/…/ of ten years"
MOST_CLS = 0.01
BARE = "bare_pages"

#: Who looks at what: a path, or where a link of an earlier page leads (its pattern).
PAGES: dict[str, tuple[str, ...]] = {
    "": ("/o/larkspur/", r"/o/larkspur/services/[0-9a-f-]{36}/"),
    "liz": ("/o/larkspur/home/", r"/o/larkspur/visits/[0-9a-f-]{36}/check-in/",
            r"/o/larkspur/appointments/[0-9a-f-]{36}/", r"/o/larkspur/encounters/[0-9a-f-]{36}/summary/"),
    "maya": ("/o/larkspur/home/", r"/o/larkspur/visits/[0-9a-f-]{36}/", "/o/larkspur/patients/",
             r"/o/larkspur/patients/[0-9a-f-]{36}/", r"/o/larkspur/encounters/[0-9a-f-]{36}/sign/",
             "/o/larkspur/notes/", "/o/larkspur/schedule/"),
    "marcus": ("/o/larkspur/claims/", r"/o/larkspur/claims/[0-9a-f-]{36}/"),
    "ingrid": ("/o/larkspur/compliance/trail/", "/o/larkspur/compliance/overrides/",
               "/o/larkspur/compliance/licences/", "/o/larkspur/compliance/consents/"),
    "grace": ("/o/larkspur/home/desk/",),
    "sol": ("/o/larkspur/home/clinic/", "/o/larkspur/staff/", "/o/larkspur/messages-sent/",
            "/o/larkspur/operations/events/", "/o/larkspur/home/figures/"),
}  # fmt: skip


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far, all its threads."""
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def pages_of(
    address: str, wanted: dict[str, tuple[str, ...]] = PAGES, long_chart: str = ""
) -> list[tuple[str, str, Hands]]:
    """Return each page as its name, its path, and the hands that may open it. ``long_chart``: whose chart is long, if one is."""
    found = []
    for who, places in wanted.items():
        hands = Hands(address)
        if who:
            hands.become(who)
        seen = ""
        for place in places:
            path = place
            if "[" in place:
                # The long chart has a row of its own, whatever page leads to it first.
                links = [
                    link
                    for link in re.findall(f'href="({place})(?:[?"#])', seen)
                    if not long_chart or long_chart not in link
                ]
                if not links:
                    raise RuntimeError(f"no page of {who or 'a visitor'} leads to {place}")
                path = links[0]
            if who == "" and "/services/" in path:
                path += "?state=NY&zone=America/New_York"
            seen += hands.get(path)
            found.append((f"{who or 'visitor'} {short(path)}", path, hands))
        if who == "maya" and long_chart:
            found.append((LONG_CHART, f"/o/larkspur/patients/{long_chart}/", hands))
    return found


@contextmanager
def bare_server(var: Path) -> Any:
    """Serve the bare page on a database of its own beside the clinic's; give its hands and its process."""
    url = postgres.parse_url(postgres.create_database(BARE, var, replace=True)["owner"])
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    database = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None,
                **{named[name]: value for name, value in url.items() if name in named}}  # fmt: skip
    environment = {**os.environ, "BARE_DATABASE": json.dumps(database)}
    cookie = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare_page"], cwd=ROOT, env=environment, check=True, capture_output=True,
        text=True,
    ).stdout.strip()  # fmt: skip
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "benchmarks.bare_page:application", "--port", str(port), "--no-access-log",
         "--log-level", "error"],
        cwd=ROOT, env=environment,
    )  # fmt: skip
    hands = Hands(f"http://localhost:{port}", cookie)
    for _ in range(100):
        try:
            hands.get("/")
            break
        except OSError:
            time.sleep(0.1)
    try:
        yield hands, server.pid
    finally:
        server.kill()
        server.wait()


def cost_ms(pid: int, ask: Callable[[], object], times: int) -> float:
    """Return the milliseconds of CPU that a process uses for one request."""
    before = cpu_seconds(pid)
    for _ in range(times):
        ask()
    return (cpu_seconds(pid) - before) * 1000 / times


def cpu_costs(demo: Demo, pages: list[tuple[str, str, Hands]], times: int) -> dict[str, tuple[float, float]]:
    """Return each page's milliseconds and its ratio to the bare page's."""
    web = demo.pid("web")
    with bare_server(demo.var) as (bare, bare_pid):
        for _name, path, hands in pages:
            cost_ms(web, lambda hands=hands, path=path: hands.get(path), 3)  # type: ignore[misc]
        cost_ms(bare_pid, lambda: bare.get("/"), 20)
        rounds: dict[str, list[tuple[float, float]]] = {}
        for _ in range(ROUNDS):
            for name, path, hands in pages:
                plain = cost_ms(bare_pid, lambda: bare.get("/"), times)
                ours = cost_ms(web, lambda hands=hands, path=path: hands.get(path), times)  # type: ignore[misc]
                rounds.setdefault(name, []).append((ours, ours / plain))
    return {
        name: (statistics.median(each[0] for each in found), statistics.median(each[1] for each in found))
        for name, found in rounds.items()
    }


PAINT = """() => new Promise((done) => {
  const seen = { lcp: 0, cls: 0 };
  new PerformanceObserver((list) => { for (const each of list.getEntries()) seen.lcp = each.startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => { for (const each of list.getEntries()) if (!each.hadRecentInput) seen.cls += each.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(seen), 500);
})"""


def queries(demo: Demo, pages: list[tuple[str, str, Hands]]) -> dict[str, int]:
    """Return how many queries of its own each page needs, asked in this process with the settings of the demo's."""
    theirs = psutil.Process(demo.pid("web")).environ()
    os.environ |= {name: value for name, value in theirs.items() if name.startswith(("DJANGO_", "WEBSIDE_"))}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.test import Client

    from webside.testing.queries import page_queries

    found = {}
    for name, path, hands in pages:
        client = Client(headers={"host": urlsplit(demo.address).netloc})
        for cookie, value in hands.cookies.items():
            client.cookies[cookie] = value
        client.get(path)
        with page_queries() as own:
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{name} answered {answer.status_code}")
        found[name] = len(own)
    return found


def paints(demo: Demo, pages: list[tuple[str, str, Hands]]) -> dict[str, tuple[float, float]]:
    """Return each page's LCP in ms and CLS, throttled four times, the median of three loads."""
    found = {}
    with sync_playwright() as running:
        browser = launch(running.chromium)
        for name, path, hands in pages:
            context = browser.new_context(base_url=demo.address, viewport={"width": 390, "height": 844})
            context.add_cookies(
                [{"name": cookie, "value": value, "url": demo.address} for cookie, value in hands.cookies.items()]
            )
            page = context.new_page()
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
            loads = []
            for _ in range(ROUNDS):
                page.goto(path)
                loads.append(page.evaluate(PAINT))
                page.goto("about:blank")
            found[name] = (
                statistics.median(each["lcp"] for each in loads),
                max(each["cls"] for each in loads),
            )
            context.close()
        browser.close()
    return found


def short(path: str) -> str:
    """Return a path without ids."""
    return re.sub(r"[0-9a-f-]{36}", "…", path.split("?")[0].removeprefix("/o/larkspur"))


def main() -> int:
    """Measure and print; return 1 if a figure is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--requests", type=int, default=40, help="of each page in each round")
    options = parser.parse_args()
    with running_demo() as demo:
        said, long_chart = big_clinic.grow(postgres.urls(demo.var)["owner"])
        print(said)
        pages = pages_of(demo.address, long_chart=long_chart)
        costs = cpu_costs(demo, pages, options.requests)
        pictures = paints(demo, pages)
        asked = queries(demo, pages)
    missed = 0
    print(f"{'page':44}{'CPU ms':>8}{'× bare':>8}{'LCP ms':>8}{'CLS':>8}{'SQL':>5}")
    for name, (ms, ratio) in costs.items():
        lcp, cls = pictures[name]
        most_lcp = MOST_LCP_MS_OF_A_LONG_CHART if name == LONG_CHART else MOST_LCP_MS
        wrong = ratio > MOST_TIMES_BARE or lcp > most_lcp or cls > MOST_CLS or asked[name] > MOST_QUERIES
        missed += wrong
        print(f"{name:44}{ms:8.1f}{ratio:8.1f}{lcp:8.0f}{cls:8.3f}{asked[name]:5}{'  MISSED' if wrong else ''}")
    print(
        f"P11: {len(costs) - missed} of {len(costs)} pages within {MOST_TIMES_BARE:g} × bare, LCP {MOST_LCP_MS} ms"
        f" ({MOST_LCP_MS_OF_A_LONG_CHART} ms for ten years), CLS {MOST_CLS}, {MOST_QUERIES} queries"
    )
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
