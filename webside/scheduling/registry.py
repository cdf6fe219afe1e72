"""Where the link of an e-mail leads. A higher app says so in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webside.scheduling.models import Appointment

Destination = Callable[["Appointment"], "str | None"]

_destinations: list[Destination] = []


def register_destination(destination: Destination) -> None:
    """Let links lead to ``destination(appointment)``, a path; None leaves it to the next, then to the appointment."""
    if destination not in _destinations:
        _destinations.insert(0, destination)


def unregister_destination(destination: Destination) -> None:
    """Take a destination out again (tests)."""
    if destination in _destinations:
        _destinations.remove(destination)


def destination_of(appointment: Appointment) -> str | None:
    """Return the path that an appointment's link leads to, or None if no higher app has a page for it."""
    for destination in _destinations:
        path = destination(appointment)
        if path is not None:
            return path
    return None
