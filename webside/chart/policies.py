"""Who may see and write the record.

The chart is for those who treat the patient: clinicians of the clinic who have an appointment or an
encounter with her, or cover for one who has, and, for as long as a higher app says so, those who look in
(``registry``). Another clinician opens it in an emergency, to read, with a reason, for a while. A coach sees her own
encounters and no clinical list. The patient (and who acts for her, and somebody who came by the link of the appointment,
and has said when she was born) sees what was written for her. Nobody else sees anything:
billing reads codes and times in its own app, never the text of a note.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from webside.catalog import policies as catalog
from webside.catalog.codes import Kind
from webside.chart import registry
from webside.chart.codes import NoteStatus, OwnerKind
from webside.chart.models import CarePlan, Document, EmergencyAccess, Encounter, PlanStep, Transfer
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.people import policies as people
from webside.people import selectors as people_selectors
from webside.people.codes import Scope
from webside.people.models import Patient, Practitioner
from webside.scheduling import policies as scheduling
from webside.scheduling.codes import HOLDS_TIME
from webside.scheduling.models import Appointment


class Extent(StrEnum):
    """How much of a chart somebody sees."""

    WHOLE = "whole"
    OWN = "own"


def treated_by(user_id: UUID, patient: str, now: datetime) -> Q:
    """Whose ``patient`` (a path to the id) has an appointment or an encounter with somebody, or whom she covers for now."""
    # One set of practitioners, asked once: with an OR in each look PostgreSQL would find no index.
    covered = people_selectors.covered(user_id, now).values("absent_id")
    return _seen_by(Practitioner.objects.filter(Q(user_id=user_id) | Q(id__in=covered)), patient)


def own_patient_of(user_id: UUID, patient: str) -> Q:
    """The same, without covering."""
    return _seen_by(Practitioner.objects.filter(user_id=user_id), patient)


def _seen_by(practitioners: QuerySet[Practitioner], patient: str) -> Q:
    who = practitioners.values("id")
    appointments = Appointment.objects.filter(practitioner_id__in=who, status__in=HOLDS_TIME)
    encounters = Encounter.objects.filter(practitioner_id__in=who)
    booked, seen = (Exists(found.filter(patient_id=OuterRef(patient))) for found in (appointments, encounters))
    return Q(booked) | Q(seen)


def opened_by(user_id: UUID, patient: str, now: datetime) -> Q:
    """Whose ``patient``'s chart somebody has open in an emergency."""
    opened = EmergencyAccess.objects.filter(user_id=user_id, starts_at__lte=now, ends_at__gt=now, ended_at=None)
    return Q(Exists(opened.filter(patient_id=OuterRef(patient))))


def readable_by(user_id: UUID, patient: str, now: datetime) -> Q:
    """Whose ``patient``'s chart somebody may read: whom she treats, and what she opened in an emergency."""
    return treated_by(user_id, patient, now) | opened_by(user_id, patient, now)


def visible_charts(actor: Actor, patients: QuerySet[Patient], now: datetime | None = None) -> QuerySet[Patient]:
    """Patients whose chart page the actor may open: those they treat, and for a while one opened in an emergency.

    ``now``: the moment, where a query is put together once for all moments.
    """
    if actor.user_id is None or not opens_charts(actor):
        return patients.none()
    return patients.filter(_open_to(actor, "pk", now))


def _open_to(actor: Actor, patient: str, now: datetime | None = None) -> Q:
    """Whose ``patient`` the actor may read; for a clinician also who is looked in on now, by a higher app's leave."""
    if actor.user_id is None:
        return Q(pk__in=[])
    now = now or clock.now()
    readable = readable_by(actor.user_id, patient, now)
    return readable | registry.looked_into_by(actor.user_id, patient, now) if actor.has(Role.CLINICIAN) else readable


def opens_charts(actor: Actor) -> bool:
    """Whether the actor opens charts at all; whose, says :func:`treated_by`."""
    return actor.has(Role.CLINICIAN, Role.COACH)


def extent_of(actor: Actor) -> Extent:
    """How much of the charts that the actor may open: the whole for a clinician, her own for a coach."""
    return Extent.WHOLE if actor.has(Role.CLINICIAN) else Extent.OWN


def visible_encounters(actor: Actor, encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    """Encounters whose note the actor may read."""
    if actor.kind is ActorKind.SYSTEM:
        return encounters
    if actor.user_id is None:
        return encounters.none()
    if actor.has(Role.CLINICIAN):
        return encounters.filter(_open_to(actor, "patient_id"))
    if actor.has(Role.COACH):
        return encounters.filter(practitioner__user_id=actor.user_id)
    return encounters.none()


def visible_summaries(actor: Actor, encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    """Encounters whose summary the actor may read: her own, whose she reads for another, a link's one, whose note she reads.

    A link alone opens none: it may have been forwarded, or lie in a mailbox that others read.
    """
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        return encounters.none() if actor.only_by_link else encounters.filter(appointment_id=actor.subject_id)
    if actor.user_id is None or actor.kind is ActorKind.SYSTEM:
        return visible_encounters(actor, encounters)
    own = encounters.filter(people.own(actor, Scope.SUMMARIES, by="patient__") & catalog.shown(actor))
    if not actor.has(Role.CLINICIAN, Role.COACH):
        return own
    return own | visible_encounters(actor, encounters)


def locked_summaries(actor: Actor, encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    """The one that a link leads to and that its bearer must say a date of birth for first."""
    if actor.only_by_link and actor.subject_id is not None:
        return encounters.filter(appointment_id=actor.subject_id)
    return encounters.none()


def can_identify(actor: Actor, encounter: Encounter) -> bool:
    """The same as :func:`locked_summaries`, for one that is at hand."""
    return actor.only_by_link and actor.subject_id == encounter.appointment_id


def can_view_encounter(actor: Actor, encounter: Encounter) -> bool:
    """The same as :func:`visible_encounters`, for one that is at hand: its author needs no look at others."""
    return is_author(actor, encounter) or visible_encounters(actor, Encounter.objects.filter(pk=encounter.pk)).exists()


def can_view_chart(actor: Actor, patient: Patient) -> bool:
    """The same as :func:`visible_charts`, for one that is at hand."""
    return visible_charts(actor, Patient.objects.filter(pk=patient.pk)).exists()


def can_open_in_emergency(actor: Actor, patient: Patient) -> bool:
    """A clinician who doesn't treat the patient; who does needs no emergency."""
    return actor.kind is ActorKind.PERSON and actor.has(Role.CLINICIAN) and not treats(actor, patient.id)


def can_review_emergencies(actor: Actor) -> bool:
    """The compliance officer."""
    return actor.has(Role.COMPLIANCE)


def can_end_emergency(actor: Actor, access: EmergencyAccess) -> bool:
    """Who opened it, and the compliance officer."""
    own = actor.user_id is not None and actor.on_behalf is None and access.user_id == actor.user_id
    return own or can_review_emergencies(actor)


def is_author(actor: Actor, encounter: Encounter) -> bool:
    """Whether the actor is the practitioner of the encounter."""
    return (
        actor.user_id is not None
        and actor.has(Role.CLINICIAN, Role.COACH)
        and encounter.practitioner.user_id == actor.user_id
    )


def can_write_note(actor: Actor, encounter: Encounter) -> bool:
    """Her own encounter; a colleague who treats the patient too may write in a clinical one.

    Who only looks in for a while (a specialist in a visit) writes where that was given as well.
    """
    if is_author(actor, encounter):
        return True
    if encounter.service.kind != Kind.TELEMEDICINE or not actor.has(Role.CLINICIAN) or actor.user_id is None:
        return False
    return treats(actor, encounter.patient_id) or registry.may_write(actor.user_id, encounter.id)


def treats(actor: Actor, patient_id: UUID) -> bool:
    """Whether the actor has an appointment or an encounter with a patient, or covers for who has.

    Who only looks in doesn't, nor who reads in an emergency.
    """
    return (
        actor.user_id is not None
        and opens_charts(actor)
        and Patient.objects.filter(treated_by(actor.user_id, "pk", clock.now()), pk=patient_id).exists()
    )


def can_sign_note(actor: Actor, encounter: Encounter) -> bool:
    """Only whose encounter it is signs."""
    return is_author(actor, encounter)


def can_add_addendum(actor: Actor, encounter: Encounter) -> bool:
    """Who may write in the note may add to it."""
    return can_write_note(actor, encounter)


def can_diagnose(actor: Actor, encounter: Encounter) -> bool:
    """Diagnoses belong to telemedicine: a coach's encounter has none, whoever asks."""
    return (
        encounter.service.kind == Kind.TELEMEDICINE and actor.has(Role.CLINICIAN) and can_write_note(actor, encounter)
    )


def can_start_encounter(actor: Actor, appointment: Appointment) -> bool:
    """The two people of the appointment (the safe start ends with one of them), and Webside itself."""
    return (
        actor.kind is ActorKind.SYSTEM
        or scheduling.is_practitioner_of(actor, appointment)
        or scheduling.is_patient_of(actor, appointment, Scope.VISITS)
    )


def can_take_encounter(actor: Actor, encounter: Encounter) -> bool:
    """Who is the practitioner of its appointment by now: a higher app has let it be given to them."""
    return encounter.appointment is not None and scheduling.is_practitioner_of(actor, encounter.appointment)


def can_finish_encounter(actor: Actor, encounter: Encounter) -> bool:
    """The practitioner, and Webside itself when the room closes."""
    return actor.kind is ActorKind.SYSTEM or is_author(actor, encounter)


def can_agree_to_documents(actor: Actor, encounter: Encounter) -> bool:
    """The patient (or who is in visits for her), until the note is signed: from then on they are part of what was signed.

    That she agrees keeps a picture, and that she takes it back takes it out. Nobody else does either.
    """
    booked = encounter.appointment
    unsigned = encounter.note.status == NoteStatus.PRELIMINARY
    return unsigned and booked is not None and scheduling.is_patient_of(actor, booked, Scope.VISITS)


def visible_documents(actor: Actor, documents: QuerySet[Document]) -> QuerySet[Document]:
    """Pictures of patients whose whole chart the actor opens."""
    if extent_of(actor) is not Extent.WHOLE:
        return documents.none()
    return documents.filter(_open_to(actor, "patient_id"), withdrawn_at=None)


def can_view_lists(actor: Actor) -> bool:
    """Clinical lists are for clinicians; the caller has checked the chart."""
    return actor.has(Role.CLINICIAN)


def can_change_lists(actor: Actor, patient: Patient) -> bool:
    """Clinicians who treat the patient."""
    return actor.has(Role.CLINICIAN) and treats(actor, patient.pk)


def summary_is_ready(encounter: Encounter) -> bool:
    """The patient reads it when it is signed, not before."""
    return encounter.note.status != NoteStatus.PRELIMINARY


def visible_plans(actor: Actor, plans: QuerySet[CarePlan]) -> QuerySet[CarePlan]:
    """Plans that the actor may read whole: a clinician those of the charts she opens, a patient (and who reads summaries
    for her) her own.

    To who acts for a minor a plan is shown whose visit's topic is known and is none that the law keeps from her: one that
    was made in no visit has a topic that nobody has checked.
    """
    if actor.kind is ActorKind.SYSTEM:
        return plans
    own = people.own(actor, Scope.SUMMARIES, by="patient__") & _topic_shown(actor)
    if actor.user_id is None or not actor.has(Role.CLINICIAN):
        return plans.filter(own)
    return plans.filter(own | _open_to(actor, "patient_id"))


def visible_steps(actor: Actor, steps: QuerySet[PlanStep]) -> QuerySet[PlanStep]:
    """Steps of a plan that is shown: to who acts for a minor those that are hers, and those whose topic is shown."""
    shown = _topic_shown(actor)
    return steps.filter(shown | Q(owner_id=actor.user_id, owner_kind=OwnerKind.DELEGATE)) if shown else steps


def _topic_shown(actor: Actor) -> Q:
    if actor.on_behalf is None or not actor.on_behalf.hidden:
        return Q()
    return Q(encounter__isnull=False) & catalog.shown(actor, by="encounter__service__")


def charted(actor: Actor, patient: str) -> Q:
    """Whose ``patient`` (a path to the id) has a chart that the actor opens as a clinician; nobody's for all others."""
    return _open_to(actor, patient) if actor.has(Role.CLINICIAN) else Q(pk__in=[])


def can_write_plan(actor: Actor, patient_id: UUID) -> bool:
    """Clinicians who treat the patient. Who looks in for a while, or reads in an emergency, writes no plan."""
    return actor.kind is ActorKind.PERSON and actor.has(Role.CLINICIAN) and treats(actor, patient_id)


def can_mark_step(actor: Actor, step: PlanStep) -> bool:
    """Whose step it is says that it is done, and so do clinicians who treat the patient.

    The patient's own is marked by herself, or by a guardian, whose word counts for hers; what belongs to who acts for her
    by that person alone, as long as she acts.
    """
    return owns_step(actor, step) or can_write_plan(actor, step.plan.patient_id)


def owns_step(actor: Actor, step: PlanStep) -> bool:
    """Whether a step is the actor's to do, as she is here now."""
    patient = step.plan.patient
    if step.owner_kind == OwnerKind.PATIENT:
        return (actor.on_behalf is None or actor.is_guardian) and people.is_own(actor, patient, Scope.SUMMARIES)
    if actor.user_id is None or actor.user_id != step.owner_id:
        return False
    if step.owner_kind == OwnerKind.DELEGATE:
        return actor.on_behalf is not None and people.is_own(actor, patient, Scope.SUMMARIES)
    return actor.on_behalf is None and actor.is_staff


def can_transfer(actor: Actor, encounter: Encounter) -> bool:
    """Who may write in the note says what a visit turned into, who took over, and what became of it."""
    return actor.kind is ActorKind.PERSON and can_write_note(actor, encounter)


def visible_transfers(actor: Actor, transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """What visits turned into, to whoever may read their notes."""
    return transfers.filter(encounter__in=visible_encounters(actor, Encounter.objects.all()))


def followed_transfers(actor: Actor, transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Those that somebody has to follow to their end: of her own encounters, and of whom she covers for now."""
    if actor.user_id is None or actor.on_behalf is not None or not opens_charts(actor):
        return transfers.none()
    covered = people_selectors.covered(actor.user_id, clock.now()).values("absent_id")
    return transfers.filter(
        encounter__practitioner__in=Practitioner.objects.filter(Q(user_id=actor.user_id) | Q(id__in=covered))
    )


def can_be_told_where_to_go(actor: Actor, encounter: Encounter) -> bool:
    """The patient, or who is in visits for her, on a page of her visit: where to go and how soon, and no reason."""
    booked = encounter.appointment
    return booked is not None and scheduling.is_patient_of(actor, booked, Scope.VISITS)
