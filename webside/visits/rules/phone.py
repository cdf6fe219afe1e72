"""A visit by phone: when both were on it, where a call belongs, and its bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from webside.visits.codes import MAIN, ParticipantRole, PhonePlace
from webside.visits.rules.figures import count, lasting
from webside.visits.rules.stretches import Stretch, both, lasted, merged


@dataclass(frozen=True, slots=True)
class Move:
    """A call came into a room or left it, as the carrier told. ``ended_at``: when the call itself ended, if it has."""

    call: UUID
    role: ParticipantRole
    conference: str
    sequence: int
    joined: bool
    at: datetime
    ended_at: datetime | None = None


def phone_stretches(moves: Iterable[Move], until: datetime) -> dict[ParticipantRole, list[Stretch]]:
    """Return from when to when each role was in the room by phone, in order and without overlaps.

    The carrier's own count says what came first, not the order in which it was told. Who left without having been seen to
    come makes no time; who was not seen to leave was there until her call ended, or is there still (``until``).
    """
    found: dict[ParticipantRole, list[Stretch]] = {}
    came: dict[tuple[UUID, str], Move] = {}
    for move in sorted(moves, key=lambda each: (each.call, each.conference, each.sequence)):
        key = (move.call, move.conference)
        if move.joined:
            came.setdefault(key, move)
        elif (start := came.pop(key, None)) is not None:
            found.setdefault(move.role, []).append((start.at, move.at))
    for start in came.values():
        found.setdefault(start.role, []).append((start.at, start.ended_at or until))
    return {role: merged(stretches) for role, stretches in found.items()}


def phone_seconds(
    stretches: Mapping[ParticipantRole, list[Stretch]], measured: Iterable[Stretch], since: datetime, until: datetime
) -> float:
    """Return for how long the two people of a visit were on the phone together, in seconds.

    ``measured``: when a page reported sound; that time is counted by the pages, and never twice. Nothing counts before the
    visit began (``since``) or after it ended.
    """
    patient, clinician = (stretches.get(role, []) for role in MAIN)
    talked = both(both(patient, clinician), [(since, until)])
    heard = both(talked, merged(measured))
    return lasted(talked) - lasted(heard)


def phone_place(
    *, closed: bool, stopped: bool, hung_up: bool, removed: bool, admitted: bool, inside: bool
) -> PhonePlace:
    """Say where a phone call belongs.

    ``admitted``: the clinician let this very call in. ``inside``: its seat may be in the room; the two people of a visit
    may, who was asked in once she was let in there too.
    """
    if closed or hung_up or removed:
        return PhonePlace.GONE
    return PhonePlace.ROOM if admitted and inside and not stopped else PhonePlace.LOBBY


def phone_closes(end: datetime) -> datetime:
    """Return when the codes of a visit that nobody came to end by themselves; with its booked time where no row says."""
    return end + (lasting("phone_closes", end.date()) or timedelta())


def most_tries(on: date) -> int:
    """Return how often one caller may try a code before the line ends; once where no row says."""
    return count("phone_tries", on) or 1


def most_wrong_of_caller(on: date) -> int:
    """Return how many wrong codes of one caller within an hour end her tries; the first where no row says."""
    return count("phone_wrong_caller", on) or 1


def most_wrong_of_number(on: date) -> int:
    """Return how many wrong codes of everybody within an hour end all tries; the first where no row says."""
    return count("phone_wrong_number", on) or 1


def most_phone_calls(on: date) -> int:
    """Return how many calls one visit may ask for within an hour; none where no row says: they cost and they ring."""
    return count("phone_calls", on)
