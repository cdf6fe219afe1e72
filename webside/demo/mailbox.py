"""The demo's mailbox: the mail server that the worker keeps running, and the messages that it took."""

from __future__ import annotations

import email
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import UUID

import nh3
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from webside.demo.stand_ins import Kept
from webside.integrations.smtp.stand_in import StandIn
from webside.notifications.ports import SmtpServer


def folder() -> Path:
    """Where messages lie, one file each."""
    return Path(settings.VAR) / "mailbox"


kept = Kept("mailbox", lambda: StandIn(folder()))
"""The mail server that the worker keeps running."""


def server() -> SmtpServer | None:
    """Return where mail goes, or nothing before a worker has started the server."""
    port = kept.port()
    return SmtpServer("127.0.0.1", port) if port else None


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment: its place in the message, name and content type."""

    number: int
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Mail:
    """A message of the mailbox."""

    id: UUID
    to: str
    sender: str
    subject: str
    sent_at: datetime | None
    text: str
    html: SafeString
    parts: list[Part]


def _harmless(html: str) -> SafeString:
    clean = nh3.clean(html, url_schemes={"http", "https", "mailto", "tel"})
    return mark_safe(clean)  # noqa: S308 - cleaned just here  # nosemgrep: html-is-escaped


def _open(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=default)


def mails(limit: int = 200) -> list[Mail]:
    """Return the newest messages, newest first."""
    return [_mail(path) for path in sorted(folder().glob("*.eml"), reverse=True)[:limit]]


def mail(mail_id: UUID) -> Mail | None:
    """Return one message."""
    path = folder() / f"{mail_id}.eml"
    return _mail(path) if path.is_file() else None


def attachment(mail_id: UUID, number: int) -> tuple[str, str, bytes] | None:
    """Return the name, content type and content of an attachment."""
    path = folder() / f"{mail_id}.eml"
    if not path.is_file():
        return None
    found = list(_open(path).iter_attachments())
    if not 0 <= number < len(found):
        return None
    part = found[number]
    content = part.get_payload(decode=True)
    return part.get_filename() or "file", part.get_content_type(), content if isinstance(content, bytes) else b""


def _mail(path: Path) -> Mail:
    message = _open(path)
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    # Django dates its mails in UTC with the zone "-0000" (not said where), which is read as no zone at all.
    date = parsedate_to_datetime(message["Date"]) if message["Date"] else None
    return Mail(
        id=UUID(path.stem),
        to=str(message["To"] or ""),
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=date.replace(tzinfo=UTC) if date and date.tzinfo is None else date,
        text=plain.get_content() if plain else "",
        # Cleaned by an allow-list; the page's own policy forbids scripts and foreign pictures besides.
        html=_harmless(html.get_content()) if html else SafeString(),
        parts=[
            Part(
                number,
                part.get_filename() or "file",
                part.get_content_type(),
                len(part.get_payload(decode=True) or b""),
            )
            for number, part in enumerate(message.iter_attachments())
        ],
    )
