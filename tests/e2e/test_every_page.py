"""Every page that a person can reach by links, as that person: axe in both themes, both widths, 200 % zoom, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.e2e.conftest import Demo, someone
from tests.e2e.looks import examine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PEOPLE = (
    "Liz Moreno", "Dr. Maya Chen", "Dr. Daniel Whitfield", "Priya Nair", "Grace Lin", "Marcus Hale", "Ingrid Vass",
    "Sol Adeyemi", "Dr. Mallory Reed",
)  # fmt: skip
LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map((each) => each.href)"
#: Files, and what ends the session.
NO_PAGE = re.compile(r"\.(csv|pdf|ics|json)$|/logout/|/patterns/")


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
        assert answer.status == 200, f"{route}: a link leads to {answer.status}"
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
    assert len(found) >= 3, found
