"""The client of this installation, from its settings."""

from __future__ import annotations

from email.utils import parseaddr
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from webside.integrations.web_push.client import WebPush


@cache
def _client(key: bytes, contact: str, hosts: tuple[str, ...]) -> WebPush:
    return WebPush(ec.derive_private_key(int.from_bytes(key), ec.SECP256R1()), contact, hosts)


def service() -> WebPush | None:
    """Return the client; nothing in production while no key is set (``WEBSIDE_PUSH_KEY``)."""
    key = settings.ENV.push_signing_key()
    if not key:
        return None
    address = settings.PUBLIC_URL
    contact = address if address.startswith("https://") else f"mailto:{parseaddr(settings.ENV.email_from)[1]}"
    return _client(key, contact, tuple(settings.ENV.push_hosts))
