"""The trail as its officer reads it, and as a patient sees her own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webside.audit import sentences
from webside.audit.codes import Outcome
from webside.audit.models import AuditEvent, Seal, SealedRow
from webside.audit.selectors import trail
from webside.audit.services import ON_BEHALF
from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import instance, prepared
from webside.people import selectors as people
from webside.people.models import Patient
from webside.people.rules import full_name

OVERRIDE = "catalog.gate.override"
REVIEW = "compliance.override.review"
CHECK = "compliance.trail.verify"
SHARED = r"\.(export|download|send|share|disclose)$"
"""Endings of actions by which something left Webside."""
COUNTED = 10_000
"""Filters count among so many newest entries; beyond, they say so."""
FOLD_WITHIN = timedelta(minutes=15)
LATE_SECONDS = 10
"""The sealer's heartbeat is late after so long."""

_FILTERS: dict[str, Q] = {
    "everything": Q(),
    "looked": Q(kind="R", outcome="0"),
    "changed": Q(kind__in=["C", "U", "D"], outcome="0") & ~Q(actor_kind="system"),
    "shared": Q(action__regex=SHARED, outcome="0"),
    "overrides": Q(action=OVERRIDE),
    "refused": Q(outcome="4"),
}
TRAIL_FILTERS = tuple(_FILTERS)
VERDICT_NAMES: dict[str, str | Promise] = {
    "justified": gettext_lazy("Justified"),
    "ask": gettext_lazy("To be asked about"),
    "incident": gettext_lazy("Incident"),
}
#: What makes two looks the same.
_LOOK = attrgetter("actor_id", "actor_label", "action", "outcome", "patient_id", "target_id", "ground", "remote")
_ICONS = {"R": "eye", "C": "plus", "U": "pen", "D": "minus", "E": "check"}


def audit_of_patient(actor: Actor) -> QuerySet[AuditEvent]:
    """Return who looked at and changed the record of the patient that the actor is, newest first."""
    patient = people.patient_of(actor)
    if patient is None:
        return AuditEvent.objects.none()
    return trail(patient_id=patient.id).exclude(actor_kind="system")


def filtered_trail(
    chosen: str, *, patient_id: UUID | None = None, who: UUID | None = None, until: datetime | None = None
) -> QuerySet[AuditEvent]:
    """Return the trail that a filter names; of one patient's record, by one person, before a moment."""
    events = trail(patient_id=patient_id).filter(_FILTERS[chosen])
    if who is not None:
        events = events.filter(actor_id=who)
    return events.filter(at__lt=until) if until is not None else events


def trail_counts(*, patient_id: UUID | None = None, who: UUID | None = None) -> dict[str, int]:
    """Return how many entries each filter has among the :data:`COUNTED` newest."""
    newest = filtered_trail("everything", patient_id=patient_id, who=who)[:COUNTED]
    counted = newest.aggregate(**{name: Count("id", filter=chosen) for name, chosen in _FILTERS.items()})
    return {name: int(number or 0) for name, number in counted.items()}


@dataclass(slots=True)
class Entry:
    """A line of the trail. Looks that follow each other are folded into one: ``times``, since ``first_at``."""

    event: AuditEvent
    sentence: str
    icon: str
    patient: str
    times: int = 1
    first_at: datetime | None = None
    roles: str = ""
    source: str = ""

    @property
    def at(self) -> datetime:
        """When it happened, last."""
        return self.event.at

    @property
    def day(self) -> date:
        """The day that it happened, on the clinic's calendar."""
        return timezone.localtime(self.event.at).date()

    @property
    def tone(self) -> str:
        """How it stands out: ``danger`` if it was refused, ``warning`` if somebody went past a check."""
        if self.event.outcome == Outcome.REFUSED:
            return "danger"
        return "warning" if self.event.action == OVERRIDE else ""

    @property
    def ground(self) -> str:
        """By what right, in words."""
        if self.event.action == OVERRIDE:
            return ""  # its ground is the gate, which stands in the line itself
        return str(VERDICT_NAMES.get(self.event.ground, "")) or sentences.ground(self.event.ground)

    @property
    def did(self) -> str:
        """What was done, and to what."""
        if self.event.action == OVERRIDE:
            return _("the check “%(gate)s”") % {"gate": gate_name(self.event.ground)}
        label = self.event.target_label
        return f"{self.sentence}: {label}" if label else self.sentence

    def takes(self, event: AuditEvent) -> bool:
        """Whether ``event``, the next older one, is the same look once more."""
        return (
            event.kind == "R"
            and _LOOK(event) == _LOOK(self.event)
            and (self.first_at or self.event.at) - event.at <= FOLD_WITHIN
        )


def entries(events: Sequence[AuditEvent]) -> list[Entry]:
    """Return rows of the trail as lines to read. Nothing is left out: folded looks are counted."""
    names = patients_named(event.patient_id for event in events if event.patient_id)
    found: list[Entry] = []
    for event in events:
        if found and found[-1].takes(event):
            found[-1].times += 1
            found[-1].first_at = event.at
            continue
        found.append(
            Entry(
                event=event,
                sentence=sentences.sentence(event.action),
                icon="send" if re.search(SHARED, event.action) else _ICONS.get(event.kind, "check"),
                patient=names.get(event.patient_id, "") if event.patient_id else "",
                roles=_roles(event),
                source=event.remote,
            )
        )
    return found


def _roles(event: AuditEvent) -> str:
    """Return what somebody was when she did it: her roles, or what she is to the patient for whom she did it."""
    roles = event.actor_roles.replace(" ", ", ")
    if event.ground == ON_BEHALF:
        relation = people.relation_name(event.actor_roles.rpartition(" ")[2])
        return _("the patient’s %(relation)s") % {"relation": relation} if relation else roles
    return roles or event.actor_kind


def gate_name(code: str) -> str:
    """Return a gate's code as words. The gates belong to a higher app; their codes are English words."""
    return code.replace("_", " ").replace("-", " ")


def disclosed_since() -> tuple[datetime, datetime]:
    """Return the six years that an account of disclosures covers (45 CFR 164.528(a)(1)), up to now."""
    now = clock.now()
    return now - timedelta(days=6 * 366), now


def disclosures(patient_id: UUID, since: datetime) -> list[AuditEvent]:
    """Return what of a patient's record left Webside since then, newest first."""
    return list(filtered_trail("shared", patient_id=patient_id).filter(at__gte=since))


def patients_named(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of patients by their ids, for the trail."""
    wanted = set(ids)
    found = Patient.objects.filter(id__in=wanted).values_list("id", "given", "family") if wanted else ()
    return {patient_id: full_name(given, family) for patient_id, given, family in found}


def patients_matching(actor: Actor, words: str, limit: int = 12) -> list[Patient]:
    """Return patients by the beginning of their names or by record number."""
    found = people.visible_patients(actor)
    for word in words.split()[:4]:
        found = found.filter(Q(family__istartswith=word) | Q(given__istartswith=word) | Q(record_number__iexact=word))
    return list(found[:limit]) if words.strip() else []


@dataclass(frozen=True, slots=True)
class TrailState:
    """How the trail stands: its last check, its newest seal, and how long the oldest entry waits for one."""

    checked: AuditEvent | None
    sealed_at: datetime | None
    seal: int
    head: str
    waiting_seconds: float

    @property
    def faults(self) -> int:
        """How many faults the last check found."""
        return int(self.checked.changes.get("faults", 0)) if self.checked else 0

    @property
    def is_old(self) -> bool:
        """Whether the hourly check has not come for two hours."""
        return self.checked is None or clock.now() - self.checked.at > timedelta(hours=2)

    @property
    def is_late(self) -> bool:
        """Whether entries wait longer for their seal than the heartbeat allows."""
        return self.waiting_seconds > LATE_SECONDS


def last_check() -> AuditEvent | None:
    """Return the newest check of this tenant's trail."""
    rows = _newest_check()
    return instance(AuditEvent, rows[0]) if rows else None


@prepared
def _newest_check() -> QuerySet[AuditEvent, Any]:
    return trail().filter(action=CHECK).values()[:1]


def trail_state() -> TrailState:
    """Return how the trail stands."""
    seal = Seal.objects.order_by("-number").defer("row_digests").first()
    sealed = Exists(SealedRow.objects.filter(event_id=OuterRef("id")))
    after = Q(transaction__gte=seal.last_transaction) if seal else Q()
    waiting = trail().filter(after).exclude(sealed).order_by("at").values_list("at", flat=True).first()
    digest = bytes(seal.digest).hex()[:16] if seal else ""
    return TrailState(
        checked=last_check(),
        sealed_at=seal.sealed_at if seal else None,
        seal=seal.number if seal else 0,
        head=" ".join(digest[start : start + 4] for start in range(0, len(digest), 4)),
        waiting_seconds=(clock.now() - waiting).total_seconds() if waiting else 0.0,
    )
