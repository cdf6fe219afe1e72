"""The client for pushes without payload."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from webside.core import clock
from webside.notifications.ports import PermanentFailure, TemporaryFailure

SECONDS = 10.0
TOKEN_LIFE = timedelta(hours=12)  # RFC 8292, 2: at most 24 hours
GONE = frozenset({404, 410})  # RFC 8030, 7.3: the subscription has ended
CREATED = frozenset({200, 201, 202, 204})
TOPIC_LENGTH = 32  # RFC 8030, 5.4


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class WebPush:
    """Wakes apps. ``contact`` is ``mailto:…`` or an https address of the operator."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    contact: str
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    name: str = "web push"

    @property
    def public_key(self) -> str:
        """The key that a browser subscribes with (uncompressed point, base64url)."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return _b64(point)

    def authorization(self, endpoint: str) -> str:
        """Return the header by which the push service knows us (RFC 8292, 3)."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((clock.now() + TOKEN_LIFE).timestamp()),
            "sub": self.contact,
        }
        head = ".".join(
            _b64(json.dumps(part, separators=(",", ":")).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims)
        )
        r, s = decode_dss_signature(self.key.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={head}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={self.public_key}"

    def send(self, *, endpoint: str, topic: str, ttl: int, urgent: bool) -> None:
        """Wake the app behind ``endpoint``. See ``notifications.ports.PushPort``."""
        headers = {
            "TTL": str(ttl),
            "Urgency": "high" if urgent else "normal",
            "Topic": topic[:TOPIC_LENGTH],
            "Authorization": self.authorization(endpoint),
        }
        try:
            with httpx.Client(transport=self.transport, timeout=SECONDS) as client:
                answer = client.post(endpoint, headers=headers)
        except httpx.HTTPError as error:
            raise TemporaryFailure(type(error).__name__) from error
        if answer.status_code in GONE:
            raise PermanentFailure(f"HTTP {answer.status_code}")
        if answer.status_code not in CREATED:
            raise TemporaryFailure(f"HTTP {answer.status_code}")
