"""Slots that a page names and that higher apps fill.

A page of a lower app writes ``{% panels "visits.beside" visit=visit %}``; a higher app registers in
``AppConfig.ready()`` what it has to say there. So the visit shows triage's words and monitoring's
trends without knowing either.

>>> panels.register("visits.beside", "triage.summary", render_summary, order=10)   # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

Renderer = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Panel:
    """One contribution: its dotted name, its place in the order, and what renders it."""

    name: str
    order: int
    render: Renderer


_slots: dict[str, dict[str, Panel]] = {}


def register(slot: str, name: str, render: Renderer, *, order: int = 50) -> None:
    """Fill ``slot``. ``render(request, **context)`` returns HTML that is safe, or an empty string.

    It must ask its own policies: the page that names the slot knows nothing of what is shown there.
    Raises :class:`ValueError` if another renderer holds the name in this slot.
    """
    known = _slots.setdefault(slot, {}).get(name)
    if known is not None and known.render is not render:
        raise ValueError(f"two panels are called {name} in {slot}")
    _slots[slot][name] = Panel(name, order, render)


def unregister(slot: str, name: str) -> None:
    """Take a panel out again (tests)."""
    _slots.get(slot, {}).pop(name, None)


def in_slot(slot: str) -> list[Panel]:
    """Return the panels of a slot in their order."""
    return sorted(_slots.get(slot, {}).values(), key=lambda panel: (panel.order, panel.name))


def render(request: HttpRequest, slot: str, **context: Any) -> SafeString:
    """Return the HTML of a slot. Text that a renderer didn't mark as safe is escaped."""
    parts = [conditional_escape(panel.render(request, **context)) for panel in in_slot(slot)]
    return mark_safe("\n".join(part for part in parts if part))  # noqa: S308 - each part was escaped above
