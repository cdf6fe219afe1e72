"""Who may see, book and change appointments."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from webside.core.actor import Actor, ActorKind, Role
from webside.people.models import Patient, Practitioner
from webside.scheduling.models import Appointment


def visible_appointments(actor: Actor, appointments: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """The front desk sees all, a practitioner and a patient their own, a link its one; others none."""
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR):
        return appointments
    if actor.kind is ActorKind.LINK and actor.subject_id is not None:
        return appointments.filter(id=actor.subject_id)
    if actor.user_id is None:
        return appointments.none()
    own = Q(patient__user_id=actor.user_id)
    if actor.has(Role.CLINICIAN, Role.COACH):
        own |= Q(practitioner__user_id=actor.user_id)
    return appointments.filter(own)


def can_view_appointment(actor: Actor, appointment: Appointment) -> bool:
    """The same as :func:`visible_appointments`, for one that is at hand."""
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR):
        return True
    if actor.kind is ActorKind.LINK:
        return actor.subject_id == appointment.id
    return is_patient_of(actor, appointment) or is_practitioner_of(actor, appointment)


def can_read_reason(actor: Actor, appointment: Appointment) -> bool:
    """Read what she would like to talk about: who may see the appointment, but nobody who shows a link alone."""
    return can_view_appointment(actor, appointment) and not actor.only_by_link


def is_patient_of(actor: Actor, appointment: Appointment) -> bool:
    """Whether the actor is the appointment's patient, signed in or come by its link."""
    if actor.kind is ActorKind.LINK:
        return actor.subject_id == appointment.id
    return actor.user_id is not None and appointment.patient.user_id == actor.user_id


def is_practitioner_of(actor: Actor, appointment: Appointment) -> bool:
    """Whether the actor is the appointment's practitioner."""
    return (
        actor.user_id is not None
        and actor.has(Role.CLINICIAN, Role.COACH)
        and appointment.practitioner.user_id == actor.user_id
    )


def can_book_for(actor: Actor, patient: Patient) -> bool:
    """The front desk for anyone, a patient for herself, a practitioner for the people they care for.

    A visitor (or somebody come by the link of another appointment) books for a patient who has just
    been registered with the booking itself; never for one who already has an account or a visit.
    """
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.CLINICIAN, Role.COACH):
        return True
    if actor.user_id is not None:
        return patient.user_id == actor.user_id or _is_new(patient)
    return _is_new(patient)


def _is_new(patient: Patient) -> bool:
    return patient.user_id is None and not Appointment.objects.filter(patient=patient).exists()


def can_change_appointment(actor: Actor, appointment: Appointment) -> bool:
    """Move and cancel: everybody who may see it."""
    return can_view_appointment(actor, appointment)


def can_run_appointment(actor: Actor, appointment: Appointment) -> bool:
    """Say that somebody came, did not come, or was seen: the practitioner, the front desk, Webside itself."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR) or is_practitioner_of(actor, appointment)


def can_check_in(actor: Actor, appointment: Appointment) -> bool:
    """The patient comes by herself; the others may note it."""
    return is_patient_of(actor, appointment) or can_run_appointment(actor, appointment)


def can_change_hours(actor: Actor, practitioner: Practitioner) -> bool:
    """One's own hours; the front desk and administrators those of all."""
    if actor.kind is ActorKind.SYSTEM or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR):
        return True
    return actor.user_id is not None and practitioner.user_id == actor.user_id


def can_see_schedules(actor: Actor) -> bool:
    """Who works with appointments: practitioners (their own) and the front desk (all)."""
    return actor.has(Role.CLINICIAN, Role.COACH, Role.COORDINATOR)


def can_see_hours(actor: Actor) -> bool:
    """Who keeps weekly hours (their own), the front desk and administrators (all)."""
    return can_see_schedules(actor) or actor.has(Role.ADMINISTRATOR)


def can_choose_whose_hours(actor: Actor) -> bool:
    """The front desk and administrators look at anybody's hours; others at their own."""
    return actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)
