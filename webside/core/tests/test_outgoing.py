"""Nobody makes this server ask inside."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from webside.core import outgoing


def _answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "192.168.1.1", "172.16.4.4", "169.254.169.254", "100.64.0.1", "::", "::1", "fe80::1",
     "fd00::1", "::ffff:10.0.0.1", "224.0.0.1"],
)  # fmt: skip
def test_addresses_inside_are_not_asked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for found in ([address], ["93.184.215.14", address]):
        _answers(monkeypatch, *found)
        with pytest.raises(outgoing.NotAllowed):
            outgoing.check("https://calendar.example/feed")


def test_the_open_internet_is_asked_and_only_over_https(monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, "93.184.215.14")
    outgoing.check("https://calendar.example/feed")
    for wrong in ("http://calendar.example/", "ftp://calendar.example/", "file:///etc/passwd", "https://", "nonsense"):
        with pytest.raises(outgoing.NotAllowed):
            outgoing.check(wrong)


def test_hosts_that_the_operator_named_are_asked(settings: Any) -> None:
    settings.INSIDE_HOSTS = frozenset({"login.clinic.internal"})
    outgoing.check("http://login.clinic.internal:8080/")
    with pytest.raises(outgoing.NotAllowed):
        outgoing.check("http://localhost:9/")


def test_a_redirect_inside_is_not_followed_and_a_long_answer_not_read(settings: Any, httpserver_like: Any) -> None:
    outside, inside = httpserver_like
    settings.INSIDE_HOSTS = frozenset({"localhost"})
    assert outgoing.fetch(f"http://localhost:{outside}/small") == b"small"
    with pytest.raises(requests.RequestException):
        outgoing.fetch(f"http://localhost:{outside}/long", most=1000)
    with pytest.raises(outgoing.NotAllowed):
        outgoing.fetch(f"http://localhost:{outside}/elsewhere")
    assert inside == []


@pytest.fixture
def httpserver_like() -> Any:
    """Give a small server's port, and what was asked of the address inside that it redirects to."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers["Host"].startswith("127."):
                asked.append(self.path)
            self.send_response({"/elsewhere": 302, "/missing": 404}.get(self.path, 200))
            if self.path == "/elsewhere":
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/secret")
            body = b"x" * 5000 if self.path == "/long" else self.path[1:].encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("localhost", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()


def test_a_name_that_stands_for_something_inside_a_moment_later_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, httpserver_like: Any
) -> None:
    port, _inside = httpserver_like
    first, connected = iter(["93.184.215.14"]), []

    def answers(host: str, number: int, *_: Any, **__: Any) -> list[Any]:
        found = next(first, "127.0.0.1")
        connected.append(found)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, number))]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with pytest.raises(outgoing.NotAllowed):
        outgoing.ask(f"https://calendar.example:{port}/feed", headers={})
    assert connected == ["93.184.215.14", "127.0.0.1"], "it was looked up twice, and the second was inside"


def test_whatever_a_server_says_is_told(settings: Any, httpserver_like: Any) -> None:
    outside, _inside = httpserver_like
    settings.INSIDE_HOSTS = frozenset({"localhost"})
    answer = outgoing.ask(f"http://localhost:{outside}/small", headers={"X-Asked": "yes"})
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"small", "5")
    with pytest.raises(outgoing.TooLong):
        outgoing.ask(f"http://localhost:{outside}/long", headers={}, most=1000)
    with pytest.raises(outgoing.NoSuchHost):
        outgoing.ask("https://nobody.invalid/", headers={})
    with pytest.raises(requests.ConnectionError):
        outgoing.ask("http://localhost:9/", headers={})


class Server:
    """Answers whoever asks by one function, which gets the connection and when to stop."""

    def __init__(self, answers: Any) -> None:
        self.stop = threading.Event()
        self.asked = 0
        self._answers = answers
        self._server = socket.create_server(("localhost", 0))
        self.address = f"http://localhost:{self._server.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.stop.is_set():
            try:
                found, _address = self._server.accept()
            except OSError:
                return
            self.asked += 1
            with found, contextlib.suppress(OSError):
                found.recv(4096)
                self._answers(found, self.stop)

    def close(self) -> None:
        self.stop.set()
        self._server.close()


@pytest.fixture
def serving(settings: Any) -> Iterator[Callable[[Any], Server]]:
    """Start servers that answer badly."""
    settings.INSIDE_HOSTS = frozenset({"localhost"})
    made: list[Server] = []

    def start(answers: Any) -> Server:
        made.append(Server(answers))
        return made[-1]

    yield start
    for each in made:
        each.close()


def dripping(begin: bytes) -> Any:
    """Answer a byte at a time, without an end."""

    def drip(found: socket.socket, stop: threading.Event) -> None:
        found.sendall(b"HTTP/1.1 200 OK\r\n" + begin)
        while not stop.wait(0.05):
            found.sendall(b"x")

    return drip


@pytest.mark.parametrize("begin", [b"X-Slow: ", b"\r\n"], ids=["its headers", "its body"])
def test_who_sends_a_byte_now_and_then_is_left_in_time(
    serving: Any, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    server = serving(dripping(begin))
    began = time.monotonic()
    with pytest.raises(outgoing.TooSlow):
        outgoing.ask(server.address, headers={}, within=0.5)
    monkeypatch.setattr(outgoing, "WAITED", 0.5)
    with outgoing.session() as asking:
        for _again in range(2):  # the second over a connection of its own
            with pytest.raises(outgoing.TooSlow):
                asking.post(server.address, data=b"x", timeout=3)
    assert time.monotonic() - began < 10
    assert server.asked == 3


def test_an_answer_without_an_end_is_not_read(serving: Any) -> None:
    sent: list[int] = []

    def pour(found: socket.socket, stop: threading.Event) -> None:
        found.sendall(b"HTTP/1.1 201 Created\r\n\r\n")
        for _n in range(64):
            found.sendall(b"x" * (1 << 20))
            sent.append(1)

    with outgoing.session() as asking, pytest.raises(outgoing.TooLong):
        asking.post(serving(pour).address, data=b"x")
    assert len(sent) < 16, "megabytes"


def test_a_packed_answer_is_unpacked_in_bounds(serving: Any) -> None:
    packed = gzip.compress(b"x" * (200 << 20))

    def pour(found: socket.socket, stop: threading.Event) -> None:
        found.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed)

    address = serving(pour).address
    tracemalloc.start()
    try:
        with outgoing.session() as asking, pytest.raises(outgoing.TooLong):
            asking.get(address)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_a_session_answers_as_sessions_do(httpserver_like: Any, settings: Any) -> None:
    outside, _inside = httpserver_like
    settings.INSIDE_HOSTS = frozenset({"localhost"})
    with outgoing.session() as asking:
        first, again = (asking.get(f"http://localhost:{outside}/small") for _ in range(2))
    assert (first.text, again.content, again.status_code, again.headers["Content-Length"]) == (
        "small",
        b"small",
        200,
        "5",
    )
    with pytest.raises(requests.HTTPError):
        outgoing.fetch(f"http://localhost:{outside}/missing")
