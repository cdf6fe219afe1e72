"""Queueing messages and sending them.

A message is a sealed row of the transaction that caused it: no row without the change, no change
without the row. The worker's loop sends it. What is sent but not yet marked when the worker dies is
sent again with the same Message-ID, so that mailboxes show it once.
"""

from __future__ import annotations

import json
import logging
import random
import smtplib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from email.message import Message
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db import IntegrityError, transaction
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template

from webside.audit.services import action, record
from webside.core import clock, frames, jobs, timers
from webside.core.actor import Actor, system
from webside.core.crypto import Unreadable, keyring
from webside.core.ids import uuid7
from webside.core.models import Tenant
from webside.notifications import policies, ports
from webside.notifications.codes import Channel, MessageStatus
from webside.notifications.events import NotificationFailed
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of, recipients_of
from webside.outbox.services import publish, retry_delivery

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 12
LONGEST_WAIT = 3600.0
PERMANENT = 500  # RFC 5321, 4.2.1: 5yz is a permanent refusal
CHANNEL_DOWN = frozenset({421, 530, 534, 535, 538})  # about us or the server, not about the message

Attachment = tuple[str, bytes, str]


class NotAllowed(PermissionError):
    """The actor may not do this."""


class Emptied(LookupError):
    """The words of a message were deleted when their time was over: it can't be sent again."""


# ------------------------------------------------------------------------------------------- queueing


def send_email(
    *,
    template: str,
    to: str | Iterable[str],
    context: Mapping[str, Any],
    subject: str,
    idempotency_key: str,
    patient_id: UUID | None = None,
    attachments: Iterable[Attachment] = (),
) -> OutgoingMessage:
    """Queue an e-mail in the current transaction; return its row.

    ``template`` is ``<app>/<name>``: ``<app>/email/<name>.txt`` is rendered, and ``….html`` beside
    it if there is one, with ``context`` and ``tenant``, ``address`` (of the installation, without a
    slash at its end). ``subject`` never holds patient data. ``attachments`` are (name, content,
    content type). A second call with the same ``idempotency_key`` in the tenant returns the first row.
    """
    app, _, name = template.partition("/")
    base = f"{app}/email/{name}"
    frame = frames.current_or_none()
    tenant_id = frame.tenant_id if frame else None
    tenant = Tenant.objects.filter(id=tenant_id).first() if tenant_id else None
    values = {"tenant": tenant, "address": settings.PUBLIC_URL, **context}
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=_render(f"{base}.txt", values, escape=False),
        to=[to] if isinstance(to, str) else list(to),
    )
    with suppress(TemplateDoesNotExist):  # plain text alone is a whole message
        message.attach_alternative(_render(f"{base}.html", values, escape=True), "text/html")
    for attachment in attachments:
        message.attach(*attachment)
    return queue_email(message, template=template, idempotency_key=idempotency_key, patient_id=patient_id)


def _render(name: str, values: Mapping[str, Any], *, escape: bool) -> str:
    found = get_template(name)
    return str(found.template.render(Context(dict(values), autoescape=escape))).strip() + "\n"  # type: ignore[attr-defined]


def queue_email(
    message: EmailMessage, *, template: str = "", idempotency_key: str = "", patient_id: UUID | None = None
) -> OutgoingMessage:
    """Keep a ready e-mail as a sealed row for the worker; return the row (the first one for a known key).

    Raises :class:`ValueError` for one without a recipient.
    """
    recipients = message.recipients()
    if not recipients:
        raise ValueError("an e-mail needs a recipient")
    frame = frames.current_or_none()
    tenant_id = frame.tenant_id if frame else None
    key = f"{tenant_id or 'none'}:{idempotency_key}" if idempotency_key else ""
    if key and (known := OutgoingMessage.objects.filter(idempotency_key=key).first()):
        return known
    message_id = uuid7()
    message.extra_headers = {**message.extra_headers, "Message-ID": message_id_of(message_id)}
    row = OutgoingMessage(
        id=message_id,
        tenant_id=tenant_id,
        patient_id=patient_id,
        channel=Channel.EMAIL,
        template=template,
        subject=message.subject[:200],
        idempotency_key=key or str(message_id),
    )
    _seal(row, recipients, message.message().as_bytes())
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # the same message from another transaction
        return OutgoingMessage.objects.get(idempotency_key=row.idempotency_key)
    return row


def message_id_of(row_id: UUID) -> str:
    """Return the Message-ID of a row: the same for every try."""
    return f"<{row_id}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"


def _seal(row: OutgoingMessage, recipients: list[str], body: bytes) -> None:
    row.recipient = keyring().seal(json.dumps(recipients).encode(), place=f"mail.{row.id}.recipient")
    row.body = keyring().seal(body, place=f"mail.{row.id}")


# -------------------------------------------------------------------------------------------- sending


class _Sealed(EmailMessage):
    """A stored message as Django's SMTP backend takes it: nothing is rendered or dated anew."""

    def __init__(self, row: OutgoingMessage) -> None:
        super().__init__(to=recipients_of(row))
        self._raw = content_of(row)

    def message(self, *args: Any, **kwargs: Any) -> Message:  # type: ignore[override]
        """Return what was stored."""
        return _Raw(self._raw)


class _Raw(Message):
    """Bytes of a message, sent as they are."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = raw

    def as_bytes(self, unixfrom: bool = False, policy: Any = None, linesep: str = "\n") -> bytes:
        """Return the message with the line ends of the wire."""
        return b"\r\n".join(self._raw.splitlines()) + b"\r\n" if linesep == "\r\n" else self._raw


def send_due(limit: int = 20) -> int:
    """Send the e-mails that are due; return how many were tried. Safe in several workers at once.

    Nothing is tried while no sender is configured: messages wait, and the delivery log says so.
    """
    server = ports.smtp()
    if server is None:
        return 0
    backend = EmailBackend(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls == "starttls",
        use_ssl=server.tls == "implicit",
        timeout=ports.SMTP_SECONDS,
    )
    tried = 0
    try:
        for _ in range(limit):
            with transaction.atomic():
                row = (
                    OutgoingMessage.objects.select_for_update(skip_locked=True)
                    .filter(status=MessageStatus.QUEUED, channel=Channel.EMAIL, due_at__lte=clock.now())
                    .order_by("due_at")
                    .first()
                )
                if row is None:
                    return tried
                tried += 1
                _try(backend, row)
    finally:
        _drop_connection(backend)
    return tried


def _try(backend: EmailBackend, row: OutgoingMessage) -> None:
    row.attempts += 1
    try:
        carry(backend, row)
    except ports.TemporaryFailure as failure:
        _postpone(row, str(failure))
    except (ports.PermanentFailure, Unreadable) as failure:
        _give_up(row, str(failure))
    else:
        mark_sent(row)


def carry(backend: EmailBackend, row: OutgoingMessage) -> None:
    """Hand one message to the mail server; raise ``ports.TemporaryFailure`` or ``PermanentFailure``."""
    message = _Sealed(row)
    try:
        backend.send_messages([message])
    except (smtplib.SMTPException, OSError) as error:
        _drop_connection(backend)
        code = _code(error)
        text = f"{type(error).__name__} {code}".strip() if code else type(error).__name__
        if code >= PERMANENT and code not in CHANNEL_DOWN:
            raise ports.PermanentFailure(text) from error
        raise ports.TemporaryFailure(text) from error


def _drop_connection(backend: EmailBackend) -> None:
    """Let the next message begin with a connection of its own."""
    try:
        backend.close()
    except (OSError, smtplib.SMTPException):
        backend.connection = None


def _code(error: BaseException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min((code for code, _ in error.recipients.values()), default=0)
    return int(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else 0


def mark_sent(row: OutgoingMessage) -> None:
    """Note that the server has taken a message."""
    row.status = MessageStatus.SENT
    row.sent_at = clock.now()
    row.last_error = ""
    row.save()


def _postpone(row: OutgoingMessage, why: str) -> None:
    row.last_error = why[:200]
    if row.attempts >= MAX_ATTEMPTS:
        _give_up(row, why)
        return
    wait = min(LONGEST_WAIT, 2.0**row.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    row.due_at = clock.now() + timedelta(seconds=wait)
    row.save()


def _give_up(row: OutgoingMessage, why: str) -> None:
    row.status = MessageStatus.FAILED
    row.failed_at = clock.now()
    row.last_error = why[:200]
    row.save()
    with frames.begin(tenant_id=row.tenant_id, actor=system("mail", row.tenant_id)):
        publish(NotificationFailed(message_id=row.id))


@action("notifications.message.retry")
def retry_message(*, actor: Actor, message: OutgoingMessage) -> OutgoingMessage:
    """Take a message that was given up back into the queue.

    Raises :class:`NotAllowed`, and :class:`Emptied` if its words were deleted by then.
    """
    if not policies.can_see_messages(actor) or message.tenant_id != actor.tenant_id:
        raise NotAllowed
    message = OutgoingMessage.objects.select_for_update().get(id=message.id)
    if not message.body:
        raise Emptied
    if message.status == MessageStatus.FAILED:
        message.status = MessageStatus.QUEUED
        message.attempts = 0
        message.due_at = clock.now()
        message.failed_at = None
        message.save()
    record("notifications.message.retry", actor=actor, target=message, patient_id=message.patient_id,
           target_label=message.subject)  # fmt: skip
    return message


def _try_again(name: str, again: Callable[..., bool], actor: Actor, **which: UUID | int) -> None:
    """Let ``again`` take back what was given up, of the actor's tenant, and write that under ``name``."""
    if not policies.can_see_events(actor) or actor.tenant_id is None:
        raise NotAllowed
    if not again(**which, tenant_id=actor.tenant_id):
        raise LookupError
    record(name, actor=actor, target_label=" ".join(map(str, which.values())))


@action("outbox.delivery.retry")
def retry_event(*, actor: Actor, delivery_id: UUID) -> None:
    """Deliver an event again that was given up. Raises :class:`NotAllowed`, ``LookupError`` if there is none."""
    _try_again("outbox.delivery.retry", retry_delivery, actor, delivery_id=delivery_id)


@action("core.timer.retry")
def retry_timer(*, actor: Actor, timer_id: UUID) -> None:
    """Run a timer again that was given up. Raises :class:`NotAllowed`, ``LookupError`` if there is none."""
    _try_again("core.timer.retry", timers.try_again, actor, timer_id=timer_id)


@action("core.job.retry")
def retry_job(*, actor: Actor, job_id: int) -> None:
    """Take a job back into the queue that was given up. Raises :class:`NotAllowed`, ``LookupError`` if there is none."""
    _try_again("core.job.retry", jobs.try_again, actor, job_id=job_id)
