"""Who may see, join and run a visit. Its two people, and nobody else."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from webside.core.actor import Actor, ActorKind, Role
from webside.scheduling import policies as scheduling
from webside.scheduling.codes import AppointmentStatus
from webside.visits.codes import OVER, ParticipantRole
from webside.visits.models import Visit


def visible_visits(actor: Actor, visits: QuerySet[Visit]) -> QuerySet[Visit]:
    """A patient and a practitioner see their own, a link its one. The front desk has its board, not the room."""
    if actor.kind is ActorKind.SYSTEM:
        return visits
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        return visits.filter(appointment_id=actor.subject_id)
    if actor.user_id is None:
        return visits.none()
    own = Q(appointment__patient__user_id=actor.user_id)
    if actor.has(Role.CLINICIAN, Role.COACH):
        # Who let her go back to the line meets her no more, until it is her turn again.
        with_them = ~Q(appointment__status=AppointmentStatus.WAITLIST)
        own |= Q(appointment__practitioner__user_id=actor.user_id) & with_them
    return visits.filter(own)


def role_in(actor: Actor, visit: Visit) -> ParticipantRole | None:
    """Return on whose side the actor is in a visit, or nothing."""
    if scheduling.is_patient_of(actor, visit.appointment):
        return ParticipantRole.PATIENT
    if scheduling.is_practitioner_of(actor, visit.appointment):
        return ParticipantRole.CLINICIAN
    return None


def can_view_visit(actor: Actor, visit: Visit) -> bool:
    """The two people of the visit."""
    return role_in(actor, visit) is not None


def can_check_in(actor: Actor, visit: Visit) -> bool:
    """The patient, as long as the visit is to come or goes on."""
    return role_in(actor, visit) is ParticipantRole.PATIENT and is_open(visit)


def can_run_visit(actor: Actor, visit: Visit) -> bool:
    """The practitioner: letting in, holding, ending, and answering for what was not as it should be."""
    return role_in(actor, visit) is ParticipantRole.CLINICIAN


def audible_visits(actor: Actor, visits: QuerySet[Visit]) -> QuerySet[Visit]:
    """The two people hear of a visit, over or not, so that a page can be told that it is over; Webside itself has no ears."""
    return visits.none() if actor.kind is ActorKind.SYSTEM else visible_visits(actor, visits)


def can_read_chat(actor: Actor, visit: Visit) -> bool:
    """The two people of the visit; when it is over, nobody who shows a link alone."""
    return can_view_visit(actor, visit) and (is_open(visit) or not actor.only_by_link)


def is_open(visit: Visit) -> bool:
    """Whether the room is open at all: not over, not cancelled."""
    return visit.status not in OVER and visit.appointment.status in (
        AppointmentStatus.BOOKED,
        AppointmentStatus.CHECKED_IN,
    )
