"""What happens to messages."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from webside.outbox.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFailed(Event):
    """A message was given up: somebody must reach the person in another way."""

    message_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReceived(Event):
    """Somebody wrote to us, and it was no STOP, START or HELP."""

    text_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelayed(Event):
    """A text waits because the carrier takes none at present; said once for each text, at its first try."""

    message_id: UUID
