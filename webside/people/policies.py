"""Who may see and change people."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from webside.core.actor import Actor, ActorKind, Role
from webside.people.codes import Scope
from webside.people.models import Delegation, Patient, Practitioner

NOBODY = Q(pk__in=())


def own(actor: Actor, *scopes: str, by: str = "") -> Q:
    """Which rows are of the actor's patient: who she is herself, or for whom she acts with any of ``scopes``.

    ``by`` is the way from a row to its patient, such as ``patient__``; empty where the rows are patients. This and
    :func:`is_own` are the only places that say whose record is somebody's own; without scopes nobody acts for another.
    """
    if actor.on_behalf is not None:
        return Q(**{f"{by}id": actor.on_behalf.patient_id}) if actor.may(*scopes) else NOBODY
    return Q(**{f"{by}user_id": actor.user_id}) if actor.user_id is not None else NOBODY


def is_own(actor: Actor, patient: Patient, *scopes: str) -> bool:
    """The same as :func:`own`, for a patient who is at hand."""
    if actor.on_behalf is not None:
        return actor.on_behalf.patient_id == patient.id and actor.may(*scopes)
    return actor.user_id is not None and patient.user_id == actor.user_id


SEES_ALL = (Role.CLINICIAN, Role.COORDINATOR, Role.BILLER, Role.COMPLIANCE, Role.COACH)


def visible_patients(actor: Actor, patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Staff who need it see demographics; a patient sees herself, and who acts for her sees her; nobody else sees anyone.

    This is about names and contacts. Charts have their own, narrower policy.
    """
    if actor.has(*SEES_ALL):
        return patients
    return patients.filter(own(actor, *Scope))


def can_register_patient(actor: Actor) -> bool:
    """The front desk registers anyone; a visitor registers herself by booking. Who acts for another person does neither."""
    if actor.on_behalf is not None:
        return False
    return not actor.is_staff or actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


def can_change_patient(actor: Actor, patient: Patient) -> bool:
    """The patient herself and the front desk."""
    return actor.has(Role.COORDINATOR) or is_own(actor, patient)


def can_describe_practitioner(actor: Actor) -> bool:
    """Say what patients read of a practitioner: administrators, and Webside itself when it sets a clinic up."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.ADMINISTRATOR)


def can_delegate(actor: Actor, patient: Patient) -> bool:
    """Let somebody act for her, see who may, and take it back: the patient herself, signed in. Nobody acts for her in this."""
    return is_own(actor, patient)


def can_record_guardian(actor: Actor) -> bool:
    """The front desk, which has seen the document."""
    return actor.has(Role.COORDINATOR)


def can_end_delegation(actor: Actor, delegation: Delegation) -> bool:
    """Who gave it, who has it, and the front desk. What the law gives isn't the patient's to take back."""
    if actor.has(Role.COORDINATOR) or (actor.on_behalf is None and _has(actor.user_id, delegation)):
        return True
    return not delegation.by_law and is_own(actor, delegation.patient)


def _has(user_id: UUID | None, delegation: Delegation) -> bool:
    return user_id is not None and delegation.user_id == user_id


def can_set_covering(actor: Actor, absent: Practitioner, cover: Practitioner | None = None) -> bool:
    """Who will be away, and the front desk. Nobody makes herself the cover of another: that would open charts by wish."""
    own = actor.user_id is not None and absent.user_id == actor.user_id
    if cover is not None and actor.user_id is not None and cover.user_id == actor.user_id and not own:
        return False
    if actor.has(Role.COORDINATOR):
        return True
    return actor.has(Role.CLINICIAN) and own
