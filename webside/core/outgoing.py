"""Addresses that people enter and this server asks: the one guard, so that nobody makes us call inside.

An administrator's address may be any: of a cloud's own data service, of a printer, of another program on this machine.
What the name stands for is looked up, and nothing is asked unless every answer is an address of the open internet, or the
operator has named the host (``WEBSIDE_INSIDE_HOSTS``). Redirects are asked about anew, since the guard sits where requests leave;
and once more who answers, since a name may stand for something else a moment later.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError

MOST = 2 << 20  # bytes of an answer
SECONDS = 8.0  # without a sign of the other side
AT_MOST = 25.0  # seconds from the question to the last byte, where nobody waits
WAITED = 10.0  # the same where a page or a queue waits
STEP = 1 << 12  # bytes that are unpacked at once: a packed byte may stand for a thousand


class NotAllowed(requests.RequestException):
    """The address leads inside, or nowhere that may be asked."""


class NoSuchHost(NotAllowed):
    """Nothing is known by the name."""


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
        raise NoSuchHost("no such host") from error
    if not all(_is_outside(str(each[4][0])) for each in found):
        raise NotAllowed("it leads inside")


def _is_outside(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_global and not found.is_multicast


class _Inside(Exception):
    """Who answers is inside. No ``OSError``, which would be taken for a line that broke."""


class _Watch:
    """Shuts the connections that were made in it once its time is over, until it is closed.

    The limit for each read doesn't hold who sends a byte now and then, in the headers or the handshake too.
    """

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self._open: list[tuple[threading.Timer, socket.socket]] = []

    def over(self) -> bool:
        return time.monotonic() >= self.ends

    def follow(self, connection: socket.socket) -> None:
        mine = connection.dup()  # encryption takes the other one away
        timer = threading.Timer(max(0.0, self.ends - time.monotonic()), _shut, [mine])
        timer.daemon = True
        timer.start()
        self._open.append((timer, mine))

    def close(self) -> None:
        for timer, mine in self._open:
            timer.cancel()
            mine.close()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is over already


_watch: ContextVar[_Watch | None] = ContextVar("watch", default=None)


class _Watched:
    """A connection that is to nobody inside, and that the watch of its question follows."""

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        if self.host not in settings.INSIDE_HOSTS and not _is_outside(made.getpeername()[0]):  # type: ignore[attr-defined]
            made.close()
            raise _Inside
        if (watch := _watch.get()) is not None:
            watch.follow(made)
        return made


class _Connection(_Watched, HTTPConnection):
    pass


class _SafeConnection(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class _Guarded(HTTPAdapter):
    """Asks about every address, and reads the whole answer within :data:`WAITED` seconds and :data:`MOST` bytes.

    Where a watch is set already (:func:`ask`), whoever set it reads.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SafePool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        check(request.url or "")
        kwargs["timeout"] = kwargs.get("timeout") or SECONDS
        if _watch.get() is not None:
            return self._asked(request, *args, **kwargs)
        with _within(WAITED) as watch:
            answer = self._asked(request, *args, **{**kwargs, "stream": True})
            body = _body(answer, MOST, watch)
            answer.close()
            answer.raw = io.BytesIO(body)
        self.poolmanager.clear()  # the next question gets a connection of its own, which its watch follows
        return answer

    def _asked(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().send(request, *args, **kwargs)
        except _Inside:
            raise NotAllowed("it leads inside") from None


def session() -> requests.Session:
    """Return a session whose every request, redirects too, is asked about first, and answered in bounds.

    It raises :class:`NotAllowed`, :class:`TooSlow`, :class:`TooLong`, or another ``requests.RequestException``.
    """
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 3
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Guarded())
    return made


def fetch(url: str, *, most: int = MOST) -> bytes:
    """Return what stands at an address. Raises as :func:`ask` does, and ``requests.HTTPError`` for any status but 200."""
    answer = ask(url, headers={}, most=most, within=WAITED)
    if answer.status != requests.codes.ok:
        raise requests.HTTPError(str(answer.status))
    return answer.body


class TooSlow(requests.Timeout):
    """The whole took longer than it may."""


class TooLong(requests.RequestException):
    """What stands there is longer than it may be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. ``body`` is unpacked, and empty but for status 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, *, headers: Mapping[str, str], most: int = MOST, within: float = AT_MOST) -> Answer:
    """Return what a server answers, whatever its status, within ``within`` seconds and ``most`` bytes (unpacked).

    Raises :class:`NotAllowed`, :class:`TooSlow`, :class:`TooLong`, or another ``requests.RequestException``.
    """
    with (
        _within(within) as watch,
        session() as asking,
        asking.get(url, headers=dict(headers), stream=True, timeout=SECONDS) as answer,
    ):
        body = _body(answer, most, watch) if answer.status_code == requests.codes.ok else b""
        return Answer(answer.status_code, answer.headers, body)


@contextmanager
def _within(seconds: float) -> Iterator[_Watch]:
    """Let what is asked end in time, and say how it failed in our words."""
    watch = _Watch(seconds)
    token = _watch.set(watch)
    try:
        yield watch
    except (NotAllowed, TooLong, requests.Timeout):
        raise
    except (requests.RequestException, HTTPError, OSError) as error:
        slow = watch.over() or isinstance(error, ReadTimeoutError)
        raise (TooSlow() if slow else requests.ConnectionError()) from error
    finally:
        _watch.reset(token)
        watch.close()


def _body(answer: requests.Response, most: int, watch: _Watch) -> bytes:
    found = bytearray()
    # What has come is taken as it comes: waiting for a whole block would wait for who sends a byte now and then.
    while part := answer.raw.read1(STEP, decode_content=True):
        found += part
        if len(found) > most:
            raise TooLong
    if watch.over():
        raise TooSlow  # a connection that was shut looks like an end
    return bytes(found)
