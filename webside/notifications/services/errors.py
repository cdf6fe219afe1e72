"""What can't be done, and why."""

from __future__ import annotations


class NotAllowed(PermissionError):
    """The actor may not do this."""


class Emptied(LookupError):
    """The words of a message were deleted when their time was over: it can't be sent again."""
