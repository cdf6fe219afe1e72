"""Reading people. The first argument is the actor."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from webside.core.actor import Actor
from webside.people import policies
from webside.people.models import Patient, Practitioner


def patient_of(actor: Actor) -> Patient | None:
    """Return the patient that the actor is here, if any. Somebody who came by a link is none."""
    if actor.user_id is None:
        return None
    return Patient.objects.filter(user_id=actor.user_id, active=True).first()


def practitioner_of(actor: Actor) -> Practitioner | None:
    """Return the practitioner that the actor is here, if any."""
    if actor.user_id is None:
        return None
    return Practitioner.objects.filter(user_id=actor.user_id, active=True).first()


def visible_patients(actor: Actor) -> QuerySet[Patient]:
    """Return the patients whose demographics the actor may see."""
    return policies.visible_patients(actor, Patient.objects.filter(active=True).order_by("family", "given"))


def patient(actor: Actor, patient_id: UUID) -> Patient | None:
    """Return a patient that the actor may see; nothing if there is none or they may not."""
    return visible_patients(actor).filter(id=patient_id).first()


def practitioners(actor: Actor) -> QuerySet[Practitioner]:
    """Return the clinic's practitioners. They are public: patients choose among them."""
    return Practitioner.objects.filter(active=True).order_by("family", "given")


def practitioner(actor: Actor, practitioner_id: UUID) -> Practitioner | None:
    """Return one of the clinic's practitioners."""
    return practitioners(actor).filter(id=practitioner_id).first()
