"""The places that the navigation shows. Each app registers its own in ``AppConfig.ready()``.

>>> navigation.register(NavItem("staff", _("Claims"), "money", "billing:claim-list", order=40, key="c",
...                             roles={Role.BILLER}, count=claims_waiting))             # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from webside.core.actor import Role

Area = Literal["public", "patient", "staff"]


@dataclass(frozen=True, slots=True)
class NavCount:
    """A number that means something: ``text`` says what it counts ("2 abnormal", "1 by 3:32")."""

    number: int
    text: str
    tone: str = ""  # warning or danger when somebody must act


Counting = Callable[[HttpRequest], NavCount | None]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place. ``url_name`` takes the tenant's slug, or nothing; if it doesn't exist, neither does the item.

    ``key`` is the letter after ``g``. ``roles`` empty: everyone of the area. ``group``: staff rail,
    1 is the work at hand, 2 the places. ``bar`` keeps it out of the phone's bottom bar when false.
    ``reach``: which addresses below its own belong to the place (None: all of them); a clinic's root
    would otherwise be every page of the clinic. ``fragment`` leads to a part of the page. ``account``: only
    for who signed in, not for who came by a link or acts for another person.
    """

    area: Area
    label: Any  # str, or lazy translation
    icon: str
    url_name: str
    order: int = 50
    key: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)
    group: int = 1
    bar: bool = True
    count: Counting | None = None
    reach: tuple[str, ...] | None = None
    fragment: str = ""
    account: bool = False


@dataclass(frozen=True, slots=True)
class NavLink:
    """An item as a page draws it."""

    label: str
    icon: str
    url: str
    key: str
    group: int
    bar: bool
    current: bool
    count: NavCount | None


_items: dict[tuple[str, str, str], NavItem] = {}


def register(*items: NavItem) -> None:
    """Add places. The same area, URL and fragment again replaces the item."""
    for item in items:
        _items[item.area, item.url_name, item.fragment] = item


def unregister(area: Area, url_name: str) -> None:
    """Take a place out again (tests)."""
    _items.pop((area, url_name, ""), None)


def counted(request: HttpRequest, count: Counting, found: NavCount | None) -> None:
    """Hand over what ``count`` would find, where the page has read it anyway: it isn't asked again."""
    request.nav_counted = {**_counted(request), count: found}  # type: ignore[attr-defined]


def _counted(request: HttpRequest) -> dict[Counting, NavCount | None]:
    return getattr(request, "nav_counted", {})


def _count(request: HttpRequest, count: Counting) -> NavCount | None:
    known = _counted(request)
    return known[count] if count in known else count(request)


def _address(item: NavItem, slug: str | None) -> str | None:
    for args in ([slug], []) if slug else ([],):
        try:
            return reverse(item.url_name, args=args)
        except NoReverseMatch:
            continue
    return None


def _area(request: HttpRequest) -> Area:
    actor = getattr(request, "actor", None)
    if actor is not None and actor.is_staff:
        return "staff"
    if actor is not None and actor.roles:
        return "patient"
    return "public"


def links(request: HttpRequest, area: Area | None = None) -> list[NavLink]:
    """Return the navigation of the actor who asks, in order, the current place marked."""
    area = area or _area(request)
    tenant = getattr(request, "tenant", None)
    roles: frozenset[Role] = getattr(getattr(request, "actor", None), "roles", frozenset())
    shown = [
        (item, url)
        for item in sorted(_items.values(), key=lambda item: (item.group, item.order, item.url_name))
        if item.area == area
        and (not item.roles or not item.roles.isdisjoint(roles))
        and (not item.account or _is_herself(request))
        and (url := _address(item, tenant.slug if tenant else None)) is not None
    ]
    current = _current(shown, request.path)
    # Counted on the places themselves only: a visit, a chart or a note pays for no number that nobody needs there.
    at_a_place = any(url == request.path for _, url in shown)
    return [
        NavLink(
            label=str(item.label),
            icon=item.icon,
            url=f"{url}#{item.fragment}" if item.fragment else url,
            key=item.key,
            group=item.group,
            bar=item.bar,
            current=item is current,
            count=_count(request, item.count) if item.count and at_a_place else None,
        )
        for item, url in shown
    ]


def _is_herself(request: HttpRequest) -> bool:
    actor = request.actor  # type: ignore[attr-defined]
    return actor.user_id is not None and actor.on_behalf is None


def _current(shown: Iterable[tuple[NavItem, str]], path: str) -> NavItem | None:
    """Return the place that a path belongs to: the one with the longest address."""

    def holds(item: NavItem, url: str) -> bool:
        if item.fragment:
            return False
        if item.reach is None:
            return path.startswith(url)
        return path == url or any(path.startswith(url + part) for part in item.reach)

    return max(
        ((item, url) for item, url in shown if holds(item, url)), key=lambda pair: len(pair[1]), default=(None, "")
    )[0]


_searches: dict[str, frozenset[Role]] = {}


def register_search(url_name: str, roles: Iterable[Role]) -> None:
    """Say where people of these roles look for somebody: a page that takes ``q`` by POST.

    By POST, because names must stand in no address.
    """
    _searches[url_name] = frozenset(roles)


def search_url(request: HttpRequest) -> str:
    """Return where the rail's search leads for the actor who asks; empty where they search nothing."""
    tenant = getattr(request, "tenant", None)
    roles: frozenset[Role] = getattr(getattr(request, "actor", None), "roles", frozenset())
    for url_name, wanted in _searches.items():
        if tenant is not None and not wanted.isdisjoint(roles):
            return reverse(url_name, args=[tenant.slug])
    return ""
