"""Who listens to which event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from webside.outbox.events import Event

E = TypeVar("E", bound=Event)
Handler = Callable[[Any, UUID], None]

_types: dict[str, type[Event]] = {}
_handlers: dict[str, dict[str, Handler]] = {}


def event_name(event: type[Event]) -> str:
    """Return the stable name of an event type: app, then class."""
    return f"{event.__module__.split('.')[1]}.{event.__name__}"


def subscribe(event: type[E], handler: Callable[[E, UUID], None]) -> None:
    """Call ``handler(event, event_id)`` for each event of a type.

    Delivery is at least once: a handler is idempotent by ``event_id``. It runs in the frame of the
    event's tenant, and what it writes commits together with the mark that it is delivered.
    """
    name = event_name(event)
    _types[name] = event
    _handlers.setdefault(name, {})[f"{handler.__module__}.{handler.__qualname__}"] = handler


def handlers(name: str) -> dict[str, Handler]:
    """Return the handlers of the event called ``name`` by their own names."""
    return _handlers.get(name, {})


def event_type(name: str) -> type[Event]:
    """Return the type of the event called ``name``; raise ``KeyError`` if nobody listens to it."""
    return _types[name]


def subscriptions() -> dict[str, list[str]]:
    """Return event names with their handlers' names, for the documentation."""
    return {name: sorted(found) for name, found in sorted(_handlers.items())}
