"""What the fault tests share: a living demo, browsers, and rows as they lie in its database."""

from __future__ import annotations

from typing import Any

import psycopg

from config import postgres
from tests.e2e.conftest import Demo, browsers, chromium, crowd, demo, other_chromium, pair

__all__ = ["browsers", "chromium", "crowd", "demo", "other_chromium", "pair", "row", "rows"]


def rows(clinic: Demo, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement in the demo's database, past its policies; return the rows, if it has any."""
    with psycopg.connect(postgres.Server(clinic.var).url("admin", postgres.DATABASE)) as connection:
        answer = connection.execute(sql, values)
        return answer.fetchall() if answer.description else []


def row(clinic: Demo, sql: str, *values: Any) -> tuple[Any, ...]:
    """Return the one row that a statement gives."""
    (found,) = rows(clinic, sql, *values)
    return found
