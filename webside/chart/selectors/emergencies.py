"""Charts that were opened in an emergency, and by what right somebody reads who has no visit with the patient."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from webside.chart import policies
from webside.chart.models import EmergencyAccess
from webside.core import clock
from webside.core.actor import Actor
from webside.people import selectors as people
from webside.people.models import Patient

EMERGENCY = "emergency access"
"""The ground of what is read in an emergency."""
LOOKS_IN = "asked into the visit"
"""The ground of who sits in a visit that goes on, and treats nobody by that."""


def standing(actor: Actor, patient_id: UUID, now: datetime) -> EmergencyAccess | None:
    """Return the emergency by which the actor reads a chart now, if any."""
    if actor.user_id is None:
        return None
    found = EmergencyAccess.objects.filter(
        patient_id=patient_id, user_id=actor.user_id, starts_at__lte=now, ends_at__gt=now, ended_at=None
    )
    return found.order_by("-ends_at").first()


def emergency_of(actor: Actor, patient_id: UUID) -> EmergencyAccess | None:
    """Return the emergency by which the actor reads a chart at this moment."""
    return standing(actor, patient_id, clock.now())


def ground_beyond_own(actor: Actor, patient_id: UUID, *, treated: bool, emergency: EmergencyAccess | None) -> str:
    """Return by what right a clinician reads who has no visit with the patient: covering for whom, an emergency, or
    because she was asked into a visit that goes on."""
    if not treated or actor.user_id is None:
        return EMERGENCY if emergency is not None else LOOKS_IN
    for covering in people.covered(actor.user_id, clock.now()).select_related("absent").order_by("starts_at"):
        absent = covering.absent
        if (
            absent.user_id
            and Patient.objects.filter(policies.own_patient_of(absent.user_id, "pk"), pk=patient_id).exists()
        ):
            return f"covering for {absent.display_name}"
    return "covering"


def ground_for(actor: Actor, patient_id: UUID) -> str:
    """Return by what right somebody who is no author reads of a patient whom she may read."""
    if actor.user_id is None:
        return ""
    now = clock.now()
    found = Patient.objects.filter(pk=patient_id)
    if found.filter(policies.own_patient_of(actor.user_id, "pk")).exists():
        return "treating"
    treated = found.filter(policies.treated_by(actor.user_id, "pk", now)).exists()
    emergency = None if treated else standing(actor, patient_id, now)
    return ground_beyond_own(actor, patient_id, treated=treated, emergency=emergency)


def found_for_emergency(actor: Actor, *, family: str, born: object, record_number: str) -> Patient | None:
    """Return the one patient of this record number, or of this family name and date of birth; nothing for several.

    No beginning of a name is enough: who opens a chart in an emergency knows whose.
    """
    asked = Q(record_number__iexact=record_number) if record_number else Q(family__iexact=family, birth_date=born)
    found = list(people.visible_patients(actor).filter(asked)[:2])
    return found[0] if len(found) == 1 else None


def emergency_accesses(actor: Actor) -> QuerySet[EmergencyAccess]:
    """Return the charts that were opened in an emergency, those that nobody has reviewed first, then the newest."""
    if not policies.can_review_emergencies(actor):
        return EmergencyAccess.objects.none()
    return EmergencyAccess.objects.select_related("patient").order_by("-reviewed_at", "-starts_at")


def to_review(actor: Actor) -> int:
    """Return how many wait for a finding."""
    return emergency_accesses(actor).filter(reviewed_at=None).count()


def emergency_access(actor: Actor, access_id: UUID) -> EmergencyAccess | None:
    """Return one that the actor may end or review."""
    found = EmergencyAccess.objects.filter(id=access_id).select_related("patient").first()
    return found if found is not None and policies.can_end_emergency(actor, found) else None
