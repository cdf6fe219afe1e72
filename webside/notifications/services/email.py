"""Queueing e-mails and sending them.

A message is a sealed row of the transaction that caused it: no row without the change, no change
without the row. The worker's loop sends it. What is sent but not yet marked when the worker dies is
sent again with the same Message-ID, so that mailboxes show it once.
"""

from __future__ import annotations

import random
import smtplib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from email.message import Message
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db import transaction
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template

from webside.core import clock, frames
from webside.core.crypto import Unreadable
from webside.core.ids import uuid7
from webside.core.models import Tenant
from webside.notifications import ports
from webside.notifications.codes import Channel, MessageKind, MessageStatus, Reason
from webside.notifications.models import OutgoingMessage
from webside.notifications.selectors import content_of, recipients_of
from webside.notifications.services.rows import give_up, insert_once, key_of, known, note_channel, seal

MAX_ATTEMPTS = 12
LONGEST_WAIT = 3600.0
PERMANENT = 500  # RFC 5321, 4.2.1: 5yz is a permanent refusal
CHANNEL_DOWN = frozenset({421, 530, 534, 535, 538})  # about us or the server, not about the message
CREDENTIALS = frozenset({530, 534, 535, 538})

Attachment = tuple[str, bytes, str]


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
    kind: MessageKind = MessageKind.OTHER,
    about_id: UUID | None = None,
) -> OutgoingMessage:
    """Queue an e-mail in the current transaction; return its row.

    ``template`` is ``<app>/<name>``: ``<app>/email/<name>.txt`` is rendered, and ``….html`` beside
    it if there is one, with ``context`` and ``tenant``, ``address`` (of the installation, without a
    slash at its end). ``subject`` never holds patient data. ``attachments`` are (name, content,
    content type). ``about_id`` is what it is about. A second call with the same ``idempotency_key`` in the tenant
    returns the first row.
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
    return queue_email(
        message, template=template, idempotency_key=idempotency_key, patient_id=patient_id, kind=kind, about_id=about_id
    )


def _render(name: str, values: Mapping[str, Any], *, escape: bool) -> str:
    found = get_template(name)
    return str(found.template.render(Context(dict(values), autoescape=escape))).strip() + "\n"  # type: ignore[attr-defined]


def queue_email(
    message: EmailMessage,
    *,
    template: str = "",
    idempotency_key: str = "",
    patient_id: UUID | None = None,
    kind: MessageKind = MessageKind.OTHER,
    about_id: UUID | None = None,
) -> OutgoingMessage:
    """Keep a ready e-mail as a sealed row for the worker; return the row (the first one for a known key).

    Raises :class:`ValueError` for one without a recipient.
    """
    recipients = message.recipients()
    if not recipients:
        raise ValueError("an e-mail needs a recipient")
    key = key_of(idempotency_key)
    if (row := known(key)) is not None:
        return row
    message_id = uuid7()
    message.extra_headers = {**message.extra_headers, "Message-ID": message_id_of(message_id)}
    frame = frames.current_or_none()
    row = OutgoingMessage(
        id=message_id,
        tenant_id=frame.tenant_id if frame else None,
        patient_id=patient_id,
        channel=Channel.EMAIL,
        kind=kind,
        about_id=about_id,
        template=template,
        subject=message.subject[:200],
        idempotency_key=key or str(message_id),
    )
    seal(row, recipients, message.message().as_bytes())
    return insert_once(row)


def message_id_of(row_id: UUID) -> str:
    """Return the Message-ID of a row: the same for every try."""
    return f"<{row_id}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"


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
        _postpone(row, failure)
    except ports.PermanentFailure as failure:
        give_up(row, str(failure), Reason.INVALID)
    except Unreadable as failure:
        give_up(row, str(failure), Reason.UNREADABLE)
    else:
        note_channel(Channel.EMAIL)
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
        raise ports.TemporaryFailure(text, reason=_reason(code)) from error


def _reason(code: int) -> Reason:
    """Return whether the server is away, won't have us, or only can't take this one now."""
    if code in CREDENTIALS:
        return Reason.CREDENTIALS
    return Reason.AWAY if not code or code in CHANNEL_DOWN else Reason.REFUSED


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
    row.last_error = row.reason = ""
    row.save()


def _postpone(row: OutgoingMessage, failure: ports.TemporaryFailure) -> None:
    row.last_error = str(failure)[:200]
    row.reason = failure.reason
    note_channel(Channel.EMAIL, failure.reason)
    if row.attempts >= MAX_ATTEMPTS:
        give_up(row, str(failure), failure.reason)
        return
    wait = min(LONGEST_WAIT, 2.0**row.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    row.due_at = clock.now() + timedelta(seconds=wait)
    row.save()
