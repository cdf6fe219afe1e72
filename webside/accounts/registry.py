"""What higher apps want to know of accounts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

REVOKED = "revoked"
RENEWED = "renewed"
"""Why what a user has open is closed: for good, or to be asked anew whether this session still holds."""

_revoked: list[Callable[[UUID, str], None]] = []


def on_revoke(function: Callable[[UUID, str], None]) -> None:
    """Call ``function(user_id, reason)`` when a user's rights shrink, their session ends or their password changes."""
    _revoked.append(function)


def revoke(user_id: UUID, reason: str = REVOKED) -> None:
    """Tell everybody that a user's rights shrank, or with :data:`RENEWED` that some sessions may have ended."""
    for function in _revoked:
        function(user_id, reason)


Left = Callable[[UUID, Collection[UUID], "UUID | None"], None]

_left: list[Left] = []


def on_left(function: Left) -> None:
    """Call ``function(user_id, ended, but)`` when somebody signs out in other browsers of theirs.

    ``ended`` are the sign-ins; ``but`` is set where everything was to end except that one, also what is not listed.
    """
    _left.append(function)


def left(user_id: UUID, ended: Collection[UUID], but: UUID | None) -> None:
    """Tell everybody that somebody signed out in other browsers."""
    for function in _left:
        function(user_id, ended, but)
