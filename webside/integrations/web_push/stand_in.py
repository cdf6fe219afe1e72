"""A push service for demo and tests: it speaks RFC 8030, checks who sends (RFC 8292), keeps what it takes, delivers to nobody.

What it can't do is read a push: it has no browser's keys, as a real one hasn't. Who subscribed opens what it kept.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from webside.core import clock
from webside.core.ids import uuid7
from webside.integrations.loopback import Loopback, Quiet
from webside.integrations.web_push.sealing import RECORD, public_key, unb64

MOST_TTL = 28 * 24 * 3600
LONGEST_TOKEN = 24 * 3600
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
URGENCY = frozenset({"very-low", "low", "normal", "high"})


@dataclass
class Push:
    """A push that waits for its browser."""

    id: str
    subscription: str
    body: str
    ttl: int
    topic: str
    urgency: str
    at: str

    @property
    def sealed(self) -> bytes:
        """What the browser opens."""
        return base64.b64decode(self.body)


@dataclass
class StandIn:
    """One push service in threads of its own.

    ``away``: it hangs up. ``busy``: it asks for a pause. ``says``: what it answers to all.
    """

    port: int = 0
    away: bool = False
    busy: bool = False
    says: tuple[int, bytes] | None = None
    waiting: list[Push] = field(default_factory=list)
    subscriptions: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list, repr=False)
    _server: Loopback = field(default_factory=lambda: Loopback("push-stand-in"), repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._server.running

    def start(self) -> int:
        """Start on a loopback port (a free one, where none is named); return it."""
        self.port = self._server.start(_Handler, self, self.port)
        return self.port

    def stop(self) -> None:
        """Stop, and free the port."""
        self._server.stop()

    def subscribe(self, application_key: str) -> str:
        """Let a browser subscribe for one sender's key; return its address."""
        public_key(application_key)
        name = uuid7().hex
        self.subscriptions[name] = application_key
        return f"{self.address}/push/{name}"

    def end(self, endpoint: str) -> None:
        """Let a browser forget its subscription."""
        self.ended.add(endpoint.rpartition("/")[2])

    def pushes(self, endpoint: str) -> list[Push]:
        """Return what waits for a browser, oldest first."""
        return [each for each in self.waiting if each.subscription == endpoint.rpartition("/")[2]]

    def take(self, name: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Answer one push: status, headers and what is said."""
        if self.says is not None:
            return self.says[0], {"Content-Type": "application/json"}, json.loads(self.says[1] or b"{}")
        if self.busy:
            return 429, {"Retry-After": "120"}, {"reason": "TooManyRequests"}
        if name in self.ended:
            return 410, {}, {"reason": "Unregistered"}
        if name not in self.subscriptions:
            return 404, {}, {"reason": "NotFound"}
        if refused := self._who(headers.get("authorization", ""), self.subscriptions[name]):
            return *refused[:1], {}, {"reason": refused[1]}
        if len(body) > RECORD:
            return 413, {}, {"reason": "PayloadTooLarge"}
        if why := _malformed(headers, body):
            return 400, {}, {"reason": why}
        push = Push(
            uuid7().hex, name, base64.b64encode(body).decode(), min(int(headers["ttl"]), MOST_TTL),
            headers.get("topic", ""), headers.get("urgency", "normal"), clock.now().isoformat(),
        )  # fmt: skip
        with self._lock:
            # RFC 8030, 5.4: what waits under the same topic is replaced.
            older = [
                each for each in self.waiting if push.topic and (each.subscription, each.topic) == (name, push.topic)
            ]
            self.waiting = [*(each for each in self.waiting if each not in older), push]
        return 201, {"Location": f"{self.address}/message/{push.id}", "TTL": str(push.ttl)}, {}

    def _who(self, given: str, subscribed_for: str) -> tuple[int, str] | None:
        """Return how a sender is refused that can't show who it is (RFC 8292, 4.2), or nothing."""
        found = re.fullmatch(r"vapid t=([\w.-]+), ?k=([\w-]+)", given)
        if found is None:
            return 401, "MissingProviderToken"
        token, key = found.groups()
        if key != subscribed_for:
            return 403, "VapidPkHashMismatch"
        try:
            signer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key))
            claims = jwt.decode(
                token, signer, algorithms=["ES256"], audience=self.address,
                options={"require": ["exp", "aud", "sub"], "verify_exp": False},
            )  # fmt: skip
        except (jwt.InvalidTokenError, ValueError):
            return 403, "BadJwtToken"
        left = claims["exp"] - clock.now().timestamp()
        if not 0 < left <= LONGEST_TOKEN or not re.match(r"mailto:.+@|https://", claims["sub"]):
            return 403, "BadJwtToken"
        return None


def _malformed(headers: dict[str, str], body: bytes) -> str:
    if not headers.get("ttl", "").isdecimal():
        return "MissingTtl"  # RFC 8030, 5.2: refused
    if headers.get("topic") and not TOPIC.fullmatch(headers["topic"]):
        return "BadWebPushTopic"
    if headers.get("urgency", "normal") not in URGENCY:
        return "BadUrgency"
    if body and headers.get("content-encoding") != "aes128gcm":
        return "BadContentEncoding"
    return ""


class _Handler(Quiet, BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.stand_in.away:
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.stand_in.requests.append((self.path, headers))
        if self.path == "/stand-in/subscribe":
            self._answer(200, {}, {"endpoint": self.stand_in.subscribe(json.loads(body)["key"])})
            return
        self._answer(*self.stand_in.take(self.path.removeprefix("/push/"), headers, body))

    def do_GET(self) -> None:
        """Give what waits, to whoever looks at the demo."""
        if self.path == "/stand-in/waiting":
            self._answer(200, {}, {"pushes": [asdict(each) for each in self.stand_in.waiting]})
            return
        self._answer(404, {}, {})

    def _answer(self, status: int, headers: dict[str, str], body: dict[str, Any]) -> None:
        content = json.dumps(body).encode() if body else b""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
