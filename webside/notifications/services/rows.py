"""What all channels share: sealed rows that are there once, what is given up, and how the channel itself is."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from webside.core import clock, frames
from webside.core.actor import system
from webside.core.crypto import keyring
from webside.core.models import Tenant
from webside.notifications import ports, selectors
from webside.notifications.codes import ALWAYS_LEAVES, OF_THE_CHANNEL, Channel, MessageKind, MessageStatus, Reason
from webside.notifications.events import NotificationFailed
from webside.notifications.models import ChannelState, OutgoingMessage
from webside.outbox.services import publish
from webside.people.models import Patient

LONGEST_WAIT = 300.0
NOTHING: frozenset[MessageKind] = frozenset()


def key_of(idempotency_key: str) -> str:
    """Return a key as it is kept: each tenant has its own."""
    frame = frames.current_or_none()
    tenant_id = frame.tenant_id if frame else None
    return f"{tenant_id or 'none'}:{idempotency_key}" if idempotency_key else ""


def known(key: str) -> OutgoingMessage | None:
    """Return the message that was queued under a key before."""
    return OutgoingMessage.objects.filter(idempotency_key=key).first() if key else None


def seal(row: OutgoingMessage, recipients: list[str], body: bytes) -> None:
    """Put the recipients and the words into a row, readable for this row alone."""
    row.recipient = keyring().seal(json.dumps(recipients).encode(), place=f"mail.{row.id}.recipient")
    row.body = keyring().seal(body, place=f"mail.{row.id}")


def insert_once(row: OutgoingMessage) -> OutgoingMessage:
    """Save a new row; return the one that another transaction saved under its key, if it was faster."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return OutgoingMessage.objects.get(idempotency_key=row.idempotency_key)
    return row


def give_up(row: OutgoingMessage, why: str, reason: Reason) -> None:
    """Note that a message will not arrive, and say so to whoever listens."""
    row.status, row.reason = MessageStatus.FAILED, reason
    row.failed_at = clock.now()
    row.trying_at = None
    row.last_error = why[:200]
    row.save()
    with frames.begin(tenant_id=row.tenant_id, actor=system("mail", row.tenant_id)):
        publish(NotificationFailed(message_id=row.id))


def withhold(row: OutgoingMessage, reason: Reason) -> None:
    """Note that a message is not tried, and why; its words are of no more use (the caller saves)."""
    row.status, row.reason = MessageStatus.WITHHELD, reason
    row.body = b""
    row.trying_at = None
    row.last_error = ""


def withdraw_messages(
    *,
    about_id: UUID,
    kinds: frozenset[MessageKind],
    texts_to: UUID | None = None,
    texts: frozenset[MessageKind] = NOTHING,
) -> list[OutgoingMessage]:
    """Take back what waits about something that has changed, and return it: late it would say what is no longer so.

    ``texts``: of these kinds the texts alone, to the patient ``texts_to``. They leave in no order, and the older may
    come last; e-mails carry calendars, which need each other. What is on its way at this moment arrives; it is noted
    as sent.
    """
    about = OutgoingMessage.objects.select_for_update().filter(about_id=about_id, status=MessageStatus.QUEUED)
    found = list(about.filter(Q(kind__in=kinds) | Q(kind__in=texts, channel=Channel.SMS, patient_id=texts_to)))
    for row in found:
        withhold(row, Reason.WITHDRAWN)
        row.save()
    return found


def next_due(channel: Channel) -> OutgoingMessage | None:
    """Return the message of a channel that is due the longest."""
    waiting = OutgoingMessage.objects.filter(status=MessageStatus.QUEUED, channel=channel, due_at__lte=clock.now())
    return waiting.order_by("due_at").first()


def queued(row_id: UUID) -> OutgoingMessage | None:
    """Lock and return a message that still waits."""
    return OutgoingMessage.objects.select_for_update().filter(id=row_id, status=MessageStatus.QUEUED).first()


def end(row: OutgoingMessage, reason: Reason) -> None:
    """Note that a message doesn't leave any more. Too late is a failure: somebody may have to call."""
    if reason is Reason.TOO_LATE:
        give_up(row, "", reason)
        return
    withhold(row, reason)
    row.save()


def held_until(row: OutgoingMessage, tenant: Tenant, now: datetime) -> datetime | None:
    """Return until when quiet hours hold a message to a patient, if they do.

    News of a change leaves at once where the morning is too late for it: who would set out for nothing is woken.
    """
    if row.patient_id is None or row.kind in ALWAYS_LEAVES:
        return None
    patient = Patient.objects.filter(id=row.patient_id).first()
    if patient is None:
        return None
    quiet = selectors.quiet_of(patient, tenant)
    if not quiet.holds(now):
        return None
    until = quiet.ends(now)
    helps = selectors.helps_until(row) if row.kind == MessageKind.CHANGE else None
    return until if helps is None or helps > until else None


def let_wait(row: OutgoingMessage, failure: ports.TemporaryFailure) -> None:
    """Note a try that failed and when the next one is. Only its own end is a message's end, however long that takes."""
    row.last_error, row.reason = str(failure)[:200], failure.reason
    if not failure.uncertain:
        row.trying_at = None
    wait = failure.wait or min(LONGEST_WAIT, 2.0**row.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    row.due_at = clock.now() + timedelta(seconds=wait)
    if row.expires_at is not None and row.expires_at <= clock.now():
        give_up(row, str(failure), Reason.TOO_LATE)
        return
    row.save()


def note_channel(channel: Channel, reason: Reason = Reason.NONE) -> None:
    """Keep since when a channel takes nothing; without a reason, that it took something. What is no news writes nothing."""
    news = Q(away_since=None) if reason in OF_THE_CHANNEL else Q(away_since__isnull=False)
    if reason and reason not in OF_THE_CHANNEL:
        return  # the channel answered
    changed = {"away_since": clock.now() if reason else None, "reason": reason.value}
    if reason:
        ChannelState.objects.get_or_create(channel=channel)
    ChannelState.objects.filter(news, channel=channel).update(**changed)
