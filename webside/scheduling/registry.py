"""What higher apps say of an appointment, in ``AppConfig.ready()``: where its link leads, whether it is under way."""

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


UnderWay = Callable[["Appointment"], bool]

_under_way: list[UnderWay] = []


def register_under_way(ask: UnderWay) -> None:
    """Let ``ask`` say whether what an appointment was for has begun: then it is neither moved nor cancelled."""
    if ask not in _under_way:
        _under_way.append(ask)


def is_under_way(appointment: Appointment) -> bool:
    """Whether a higher app says that what an appointment was for has begun and isn't over."""
    return any(ask(appointment) for ask in _under_way)
