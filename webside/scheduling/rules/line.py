"""Who is next in the line, and why. Pure, and the same for the same facts.

Somebody's turn comes by the time that she counts as waiting: what she has really waited, and the head start of her
urgency. Nobody starves: as a head start is a length of time, who has waited so much longer comes first all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from webside.scheduling.codes import Urgency
from webside.scheduling.rules.figures import lasting


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody in the line.

    ``may`` are those on duty whom the gates let see her where she is now; ``asked_for`` is whom the front desk chose.
    """

    id: UUID
    joined_at: datetime
    urgency: Urgency = Urgency.ROUTINE
    may: frozenset[UUID] = frozenset()
    asked_for: UUID | None = None


class Before(StrEnum):
    """Why somebody is before somebody else."""

    URGENCY = "urgency"
    LONGER = "longer"
    LONGER_ALL_THE_SAME = "longer-all-the-same"
    SAME_MOMENT = "same-moment"


def head_start(urgency: Urgency, on: date) -> timedelta:
    """Return how much longer somebody counts as waiting; none where no row says how much: the line is by time then."""
    return timedelta(0) if urgency is Urgency.ROUTINE else lasting(f"head_start_{urgency}", on) or timedelta(0)


def _turn(place: Place, on: date) -> tuple[datetime, datetime, str]:
    # An id begins with the time at which it was made, so that two of the same moment keep their order for ever.
    return place.joined_at - head_start(place.urgency, on), place.joined_at, str(place.id)


def in_order(places: Iterable[Place], on: date) -> list[Place]:
    """Return the line: who is next comes first."""
    return sorted(places, key=lambda place: _turn(place, on))


def why_before(first: Place, second: Place, on: date) -> Before | None:
    """Return why ``first`` is before ``second``; nothing where it isn't."""
    if _turn(first, on) >= _turn(second, on):
        return None
    if head_start(first.urgency, on) > head_start(second.urgency, on):
        return Before.URGENCY
    if first.joined_at == second.joined_at:
        return Before.SAME_MOMENT
    if head_start(first.urgency, on) < head_start(second.urgency, on):
        return Before.LONGER_ALL_THE_SAME
    return Before.LONGER


def place_of(line: Sequence[Place], place_id: UUID) -> int:
    """Return how many of an ordered line are before somebody and wait for somebody who may see her too.

    Who is waiting for others only isn't in her way. Raises :class:`StopIteration` for somebody who isn't in it.
    """
    own = next(place for place in line if place.id == place_id)
    before = line[: line.index(own)]
    return sum(bool(place.may & own.may) for place in before) if own.may else len(before)


def raised(known: Urgency, found: Urgency) -> Urgency:
    """Return the greater of two urgencies: what software finds raises one and never lowers it."""
    levels = list(Urgency)
    return max(known, found, key=levels.index)
