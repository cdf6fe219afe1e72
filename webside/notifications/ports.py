"""The doors to the outside: who carries e-mail, text messages and pushes.

A port without a sender is a state that people see ("no sender configured"); nothing pretends to be
one. E-mail is configured by ``WEBSIDE_EMAIL_URL``, texts by ``WEBSIDE_SMS_URL`` (``integrations.sms``
names itself here), pushes by ``WEBSIDE_PUSH_KEY`` (``integrations.web_push``); where the first two are empty, something above
may lend a sender (the demo's stand-ins).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from webside.notifications.codes import Channel, Reason

SMTP_SECONDS = 10
SMTPS_PORT = 465
SUBMISSION_PORT = 587


class TemporaryFailure(Exception):
    """The channel could not take the message now; it may later. The text holds no address.

    ``uncertain``: it may have taken it all the same (no answer came). ``wait``: the seconds that it asks for.
    """

    def __init__(
        self, text: str, *, reason: Reason = Reason.AWAY, uncertain: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(text)
        self.reason, self.uncertain, self.wait = reason, uncertain, wait


class PermanentFailure(Exception):
    """The channel will never take this message (no such address). The text holds no address."""

    def __init__(self, text: str, *, reason: Reason = Reason.REFUSED) -> None:
        super().__init__(text)
        self.reason = reason


class SmsPort(Protocol):
    """Sends text messages. Each clinic, by its slug, has a number of its own."""

    @property
    def name(self) -> str:
        """What stands in logs for the service."""

    def number_of(self, clinic: str) -> str:
        """Return the number that a clinic's texts come from (E.164), or nothing while it has none."""

    def send(self, *, clinic: str, to: str, text: str, key: str) -> str:
        """Send ``text`` to a number in E.164 form; return the carrier's own id.

        ``key`` is the message's id, the same for every try of it; the carrier says under it how the message fares.
        Raises :class:`TemporaryFailure` or :class:`PermanentFailure`.
        """

    def find(self, *, clinic: str, to: str, text: str, since: datetime) -> list[str]:
        """Return the carrier's ids of such texts that it took since a moment; raise :class:`TemporaryFailure`."""


@dataclass(frozen=True, slots=True)
class PushTarget:
    """Where pushes for one browser go: the address at its maker's push service, and its keys (base64url, RFC 8291)."""

    endpoint: str
    p256dh: str
    auth: str


class PushPort(Protocol):
    """Sends pushes to browsers, sealed so that only the browser itself reads them."""

    @property
    def public_key(self) -> str:
        """The key by which push services know us; a browser subscribes for it (base64url)."""

    def why_not(self, target: PushTarget) -> str:
        """Return why nothing may be sent to a target that a browser named; empty where it may."""

    def send(self, *, target: PushTarget, payload: bytes, topic: str, ttl: int, urgent: bool) -> None:
        """Send ``payload`` to one browser; a newer push of the same ``topic`` replaces one that still waits.

        ``ttl``: the seconds for which it is of use. Raises :class:`TemporaryFailure`, or :class:`PermanentFailure`: with
        ``Reason.GONE`` the browser takes no more pushes at this address, ever.
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
_lent_sms: Callable[[], SmsPort | None] | None = None
_lent_push: Callable[[], PushPort | None] | None = None


def lend_smtp(server: Callable[[], SmtpServer | None] | None) -> None:
    """Name the server that carries e-mail where ``WEBSIDE_EMAIL_URL`` is empty; None takes it back."""
    global _lent_smtp  # noqa: PLW0603 - composed once at start
    _lent_smtp = server


def use_sms(port: SmsPort | None) -> None:
    """Name what sends text messages."""
    global _sms  # noqa: PLW0603 - composed once at start
    _sms = port


def lend_sms(port: Callable[[], SmsPort | None] | None) -> None:
    """Name what sends text messages where nothing else does; None takes it back."""
    global _lent_sms  # noqa: PLW0603 - composed once at start
    _lent_sms = port


def lend_push(port: Callable[[], PushPort | None] | None) -> None:
    """Name what sends pushes (asked when it is needed, since its key is made at first use); None takes it back."""
    global _lent_push  # noqa: PLW0603 - composed once at start
    _lent_push = port


def sms() -> SmsPort | None:
    """Return what sends text messages, if anything does."""
    return _sms or (_lent_sms() if _lent_sms else None)


def texts_from(clinic: str) -> str:
    """Return the number that a clinic's texts come from, or nothing while none can leave."""
    port = sms()
    return port.number_of(clinic) if port else ""


def push() -> PushPort | None:
    """Return what sends pushes, if anything does."""
    return _lent_push() if _lent_push else None


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


def missing(clinic: str = "") -> list[Channel]:
    """Return the channels that no sender is configured for; with a clinic, also where it has no number of its own."""
    texts = texts_from(clinic) if clinic else sms()
    senders = {Channel.EMAIL: smtp(), Channel.SMS: texts, Channel.PUSH: push()}
    return [channel for channel, sender in senders.items() if not sender]
