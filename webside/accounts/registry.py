"""What higher apps want to know of accounts."""

from __future__ import annotations

from collections.abc import Callable
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
