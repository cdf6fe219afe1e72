"""What can't be done, and why."""

from __future__ import annotations


class NotAllowed(PermissionError):
    """The actor may not do this."""


class NoSender(LookupError):
    """Nothing is configured that sends on this channel."""


class NotTaken(ValueError):
    """A browser named an address or keys to which no push may be sent; the text says why, without them."""


class Emptied(LookupError):
    """The words of a message were deleted when their time was over: it can't be sent again."""
