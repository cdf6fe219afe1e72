"""Who may see and change people."""

from __future__ import annotations

from django.db.models import QuerySet

from webside.core.actor import Actor, Role
from webside.people.models import Patient

SEES_ALL = (Role.CLINICIAN, Role.COORDINATOR, Role.BILLER, Role.COMPLIANCE, Role.COACH)


def visible_patients(actor: Actor, patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Staff who need it see demographics; a patient sees herself; nobody else sees anyone.

    This is about names and contacts. Charts have their own, narrower policy.
    """
    if actor.has(*SEES_ALL):
        return patients
    if actor.user_id is not None:
        return patients.filter(user_id=actor.user_id)
    return patients.none()


def can_register_patient(actor: Actor) -> bool:
    """The front desk registers anyone; a visitor registers herself by booking."""
    return not actor.is_staff or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


def can_change_patient(actor: Actor, patient: Patient) -> bool:
    """The patient herself and the front desk."""
    return actor.has(Role.COORDINATOR) or (actor.user_id is not None and patient.user_id == actor.user_id)
