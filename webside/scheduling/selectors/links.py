"""Links that open an appointment without a password."""

from __future__ import annotations

from webside.core import clock
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import AppointmentLink


def link_standing(link: AppointmentLink) -> str:
    """Return whether a link works: "open", or why not: "moved", "cancelled", "over", "expired"."""
    if link.appointment.status == AppointmentStatus.CANCELLED:
        return "cancelled"
    if link.revoked_at is not None:
        return "moved"
    if link.expires_at <= clock.now():
        return "expired"
    if link.appointment.status == AppointmentStatus.NOSHOW:
        return "over"
    return "open"


def link_by_hash(token_hash: bytes) -> AppointmentLink | None:
    """Return the link of this tenant with a token's hash."""
    return (
        AppointmentLink.objects.filter(token_hash=token_hash)
        .select_related("appointment__patient", "appointment__practitioner", "appointment__service")
        .first()
    )
