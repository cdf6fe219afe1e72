"""The base of every event."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: named in the past tense, carrying ids only.

    Subclasses are frozen dataclasses whose fields are UUIDs, strings or numbers.
    """
