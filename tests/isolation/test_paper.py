"""What leaves as a PDF is read as its reader reads it: its bytes are packed, and hide every word from a plain search."""

from __future__ import annotations

import pytest

from tests.isolation import attacks
from tests.isolation.canaries import BIRDS
from tests.isolation.expectations import MAY_READ, rows_of
from tests.isolation.matrix import Matrix
from webside.chart import policies

*_, SUMMARY = rows_of(["chart:encounter-summary-pdf"])  # the last: whoever came by a link has said who she is
ON_PAPER = {"name", "instructions", "medicine", "addendum"}
"""The kinds of texts on the summary that a patient takes home: the same for whoever may have it."""


@pytest.mark.parametrize("name", [name for name, status in SUMMARY.allowed["GET"].items() if status == 200])
def test_the_summary_on_paper_tells_what_it_is_to_tell(matrix: Matrix, name: str) -> None:
    clinic = matrix.world.larkspur
    answer = matrix.ask(name, "GET", SUMMARY, at=clinic, things=clinic.things)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.spilled(clinic.slug) == ON_PAPER <= MAY_READ[name]
    assert BIRDS[clinic.slug].encode() not in answer.body, "unpacked, nothing of it would have been seen"


def test_a_canary_in_a_pdf_is_seen(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown failing with ``Answer.words`` giving the body as it is."""
    rows = rows_of([SUMMARY.route])
    assert attacks.from_inside(matrix, "rosa", rows)[0] == []
    monkeypatch.setattr(policies, "visible_summaries", lambda _actor, rows: rows)
    monkeypatch.setattr("webside.core.rows.PREPARED", {})  # what was put together before asks as the policy did
    found, read = attacks.from_inside(matrix, "rosa", rows)
    assert read == ON_PAPER
    assert f"rosa GET {SUMMARY}: shows {', '.join(sorted(ON_PAPER))}" in found
