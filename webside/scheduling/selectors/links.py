"""Links that open an appointment without a password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from webside.core import clock
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment, AppointmentLink


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


def door_proof(appointment: Appointment, link: AppointmentLink | None = None) -> dict[str, Any]:
    """Return what :func:`door_stands` wants to see again: the link that opened the door, or how the appointment stood.

    Without a link (a booking without an account) the door is for the appointment as it is: each move, cancellation
    and restoring counts its sequence up.
    """
    return {"link": str(link.id)} if link else {"sequence": appointment.sequence}


def door_stands(appointment_id: UUID, proof: dict[str, Any]) -> bool:
    """Return whether a browser's door to an appointment still stands: by :func:`door_proof`, in one query.

    A missed visit shuts no door that is open, though its link opens none any more: the page says what to do now.
    """
    if "link" in proof:
        link = (
            AppointmentLink.objects.filter(id=proof["link"], appointment_id=appointment_id)
            .select_related("appointment")
            .first()
        )
        return link is not None and link_standing(link) in ("open", "over")
    return Appointment.objects.filter(id=appointment_id, sequence=proof["sequence"]).exists()
