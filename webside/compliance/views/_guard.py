"""Who may open a page of compliance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn
from uuid import UUID

from django.http import HttpRequest

from webside.audit.services import refuse
from webside.compliance import policies
from webside.core.actor import Actor


def officer(request: HttpRequest, *, may: Callable[[Actor], bool] = policies.can_see_trail) -> Actor:
    """Return the actor if they may; otherwise note the refusal and answer as if the page did not exist."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not may(actor):
        refuse("compliance.page.refuse", actor=actor)
    return actor


def not_here(actor: Actor, target_type: str, target_id: UUID) -> NoReturn:
    """Note that somebody asked for what is not this clinic's, and answer that there is nothing."""
    refuse("compliance.page.refuse", actor=actor, target_type=target_type, target_id=target_id)


def id_in(request: HttpRequest, name: str) -> UUID | None:
    """Return the id that the address gives under a name, if it is one."""
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None
