"""Logs carry no path, host or message: tokens and names stand in them."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import uvicorn
from django.test import Client

from webside.core import logs

TOKEN = "abcTOKENabcTOKENabcTOKEN"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Give what would stand in the log, written as in a process that serves."""
    written = io.StringIO()
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    served = {name: logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.access")}
    before = {name: (one.handlers[:], one.propagate, one.level) for name, one in served.items()}
    uvicorn.Config("config.asgi:application", log_level="warning", access_log=False)
    monkeypatch.setattr("sys.stderr", written)
    logs.configure({"level": "INFO"})
    yield written
    root.handlers[:] = kept
    root.setLevel(level)
    for name, one in served.items():
        one.handlers[:], one.propagate, one.level = before[name]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/invitation/{TOKEN}/", f"/accounts/confirm-email/{TOKEN}/"])
def test_a_form_without_its_cookie_leaves_no_token_behind(path: str, log: io.StringIO) -> None:
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert "django.security.csrf" in log.getvalue()
    assert "request failed with 403" in log.getvalue()
    assert TOKEN not in log.getvalue()


@pytest.mark.django_db
def test_a_foreign_host_or_referrer_is_not_quoted(log: io.StringIO) -> None:
    assert Client().get("/accounts/login/", headers={"host": f"{TOKEN}.example"}).status_code == 400
    client = Client(enforce_csrf_checks=True)
    assert client.post("/accounts/login/", headers={"origin": f"https://{TOKEN}.example"}).status_code == 403
    assert "django.security.DisallowedHost" in log.getvalue()
    assert TOKEN not in log.getvalue()


def test_the_servers_own_lines_keep_an_errors_message_out(log: io.StringIO) -> None:
    try:
        raise ValueError(TOKEN)
    except ValueError:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=True)
    assert "builtins.ValueError at" in log.getvalue()
    assert TOKEN not in log.getvalue()
