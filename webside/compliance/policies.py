"""Who may see and change licences, consents and the trail."""

from __future__ import annotations

from webside.core.actor import Actor, ActorKind, Role
from webside.people import policies as people
from webside.people.codes import Scope
from webside.people.models import Patient


def can_see_trail(actor: Actor) -> bool:
    """The compliance officer reads the trail and reviews what stands in it."""
    return actor.has(Role.COMPLIANCE)


def can_verify_trail(actor: Actor) -> bool:
    """The compliance officer, whenever she likes; Webside itself every hour."""
    return can_see_trail(actor) or actor.kind is ActorKind.SYSTEM


def can_see_consents(actor: Actor) -> bool:
    """The compliance officer sees who agreed to what."""
    return actor.has(Role.COMPLIANCE)


def can_see_licences(actor: Actor) -> bool:
    """Compliance keeps licences; administrators see them."""
    return actor.has(Role.COMPLIANCE, Role.ADMINISTRATOR)


def can_change_licences(actor: Actor) -> bool:
    """Only compliance verifies and changes licences and credentials."""
    return actor.has(Role.COMPLIANCE)


def can_give_consent(actor: Actor, patient: Patient) -> bool:
    """The person herself, by account or by her link; the front desk notes what she said by phone.

    Whoever came by a link, or books without an account, is the patient that the caller took from the
    appointment or has just registered. A clinician doesn't agree in a patient's place.
    """
    if actor.kind in (ActorKind.LINK, ActorKind.ANONYMOUS, ActorKind.SYSTEM):
        return True
    return actor.has(Role.COORDINATOR) or _is_the_person(actor, patient)


def can_withdraw_consent(actor: Actor, patient: Patient) -> bool:
    """As easily as it was given (GDPR article 7(3)): the person herself, or the front desk for her."""
    return actor.kind is ActorKind.LINK or actor.has(Role.COORDINATOR) or _is_the_person(actor, patient)


def _is_the_person(actor: Actor, patient: Patient) -> bool:
    # Who may book for her, or be in a visit for her, agrees to care by video in her name: she was told so when she gave it.
    return people.is_own(actor, patient, Scope.APPOINTMENTS, Scope.VISITS)
