"""Who may do what with accounts."""

from __future__ import annotations

from webside.core.actor import Actor, Role


def can_manage_staff(actor: Actor) -> bool:
    """Administrators invite staff and change roles."""
    return actor.has(Role.ADMINISTRATOR)


def must_have_second_factor(actor: Actor) -> bool:
    """Staff sign in with a second factor or a passkey."""
    return actor.is_staff
