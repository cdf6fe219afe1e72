"""Media engines: who carries picture and sound. Visits of two are peer to peer; others come behind the same port."""

from __future__ import annotations

from webside.visits.engines.peer import PeerEngine
from webside.visits.engines.port import JoinInfo, MediaEngine, Seat

_engines: dict[str, MediaEngine] = {PeerEngine.name: PeerEngine()}


def engine(name: str) -> MediaEngine:
    """Return the engine that a visit names, or raise ``KeyError``."""
    return _engines[name]


__all__ = ["JoinInfo", "MediaEngine", "PeerEngine", "Seat", "engine"]
