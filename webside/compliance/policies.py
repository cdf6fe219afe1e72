"""Who may see and change licences, consents and the trail."""

from __future__ import annotations

from webside.core.actor import Actor, ActorKind, Role
from webside.people.models import Patient


def can_see_trail(actor: Actor) -> bool:
    """The compliance officer reads the trail."""
    return actor.has(Role.COMPLIANCE)


def can_see_licences(actor: Actor) -> bool:
    """Compliance keeps licences; administrators see them."""
    return actor.has(Role.COMPLIANCE, Role.ADMINISTRATOR)


def can_change_licences(actor: Actor) -> bool:
    """Only compliance verifies and changes licences."""
    return actor.has(Role.COMPLIANCE)


def can_give_consent(actor: Actor, patient: Patient) -> bool:
    """The person herself, by account or by her link; the front desk notes what she said by phone."""
    if actor.kind in (ActorKind.LINK, ActorKind.ANONYMOUS, ActorKind.SYSTEM):
        return True
    return actor.has(Role.COORDINATOR) or (actor.user_id is not None and patient.user_id in (None, actor.user_id))


def can_withdraw_consent(actor: Actor, patient: Patient) -> bool:
    """As easily as it was given: the person herself, or the front desk for her."""
    return actor.has(Role.COORDINATOR) or (actor.user_id is not None and patient.user_id == actor.user_id)
