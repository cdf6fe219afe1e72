"""Who is in the room of a visit, where voices may be written down for who reads."""

from __future__ import annotations

from webside.core import clock
from webside.visits import policies
from webside.visits.models import Participant, Visit
from webside.visits.selectors.rooms import PRESENT


def in_the_room(visit: Visit, seats: list[Participant]) -> list[Participant]:
    """Return of a visit's seats those whose people are in the room: not who waits, nor who has left."""
    return [seat for seat in seats if policies.is_inside(visit, seat) and seat.left_at is None]


def reads(seat: Participant) -> bool:
    """Whether somebody who is in the room reads what the others say. As ``lean.READS``: who was not heard of lately doesn't."""
    if seat.captions_since is None:
        return False
    return clock.now() - max(seat.seen_at or seat.captions_since, seat.captions_since) < PRESENT
