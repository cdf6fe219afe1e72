"""The client for pushes: sealed, signed as this installation's, and to known push services only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import SplitResult, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from webside.core import clock, outgoing
from webside.integrations.web_push import sealing
from webside.notifications.codes import Reason
from webside.notifications.ports import PermanentFailure, PushTarget, TemporaryFailure

SECONDS = 8.0
TOKEN_LIFE = timedelta(hours=12)  # RFC 8292, 2: at most 24 hours
LONGEST_ENDPOINT = 1000
LONGEST_WAIT = 3600.0
TAKEN = frozenset({200, 201, 202, 204})
ENDED = {
    404: Reason.GONE,  # RFC 8030, 7.3: the subscription has ended
    410: Reason.GONE,
    413: Reason.TOO_LONG,
}
MAY_PASS = {401: Reason.CREDENTIALS, 403: Reason.CREDENTIALS, 408: Reason.AWAY, 429: Reason.PACE}
SERVER_ERROR = 500
WORD = re.compile(r"[A-Za-z0-9]{1,40}")
HOST = re.compile(r"[a-z0-9.-]+")


@dataclass(frozen=True)
class WebPush:
    """Sends pushes. ``contact`` is ``mailto:…`` or an https address of the operator; ``hosts`` are patterns of host names."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    contact: str
    hosts: Sequence[str]
    name: str = "web push"

    @property
    def public_key(self) -> str:
        """The key that a browser subscribes with (uncompressed point, base64url)."""
        return sealing.b64(sealing.point(self.key.public_key()))

    def why_not(self, target: PushTarget) -> str:
        """Return why nothing may be sent to a target. See ``notifications.ports.PushPort``."""
        parts = urlsplit(target.endpoint)
        host = parts.hostname or ""
        inside = host in settings.INSIDE_HOSTS
        # A name with anything else in it is read in one way here and in another by what asks it.
        if len(target.endpoint) > LONGEST_ENDPOINT or parts.username or parts.fragment or not HOST.fullmatch(host):
            return "no address of a push service"
        if parts.scheme != "https" and not (inside and parts.scheme == "http"):
            return "it can be read on the way"
        # One that the operator has named as inside isn't one for pushes by that: a browser may name any.
        if not any(fnmatchcase(host, pattern) for pattern in self.hosts) or not (inside or _port(parts) in (None, 443)):
            return "not a push service that we know"
        try:
            sealing.public_key(target.p256dh)
            sealing.secret(target.auth)
        except ValueError:
            return "no keys of a browser"
        return ""

    def authorization(self, endpoint: str) -> str:
        """Return the header by which the push service knows us (RFC 8292, 3)."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((clock.now() + TOKEN_LIFE).timestamp()),
            "sub": self.contact,
        }
        return f"vapid t={jwt.encode(claims, self.key, algorithm='ES256')}, k={self.public_key}"

    def send(self, *, target: PushTarget, payload: bytes, topic: str, ttl: int, urgent: bool) -> None:
        """Send a push. See ``notifications.ports.PushPort``."""
        if why := self.why_not(target):  # kept when other rules held
            raise PermanentFailure(why)
        try:
            body = sealing.seal(sealing.filled(payload), p256dh=target.p256dh, auth=target.auth)
        except ValueError as error:
            raise PermanentFailure("too long", reason=Reason.TOO_LONG) from error
        headers = {
            "TTL": str(ttl),
            "Urgency": "high" if urgent else "normal",
            "Topic": topic,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self.authorization(target.endpoint),
        }
        try:
            with outgoing.session() as session:
                answer = session.post(
                    target.endpoint, data=body, headers=headers, timeout=SECONDS, allow_redirects=False
                )
        except requests.RequestException as error:
            raise TemporaryFailure(type(error).__name__, uncertain=isinstance(error, requests.Timeout)) from error
        _judge(answer)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return -1


def _judge(answer: requests.Response) -> None:
    status = answer.status_code
    if status in TAKEN:
        return
    said = f"HTTP {status} {_word(answer)}".strip()
    if status in ENDED:
        raise PermanentFailure(said, reason=ENDED[status])
    if status in MAY_PASS or status >= SERVER_ERROR:
        raise TemporaryFailure(said, reason=MAY_PASS.get(status, Reason.AWAY), wait=_wait(answer))
    raise PermanentFailure(said)


def _word(answer: requests.Response) -> str:
    """Return the one word or number by which a service names what is wrong; its sentences may quote the address."""
    try:
        told: Any = answer.json()
    except requests.JSONDecodeError:
        return ""
    found = [str(told.get(name, "")) for name in ("reason", "errno")] if isinstance(told, dict) else []
    return next((word for word in found if WORD.fullmatch(word)), "")


def _wait(answer: requests.Response) -> float | None:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_WAIT) if asked.isdecimal() else None
