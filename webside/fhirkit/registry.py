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


_by_model: dict[type, ResourceHandler] = {}


def register(resource_type: str, model: type, to_fhir: Callable[[Any], Json], *, sealed: bool = False) -> None:
    """Register how rows of ``model`` are written as ``resource_type``."""
    _by_model[model] = ResourceHandler(resource_type, model, to_fhir, sealed)


def handler_for(row: Any) -> ResourceHandler:
    """Return the handler for a row; raise ``KeyError`` if its model is no resource."""
    return _by_model[type(row)]


def handlers() -> list[ResourceHandler]:
    """Return every handler, in the order of the resource type."""
    return sorted(_by_model.values(), key=lambda handler: handler.resource_type)
