"""The board of the line: who waits to be seen now, what was promised, what is wrong, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from webside.core.actor import Actor
from webside.people.models import Practitioner
from webside.people.rules import age_on
from webside.portal import policies
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import QueueStatus, QueueTrouble
from webside.scheduling.models import CallBack, QueueEntry
from webside.scheduling.rules import Before, Range
from webside.scheduling.selectors import Line, Opening

TROUBLES: dict[QueueTrouble, tuple[str, Promise]] = {
    QueueTrouble.NOBODY_LICENSED: ("danger", gettext_lazy("Nobody on duty may see them there")),
    QueueTrouble.CLOSED: ("danger", gettext_lazy("The line has closed")),
    QueueTrouble.PROMISE_BROKEN: ("danger", gettext_lazy("Waits longer than we said")),
    QueueTrouble.UNANSWERED: ("warning", gettext_lazy("Did not answer")),
    QueueTrouble.CLOSING: ("warning", gettext_lazy("The line closes soon")),
}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Somebody in line, as the board shows her. Minutes are whole."""

    entry: QueueEntry
    number: int
    age: int
    waited: int
    may: list[Practitioner]
    range: Range | None
    before: tuple[QueueEntry, Before] | None
    troubles: list[QueueTrouble]

    @property
    def called(self) -> bool:
        """Whether somebody has called her."""
        return self.entry.status == QueueStatus.CLAIMED

    @property
    def unanswered(self) -> bool:
        """Whether she was called and did not come."""
        return self.entry.status == QueueStatus.UNANSWERED


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody who takes people: with whom, until when, and how long ago their page was last heard of, in seconds."""

    practitioner: Practitioner
    claim: QueueEntry | None
    until: datetime | None
    silent: int


@dataclass(frozen=True, slots=True)
class QueueBoard:
    """The whole line, for the front desk. ``watched``: seconds since it was last looked after, and whether that is well."""

    now: datetime
    rows: list[QueueRow]
    on_duty: list[OnDuty]
    call_backs: list[CallBack]
    openings: dict[UUID, Opening]
    services: list[Any]
    watch_age: int | None
    watched: bool
    inside: int
    scored: int

    @property
    def waiting(self) -> list[QueueRow]:
        """Who waits and is called by nobody."""
        return [row for row in self.rows if row.entry.status == QueueStatus.WAITING]

    @property
    def longest(self) -> int:
        """How long who waits has waited the longest, in minutes."""
        return max((row.waited for row in self.waiting), default=0)


def queue_board(actor: Actor) -> QueueBoard | None:
    """Return the board of the line, or nothing for who may not see it. The number of queries doesn't grow with it."""
    if not policies.can_see_board(actor):
        return None
    line = scheduling.line()
    services = list(scheduling.on_demand_services(actor))
    others = {entry.service.id: entry.service for entry in line.entries.values()}.keys() - {
        each.id for each in services
    }
    opened = scheduling.openings(
        [*services, *(entry.service for entry in line.entries.values() if entry.service_id in others)], line.now
    )
    inside, scored = line.told_and_true
    age = scheduling.watch_age()
    with_others = line.with_status(QueueStatus.UNANSWERED, QueueStatus.CLAIMED)
    return QueueBoard(
        now=line.now,
        rows=[_row(line, entry, number, opened) for number, entry in enumerate([*line.in_order, *with_others], 1)],
        on_duty=[
            OnDuty(
                duty.practitioner, line.claim_of(duty.practitioner_id), duty.until,
                int((line.now - duty.seen_at).total_seconds()),
            )
            for duty in sorted(line.duties, key=lambda each: each.practitioner.family)
        ],
        call_backs=list(scheduling.call_backs(actor)),
        openings=opened,
        services=services,
        watch_age=None if age is None else round(age),
        watched=scheduling.is_watched(age, line.now),
        inside=inside,
        scored=scored,
    )  # fmt: skip


def _row(line: Line, entry: QueueEntry, number: int, opened: dict[UUID, Opening]) -> QueueRow:
    waits = entry.status == QueueStatus.WAITING
    troubles = scheduling.troubles_of(line, entry, opened[entry.service_id]) if waits else []
    if entry.status == QueueStatus.UNANSWERED:
        troubles = [QueueTrouble.UNANSWERED]
    return QueueRow(
        entry=entry,
        number=number if waits else 0,
        age=age_on(entry.patient.birth_date, line.now.date()),
        waited=int((line.now - entry.joined_at) / timedelta(minutes=1)),
        may=line.who_may_see(entry),
        range=line.range_of(entry.id) if waits else None,
        before=line.why_after(entry.id) if waits else None,
        troubles=troubles,
    )
