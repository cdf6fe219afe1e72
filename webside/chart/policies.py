"""Who may see and write a chart."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from webside.catalog.codes import Kind
from webside.chart.models import Encounter, Note
from webside.core.actor import Actor, ActorKind, Role
from webside.people.models import Patient
from webside.scheduling.models import Appointment


def treats(actor: Actor, patient: Patient) -> bool:
    """Whether the actor is a clinician who has, or had, an appointment with the patient that was not called off."""
    if actor.user_id is None or not actor.has(Role.CLINICIAN):
        return False
    mine = Appointment.objects.filter(patient=patient, practitioner__user_id=actor.user_id)
    return mine.exclude(status="cancelled").exists()


def can_view_chart(actor: Actor, patient: Patient) -> bool:
    """The clinician who treats the patient. A coach sees only her own encounters; nobody else sees a chart."""
    return treats(actor, patient)


def can_change_chart(actor: Actor, patient: Patient) -> bool:
    """Who treats the patient keeps her lists."""
    return treats(actor, patient)


def visible_encounters(actor: Actor, encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    """A clinician sees the encounters of the patients she treats; a coach her own."""
    if actor.user_id is None:
        return encounters.none()
    mine = Q(practitioner__user_id=actor.user_id)
    if actor.has(Role.CLINICIAN):
        treated = Appointment.objects.filter(practitioner__user_id=actor.user_id).exclude(status="cancelled")
        return encounters.filter(mine | Q(patient_id__in=treated.values("patient_id")))
    if actor.has(Role.COACH):
        return encounters.filter(mine)
    return encounters.none()


def can_write_note(actor: Actor, encounter: Encounter) -> bool:
    """The one who gives the encounter writes and signs its note."""
    return actor.user_id is not None and encounter.practitioner.user_id == actor.user_id


def can_diagnose(encounter: Encounter) -> bool:
    """Diagnoses belong to telemedicine: telehealth and telecare have none."""
    return encounter.service.kind == Kind.TELEMEDICINE


def can_view_summary(actor: Actor, encounter: Encounter) -> bool:
    """The patient herself, by account or by the link to this appointment, and who wrote it."""
    if actor.kind is ActorKind.LINK:
        return actor.subject_id is not None and encounter.appointment_id == actor.subject_id
    if actor.user_id is None:
        return False
    return actor.user_id in (encounter.patient.user_id, encounter.practitioner.user_id)


def is_open(note: Note) -> bool:
    """Whether a note may still be written. After signing there are only addenda."""
    return note.signed_at is None

