"""Handing a patient over: who of the clinic may go on with a visit, who is free, and what was asked of whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from webside.catalog import gates, law
from webside.catalog import selectors as catalog
from webside.catalog.gates import Finding
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.core.rows import prepared
from webside.people.models import Practitioner
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import AppointmentStatus
from webside.visits import policies
from webside.visits.codes import OVER, Busy, HandOverOutcome, Stage
from webside.visits.models import HandOver, Participant, Visit
from webside.visits.selectors import seats
from webside.visits.selectors.rooms import barring, case_of, safe_start_of, stage_of

HANDED_AT = (Stage.WAITING, Stage.ROOM)
"""Where a visit can be handed over while its patient is there; one that was stopped goes another way (``colleague_for``)."""
MOST_UNANSWERED = 20
SOON = timedelta(minutes=10)
"""Who has a visit within this time is shown with it: she may be short of time."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who gives the service, with what the gates say of her treating this patient, where she is, now."""

    practitioner: Practitioner
    findings: list[Finding]
    busy: Busy
    on_call: bool = False

    @property
    def barring(self) -> list[Finding]:
        """What stands in the way of it and nobody may answer for; what could not be checked does too."""
        return barring(self.findings)

    @property
    def unsure(self) -> bool:
        """Whether something could not be checked, and nothing is known that forbids it."""
        return bool(self.barring) and all(finding.outcome == "not_checked" for finding in self.barring)


def findings_for(visit: Visit, practitioner: Practitioner, record: Any = None) -> list[Finding]:
    """Return what the gates say of somebody who goes on with a visit from now on."""
    facts = {law.RECORD: record} if record is not None else {}
    return gates.ask(case_of(visit, at=clock.now(), practitioner=practitioner, facts=facts))


def in_the_way(visit: Visit, user_id: UUID) -> Finding | None:
    """Return what the law has against a colleague treating the patient of a visit, where she is, now; nothing if it hasn't.

    For who is asked in: they may advise whoever treats, and that is all. Of who has no entry as a practitioner nobody has
    checked anything, and of a patient who hasn't said where she is neither.
    """
    if visit.appointment.service.kind not in gates.get("licence").kinds:
        return None
    found = Practitioner.objects.filter(user_id=user_id).first()
    start = safe_start_of(visit)
    if found is None or start is None or not start.state:
        return Finding("licence", "law", "not_checked", "")
    return next(
        (each for each in findings_for(visit, found) if each.gate == "licence" and each.outcome != "pass"), None
    )


def who_may_go_on(visit: Visit) -> list[Colleague]:
    """Return everybody else of this clinic who gives the visit's service and works here, by name.

    Who may not treat is among them, and why: that a colleague is missing from a list says nothing. What the law asks is
    read once for all of them.
    """
    appointment = visit.appointment
    found = [
        each
        for each in catalog.practitioners_for(appointment.service)
        if each.id != appointment.practitioner_id and each.user_id is not None
    ]
    start = safe_start_of(visit)
    record = scheduling.law_record(found, start.state if start else "", appointment.patient)
    busy = _busy(found)
    on_call = {each.practitioner_id for each in scheduling.on_call_at(clock.now())}
    return [
        Colleague(each, findings_for(visit, each, record), busy.get(each.id, Busy.FREE), each.id in on_call)
        for each in found
    ]


def _busy(people: list[Practitioner]) -> dict[UUID, Busy]:
    """Return who is in a visit now, or has one soon; who is neither isn't named."""
    now = clock.now()
    rooms = Visit.objects.filter(appointment__practitioner__in=people, ended_at=None)
    held = rooms.filter(admitted_at__isnull=False).exclude(status__in=OVER)
    soon = rooms.filter(appointment__period__startswith__lte=now + SOON, appointment__period__endswith__gt=now)
    booked = soon.filter(appointment__status__in=(AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN))
    found: dict[UUID, Busy] = {}
    rows = (held | booked).values_list("appointment__practitioner_id", "admitted_at", "status")
    for who, admitted_at, status in rows:
        inside = admitted_at is not None and status not in OVER
        if inside or found.get(who) is None:
            found[who] = Busy.WITH_SOMEBODY if inside else Busy.SOON
    return found


def is_with_somebody(practitioner: Practitioner, *, besides: UUID) -> bool:
    """Whether somebody has a patient in her room now, of another visit than this one."""
    rooms = Visit.objects.filter(appointment__practitioner=practitioner, ended_at=None, admitted_at__isnull=False)
    return rooms.exclude(status__in=OVER).exclude(id=besides).exists()


def _asked() -> QuerySet[HandOver]:
    return HandOver.objects.select_related(
        "asked_by", "to", "visit__appointment__patient", "visit__appointment__practitioner",
        "visit__appointment__service", "visit__appointment__tenant", "visit__safe_start",
    )  # fmt: skip


def hand_over(actor: Actor, hand_over_id: UUID) -> HandOver | None:
    """Return what was asked of a colleague, for these two; nothing for anybody else."""
    return policies.visible_hand_overs(actor, _asked().filter(id=hand_over_id)).first()


def hand_over_by_id(hand_over_id: UUID) -> HandOver | None:
    """Return what was asked of a colleague, or nothing. The caller asks the policies."""
    return _asked().filter(id=hand_over_id).first()


def left_unanswered(actor: Actor) -> list[HandOver] | None:
    """Return what colleagues were asked and have not answered in time, the longest open first; nothing for whom it is not for.

    What can't be taken any more waits for nobody's answer.
    """
    if not policies.can_see_left_undone(actor):
        return None
    found = _asked().filter(answered_at=None, overdue_at__isnull=False, visit__ended_at=None)
    return [each for each in found.order_by("asked_at", "id") if can_be_taken(each)][:MOST_UNANSWERED]


def newest_hand_over(visit: Visit) -> HandOver | None:
    """Return what was asked last of a colleague for a visit. The caller has guarded the visit."""
    return HandOver.objects.filter(visit=visit).select_related("asked_by", "to").order_by("-asked_at", "-id").first()


def came_from(visit: Visit) -> str:
    """Return from whom the visit's practitioner has taken it over, by name; empty where nobody handed it over."""
    taken = HandOver.objects.filter(
        visit=visit, outcome=HandOverOutcome.TAKEN, to_id=visit.appointment.practitioner_id
    ).select_related("asked_by")  # fmt: skip
    found = taken.order_by("-answered_at").first()
    return found.asked_by.display_name if found else ""


@dataclass(frozen=True, slots=True)
class Given:
    """That somebody has handed a visit over; ``seat``: as a guest she is still in it."""

    seat: Participant | None


def given_away(actor: Actor, visit_id: UUID) -> Given | None:
    """Return where somebody is in a visit that she has handed over; nothing for whoever has not."""
    if actor.user_id is None or not actor.is_staff:
        return None
    taken = HandOver.objects.filter(visit_id=visit_id, outcome=HandOverOutcome.TAKEN, asked_by__user_id=actor.user_id)
    if not taken.exists():
        return None
    return Given(policies.own_seats(actor, Participant.objects.filter(visit_id=visit_id, removed_at=None)).first())


def can_be_taken(asked: HandOver) -> bool:
    """Whether somebody still waits for an answer, and the visit is where it can be taken."""
    still = asked.answered_at is None and asked.asked_by_id == asked.visit.appointment.practitioner_id
    return still and stage_of(asked.visit) in HANDED_AT


@dataclass(frozen=True, slots=True)
class Asked:
    """What colleagues ask of somebody now: to come into a visit, and to go on with one."""

    into: list[Participant]
    to_take: list[HandOver]


def asked_of(actor: Actor) -> Asked:
    """Return what colleagues ask of the actor now. Mostly nothing, which one look finds out."""
    if actor.user_id is None or not actor.is_staff:
        return Asked([], [])
    here = _is_asked(actor=actor)[0]
    to_take = _asked().filter(id__in=_asked_of(actor).values("id")).order_by("asked_at") if here["to_take"] else ()
    return Asked(
        seats.asked_into(actor) if here["into"] else [],
        [each for each in to_take if can_be_taken(each)],
    )


@prepared
def _is_asked(actor: Actor) -> QuerySet[Tenant, Any]:
    seated = policies.own_seats(actor, Participant.objects.filter(removed_at=None, visit__ended_at=None))
    here = Tenant.objects.filter(id=frames.current_tenant_id())
    return here.values(into=_any(seated), to_take=_any(_asked_of(actor)))


def _asked_of(actor: Actor) -> QuerySet[HandOver]:
    return HandOver.objects.filter(to__user_id=actor.user_id, answered_at=None, visit__ended_at=None)


def _any(rows: QuerySet[Any, Any]) -> Exists:
    return Exists(rows.filter(tenant_id=OuterRef("pk")))
