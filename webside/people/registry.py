"""What a higher app knows of the law about minors, and this one must ask: when somebody comes of age, what stays hers alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from webside.people.models import Patient


@dataclass(frozen=True, slots=True)
class OfAge:
    """On which day a patient comes of age, or nothing where that isn't known; ``text`` says by what, or why not."""

    on: date | None
    text: str


_of_age: list[Callable[[Patient], OfAge]] = []
_hidden: list[Callable[[Patient], frozenset[str]]] = []


def register(*, of_age: Callable[[Patient], OfAge], hidden: Callable[[Patient], frozenset[str]]) -> None:
    """Let one app say when a patient comes of age, and which topics of services stay a minor's own."""
    _of_age[:], _hidden[:] = [of_age], [hidden]


def of_age(patient: Patient) -> OfAge:
    """Return when a patient comes of age; not known where no app says it."""
    return _of_age[0](patient) if _of_age else OfAge(None, "")


def hidden_from_guardian(patient: Patient) -> frozenset[str]:
    """Return the topics of services that a guardian of this patient isn't shown."""
    return frozenset().union(*(asked(patient) for asked in _hidden))
