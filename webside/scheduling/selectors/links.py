"""Links that open an appointment without a password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from webside.core import clock
from webside.core.actor import Actor, ActorKind
from webside.notifications import selectors as notifications
from webside.notifications.codes import Channel, Choice
from webside.notifications.rules import channels
from webside.people.models import Patient
from webside.scheduling.codes import HOLDS_TIME, AppointmentStatus
from webside.scheduling.models import Appointment, AppointmentLink
from webside.scheduling.selectors.appointments import is_past
from webside.scheduling.selectors.queue import is_of_the_line, queue_door_stands


def link_standing(link: AppointmentLink) -> str:
    """Return whether a link works: "open", or why not: "replaced", "cancelled", "over", "expired"."""
    if link.appointment.status == AppointmentStatus.CANCELLED:
        return "cancelled"
    if link.revoked_at is not None:
        return "replaced"
    if link.expires_at <= clock.now():
        return "expired"
    if link.appointment.status == AppointmentStatus.NOSHOW:
        return "over"
    return "open"


def has_newer_link(link: AppointmentLink) -> bool:
    """Whether a newer link to the same appointment was sent and works."""
    newer = AppointmentLink.objects.filter(appointment_id=link.appointment_id, created_at__gt=link.created_at)
    return newer.filter(revoked_at=None, expires_at__gt=clock.now()).exists()


def link_by_hash(token_hash: bytes) -> AppointmentLink | None:
    """Return the link of this tenant with a token's hash."""
    return (
        AppointmentLink.objects.filter(token_hash=token_hash)
        .select_related("appointment__patient", "appointment__practitioner", "appointment__service")
        .first()
    )


def takes_link(appointment: Appointment) -> bool:
    """Return whether a link to it can be sent: it is still ahead or going on, and nobody's place in line.

    A place in line has links of its own.
    """
    return appointment.status in HOLDS_TIME and not is_past(appointment) and not is_of_the_line(appointment.id)


def ways_of_links(appointment: Appointment, *, asked: bool = False) -> list[Channel]:
    """Return by which channels links to an appointment go to its patient; none where nothing reaches her.

    By what she has chosen for news of her visits. ``asked``: she has just asked for it, so that nothing at all is no choice.
    """
    patient = appointment.patient
    choice = Choice(notifications.preference_of(patient).changes)
    if asked and choice is Choice.NONE:
        choice = Choice.EMAIL
    number = choice is not Choice.EMAIL or (asked and not patient.email)
    return channels(
        choice, email=bool(patient.email), number=number and notifications.can_be_texted(patient, appointment.tenant)
    )


def door_proof(appointment: Appointment, link: AppointmentLink | None = None) -> dict[str, Any]:
    """Return what :func:`door_stands` wants to see again: how the appointment stood, and the link that opened the door.

    Without a link (a booking without an account) the door is for the appointment as it is: each move, cancellation
    and restoring counts its sequence up.
    """
    proof: dict[str, Any] = {"sequence": appointment.sequence}
    return proof | {"link": str(link.id)} if link else proof


def door_stands(appointment_id: UUID, proof: dict[str, Any]) -> bool:
    """Return whether a browser's door to an appointment still stands: by :func:`door_proof`, in one query.

    A missed visit shuts no door that is open, though its link opens none any more: the page says what to do now. A
    hand-over by the clinician shuts none either: see ``services.move_appointment``. A door to a place in the line is
    one to the visit that comes of it: both have one id.
    """
    if "queue" in proof:
        return queue_door_stands(appointment_id)
    sequence = proof.get("sequence", -1)
    if "link" not in proof:
        appointment = Appointment.objects.filter(id=appointment_id).first()
        return appointment is not None and (appointment.sequence == sequence or _followed(appointment, sequence))
    found = AppointmentLink.objects.filter(id=proof["link"], appointment_id=appointment_id)
    link = found.select_related("appointment").first()
    if link is None:
        return False
    standing = link_standing(link)
    if standing == "replaced":
        return link.expires_at > clock.now() and _followed(link.appointment, sequence)
    return standing in ("open", "over")


def _followed(appointment: Appointment, sequence: int) -> bool:
    """Whether what was opened at a sequence has followed each hand-over since."""
    return appointment.doors_since is not None and appointment.doors_since <= sequence < appointment.sequence


def patient_behind(actor: Actor) -> Patient | None:
    """Return whose appointment it is by whose link somebody came."""
    if actor.kind is not ActorKind.LINK or actor.subject_id is None:
        return None
    found = Appointment.objects.filter(id=actor.subject_id).select_related("patient").first()
    return found.patient if found else None
