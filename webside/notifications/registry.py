"""What higher apps say: who somebody is who came by a link, and where a push leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

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


Lead = Callable[["Actor", UUID], str]

_leads: dict[str, Lead] = {}


_buttons: dict[str, tuple[str, ...]] = {}


def register_lead(template: str, lead: Lead, *, buttons: tuple[str, ...] = ()) -> None:
    """Let a push of ``template`` lead to the path ``lead(actor, about_id)``; empty where there is nothing to see any more.

    ``buttons``: what each button of the push asks for, in their order. The page of that path is given the word as
    ``?answer=``, and puts what it asks at the element ``answer``. Opening it does nothing.
    """
    _leads[template], _buttons[template] = lead, buttons


def lead_of(template: str) -> Lead | None:
    """Return what knows where a push leads."""
    return _leads.get(template)


def asked_by(template: str, press: str) -> str:
    """Return what the button of this number asks for; empty where there is none such."""
    words = _buttons.get(template, ())
    return next((word for number, word in enumerate(words, 1) if str(number) == press), "")
