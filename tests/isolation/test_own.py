"""Everybody of one clinic × every route of it: who gets in, who doesn't, and who reads what."""

from __future__ import annotations

import pytest

from tests.isolation import attacks, guard
from tests.isolation.expectations import (
    ALLAUTH,
    EVERYBODY,
    MAY_READ,
    OF_NO_CLINIC,
    PUBLIC_IDS,
    ROLES,
    ROWS,
    Row,
)
from tests.isolation.matrix import Answer, Matrix, things_in
from tests.isolation.world import Clinic, missing_things

REFUSED = 404


def _tell(problems: list[str]) -> None:
    assert not problems, "\n".join([f"{len(problems)} holes:", *problems[:30]])


@pytest.mark.parametrize("name", EVERYBODY.split())
def test_who_gets_in_and_who_reads_what(matrix: Matrix, name: str) -> None:
    found, read = attacks.from_inside(matrix, name)
    dead = sorted(MAY_READ.get(name, set()) - read)
    _tell([*found, *(f"{name} never reads {kind}: its canary is dead" for kind in dead)])


@pytest.mark.parametrize("name", ["visitor", "liz", "maya"])
def test_allauths_pages_know_of_no_clinic(matrix: Matrix, name: str) -> None:
    clinic = matrix.world.larkspur
    problems = []
    for row in ALLAUTH:
        answer = matrix.ask(name, "GET", row, at=clinic, things=clinic.things)
        found = guard.spills(answer, clinic.slug)
        if answer.status != row.allowed["GET"][name]:
            found.append(f"is answered {answer.status}, not {row.allowed['GET'][name]}")
        problems += [f"{name} {row}: {problem}" for problem in found]
    _tell(problems)


@pytest.mark.parametrize("name", ["visitor", "rosa", "daniel"])
def test_no_other_method_is_a_way_in(matrix: Matrix, name: str) -> None:
    clinic = matrix.world.larkspur
    before = matrix.digests(clinic)
    problems = []
    for row in ROWS:
        if row.note or row.route in OF_NO_CLINIC:
            continue
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if method in row.allowed or (row.route, method) in _TOLD_ELSEWHERE:
                continue
            answer = matrix.ask(name, method, row, at=clinic, things=clinic.things, digest_of=clinic)
            found = guard.spills(answer, clinic.slug) + guard.changes(before, answer.digests)
            if not _is_no_way_in(answer, row, name):
                found.append(f"is answered {answer.status}")
            problems += [f"{name} {method} {row}: {problem}" for problem in found]
    _tell(problems)


_TOLD_ELSEWHERE = {(row.route, method) for row in ROWS if row.note for method in row.allowed}


def _is_no_way_in(answer: Answer, row: Row, name: str) -> bool:
    """A method nobody spoke of is refused, or is no more than reading the page that this person may read."""
    return answer.status in (404, 405) or answer.status == row.allowed.get("GET", {}).get(name)


def test_whoever_holds_every_role_elsewhere_gets_in_there(matrix: Matrix) -> None:
    """The attacker of the other tests is able: at home, the same requests are let in."""
    home: Clinic = matrix.world.northgate
    problems = []
    for row in ROWS:
        for method, allowed in row.allowed.items():
            answer = matrix.ask("every", method, row, at=home, things=home.things)
            wanted = {status for person, status in allowed.items() if person in ROLES} or {REFUSED}
            if answer.status not in wanted:
                problems.append(f"every {method} {row}: {answer.status}, not {sorted(wanted)}")
            problems += [f"every {method} {row}: {problem}" for problem in guard.spills(answer, "larkspur")]
    _tell(problems)


def test_what_is_not_there_is_not_found_by_those_who_may_look(matrix: Matrix) -> None:
    clinic = matrix.world.larkspur
    gone = missing_things(clinic.things)
    problems: list[str] = []
    refused: dict[str, str] = {}
    for row in ROWS:
        if not things_in(row)[0] or row.route in OF_NO_CLINIC:
            continue
        for method, allowed in row.allowed.items():
            name = next((person for person in allowed if person in ROLES), next(iter(allowed)))
            answer = matrix.ask(name, method, row, at=clinic, things=gone)
            if answer.status != REFUSED:
                problems.append(f"{name} {method} {row}: {answer.status} about what isn't there")
            if row.route not in PUBLIC_IDS:
                refused[answer.request_id] = f"{name} {method} {row}"
    _tell(problems + guard.unaudited(refused))
