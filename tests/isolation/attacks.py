"""The attacks: from inside a clinic, and by another clinic's people with every id in hand. Holes are told in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import time_machine

from tests.isolation import guard
from tests.isolation.expectations import OF_NO_CLINIC, PUBLIC_IDS, ROWS, Row, may_read
from tests.isolation.matrix import Answer, Matrix, things_in
from tests.isolation.world import missing_things
from webside.core import clock


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request and its twin: the same about what nobody has."""

    what: str
    row: Row
    real: Answer
    twin: Answer
    in_path: bool

    def holes(self, before: dict[str, str]) -> list[str]:
        """Return what is wrong with how it was answered."""
        found = guard.differences(self.real, self.twin) + guard.spills(self.real, "larkspur")
        found += guard.changes(before, self.real.digests)
        if self.in_path and self.real.status != 404:
            found.append(f"is answered {self.real.status}, not 404")
        return [f"{self.what}: {problem}" for problem in found]


def from_inside(matrix: Matrix, name: str, rows: Iterable[Row] = ROWS) -> tuple[list[str], set[str]]:
    """Ask as somebody of Larkspur for everything there; return the holes and the kinds of texts that were read."""
    clinic = matrix.world.larkspur
    gone = missing_things(clinic.things)
    found: list[str] = []
    refused: dict[str, str] = {}
    read: set[str] = set()
    for row in rows:
        for method, allowed in row.allowed.items():
            what = f"{name} {method} {row}"
            answer = matrix.ask(name, method, row, at=clinic, things=clinic.things)
            wanted = allowed.get(name, 404)
            problems = guard.spills(answer, clinic.slug, may_read(name, row) if name in allowed else set())
            if answer.status != wanted:
                problems.append(f"is answered {answer.status}, not {wanted}")
            read |= answer.spilled(clinic.slug)
            if name not in allowed:
                refused[answer.request_id] = what
                if any(things_in(row)):
                    problems += guard.differences(answer, matrix.ask(name, method, row, at=clinic, things=gone))
            found += [f"{what}: {problem}" for problem in problems]
    return found + guard.unaudited(refused), read


def by_foreign_ids(matrix: Matrix, name: str, rows: Iterable[Row] = ROWS) -> Iterator[Attempt]:
    """Ask at Northgate with Larkspur's ids: all of them at once."""
    foreign = matrix.world.larkspur.things
    for row in rows:
        in_path, in_form = things_in(row)
        if row.route in OF_NO_CLINIC or not (in_path or in_form):
            continue
        for method in row.allowed:
            yield _attempt(matrix, name, method, row, foreign, bool(in_path), "Larkspur's ids at Northgate")


def by_one_foreign_id(matrix: Matrix, name: str, rows: Iterable[Row] = ROWS) -> Iterator[Attempt]:
    """Ask at Northgate with one id of Larkspur and everything else of one's own, so that nothing else is in the way."""
    own, foreign = matrix.world.northgate.things, matrix.world.larkspur.things
    for row in rows:
        in_path, in_form = things_in(row)
        if row.route in OF_NO_CLINIC:
            continue
        for thing in dict.fromkeys([*in_path, *in_form]):
            for method in row.allowed:
                things = own | {thing: foreign[thing]}
                yield _attempt(matrix, name, method, row, things, thing in in_path, f"Larkspur's {thing} at Northgate",
                               only=thing)  # fmt: skip


def _attempt(
    matrix: Matrix, name: str, method: str, row: Row, things: dict[str, Any], in_path: bool, how: str, only: str = ""
) -> Attempt:
    world = matrix.world
    gone = missing_things(things) if not only else things | {only: missing_things(things)[only]}
    # The clock stands still, so that no minute passes between the two.
    with time_machine.travel(clock.now(), tick=False):
        real = matrix.ask(name, method, row, at=world.northgate, things=things, digest_of=world.larkspur)
        twin = matrix.ask(name, method, row, at=world.northgate, things=gone)
    return Attempt(f"{name} {method} {row}, {how}", row, real, twin, in_path)


def as_a_stranger(matrix: Matrix, name: str, rows: Iterable[Row] = ROWS) -> Iterator[Attempt]:
    """Ask at Larkspur itself, about Larkspur's things, as somebody who doesn't belong there."""
    world = matrix.world
    for row in rows:
        if row.route in OF_NO_CLINIC:
            continue
        for method, allowed in row.allowed.items():
            if "visitor" in allowed and row.route != "portal:home":
                continue  # open to anybody: test_own.py says what a visitor reads there
            with time_machine.travel(clock.now(), tick=False):
                real = matrix.ask(
                    name, method, row, at=world.larkspur, things=world.larkspur.things, digest_of=world.larkspur
                )
                twin = matrix.ask(name, method, row, at=world.larkspur, things=missing_things(world.larkspur.things))
            yield Attempt(f"{name} {method} {row}, as a stranger at Larkspur", row, real, twin, True)


def holes(matrix: Matrix, attempts: Iterable[Attempt]) -> list[str]:
    """Return everything that is wrong with some attempts, what the trail does not know among it."""
    before = matrix.digests(matrix.world.larkspur)
    found: list[str] = []
    refused: dict[str, str] = {}
    for attempt in attempts:
        found += attempt.holes(before)
        if attempt.real.status == 404 and attempt.row.route not in PUBLIC_IDS:
            refused[attempt.real.request_id] = attempt.what
    return found + guard.unaudited(refused)
