"""What the clinic says to who waits, in her language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.urls import Resolver404, resolve

from webside.scheduling import rules as scheduling_rules
from webside.scheduling import selectors as scheduling
from webside.visits.models import WaitingWords

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody reads while she waits, in one language. ``links``: each ``address`` and ``name``."""

    language: str
    ready: str = ""
    text: str = ""
    links: tuple[dict[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ready or self.text or self.links)

    @property
    def lines(self) -> list[str]:
        """What to have ready, one by one."""
        return self.ready.splitlines()

    def differs_from(self, other: Words) -> list[str]:
        """Return the names of the parts that aren't the same."""
        return [name for name in ("ready", "text", "links") if getattr(self, name) != getattr(other, name)]


def lines_in(text: str) -> list[str]:
    """Return the lines of a text that hold something."""
    return [line for each in text.splitlines() if (line := " ".join(each.split()))]


def waiting_words(service_id: UUID) -> dict[str, Words]:
    """Return what the clinic says to who waits for a service, by language; only those in which it says something."""
    return waiting_words_of([service_id]).get(service_id, {})


def waiting_words_of(services: Iterable[UUID]) -> dict[UUID, dict[str, Words]]:
    """Return the same for several services, in one query."""
    found: dict[UUID, dict[str, Words]] = {}
    for row in WaitingWords.objects.filter(service_id__in=list(services), language__in=LANGUAGES):
        said = found.setdefault(row.service_id, {})
        said[row.language] = Words(row.language, row.ready, row.text, tuple(row.links))
    return found


def words_in(language: str, said: dict[str, Words]) -> Words | None:
    """Return the words in a language; where there are none, those in the next that has some."""
    return next((said[each] for each in (language, *LANGUAGES) if said.get(each)), None)


def is_own_page(address: str, slug: str) -> bool:
    """Whether an address is a page of the clinic: here, or on a site that its administrator has named as its own."""
    if address.startswith("/"):
        return _leads_to(address, slug)
    if "://" not in address:
        return False
    try:
        origin = scheduling_rules.origin_of(address, plain=settings.INSIDE_HOSTS)
    except scheduling_rules.NoOrigin:
        return False
    return scheduling.booking_sites().filter(origin=origin).exists()


def _leads_to(address: str, slug: str) -> bool:
    """Whether a path is one of this clinic's pages; dots and a second slash lead a browser elsewhere."""
    parts: Any = urlsplit(address)
    try:
        return not parts.netloc and resolve(parts.path).kwargs.get("slug") == slug
    except Resolver404:
        return False
