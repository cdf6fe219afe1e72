"""A push service on loopback, and browsers that subscribe there and read what comes, for the tests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec

from webside.integrations.web_push.client import WebPush
from webside.integrations.web_push.sealing import b64, point, unseal
from webside.integrations.web_push.stand_in import StandIn
from webside.notifications import ports, services
from webside.notifications.models import PushDevice


@dataclass
class Browser:
    """A browser that has subscribed: what a page gets of it, and what it reads."""

    service: StandIn
    endpoint: str
    device: UUID = field(default_factory=uuid4)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def fields(self) -> dict[str, str]:
        """What its page sends us."""
        return {
            "endpoint": self.endpoint,
            "p256dh": b64(point(self.key.public_key())),
            "auth": b64(self.secret),
        }

    @property
    def target(self) -> ports.PushTarget:
        """The same for a service of ours."""
        return ports.PushTarget(**self.fields)

    def raw(self) -> list[bytes]:
        """Return what came, opened."""
        return [unseal(each.sealed, key=self.key, auth=self.secret) for each in self.service.pushes(self.endpoint)]

    def read(self) -> list[dict[str, Any]]:
        """Return what came, as its worker reads it."""
        return [json.loads(each) for each in self.raw()]

    def turn_on(self, cast: Any, user: Any, name: str = "Chrome on Android", sign_in: UUID | None = None) -> PushDevice:
        """Let pushes come here to somebody of the cast."""
        with cast.as_(user) as actor:
            return services.add_device(actor=actor, target=self.target, device=self.device, sign_in=sign_in, name=name)


def a_browser(service: StandIn) -> Browser:
    """Return a browser that has subscribed for our key."""
    port = ports.push()
    assert port is not None
    return Browser(service, service.subscribe(port.public_key))


@contextmanager
def pushes_to_loopback() -> Iterator[None]:
    """Let pushes leave by a key of its own, to this machine too."""
    hosts = ("fcm.googleapis.com", "127.0.0.1")
    client = WebPush(ec.generate_private_key(ec.SECP256R1()), "mailto:ops@example.test", hosts)
    ports.lend_push(lambda: client)
    try:
        yield
    finally:
        from webside.integrations.web_push.service import service as ours

        ports.lend_push(ours)


@contextmanager
def push_service() -> Iterator[StandIn]:
    """Start a push service and let pushes leave."""
    service = StandIn()
    service.start()
    try:
        with pushes_to_loopback():
            yield service
    finally:
        service.stop()
