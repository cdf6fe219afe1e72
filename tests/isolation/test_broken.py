"""When a page breaks, neither its error page nor the log tells what it was about, and nothing of it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.db import IntegrityError

from config import postgres
from tests.isolation import guard
from tests.isolation.canaries import KINDS, canary
from tests.isolation.expectations import OF_NO_CLINIC, ROWS
from tests.isolation.matrix import Matrix
from webside.core import lean

EVERYTHING = " ".join(canary("larkspur", kind) for kind in KINDS)


def _break(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let each view do its work and then fail, with everything that it could know in the error's message."""
    resolve = BaseHandler.resolve_request

    def resolve_request(self: Any, request: Any) -> Any:
        match = resolve(self, request)
        view = match.func

        def fails(*args: Any, **kwargs: Any) -> Any:
            view(*args, **kwargs)
            raise error

        match.func = fails
        return match

    monkeypatch.setattr(BaseHandler, "resolve_request", resolve_request)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("GET", RuntimeError(EVERYTHING)),
        ("POST", IntegrityError(f"duplicate key\nDETAIL:  Key (family)=({EVERYTHING}) already exists.")),
    ],
    ids=["a page that is read", "a form that is sent"],
)
def test_an_error_tells_nothing(matrix: Matrix, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception) -> None:
    clinic = matrix.world.larkspur
    before = matrix.digests(clinic)
    _break(monkeypatch, error)
    problems: list[str] = []
    for row in ROWS:
        if row.route in OF_NO_CLINIC or method not in row.allowed:
            continue
        name = next(iter(row.allowed[method]))
        answer = matrix.ask(name, method, row, at=clinic, things=clinic.things, digest_of=clinic)
        found = guard.spills(answer, clinic.slug) + guard.changes(before, answer.digests)
        if answer.status != 500:
            found.append(f"is answered {answer.status}: the drill didn't break it")
        if "Error" not in answer.logged:
            found.append("broke, and the log doesn't say where")
        problems += [f"{name} {method} {row}: {problem}" for problem in found]
    assert not problems, "\n".join(problems[:30])


@pytest.mark.skipif(postgres.external(), reason="the log of a database of one's own is not ours to read")
def test_the_databases_log_quotes_no_values(matrix: Matrix) -> None:
    """A statement that fails holds values, and so do the server's words about it: neither is written down."""
    log = Path(settings.VAR) / "log" / "postgres.log"
    size = log.stat().st_size
    patient = matrix.world.larkspur.things["patient_id"]
    with psycopg.connect(**lean.conninfo("owner"), autocommit=True, cursor_factory=psycopg.ClientCursor) as owner:
        for statement in (
            "INSERT INTO people_patient SELECT * FROM people_patient WHERE id = %s AND family <> %s",  # the same key twice
            "SELECT * FROM people_patient WHERE id = %s AND no_such_column = %s",
            "SELECT %s::uuid, %s::uuid",
        ):
            with pytest.raises(psycopg.Error):
                owner.execute(statement, [patient, EVERYTHING])
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**lean.conninfo("owner") | {"dbname": "no_such_clinic"})
    written = log.read_bytes()[size:].decode("utf-8", "replace")
    assert "no_such_clinic" in written, "this is the log of this server, and what is fatal is in it"
    assert guard.found_in(written, "larkspur") == set()
    assert str(patient) not in written
