"""Whose preferences somebody may see who came by a link: higher apps know what a link stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webside.core.actor import Actor
    from webside.people.models import Patient

Whose = Callable[["Actor"], "Patient | None"]

_whose: list[Whose] = []


def register_whose(ask: Whose) -> None:
    """Let ``ask`` say which patient somebody is who came without an account; None leaves it to the next."""
    if ask not in _whose:
        _whose.append(ask)


def patient_behind(actor: Actor) -> Patient | None:
    """Return which patient somebody is who came by a link, if any app knows."""
    return next((patient for ask in _whose if (patient := ask(actor)) is not None), None)
