"""What pages are sent: nobody's slow or large body keeps others out or reaches the disk."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

SIGN_IN = "/accounts/login/"
COOKIE = "webside_csrf=" + "a" * 32


@contextmanager
def _unfinished(address: str, *, announced: str = "Content-Length: 60", sent: bytes = b"a=") -> Iterator[socket.socket]:
    """Begin a form and don't end it."""
    where = urlsplit(address)
    with socket.create_connection(("127.0.0.1", where.port or 0), timeout=8) as connection:
        head = (
            f"POST {SIGN_IN} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {COOKIE}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n{announced}\r\n\r\n"
        )
        connection.sendall(head.encode() + sent)
        yield connection


def _everything(connection: socket.socket) -> str:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts).decode()


def test_unfinished_forms_keep_nobody_out(address: str) -> None:
    with ExitStack() as stack:
        for _number in range(settings.ENV.web_threads + 4):
            stack.enter_context(_unfinished(address))
        time.sleep(0.5)
        assert httpx.get(address + SIGN_IN, timeout=5).status_code == 200


def test_a_form_that_stops_is_answered_408(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "body_seconds", 0.3)
    with _unfinished(address) as connection:
        answer = _everything(connection)
    assert answer.startswith("HTTP/1.1 408")
    assert "came too slowly" in answer
    assert "content-security-policy" in answer.lower()
    assert "x-request-id" in answer.lower()


def test_a_body_is_refused_before_it_is_sent(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "body_seconds", 0.3)
    with _unfinished(address, announced="Content-Length: 999999999999") as connection:
        answer = _everything(connection)
    assert answer.startswith("HTTP/1.1 413")
    assert "more than this page takes" in answer


def test_a_body_that_does_not_say_how_long_it_is_is_counted(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "body_seconds", 2)
    monkeypatch.setattr(settings.ENV, "body_bytes", 1000)
    chunk = b"400\r\n" + b"a" * 1024 + b"\r\n"
    with _unfinished(address, announced="Transfer-Encoding: chunked", sent=chunk) as connection:
        assert _everything(connection).startswith("HTTP/1.1 413")


def test_whoever_sends_too_much_still_reads_the_answer(address: str) -> None:
    answer = httpx.post(address + SIGN_IN, content=b"a" * 8_000_000, timeout=10)
    assert answer.status_code == 413
    assert "more than this page takes" in answer.text


def test_a_whole_form_arrives_however_it_is_cut(address: str) -> None:
    with httpx.Client(base_url=address, headers={"Referer": address}) as client:
        token = client.get(SIGN_IN).cookies["webside_csrf"]
        form = f"csrfmiddlewaretoken={token}&login=nobody%40example.org&password=wrong".encode()
        where = urlsplit(address)
        with socket.create_connection(("127.0.0.1", where.port or 0), timeout=8) as connection:
            connection.sendall(
                f"POST {SIGN_IN} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: webside_csrf={token}\r\nConnection: close\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n".encode()
            )
            for place in range(0, len(form), 40):
                connection.sendall(form[place : place + 40])
                time.sleep(0.02)
            answer = _everything(connection)
    assert answer.startswith("HTTP/1.1 200")
    assert "nobody@example.org" in answer


@pytest.mark.django_db
@pytest.mark.parametrize("size", [10, 2_000_000])
def test_a_file_is_refused_and_touches_no_disk(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "FILE_UPLOAD_TEMP_DIR", str(tmp_path))
    answer = Client().post(SIGN_IN, {"login": "a@b.example", "photo": SimpleUploadedFile("photo.png", b"x" * size)})
    assert answer.status_code == 413
    assert "no page here takes files" in answer.content.decode()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_a_form_of_parts_without_a_file_is_taken() -> None:
    answer = Client().post(SIGN_IN, {"login": "nobody@example.org", "password": "wrong", "photo": ""})
    assert answer.status_code == 200
