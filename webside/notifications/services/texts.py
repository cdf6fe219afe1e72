"""Queueing texts and sending them.

A text is a sealed row of the transaction that caused it, as an e-mail is. Carriers have no id of ours by which they would
show a repeat once, so a text is claimed in a transaction of its own before it is handed over: whoever finds a claimed row
with no answer noted asks the carrier first whether it took that text, and sends it only if it did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template import Context
from django.template.loader import get_template

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor, system
from webside.core.crypto import Unreadable
from webside.core.ids import uuid7
from webside.core.models import Tenant
from webside.notifications import ports, selectors
from webside.notifications.codes import OF_THE_CHANNEL, Channel, MessageKind, MessageStatus, Reason
from webside.notifications.events import NotificationFailed, TextDelayed
from webside.notifications.models import OutgoingMessage
from webside.notifications.services.numbers import note_unusable, stop_number
from webside.notifications.services.rows import (
    end,
    give_up,
    held_until,
    insert_once,
    key_of,
    known,
    let_wait,
    next_due,
    note_channel,
    queued,
    seal,
    withhold,
)
from webside.notifications.telephone import e164, length, plain
from webside.outbox.services import publish

MOST_PARTS = 6
LIVES = timedelta(hours=24)
LEASE = timedelta(minutes=2)
"""How long a claimed text is left to who claimed it: longer than the client waits for an answer."""
AFTER_STOP = frozenset({"notifications/text_stopped", "notifications/text_help"})
"""What carriers want sent to a number that said STOP: that it was heard, once, and the answer to HELP."""


def send_sms(
    *,
    template: str,
    to: str,
    context: Mapping[str, Any],
    idempotency_key: str,
    kind: MessageKind,
    patient_id: UUID | None = None,
    about_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> OutgoingMessage:
    """Queue a text in the current transaction; return its row, which may be *withheld* with its reason.

    ``template`` is ``<app>/<name>``: ``<app>/sms/<name>.txt`` is rendered with ``context``, ``tenant`` and ``address``, on
    one line, in the letters of GSM-7 where that changes no word. It never tells of anybody's health. ``to`` is a number as people
    write it. After ``expires_at`` (a day, where nothing is said) it is given up. The patient's quiet hours hold it,
    but for ``codes.ALWAYS_LEAVES``. A second call with the same key in the tenant returns the first row.
    """
    key = key_of(idempotency_key)
    if (row := known(key)) is not None:
        return row
    tenant_id = frames.current_tenant_id()
    number = e164(to)
    text = _words(template, {"tenant": Tenant.objects.get(id=tenant_id), "address": settings.PUBLIC_URL, **context})
    row = OutgoingMessage(
        id=uuid7(),
        tenant_id=tenant_id,
        patient_id=patient_id,
        channel=Channel.SMS,
        kind=kind,
        about_id=about_id,
        template=template,
        urgent=kind == MessageKind.READY,
        expires_at=expires_at or clock.now() + LIVES,
        idempotency_key=key,
    )
    row.idempotency_key = key or str(row.id)
    seal(row, [number or to.strip()], text.encode())
    if why := Reason.TOO_LONG if length(text).parts > MOST_PARTS else _why_not(row, number):
        withhold(row, why)
    return insert_once(row)


def _why_not(row: OutgoingMessage, number: str) -> Reason:
    why = selectors.why_no_text(number)
    return Reason.NONE if why is Reason.STOPPED and row.template in AFTER_STOP else why


def _words(template: str, values: Mapping[str, Any]) -> str:
    app, _, name = template.partition("/")
    found = get_template(f"{app}/sms/{name}.txt")
    rendered = found.template.render(Context(dict(values), autoescape=False))  # type: ignore[attr-defined]
    return plain(" ".join(str(rendered).split()))


# -------------------------------------------------------------------------------------------- sending


@dataclass(frozen=True, slots=True)
class _Claim:
    """A text that is ours to hand over.

    ``since``: an earlier hand-over, whose answer nobody noted. ``ended``: why it may not leave any more, if it has not.
    """

    row: OutgoingMessage
    clinic: str
    number: str
    text: str
    since: datetime | None
    ended: Reason = Reason.NONE


def send_due_texts(limit: int = 20) -> int:
    """Send the texts that are due; return how many were tried. Safe in several workers at once.

    Nothing is tried while no sender is configured. When the carrier doesn't answer, the round ends: one text after
    the other would wait for the same silence.
    """
    port = ports.sms()
    if port is None:
        return 0
    tried = 0
    while tried < limit and (row := next_due(Channel.SMS)) is not None:
        tried += 1
        claim = _claim(row.id)
        if claim is not None and not _hand_over(port, claim):
            break
    return tried


def _claim(row_id: UUID) -> _Claim | None:
    """Claim a text and commit that, or note why it doesn't leave (now); nothing where another worker was faster."""
    with transaction.atomic():
        row = OutgoingMessage.objects.select_for_update(skip_locked=True).filter(
            id=row_id, status=MessageStatus.QUEUED, due_at__lte=clock.now()
        ).first()  # fmt: skip
        if row is None:
            return None
        with frames.begin(tenant_id=row.tenant_id, actor=system("texts", row.tenant_id)):
            return _claimed(row, Tenant.objects.get(id=frames.current_tenant_id()))


def _claimed(row: OutgoingMessage, tenant: Tenant) -> _Claim | None:
    now, since = clock.now(), row.trying_at
    try:
        number, text = selectors.recipient(row), selectors.text_of(row)
    except Unreadable as failure:
        give_up(row, str(failure), Reason.UNREADABLE)
        return None
    late = row.expires_at is not None and row.expires_at <= now
    ended = Reason.TOO_LATE if late else _why_not(row, number)
    if since is None:  # else it may be out already, and only the carrier can say
        if ended:
            _end(row, ended)
            return None
        later = held_until(row, tenant, now) if ports.texts_from(tenant.slug) else now + timedelta(minutes=1)
        if later is not None:
            row.due_at = later
            row.save()
            return None
    row.attempts += 1
    row.trying_at = since or now
    row.due_at = now + LEASE
    row.save()
    return _Claim(row, tenant.slug, number, text, since, ended)


def _hand_over(port: ports.SmsPort, claim: _Claim) -> bool:
    """Hand a claimed text to the carrier and note what it said; return whether it answers at all."""
    row = claim.row
    try:
        found = _taken_before(port, claim) if claim.since is not None else None
        if found is None and claim.ended:
            with transaction.atomic():
                if (locked := queued(row.id)) is not None:
                    _end(locked, claim.ended)
            return True
        sid = found or port.send(clinic=claim.clinic, to=claim.number, text=claim.text, key=str(row.id))
    except ports.TemporaryFailure as failure:
        _postpone(row.id, failure)
        return False
    except ports.PermanentFailure as failure:
        note_channel(Channel.SMS)
        _refused(row.id, claim.number, failure)
    else:
        note_channel(Channel.SMS)
        mark_text_sent(row.id, sid)
    return True


def _end(row: OutgoingMessage, reason: Reason) -> None:
    """Note that a text doesn't leave any more, and say so: it may have been queued before its number was known to take none."""
    end(row, reason)
    if row.status == MessageStatus.WITHHELD:
        _say_failed(row)


def _say_failed(row: OutgoingMessage) -> None:
    with frames.begin(tenant_id=row.tenant_id, actor=system("texts", row.tenant_id)):
        publish(NotificationFailed(message_id=row.id))


def _taken_before(port: ports.SmsPort, claim: _Claim) -> str | None:
    """Return the carrier's id of a text whose answer nobody noted, if it took it: such a text that is no other row's."""
    since = claim.since or clock.now()
    found = port.find(clinic=claim.clinic, to=claim.number, text=claim.text, since=since)
    noted = set(OutgoingMessage.objects.filter(carrier_id__in=found).values_list("carrier_id", flat=True))
    return next((sid for sid in found if sid not in noted), None)


def mark_text_sent(row_id: UUID, sid: str) -> None:
    """Note that the carrier has taken a text, unless it has said more about it since."""
    OutgoingMessage.objects.filter(id=row_id, sent_at=None).exclude(status=MessageStatus.FAILED).update(
        status=MessageStatus.SENT, sent_at=clock.now(), trying_at=None, carrier_id=sid, last_error="", reason=""
    )


def _postpone(row_id: UUID, failure: ports.TemporaryFailure) -> None:
    """Let a text wait. It is not counted against it how long the carrier is away: only its own end is its end."""
    with transaction.atomic():
        note_channel(Channel.SMS, failure.reason)
        if (row := queued(row_id)) is not None:
            news = not row.reason
            let_wait(row, failure)
            if news and row.status == MessageStatus.QUEUED:
                with frames.begin(tenant_id=row.tenant_id, actor=system("texts", row.tenant_id)):
                    publish(TextDelayed(message_id=row.id))


def _refused(row_id: UUID, number: str, failure: ports.PermanentFailure) -> None:
    with transaction.atomic():
        row = queued(row_id)
        if row is None:
            return
        with frames.begin(tenant_id=row.tenant_id, actor=system("texts", row.tenant_id)):
            _note_reason(row, number, failure.reason, str(failure))


def _note_reason(row: OutgoingMessage, number: str, reason: Reason, code: str) -> None:
    """Note that a text was refused, and what that tells of its number. In the tenant's frame."""
    if reason is Reason.STOPPED:
        stop_number(number=number)  # said to the carrier, of which we had not heard
        withhold(row, reason)
        row.save()
        _say_failed(row)
        return
    note_unusable(number=number, reason=reason)
    give_up(row, code, reason)


# ------------------------------------------------------------------------------- what the carrier says later


@action("notifications.text.status")
def note_text_status(
    *, actor: Actor, message_id: UUID, sid: str, arrived: bool, reason: Reason = Reason.NONE, code: str = ""
) -> None:
    """Note what the carrier says of a text: that it arrived, that it will not (``reason``), or only that it left.

    May come before the sender has noted that the carrier took it, twice, and in any order: what is known stays.
    """
    row = OutgoingMessage.objects.select_for_update().filter(
        id=message_id, tenant_id=frames.current_tenant_id(), channel=Channel.SMS
    ).first()  # fmt: skip
    if row is not None and row.carrier_id in ("", sid):
        _learn(row, sid, arrived, reason, code)
    record("notifications.text.status", actor=actor, target=row, patient_id=row.patient_id if row else None)


def _learn(row: OutgoingMessage, sid: str, arrived: bool, reason: Reason, code: str) -> None:
    if row.delivered_at is not None or row.status == MessageStatus.FAILED:
        return
    row.carrier_id, row.trying_at = sid, None
    if reason and reason not in OF_THE_CHANNEL:
        _note_reason(row, selectors.recipient(row), reason, code)
        return
    row.status, row.reason, row.last_error = MessageStatus.SENT, "", ""
    row.sent_at = row.sent_at or clock.now()
    row.delivered_at = clock.now() if arrived else None
    row.save()
