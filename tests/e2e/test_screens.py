"""Every screen at a phone's width and zoomed: nothing scrolls sideways, nothing is too small or too heavy, the console is silent.

Each person follows the links of their own pages, so that a new page is looked at without being named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e import walk
from tests.e2e.conftest import DESKTOP, PHONE, Demo, someone

pytestmark = pytest.mark.browser

PEOPLE = (
    "Liz Moreno", "Dr. Maya Chen", "Priya Nair", "Grace Lin", "Marcus Hale", "Ingrid Vass", "Sol Adeyemi",
)  # fmt: skip
MOST_PAGES = 30
ZOOMED = {"width": DESKTOP["width"] // 2, "height": DESKTOP["height"] // 2}  # 200 % on a small laptop
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# Files, the way out, other people's doors, and the list of what Django's own answers are.
NO_PAGES = re.compile(r"\.pdf|\.csv|calendar|logout|/demo/|/go/|/export|^/?$")

SIDEWAYS = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > wide + 1)
    .slice(0, 5).map((e) => `${e.tagName}.${e.className.baseVal ?? e.className}`);
}"""
# A link within a sentence may be as small as its words (WCAG 2.5.8); one whose ::after covers its row is as big as the row.
SMALL = """() => {
  const covers = (e) => getComputedStyle(e, '::after').position === 'absolute';
  const inSentence = (e) => e.tagName === 'A' && !e.matches('.ws-btn')
    && e.closest('p, dd')?.textContent.trim().length > e.textContent.trim().length;
  return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, textarea')]
    .filter((e) => e.checkVisibility() && !e.closest('.ws-vh, .ws-skip') && !inSentence(e) && !covers(e))
    .map((e) => [e, (e.closest('label.ws-choice, label.ws-slot') ?? e).getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && box.height > 1 && (box.width < 43.5 || box.height < 43.5))
    .map(([e, box]) => `${e.textContent.trim().slice(0, 30) || e.name} ${Math.round(box.width)}x${Math.round(box.height)}`);
}"""


@contextmanager
def silent_console(page: Any) -> Iterator[None]:
    """Fail when a page logged an error: a broken policy, a script that failed, a file that is not there."""
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url} {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"{page.url} {error}"))
    yield
    assert said == []


def pages_of(page: Any, demo: Demo) -> Iterator[str]:
    """Open each kind of page that somebody's links lead to; give its address without ids."""
    waiting, seen = [page.url], set()
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        kind = ID.sub("…", address.removeprefix(demo.address.rstrip("/"))).partition("#")[0].partition("?")[0]
        if kind in seen or NO_PAGES.search(kind):
            continue
        seen.add(kind)
        answer = page.goto(address)
        assert answer is not None and answer.ok, f"{kind}: {answer and answer.status}"
        yield kind
        links = page.eval_on_selector_all("main a[href], nav a[href]", "all => all.map((a) => a.href)")
        waiting += [link for link in links if link.startswith(demo.address)]


@pytest.mark.parametrize("who", PEOPLE)
def test_no_page_scrolls_sideways_or_complains(demo: Demo, chromium: Any, who: str) -> None:
    with someone(chromium, demo, who) as page, silent_console(page):
        wrong: list[str] = []
        kinds = []
        for kind in pages_of(page, demo):
            kinds.append(kind)
            for size in (PHONE, ZOOMED):
                page.set_viewport_size(size)
                found = page.evaluate(SIDEWAYS)
                wrong += [f"{kind} at {size['width']}: {found}"] if found else []
            if who == "Liz Moreno" and (small := page.evaluate(SMALL)):
                wrong.append(f"{kind}: too small for a thumb: {small}")
            page.set_viewport_size(DESKTOP)
        assert wrong == []
        assert len(kinds) >= 5, f"the links of {who} lead nowhere: {kinds}"


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
        walk.check_in(liz)
        maya.get_by_role("link", name="Open the visit").click()
        maya.get_by_role("button", name="Let Liz in").click()
        liz.locator(".ws-call").wait_for()
        room, cookies = liz.url, liz.context.cookies()
    with someone(chromium, demo, None) as page:
        page.context.add_cookies(cookies)
        weight = weight_of(page, room)
        assert page.locator(".ws-call").count() == 1, page.url
    assert 70 < weight <= 150
