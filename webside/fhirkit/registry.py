"""Which model is which FHIR resource, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceHandler:
    """How an app's rows become a resource. ``sealed``: its bytes are encrypted at rest."""

    resource_type: str
    model: type
    to_fhir: Callable[[Any], Json]
    sealed: bool = False


_by_model: dict[type, dict[str, ResourceHandler]] = {}


def register(resource_type: str, model: type, to_fhir: Callable[[Any], Json], *, sealed: bool = False) -> None:
    """Register how rows of ``model`` are written as ``resource_type``.

    A model may be more than one resource (a note is a Composition and the DocumentReference of it); each
    is written with every change of the row, under the row's id. The first registered is the row's own.
    """
    _by_model.setdefault(model, {})[resource_type] = ResourceHandler(resource_type, model, to_fhir, sealed)


def handlers_for(row: Any) -> list[ResourceHandler]:
    """Return the handlers for a row, its own resource first; raise ``KeyError`` if its model is no resource."""
    return list(_by_model[type(row)].values())


def handlers() -> list[ResourceHandler]:
    """Return every handler, in the order of the resource type."""
    found = [handler for by_type in _by_model.values() for handler in by_type.values()]
    return sorted(found, key=lambda handler: handler.resource_type)
