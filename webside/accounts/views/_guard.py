"""Who may open the administrator's pages, and what everybody else is told."""

from __future__ import annotations

from typing import NoReturn
from uuid import UUID

from django.http import HttpRequest

from webside.accounts import policies
from webside.audit.services import refuse
from webside.core.actor import Actor


def administrator(request: HttpRequest) -> Actor:
    """Return the actor, who manages the staff; anybody else is refused."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_manage_staff(actor):
        refuse("accounts.staff.refuse", actor=actor)
    return actor


def not_here(actor: Actor, target_type: str, target_id: UUID) -> NoReturn:
    """Note that somebody asked for what is not this clinic's, and answer that there is nothing."""
    refuse("accounts.staff.refuse", actor=actor, target_type=target_type, target_id=target_id)
