"""Links that open an appointment without a password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind
from webside.notifications.codes import Channel
from webside.outbox.services import publish
from webside.realtime.services import disconnect_on_commit
from webside.scheduling import policies, selectors
from webside.scheduling.events import AppointmentLinkAsked
from webside.scheduling.models import Appointment, AppointmentLink
from webside.scheduling.services.errors import NotAllowed, NoWay, SentJustNow, WrongStatus
from webside.scheduling.services.times import locked

LONG, SHORT = 32, 16  # bytes of a token
LINK_OUTLIVES_VISIT = timedelta(hours=24)
AGAIN_AFTER = timedelta(minutes=1)
"""So long after a link was sent no other one is: somebody pressed twice, or it is on its way."""


def token_hash(token: str) -> bytes:
    """Return what is kept of a link's token."""
    return hashlib.sha256(token.encode()).digest()


@action("scheduling.link.issue")
def issue_link(*, appointment: Appointment, since: datetime | None = None, short: bool = False) -> str:
    """Make a link that opens an appointment without a password; return its token, which is not kept.

    It works until 24 hours after the appointment's end (after ``since``, for what comes later than the visit), or until
    it is moved or cancelled. ``short``: for a text, where letters are dear; 128 random bits are beyond guessing too.
    """
    token = secrets.token_urlsafe(SHORT if short else LONG)
    AppointmentLink.objects.create(
        appointment=appointment,
        token_hash=token_hash(token),
        expires_at=(since or appointment.end) + LINK_OUTLIVES_VISIT,
    )
    record("scheduling.link.issue", actor=frames.current().actor, target=appointment,
           patient_id=appointment.patient_id)  # fmt: skip
    return token


@action("scheduling.link.open")
def open_link(*, actor: Actor, link: AppointmentLink) -> None:
    """Note that somebody opened an appointment by its link."""
    link.last_used_at = clock.now()
    link.save(update_fields=["last_used_at", "updated_at"])
    record("scheduling.link.open", actor=actor, target=link.appointment, patient_id=link.appointment.patient_id,
           ground="link from an e-mail")  # fmt: skip


@action("scheduling.link.ask")
def send_link_again(*, actor: Actor, appointment: Appointment) -> list[Channel]:
    """Send the patient a link to her appointment once more; return by which channels. Links that she has go on working.

    Raises :class:`NotAllowed`, :class:`WrongStatus` for what is over or cancelled or a place in line, :class:`NoWay`
    where neither an address nor a number is known, and :class:`SentJustNow` within :data:`AGAIN_AFTER`.
    """
    if not policies.can_send_link(actor, appointment):
        raise NotAllowed
    appointment = locked(appointment)
    if not selectors.takes_link(appointment):
        raise WrongStatus(appointment.status)
    ways = selectors.ways_of_links(appointment, asked=True)
    if not ways:
        raise NoWay
    if AppointmentLink.objects.filter(appointment=appointment, created_at__gt=clock.now() - AGAIN_AFTER).exists():
        raise SentJustNow
    record("scheduling.link.ask", actor=actor, target=appointment, patient_id=appointment.patient_id)
    publish(AppointmentLinkAsked(appointment_id=appointment.id))
    return ways


def revoke_links(appointment: Appointment, *, doors_follow: bool = False, reason: str = "revoked") -> None:
    """Let the links of an appointment work no more, and close the sockets of whoever came without an account.

    Where doors follow, sockets stay open: they are of the same visit, and bring the news that it moved. ``reason`` is
    the last word on those that close: their pages find nothing any more, so it is all they can tell.
    """
    AppointmentLink.objects.filter(appointment=appointment, revoked_at=None).update(revoked_at=clock.now())
    if not doors_follow:
        disconnect_on_commit(subject_id=appointment.id, reason=reason)


@action("scheduling.link.close")
def close_link(*, actor: Actor, appointment: Appointment) -> None:
    """Note that somebody without an account closed their appointment on a computer; their sockets close.

    As signing out does, this closes the sockets of their other browsers too; those may come back.
    Raises :class:`NotAllowed` for whoever came otherwise.
    """
    if actor.kind is not ActorKind.LINK or actor.subject_id != appointment.id:
        raise NotAllowed
    disconnect_on_commit(subject_id=appointment.id)
    record("scheduling.link.close", actor=actor, target=appointment, patient_id=appointment.patient_id)
