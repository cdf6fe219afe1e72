"""Where a person may be, with the clocks that run there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from webside.compliance.rules.tables import table


@dataclass(frozen=True, slots=True)
class State:
    """A place where a person may be, with the clocks that run there."""

    code: str
    name: str
    zones: tuple[str, ...]


def states(on: date) -> list[State]:
    """Return the states and territories where a person may be, by name."""
    rows = [row for row in table("jurisdictions").in_force(on) if row["country"] == "US"]
    return sorted((State(row["state"], row["name"], tuple(row["zones"])) for row in rows), key=lambda state: state.name)


def state(code: str, on: date) -> State | None:
    """Return the state with a two-letter code, or nothing."""
    return next((state for state in states(on) if state.code == code), None)
