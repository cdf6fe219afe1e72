"""The data files of triage: sound, and every row of them in use."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from webside.core.dated import Row, ended, load, reading
from webside.triage.rules.tables import DATA, FILES
from webside.triage.rules.validator import problems
from webside.triage.tests.examples import Example, all_examples

ENDED = tuple(DATA / file for name, file in FILES.items() if name != "signs")  # those: test_signs.py


def test_the_files_are_sound() -> None:
    assert problems() == []


def test_every_file_stands_in_the_readme() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+\.yaml)`", readme)) == set(FILES.values())


Readers = dict[tuple[str, str], list[tuple[Example, object]]]


@pytest.fixture(scope="module")
def readers() -> Readers:
    """Which examples read a row, by table and id, with their answers."""
    found: Readers = {}
    for example in all_examples():
        with reading() as rows:
            answer = example.ask()
        for key in rows:
            found.setdefault(key, []).append((example, answer))
    return found


@pytest.mark.parametrize(
    "row", [row for path in ENDED for row in load(path).rows], ids=lambda row: f"{row.table}-{row.id}"
)
def test_ending_a_row_changes_an_answer(row: Row, readers: Readers) -> None:
    for example, answer in readers.get((row.table, row.id), []):
        with ended(row):
            if example.ask() != answer:
                return
    pytest.fail(f"no example depends on {row.table} {row.id}: give it one in data/edges.jsonl, or take the row away")


# ------------------------------------------------------------------------------------------------ the validator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data to spoil."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


Change = Callable[[str], str]


def _replace(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return change


SPOILED: dict[str, tuple[str, Change, str]] = {
    "a row without a source": ("actions.yaml", _replace('    source: "FCC and NENA on 911"\n', ""), "no source"),
    "a row without an id": ("services.yaml", _replace("id: urgent_care, ", ""), "no id"),
    "an unknown confidence": ("requests.yaml", _replace("confidence: medium", "confidence: maybe"), "confidence"),
    "a date that is none": ("services.yaml", _replace("order: 1,", "order: 1, effective_from: soon,"), "no ISO date"),
    "an end before its start": (
        "services.yaml", _replace("order: 1,", "order: 1, effective_from: 2026-02-01, effective_to: 2026-01-01,"),
        "ends before it starts",
    ),
    "an overlap": ("services.yaml", _replace("service: primary_care", "service: urgent_care"), "overlap"),
    "a service that no row has": ("services.yaml", _replace("service: alarm", "service: coaching"), "nothing for alarm"),
    "an unknown service": ("requests.yaml", _replace("service: pharmacy", "service: farmacy"), "farmacy"),
    "an unknown kind": ("services.yaml", _replace("kind: telecare", "kind: telecar"), "telecar"),
    "an unknown action": ("red_flags.yaml", _replace("action: call_911", "action: call_999"), "call_999"),
    "an unknown person": ("red_flags.yaml", _replace("who: pregnant", "who: pregnent"), "pregnent"),
    "an unknown context": ("context.yaml", _replace("context: clause", "context: claus"), "claus"),
    "a column that nobody reads": ("red_flags.yaml", _replace("    past: counts", "    passt: counts"), "passt"),
    "a past that is neither": ("red_flags.yaml", _replace("    past: counts", "    past: never"), "past must be"),
    "a column that is missing": ("red_flags.yaml", _replace("    says_es: La dificultad", "    sagt_es: La"), "no says_es"),
    "a weight that is none": ("requests.yaml", _replace("weight: 4", "weight: heavy"), "whole number"),
    "a figure that is gone": ("context.yaml", _replace("figure: gap, value", "figure: hole, value"), "no figure gap"),
    "a figure that nobody reads": ("context.yaml", _replace("figure: gap, value", "figure: hole, value"), "figure hole"),
    "a sentence that is gone": ("context.yaml", _replace("text: close", "text: clos"), "no text close"),
    "a sentence without its gap": ("context.yaml", _replace("{means}", "{menas}"), "has the gaps"),
    "a language that is gone": ("context.yaml", _replace("language: es", "language: en"), "no language es"),
    "a phrase that can't be read": ("requests.yaml", _replace("uti; utis;", "uti; .. utis;"), "can't be read"),
    "a phrase that stands twice": ("requests.yaml", _replace("uti; utis;", "uti; uti;"), "stands twice"),
    "an exception in two places": (
        "red_flags.yaml", _replace("chest tube;", "chest & tube;"), "must stand in one place"
    ),
    "a negation end that is for others": ("context.yaml", _replace("only: flags", "only: all"), "only must be flags"),
    "a file that is no YAML": ("actions.yaml", lambda text: "rows: [", "cannot be read"),
    "a file without rows": ("actions.yaml", lambda text: "meta: {}", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("spoiled", SPOILED)
def test_the_validator_finds(spoiled: str, folder: Path) -> None:
    file, change, words = SPOILED[spoiled]
    path = folder / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    found = problems(folder)
    assert any(words in problem for problem in found), found


def test_the_validator_finds_a_file_that_no_rule_reads(folder: Path) -> None:
    (folder / "spare.yaml").write_text("rows: []\n", encoding="utf-8")
    assert problems(folder) == ["spare.yaml: no rule reads this file"]
