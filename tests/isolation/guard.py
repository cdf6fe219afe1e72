"""What must hold of an answer to somebody who may not. Each check returns what is wrong, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.isolation.canaries import found_in
from tests.isolation.matrix import Answer
from webside.audit import services as audit
from webside.core import lean


def differences(real: Answer, missing: Answer) -> list[str]:
    """Return in what an answer about somebody's thing differs from one about a thing that isn't there."""
    names = ("status", "headers", "body")
    return [
        f"the {name} tells it from what isn't there: {_first_difference(str(one), str(other))}"
        for name, one, other in zip(names, real.plain(), missing.plain(), strict=True)
        if one != other
    ]


def _first_difference(one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(0, at - 60) : at + 60]!r} / {other[max(0, at - 60) : at + 60]!r}"


def spills(answer: Answer, slug: str, may_read: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """Return what an answer shows that this person may not read, and anything at all in the log."""
    found = sorted(answer.spilled(slug) - set(may_read))
    logged = sorted(found_in(answer.logged, slug))
    told = [("shows", ", ".join(found)), ("logs", ", ".join(logged)), ("is stopped only by", answer.crosses)]
    return [f"{verb} {what}" for verb, what in told if what]


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return which of a clinic's tables are not as they were."""
    touched = sorted(name for name in before if before[name] != after.get(name))
    return [f"changed {', '.join(touched)}"] * bool(touched)


def unaudited(answers: dict[str, str]) -> list[str]:
    """Return which refusals, by request id, are not in the trail."""
    with psycopg.connect(**lean.conninfo("owner")) as connection:
        rows = connection.execute(
            "SELECT request_id FROM audit_auditevent WHERE outcome = '4' AND request_id = ANY(%s)", [list(answers)]
        ).fetchall()
    written = {request_id for (request_id,) in rows}
    return [f"{what}: refused, and the trail says nothing" for key, what in answers.items() if key not in written]


EVERY_ONE = 1_000_000


class _OneConnection:
    """Stands for ``psycopg`` in the trail's services: refusals share one connection instead of opening one each."""

    Error = psycopg.Error

    def __init__(self) -> None:
        self.kept = psycopg.connect(**lean.conninfo())
        self.kept.execute("SET synchronous_commit = off")
        self.kept.commit()

    @contextmanager
    def connect(self, **_: Any) -> Iterator[psycopg.Connection[Any]]:
        with self.kept.transaction():
            yield self.kept


@contextmanager
def refusals_on_one_connection() -> Iterator[None]:
    """Write each refusal as always (own transaction, own role, own policy) on a connection that stays open: it is faster.

    The matrix tries more than a visitor's guesses that the trail would keep within an hour; here every one must be in it.
    """
    apart = _OneConnection()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "psycopg", apart)
        patch.setattr(audit, "MOST_GUESSES", EVERY_ONE)
        try:
            yield
        finally:
            apart.kept.close()
