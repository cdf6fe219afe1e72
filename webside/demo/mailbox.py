"""The demo's mailbox: the mail server that the worker keeps running, and the messages that it took."""

from __future__ import annotations

import email
import json
import os
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

from webside.integrations.smtp.stand_in import StandIn
from webside.notifications.ports import SmtpServer

_stand_in: StandIn | None = None


def folder() -> Path:
    """Where messages lie, one file each."""
    return Path(settings.VAR) / "mailbox"


def _note() -> Path:
    return Path(settings.VAR) / "run" / "mailbox.json"


def keep_running() -> int:
    """Start the mail server if it doesn't run, and note its port for the sender; return 0 (a loop of the worker)."""
    global _stand_in  # noqa: PLW0603 - one server a worker
    if _stand_in is None or not _stand_in.running:
        _stand_in = StandIn(folder())
        _stand_in.start()
        _note().parent.mkdir(parents=True, exist_ok=True)
        draft = _note().with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"port": _stand_in.port}))
        draft.rename(_note())
    return 0


def stop() -> None:
    """Stop this process's mail server, if it has one."""
    global _stand_in  # noqa: PLW0603 - one server a worker
    if _stand_in is not None:
        _stand_in.stop()
        _stand_in = None


def server() -> SmtpServer | None:
    """Return where mail goes: this process's own server, else the one that another worker noted."""
    if _stand_in is not None and _stand_in.running:
        return SmtpServer("127.0.0.1", _stand_in.port)
    try:
        return SmtpServer("127.0.0.1", int(json.loads(_note().read_text())["port"]))
    except (OSError, ValueError, KeyError):
        return None


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
