"""Where somebody went on past a gate: who, why, and what compliance made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from webside.audit.models import AuditEvent
from webside.audit.selectors import trail
from webside.compliance.selectors.trail import OVERRIDE, REVIEW, Entry, entries, gate_name, patients_named
from webside.core.rows import instance, prepared


@dataclass(slots=True)
class Override:
    """Somebody went on past a gate: who, why, and what compliance made of it.

    ``verdict`` is the newest review ("": none yet; ``ask`` is still open); ``around`` is what the same
    patient's trail holds of the same hours.
    """

    event: AuditEvent
    verdict: str
    review: AuditEvent | None
    patient: str
    around: list[Entry] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether compliance has still to make up its mind."""
        return self.verdict in ("", "ask")

    @property
    def gate(self) -> str:
        """The gate's name for people."""
        return gate_name(self.event.ground)

    @property
    def said(self) -> str:
        """What the check had said."""
        return str(self.event.changes.get("said", ""))


AROUND = timedelta(hours=3)
OVERRIDES_SHOWN = 200


def _noted() -> QuerySet[AuditEvent]:
    return trail().filter(action=OVERRIDE).exclude(changes__repeated=True)


def _of_review(name: str) -> Subquery:
    """Return a field of the newest review of an override."""
    return Subquery(trail().filter(action=REVIEW, target_id=OuterRef("id")).values(name)[:1])


def _verdict() -> Coalesce:
    return Coalesce(_of_review("ground"), Value(""), output_field=CharField())


def _overrides() -> QuerySet[Any]:
    return _noted().annotate(verdict=_verdict(), review_id=_of_review("id"))


def _open_overrides() -> QuerySet[AuditEvent]:
    return _noted().alias(verdict=_verdict()).filter(verdict__in=["", "ask"])


def overrides_to_review() -> int:
    """Return how many overrides wait for compliance."""
    return _open_overrides().count()


def open_overrides() -> list[Override]:
    """Return the overrides that wait for compliance, newest first, without what else happened in those hours."""
    return [Override(event=instance(AuditEvent, row), verdict="", review=None, patient="") for row in _open_in_short()]


@prepared
def _open_in_short() -> QuerySet[AuditEvent, Any]:
    return _open_overrides().values("id", "at", "actor_label", "ground", "reason")[:OVERRIDES_SHOWN]


def overrides() -> list[Override]:
    """Return overrides with their reviews, those that wait for one first, newest first."""
    events = list(_overrides()[:OVERRIDES_SHOWN])
    reviews = {row.id: row for row in trail().filter(id__in=[each.review_id for each in events if each.review_id])}  # type: ignore[attr-defined]
    names = patients_named(event.patient_id for event in events if event.patient_id)
    found = [
        Override(
            event=event,
            verdict=event.verdict,  # type: ignore[attr-defined]
            review=reviews.get(event.review_id),  # type: ignore[attr-defined]
            patient=names.get(event.patient_id, "") if event.patient_id else "",
        )
        for event in events
    ]
    _look_around([row for row in found if row.is_open])
    return sorted(found, key=lambda row: not row.is_open)


def _look_around(rows: list[Override]) -> None:
    """Give each override what people did with the patient in the same hours, without looks at pages."""
    rows = [row for row in rows if row.event.patient_id]
    if not rows:
        return
    wanted = Q()
    for row in rows:
        wanted |= Q(patient_id=row.event.patient_id, at__range=(row.event.at - AROUND, row.event.at + AROUND))
    nearby = entries(
        list(
            trail()
            .filter(wanted, outcome="0")
            .exclude(Q(kind="R") | Q(actor_kind="system") | Q(action__in=[OVERRIDE, REVIEW]))[:500]
        )
    )
    for row in rows:
        near = [
            entry
            for entry in nearby
            if entry.event.patient_id == row.event.patient_id
            and abs(entry.at - row.event.at) <= AROUND
            # The same step is noted by the app that offered it, a moment later.
            and not (entry.event.reason and entry.event.reason == row.event.reason)
        ]
        near.sort(key=lambda entry: abs(entry.at - row.event.at))
        row.around = sorted(near[:6], key=lambda entry: entry.at)


def override_event(override_id: UUID) -> AuditEvent | None:
    """Return the trail's entry of an override by its own id or by that of the override."""
    return trail().filter(Q(id=override_id) | Q(target_id=override_id), action=OVERRIDE).order_by("sequence").first()
