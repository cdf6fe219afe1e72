"""Every route of the application, drawn from the resolver and the lean lane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from webside.core import lean
from webside.realtime import registry as realtime


@dataclass(frozen=True, slots=True)
class Page:
    """A route of the page lane: its name and the names of its parts."""

    name: str
    route: str
    parts: tuple[str, ...]

    @property
    def of_tenant(self) -> bool:
        """Whether it lies under a tenant's path."""
        return "slug" in self.parts


def pages() -> Iterator[Page]:
    """Yield every page route."""
    yield from _walk(get_resolver(), "", "", ())


def _walk(resolver: URLResolver, namespace: str, prefix: str, parts: tuple[str, ...]) -> Iterator[Page]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        named = (*parts, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern, inner, route, named)
        elif isinstance(pattern, URLPattern):
            yield Page(f"{namespace}{pattern.name or route}", route, named)


def lean_routes() -> list[str]:
    """Return the paths of the lean lane."""
    return sorted(getattr(route, "path", "?") for route in lean.routes())


def topics() -> list[str]:
    """Return the names of the socket topics."""
    return [topic.name for topic in realtime.topics()]
