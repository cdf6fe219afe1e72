"""The home of a patient: what comes next, what she agreed to, who looked at her record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webside.accounts.forms import ROLE_NAMES
from webside.audit.sentences import ground, sentence
from webside.audit.services import ON_BEHALF
from webside.catalog import policies as catalog
from webside.chart.codes import EncounterStatus
from webside.chart.models import Encounter
from webside.compliance import selectors as compliance
from webside.compliance.models import Consent
from webside.core import clock
from webside.core.actor import Actor, ActorKind
from webside.core.models import Tenant
from webside.core.rows import prepared
from webside.people import selectors as people
from webside.people.codes import Scope
from webside.people.models import Patient
from webside.portal.selectors.rows import JOIN_BEFORE, visit_of, where
from webside.scheduling import selectors as scheduling
from webside.scheduling.models import Appointment, QueueEntry, WaitlistEntry
from webside.visits import selectors as visits
from webside.visits.codes import Step, VisitStatus
from webside.visits.selectors import WayIn


@dataclass(frozen=True, slots=True)
class Home:
    """What a patient sees first."""

    patient: Patient
    next: Appointment | None
    visit: Any
    tasks: list[dict[str, Any]]
    action: tuple[str, str]
    upcoming: list[Appointment]
    past: list[Encounter]
    books: bool
    reads: bool
    consents: list[Consent]
    in_line: QueueEntry | None = None
    waits: list[WaitlistEntry] = field(default_factory=list)


def home(actor: Actor, tenant: Tenant) -> Home | None:
    """Return the home of the patient that the actor is, or nothing for anybody else.

    Who acts for her finds as much of it as she was given.
    """
    patient = people.patient_for(actor, *Scope)
    if patient is None:
        return None
    now = clock.now()
    upcoming = _upcoming(actor=actor, patient=patient.id, now=now, since=now - scheduling.RUNS_ON)
    for each in upcoming:
        each.tenant = tenant
    following = upcoming[0] if upcoming else None
    visit = visit_of(following) if following and actor.may(Scope.VISITS) else None
    way = visits.way_in(visit) if visit is not None else None
    return Home(
        patient=patient,
        next=following,
        visit=visit,
        tasks=_tasks(visit, way, tenant) if way is not None else [],
        action=_action(following, visit, way, tenant, now),
        upcoming=upcoming[1:],
        past=_past(actor=actor, patient=patient.id) if actor.may(Scope.SUMMARIES) else [],
        books=actor.may(Scope.APPOINTMENTS),
        reads=actor.may(Scope.SUMMARIES),
        consents=list(
            Consent.objects.filter(patient=patient, status="active", visit_id=None)
            .select_related("text")
            .order_by("given_at")
        )
        if actor.may(Scope.APPOINTMENTS)
        else [],
        in_line=scheduling.own_entry(actor),
        waits=scheduling.own_waits(actor),
    )


@prepared
def _upcoming(actor: Actor, patient: UUID, now: datetime, since: datetime) -> QuerySet[Appointment]:
    return scheduling.upcoming_for(actor, now, since).filter(patient=patient).select_related("visit__safe_start")[:20]


@prepared
def _past(actor: Actor, patient: UUID) -> QuerySet[Encounter]:
    found = Encounter.objects.filter(catalog.shown(actor), patient=patient, status=EncounterStatus.FINISHED)
    return found.select_related("service", "practitioner", "note").order_by("-started_at")[:6]


_MINUTES = {Step.DEVICES: 1, Step.ANSWERS: 2}


def _step_url(step: Step, visit: Any, tenant: Tenant) -> str:
    page, part = visits.STEP_PAGES[step]
    return where(page, tenant.slug, visit.id) + part


def _tasks(visit: Any, way: WayIn, tenant: Tenant) -> list[dict[str, Any]]:
    """Return the steps before a visit as a list of tasks; the waiting room can be entered when it is next."""
    return [
        {
            "name": visits.STEP_NAMES[step],
            "state": "done" if step in way.done else "now" if step is way.next else "todo",
            "url": "" if step in way.done or (step is Step.WAITING is not way.next) else _step_url(step, visit, tenant),
            "note": _minutes(step),
        }
        for step in Step
    ]


def _minutes(step: Step) -> str:
    minutes = _MINUTES.get(step, 0)
    return ngettext("%d minute", "%d minutes", minutes) % minutes if minutes else ""


def _action(
    appointment: Appointment | None, visit: Any, way: WayIn | None, tenant: Tenant, now: datetime
) -> tuple[str, str]:
    """Return the one button: where it leads and what it says. On her way in it leads to the first step not done."""
    if appointment is None:
        return where("portal:clinic", tenant.slug), _("Find a time")
    if visit is not None and way is not None:
        if visit.status == VisitStatus.IN_PROGRESS:
            return where("visits:visit-room", tenant.slug, visit.id), _("Go back to your visit")
        if visit.status == VisitStatus.STOPPED:
            return where("visits:visit-stopped", tenant.slug, visit.id), _("See what to do now")
        if way.next is Step.WAITING:
            return _step_url(way.next, visit, tenant), _("Go to the waiting room")
        if now >= appointment.start - JOIN_BEFORE:
            return _step_url(way.next, visit, tenant), _("Check in and join")
        if way.next is Step.DEVICES:
            return _step_url(way.next, visit, tenant), _("Check camera and sound")
    return where("scheduling:appointment-detail", tenant.slug, appointment.id), _("See your visit")


def own_patient(actor: Actor) -> Patient | None:
    """Return the patient that the actor is, if any."""
    return people.patient_of(actor)


@dataclass(frozen=True, slots=True)
class Access:
    """One line of who looked at a record."""

    at: datetime
    who: str
    roles: str
    what: str
    why: str
    refused: bool
    times: int = 1

    def same_as(self, other: Access) -> bool:
        """Whether two lines say the same of the same hour."""
        near = abs(self.at - other.at) < timedelta(hours=1)
        return near and (self.who, self.what, self.why, self.refused) == (
            other.who, other.what, other.why, other.refused,
        )  # fmt: skip


def record_access(actor: Actor, *, limit: int) -> tuple[list[Access], bool]:
    """Return who looked at, or changed, the record of the patient that the actor is, and whether there is more.

    Others only, newest first, of the newest ``limit`` entries of the trail. What Webside does by itself is left out; what
    repeats within the hour stands once with its number.
    """
    found = compliance.audit_of_patient(actor).exclude(actor_id=actor.user_id)
    rows: list[Access] = []
    events = list(found.order_by("-at", "-sequence")[: limit + 1])
    for event in events[:limit]:
        kinds = {ActorKind.LINK.value: _("by a link sent to you"), ActorKind.GUEST.value: _("asked into your visit")}
        roles = kinds.get(event.actor_kind) or _roles(event.actor_roles)
        if event.ground == ON_BEHALF:
            relation = people.relation_name(event.actor_roles.rpartition(" ")[2])
            roles = _("your %(relation)s, for you") % {"relation": relation} if relation else _("for you")
        row = Access(
            at=event.at,
            who=event.actor_label,
            roles=roles,
            what=sentence(event.action),
            why=ground(event.ground),
            refused=event.outcome != "0",
        )
        if rows and rows[-1].same_as(row):
            rows[-1] = replace(rows[-1], times=rows[-1].times + 1)
        else:
            rows.append(row)
    return rows, len(events) > limit


def _roles(kept: str) -> str:
    """Return in words what somebody is here."""
    names = {role.value: str(name) for role, name in ROLE_NAMES.items()}
    return ", ".join(names.get(each, each) for each in kept.split())


def own_consent(actor: Actor, consent_id: UUID) -> Consent | None:
    """Return a consent of the patient that the actor is (or books for) and that still holds."""
    patient = people.patient_for(actor, Scope.APPOINTMENTS)
    if patient is None:
        return None
    found = Consent.objects.filter(id=consent_id, patient=patient, status="active")
    # What she agreed to for one visit stays with who was in it.
    return (found if actor.on_behalf is None else found.filter(visit_id=None)).first()
