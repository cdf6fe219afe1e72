"""How ready a visit is, from plain facts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from webside.portal.codes import OVER, PRESSING, Readiness


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What is known of one visit.

    ``appointment`` and ``visit`` are statuses (FHIR's and the room's; ``visit`` is empty before the room
    exists), ``state`` is where the patient said to be when booking. ``licensed`` is empty (None) for a
    service that needs no licence, ``consent`` likewise for one that asks for none.
    """

    start: datetime
    appointment: str
    visit: str = ""
    checked_in: bool = False
    state: str = ""
    licensed: Collection[str] | None = None
    consent: bool | None = None


_BY_APPOINTMENT = {
    "cancelled": Readiness.CANCELLED,
    "noshow": Readiness.MISSED,
}
_BY_VISIT = {
    "stopped": Readiness.STOPPED,
    "in-progress": Readiness.IN_VISIT,
    "finished": Readiness.DONE,
    "failed": Readiness.FAILED,
}


def readiness(facts: VisitFacts, now: datetime) -> Readiness:
    """Return how ready a visit is; the first thing that must be mended where there are several."""
    if facts.appointment in _BY_APPOINTMENT:
        return _BY_APPOINTMENT[facts.appointment]
    if facts.visit in _BY_VISIT:
        return _BY_VISIT[facts.visit]
    if facts.appointment == "fulfilled":
        return Readiness.DONE
    if facts.visit == "waiting":
        return Readiness.WAITING_READY if facts.checked_in else Readiness.WAITING_CHECK_IN
    if facts.licensed is not None and facts.state not in facts.licensed:
        return Readiness.NO_LICENCE
    if now > facts.start:
        return Readiness.LATE
    if facts.consent is False:
        return Readiness.NO_CONSENT
    return Readiness.CHECKED_IN if facts.checked_in else Readiness.EXPECTED


def harm_order(ready: Readiness, since: datetime) -> tuple[int, datetime]:
    """Return a key that puts first who is harmed most by waiting: who sits there the longest, then by time."""
    if ready in PRESSING:
        return 0, since
    return (2 if ready in OVER else 1), since


# Figures


@dataclass(frozen=True, slots=True)
class Share:
    """``number`` of ``of``. ``percent`` is empty where there are too few to say, or nobody says how few are too few."""

    number: int
    of: int
    percent: int | None


def share(number: int, of: int, fewest: int | None) -> Share:
    """Return a share that names nobody: without a percentage where ``of`` is less than ``fewest``."""
    enough = fewest is not None and of >= max(fewest, 1)
    return Share(number, of, round(100 * number / of) if enough else None)


def enough(of: int, value: float | None, fewest: int | None) -> int | None:
    """Return a value of ``of`` visits, rounded; nothing where they are too few to say."""
    return round(value) if value is not None and fewest is not None and of >= fewest else None


def hidden(counts: Sequence[int], fewest: int | None) -> frozenset[int]:
    """Return which groups' answers are not shown, by their place in ``counts`` (answers in each group).

    Those with too few. Where only one is hidden among several, the next smallest is too: else the sum of all gives it away.
    All where nobody says how few are too few.
    """
    if fewest is None:
        return frozenset(range(len(counts)))
    few = {place for place, count in enumerate(counts) if 0 < count < fewest}
    others = sorted((count, place) for place, count in enumerate(counts) if count and place not in few)
    if len(few) == 1 and others:
        few.add(others[0][1])
    return frozenset(few)


def bundles(counts: Sequence[int], fewest: int | None) -> list[tuple[int, int]]:
    """Return which neighbours of ``counts`` (what was said in each week, in order) are read together: first and last place.

    So many that no bundle holds fewer than ``fewest``, as few as that takes. What is left at the end waits for more to
    come; nothing is read where nobody says how few are too few. A bundle never changes by what comes after it.
    """
    found: list[tuple[int, int]] = []
    first, held = 0, 0
    for place, count in enumerate(counts):
        held += count
        if fewest is not None and held >= max(fewest, 1):
            found.append((first, place))
            first, held = place + 1, 0
    return found
