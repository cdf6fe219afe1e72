"""CSV files: no cell is a formula, and a list that is too long says so."""

from __future__ import annotations

import csv
import io
import re

import pytest

from webside.ui import spreadsheet


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "  =1", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    answer = spreadsheet.csv_file("list", ["What"], [[text]])
    ((_head,), (cell,)) = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert cell == "'" + text


@pytest.mark.parametrize(
    "text", ["x;=1+1", "x; +1", 'x;"=1+1', "x;@SUM(A1)", "x\n-1", "x, y;＝1", ";=1;=2", "=1;=2", "x;\t=1", "x\r\n=1"]
)
def test_no_part_of_a_cell_is_a_formula_whatever_separates_a_list(text: str) -> None:
    """A spreadsheet that separates by ``;`` sees the quotes of a later field as letters. Shown failing without."""
    content = spreadsheet.csv_file("list", ["First", "What"], [["x", text]]).content.decode("utf-8-sig")
    _head, line = content.split("\r\n", 1)
    for part in re.split(r"[;\r\n]", line):
        assert part.lstrip(' "')[:1] not in tuple("=+-@\t＝＋－＠"), part


@pytest.mark.parametrize("text", ["a; b", "9:00-17:00", "a=b", "2026-05-01", "O'Neil; III"])
def test_what_is_harmless_is_left_as_it_is(text: str) -> None:
    assert spreadsheet.harmless(text) == text


def test_it_is_named_and_its_letters_survive() -> None:
    answer = spreadsheet.csv_file("people", ["Name", "Age"], [("Zoë, the “first”", 7)])
    assert answer["Content-Disposition"] == 'attachment; filename="people.csv"'
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1] == ["Zoë, the “first”", "7"]


def test_what_is_cut_off_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MOST", 2)
    lines = spreadsheet.csv_file("list", ["N"], ([n] for n in range(3))).content.decode("utf-8-sig").splitlines()
    assert lines == ["N", "0", "1", "Only the first 2 rows are here."]
    assert len(spreadsheet.csv_file("list", ["N"], ([n] for n in range(2))).content.splitlines()) == 3
