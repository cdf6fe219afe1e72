"""Stretches of time: merged, common, how long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

Stretch = tuple[datetime, datetime]


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return stretches in order and without overlaps."""
    found: list[Stretch] = []
    for began, ended in sorted(stretches):
        if ended <= began:
            continue
        if found and began <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((began, ended))
    return found


def both(one: list[Stretch], other: list[Stretch]) -> list[Stretch]:
    """Return when both were; each list is in order and has no overlaps."""
    pairs = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return merged((began, ended) for began, ended in pairs if began < ended)


def lasted(stretches: Iterable[Stretch]) -> float:
    """Return how long stretches are together, in seconds."""
    return sum((ended - began).total_seconds() for began, ended in stretches)
