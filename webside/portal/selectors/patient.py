"""The home of a patient: what comes next, what she agreed to, who looked at her record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from webside.audit.sentences import ground, sentence
from webside.chart.codes import EncounterStatus
from webside.chart.models import Encounter
from webside.compliance import selectors as compliance
from webside.compliance.models import Consent
from webside.core import clock
from webside.core.actor import Actor, ActorKind
from webside.core.models import Tenant
from webside.people import selectors as people
from webside.people.models import Patient
from webside.portal.selectors.rows import JOIN_BEFORE, safe_start_of, visit_of, where
from webside.scheduling import selectors as scheduling
from webside.scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Home:
    """What a patient sees first."""

    patient: Patient
    next: Appointment | None
    visit: Any
    tasks: list[dict[str, str]]
    action: tuple[str, str]
    upcoming: list[Appointment]
    past: list[Encounter]
    consents: list[Consent]


def home(actor: Actor, tenant: Tenant) -> Home | None:
    """Return the home of the patient that the actor is, or nothing for anybody else."""
    patient = people.patient_of(actor)
    if patient is None:
        return None
    now = clock.now()
    upcoming = list(
        scheduling.upcoming_for(actor, now).filter(patient=patient).select_related("visit__safe_start")[:20]
    )
    for each in upcoming:
        each.tenant = tenant
    following = upcoming[0] if upcoming else None
    visit = visit_of(following) if following else None
    checked = _device_checked(visit)
    past = (
        Encounter.objects.filter(patient=patient, status=EncounterStatus.FINISHED)
        .select_related("service", "practitioner", "note")
        .order_by("-started_at")[:6]
    )
    tasks = _tasks(following, visit, checked, tenant) if following else []
    return Home(
        patient=patient,
        next=following,
        visit=visit,
        tasks=tasks,
        action=_action(following, visit, checked, tenant, now),
        upcoming=upcoming[1:],
        past=list(past),
        consents=list(
            Consent.objects.filter(patient=patient, status="active", visit_id=None)
            .select_related("text")
            .order_by("given_at")
        ),
    )


def _device_checked(visit: Any) -> bool:
    if visit is None:
        return False
    return any(side.role == "patient" and side.device_check for side in visit.participants.all())


def _tasks(appointment: Appointment, visit: Any, checked: bool, tenant: Tenant) -> list[dict[str, str]]:
    start = safe_start_of(visit)
    done = bool(start and start.completed_at)
    if visit is None:
        return []
    prepare = where("visits:visit-prepare", tenant.slug, visit.id)
    check_in = where("visits:visit-check-in", tenant.slug, visit.id)
    return [
        {
            "name": _("Camera, sound and network"),
            "state": "done" if checked else "now",
            "url": "" if checked else prepare,
            "note": "" if checked else _("1 minute"),
        },
        {
            "name": _("Check in"),
            "state": "done" if done else ("now" if checked else "todo"),
            "url": "" if done else check_in,
            "note": "" if done else _("2 minutes"),
        },
    ]


def _action(
    appointment: Appointment | None, visit: Any, checked: bool, tenant: Tenant, now: datetime
) -> tuple[str, str]:
    """Return the one button: where it leads and what it says."""
    if appointment is None:
        return where("portal:clinic", tenant.slug), _("Find a time")
    if visit is not None:
        start = safe_start_of(visit)
        if visit.status == "in-progress":
            return where("visits:visit-room", tenant.slug, visit.id), _("Go back to your visit")
        if start and start.completed_at:
            return where("visits:visit-waiting", tenant.slug, visit.id), _("Go to the waiting room")
        if now >= appointment.start - JOIN_BEFORE:
            return where("visits:visit-check-in", tenant.slug, visit.id), _("Check in and join")
        if not checked:
            return where("visits:visit-prepare", tenant.slug, visit.id), _("Check camera and sound")
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


def record_access(actor: Actor, *, limit: int = 100) -> list[Access]:
    """Return who looked at, or changed, the record of the patient that the actor is: others only, newest first.

    What Webside does by itself is left out; what repeats within the hour stands once with its number."""
    found = compliance.audit_of_patient(actor).exclude(actor_id=actor.user_id)
    rows: list[Access] = []
    for event in found.order_by("-at", "-sequence")[:limit]:
        roles = _("by a link sent to you") if event.actor_kind == ActorKind.LINK else event.actor_roles
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
    return rows


def own_consent(actor: Actor, consent_id: UUID) -> Consent | None:
    """Return a consent that the actor gave for themselves and that still holds."""
    patient = people.patient_of(actor)
    if patient is None:
        return None
    return Consent.objects.filter(id=consent_id, patient=patient, status="active").first()
