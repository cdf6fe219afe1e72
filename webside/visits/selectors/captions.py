"""Who is in the room of a visit, where voices may be written down for who reads."""

from __future__ import annotations

from webside.visits import policies
from webside.visits.models import Participant, Visit


def in_the_room(visit: Visit, seats: list[Participant]) -> list[Participant]:
    """Return of a visit's seats those whose people are in the room: not who waits, nor who has left."""
    return [seat for seat in seats if policies.is_inside(visit, seat) and seat.left_at is None]
