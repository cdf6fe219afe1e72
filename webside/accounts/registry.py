"""What higher apps want to know of accounts."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

_revoked: list[Callable[[UUID], None]] = []


def on_revoke(function: Callable[[UUID], None]) -> None:
    """Call ``function(user_id)`` when a user's rights shrink or their session ends."""
    _revoked.append(function)


def revoke(user_id: UUID) -> None:
    """Tell everybody that a user's rights shrank."""
    for function in _revoked:
        function(user_id)
