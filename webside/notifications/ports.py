"""The doors to the outside: who carries e-mail, text messages and pushes.

A port without a sender is a state that people see ("no sender configured"); nothing pretends to be
one. E-mail is configured by ``WEBSIDE_EMAIL_URL``; where that is empty, something above may lend an
address (the demo's mailbox). Senders of the other channels are registered by what composes the
installation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from webside.notifications.codes import Channel

SMTP_SECONDS = 10
SMTPS_PORT = 465
SUBMISSION_PORT = 587


class TemporaryFailure(Exception):
    """The channel could not take the message now; it may later. The text holds no address."""


class PermanentFailure(Exception):
    """The channel will never take this message (no such address). The text holds no address."""


class SmsPort(Protocol):
    """Sends text messages."""

    name: str

    def send(self, *, to: str, text: str, key: str) -> str:
        """Send ``text`` to a number in E.164 form; return the carrier's own id.

        ``key`` is the same for every try of one message. Raises :class:`TemporaryFailure` or
        :class:`PermanentFailure`.
        """


class PushPort(Protocol):
    """Wakes an installed app. A push carries no content: the app fetches it through its guarded page."""

    name: str

    def send(self, *, endpoint: str, topic: str, ttl: int, urgent: bool) -> None:
        """Wake the app behind ``endpoint``; a newer push of the same ``topic`` replaces an older one.

        ``ttl`` is in seconds. Raises :class:`TemporaryFailure`, or :class:`PermanentFailure` when
        the subscription is gone.
        """


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where e-mail leaves. ``tls``: ``""`` none, ``starttls``, or ``implicit``."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = ""


_lent_smtp: Callable[[], SmtpServer | None] | None = None
_sms: SmsPort | None = None
_push: PushPort | None = None


def lend_smtp(server: Callable[[], SmtpServer | None] | None) -> None:
    """Name the server that carries e-mail where ``WEBSIDE_EMAIL_URL`` is empty; None takes it back."""
    global _lent_smtp  # noqa: PLW0603 - composed once at start
    _lent_smtp = server


def use_sms(port: SmsPort | None) -> None:
    """Name what sends text messages."""
    global _sms  # noqa: PLW0603 - composed once at start
    _sms = port


def use_push(port: PushPort | None) -> None:
    """Name what sends pushes."""
    global _push  # noqa: PLW0603 - composed once at start
    _push = port


def sms() -> SmsPort | None:
    """Return what sends text messages, if anything does."""
    return _sms


def push() -> PushPort | None:
    """Return what sends pushes, if anything does."""
    return _push


def smtp() -> SmtpServer | None:
    """Return the server that takes e-mail, or nothing while none is configured."""
    url = settings.ENV.email_url
    if url:
        return parse_smtp(url)
    return _lent_smtp() if _lent_smtp else None


def parse_smtp(url: str) -> SmtpServer:
    """Return the server of ``smtp://user:password@host:port?tls=1`` or ``smtps://…``.

    Raises :class:`ValueError` for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("WEBSIDE_EMAIL_URL must look like smtp://user:password@host:port?tls=1")
    starttls = parse_qs(parts.query).get("tls", ["0"])[0] in ("1", "true", "yes")
    tls = "implicit" if parts.scheme == "smtps" else "starttls" if starttls else ""
    usual = {"implicit": SMTPS_PORT, "starttls": SUBMISSION_PORT, "": 25}[tls]
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or usual,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
    )


def missing() -> list[Channel]:
    """Return the channels that no sender is configured for."""
    senders = {Channel.EMAIL: smtp(), Channel.SMS: _sms, Channel.PUSH: _push}
    return [channel for channel, sender in senders.items() if sender is None]
