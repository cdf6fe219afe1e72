"""Channels, kinds and states of messages, why one failed, and what people may choose."""

from __future__ import annotations

from datetime import time
from enum import StrEnum


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class MessageStatus(StrEnum):
    """Where a message stands. ``withheld``: it was not tried, and its reason says why."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"


class MessageKind(StrEnum):
    """What a message is about, as far as people may choose how it comes."""

    OTHER = ""
    REMINDER = "reminder"
    CHANGE = "change"
    READY = "ready"
    ANSWER = "answer"
    ASKED = "asked"


ALWAYS_LEAVES = frozenset({MessageKind.READY, MessageKind.ANSWER, MessageKind.ASKED})
"""What quiet hours don't hold back: what can't wait, the answer to somebody who has just written, and what was asked for."""


class Reason(StrEnum):
    """Why a message did not arrive."""

    NONE = ""
    # About the number or the address.
    NO_NUMBER = "no-number"
    INVALID = "invalid"
    LANDLINE = "landline"
    STOPPED = "stopped"
    UNREACHABLE = "unreachable"
    FILTERED = "filtered"
    REFUSED = "refused"
    ABROAD = "abroad"
    # About the channel: it may pass.
    AWAY = "away"
    CREDENTIALS = "credentials"
    PACE = "pace"
    # About the message.
    TOO_LATE = "too-late"
    WITHDRAWN = "withdrawn"
    TOO_LONG = "too-long"
    UNREADABLE = "unreadable"
    # About the device that a push goes to.
    GONE = "gone"


OF_THE_CHANNEL = frozenset({Reason.AWAY, Reason.CREDENTIALS, Reason.PACE})
"""Nothing is wrong with the message: it waits until the channel is back."""

OF_THE_NUMBER = frozenset({Reason.INVALID, Reason.LANDLINE})
"""What will be so next time too, until somebody corrects the number."""


PUSHED = (MessageKind.REMINDER, MessageKind.READY)
"""What a patient may choose to be told by a push."""


class Choice(StrEnum):
    """By which channels a kind of message comes to a person."""

    BOTH = "both"
    EMAIL = "email"
    SMS = "sms"
    NONE = "none"


class Reply(StrEnum):
    """What somebody who wrote to us meant, as far as one word can say it."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    OTHER = "other"


QUIET_FROM = time(21)
QUIET_UNTIL = time(8)
"""Quiet hours until somebody chooses others, as 47 CFR 64.1200(c)(1) has them for calls that sell."""
