"""Who sees what was sent, and what went wrong behind the scenes."""

from __future__ import annotations

from django.db.models import QuerySet

from webside.core.actor import Actor, Role
from webside.notifications import registry
from webside.notifications.models import IncomingText, OutgoingMessage, PushDevice
from webside.people import policies as people
from webside.people.models import Patient


def can_see_messages(actor: Actor) -> bool:
    """The front desk, which reaches a person when a message doesn't, and administrators."""
    return actor.has(Role.COORDINATOR, Role.ADMINISTRATOR)


def visible_messages(actor: Actor, messages: QuerySet[OutgoingMessage]) -> QuerySet[OutgoingMessage]:
    """The messages of the actor's own tenant, for those who may see them."""
    if actor.tenant_id is None or not can_see_messages(actor):
        return messages.none()
    return messages.filter(tenant_id=actor.tenant_id)


def can_see_texts(actor: Actor) -> bool:
    """The front desk: somebody wrote to us, and may tell of her health."""
    return actor.has(Role.COORDINATOR)


def visible_texts(actor: Actor, texts: QuerySet[IncomingText]) -> QuerySet[IncomingText]:
    """All of the clinic, for the front desk; nobody else reads what was written."""
    return texts if can_see_texts(actor) else texts.none()


def can_change_preference(actor: Actor, patient: Patient) -> bool:
    """The patient herself, signed in or by a link to a visit of hers, and the front desk."""
    if actor.has(Role.COORDINATOR) or people.is_own(actor, patient):
        return True
    behind = registry.patient_behind(actor)
    return behind is not None and behind.id == patient.id


def can_have_pushes(actor: Actor) -> bool:
    """Whoever is signed in and is a patient here or works here; a device is her own, whomever she acts for."""
    if actor.user_id is None or actor.on_behalf is not None:
        return False
    return actor.is_staff or actor.has(Role.PATIENT)


def visible_devices(actor: Actor, devices: QuerySet[PushDevice]) -> QuerySet[PushDevice]:
    """One's own."""
    if actor.user_id is None or not can_have_pushes(actor):
        return devices.none()
    return devices.filter(user_id=actor.user_id)


def can_open_push(actor: Actor, message: OutgoingMessage) -> bool:
    """Whom it was sent to."""
    return can_have_pushes(actor) and message.tenant_id == actor.tenant_id and message.user_id == actor.user_id


def can_see_events(actor: Actor) -> bool:
    """Administrators look after deliveries that were given up."""
    return actor.has(Role.ADMINISTRATOR)
