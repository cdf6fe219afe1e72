"""Reading people. The first argument is the actor."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from webside.core.actor import Actor
from webside.people import policies
from webside.people.models import Patient, Practitioner

M = TypeVar("M", bound=Model)


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


def narrowed(found: QuerySet[M], words: str, *, by: str = "") -> QuerySet[M]:
    """Return what of ``found`` is of a patient whose names or record number begin with each of ``words``.

    ``by`` is the way from a row to its patient, such as ``patient__``; empty where the rows are patients.
    """
    for word in words.split():
        begins = (Q(**{f"{by}{name}__istartswith": word}) for name in ("family", "given", "record_number"))
        found = found.filter(reduce(or_, begins))
    return found


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
