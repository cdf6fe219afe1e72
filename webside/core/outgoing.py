"""Addresses that people enter and this server asks: the one guard, so that nobody makes us call inside.

An administrator's address may be any: of a cloud's own data service, of a printer, of another program on this machine.
What the name stands for is looked up, and nothing is asked unless every answer is an address of the open internet, or the
operator has named the host (``WEBSIDE_INSIDE_HOSTS``). Redirects are asked about anew, since the guard sits where requests leave.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

MOST = 2 << 20  # bytes of an answer
SECONDS = 8.0


class NotAllowed(requests.RequestException):
    """The address leads inside, or nowhere that may be asked."""


def check(url: str) -> None:
    """Raise :class:`NotAllowed` unless this server may ask an address (http or https)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise NotAllowed("no address of the web")
    if host in settings.INSIDE_HOSTS:
        return
    if parts.scheme != "https":
        raise NotAllowed("it can be read on the way")
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotAllowed("no such host") from error
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    if not all(each.is_global and not each.is_multicast for each in addresses):
        raise NotAllowed("it leads inside")


class _Guarded(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        check(request.url or "")
        kwargs["timeout"] = kwargs.get("timeout") or SECONDS
        return super().send(request, *args, **kwargs)


def session() -> requests.Session:
    """Return a session whose every request, redirects too, is asked about first."""
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 3
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Guarded())
    return made


def fetch(url: str, *, most: int = MOST) -> bytes:
    """Return what stands at an address. Raises ``requests.RequestException``, also where it is longer than ``most`` bytes."""
    with session() as asking, asking.get(url, stream=True, timeout=SECONDS) as answer:
        answer.raise_for_status()
        body = answer.raw.read(most + 1, decode_content=True)
    if len(body) > most:
        raise requests.RequestException("too long")
    return bytes(body)
