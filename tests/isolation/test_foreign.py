"""Another clinic's people × every route: with foreign ids at home, and as strangers where the ids belong.

Nothing of Larkspur may be in an answer, its headers or the log; no table of Larkspur may change; what is foreign
looks exactly like what isn't there; and each attempt is in the trail.
"""

from __future__ import annotations

import pytest

from tests.isolation import attacks
from tests.isolation.matrix import Matrix


def _tell(found: list[str]) -> None:
    assert not found, "\n".join([f"{len(found)} holes:", *found[:30]])


@pytest.mark.parametrize("name", ["every", "mallory", "visitor", "link", "liz", "maya"])
def test_foreign_ids_lead_nowhere(matrix: Matrix, name: str) -> None:
    _tell(attacks.holes(matrix, attacks.by_foreign_ids(matrix, name)))


def test_one_foreign_id_among_ones_own_leads_nowhere(matrix: Matrix) -> None:
    _tell(attacks.holes(matrix, attacks.by_one_foreign_id(matrix, "every")))


@pytest.mark.parametrize("name", ["every", "mallory"])
def test_a_stranger_finds_nothing(matrix: Matrix, name: str) -> None:
    _tell(attacks.holes(matrix, attacks.as_a_stranger(matrix, name)))
