"""How ready a visit is, from plain facts."""

from __future__ import annotations

from collections.abc import Collection
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
