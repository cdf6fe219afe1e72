"""What a media engine must be able to do for a visit.

The port holds what two people need. Group rooms bring what they need (creating rooms, muting,
removing, recording) with the engine that can do it, and say so in ``capabilities``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Seat:
    """Who is about to join what. Ids only: an engine is told no names."""

    visit_id: UUID
    participant_id: UUID


@dataclass(frozen=True, slots=True)
class JoinInfo:
    """What a browser needs to join.

    ``ice_servers`` are those of ``RTCConfiguration``; ``ice_policy`` is its ``iceTransportPolicy``
    ("all" or "relay"). ``url`` and ``token`` are for engines with a server of their own.
    ``expires_at``: when the credentials end; a reconnect brings new ones.
    """

    engine: str
    ice_servers: list[dict[str, Any]] = field(default_factory=list)
    ice_policy: str = "all"
    url: str = ""
    token: str = ""
    expires_at: datetime | None = None


class MediaEngine(Protocol):
    """Carries the media of a visit.

    ``capabilities``: any of group, webinar, simulcast, e2ee, server_recording, mute, kick.
    """

    name: str
    capabilities: frozenset[str]

    async def join(self, seat: Seat, at: datetime) -> JoinInfo:
        """Return what lets one seat join, with credentials made at ``at``. Raises ``OSError`` if it is away."""
