"""Every page that a person can reach by links, as that person: axe in both themes, both widths, 200 % zoom, pictures.

What a patient must hit with a thumb is 44 pixels high and wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.e2e.conftest import DESKTOP, Demo, someone
from tests.e2e.looks import ZOOMED, examine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PEOPLE = (
    "Liz Moreno", "Dr. Maya Chen", "Dr. Daniel Whitfield", "Priya Nair", "Grace Lin", "Marcus Hale", "Ingrid Vass",
    "Sol Adeyemi", "Dr. Mallory Reed",
)  # fmt: skip
LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map((each) => each.href.split('#')[0])"
#: Files, and what ends the session.
NO_PAGE = re.compile(r"\.(csv|pdf|ics|json)$|/logout/|/patterns/")
#: What a link may be answered besides 200: the mailbox holds letters of others, whose links say who is signed in.
REFUSED = {"scheduling:link-open": 403}
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


def route_of(address: str) -> str | None:
    """Return the name of the route that an address leads to, None for what is no page of ours."""
    path = urlsplit(address).path
    if NO_PAGE.search(path):
        return None
    try:
        return resolve(path).view_name
    except Resolver404:
        return None


def pages_from(page: Any, home: str) -> Iterator[str]:
    """Open each route once, by the first link that leads to it; yield its name while it is open."""
    seen: set[str] = set()
    ahead = [page.url]
    while ahead:
        address = ahead.pop(0)
        route = route_of(address)
        if route is None or route in seen or not address.startswith(home):
            continue
        seen.add(route)
        answer = page.goto(address)
        assert answer.status in {200, REFUSED.get(route)}, f"{route}: a link leads to {answer.status}"
        yield route
        ahead += page.evaluate(LINKS)


@pytest.mark.parametrize("name", PEOPLE)
def test_every_page_that_somebody_reaches_is_open_to_all(name: str, demo: Demo, chromium: Any) -> None:
    found = []
    with someone(chromium, demo, name) as page:
        for route in pages_from(page, demo.address):
            who = name.split()[-1].lower()
            examine(page, f"{who}-{route.replace(':', '-')}")
            found.append(route)
            if name == "Liz Moreno":
                page.set_viewport_size(ZOOMED)
                assert page.evaluate(SMALL) == [], f"{route}: too small for a thumb"
                page.set_viewport_size(DESKTOP)
    assert len(found) >= 5, f"the links of {name} lead nowhere: {found}"
