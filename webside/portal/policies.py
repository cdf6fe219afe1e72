"""Whose home is whose, and who may listen to what changes."""

from __future__ import annotations

from uuid import UUID

from webside.core.actor import Actor, Role
from webside.people import selectors as people

CARE = (Role.CLINICIAN, Role.COACH)


def can_see_day(actor: Actor) -> bool:
    """Clinicians and coaches have a day of their own."""
    return actor.has(*CARE)


def can_see_board(actor: Actor) -> bool:
    """The front desk sees everybody's appointments, never a chart."""
    return actor.has(Role.COORDINATOR)


def can_see_administration(actor: Actor) -> bool:
    """Administrators look after the clinic, not after patients."""
    return actor.has(Role.ADMINISTRATOR)


def can_see_figures(actor: Actor) -> bool:
    """How visits go, in figures without names: the front desk, who oversees and who runs the clinic."""
    return actor.has(Role.COORDINATOR, Role.COMPLIANCE, Role.ADMINISTRATOR)


def can_follow_day(actor: Actor, practitioner_id: UUID) -> bool:
    """One follows one's own day; the front desk follows all."""
    if actor.has(Role.COORDINATOR):
        return people.practitioner(actor, practitioner_id) is not None
    practitioner = people.practitioner_of(actor) if can_see_day(actor) else None
    return practitioner is not None and practitioner.id == practitioner_id


def can_follow_tenant(actor: Actor, tenant_id: UUID) -> bool:
    """The front desk follows what happens in its own clinic."""
    return actor.tenant_id == tenant_id and can_see_board(actor)
