"""The data files of compliance: sound, and every row of them in use."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from webside.compliance.rules.tables import DATA, FILES, table
from webside.compliance.rules.validator import SHAPES, problems
from webside.compliance.tests.examples import (
    ADULT_AT,
    COUNSELING_LIVE,
    NLC_ACCEPTS,
    NLC_BOTH,
    PSYPACT,
    STATES,
    Example,
    all_examples,
    ask,
    page_examples,
)
from webside.core.dated import Row, ended, load, reading

ENDED = tuple(DATA / file for file in FILES.values())


def test_the_files_are_sound() -> None:
    assert problems() == []


def test_every_file_has_a_shape_and_stands_in_the_readme() -> None:
    assert set(SHAPES) == set(FILES)
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+\.(?:csv|yaml))`", readme)) == {*FILES.values(), "minor_consent.csv"}


def test_the_jurisdictions_are_those_of_the_union() -> None:
    assert {row["state"] for row in table("jurisdictions").rows} == set(STATES)
    assert len(STATES) == 56


def test_the_compact_rows_are_those_of_the_lists() -> None:
    """Restated by hand from the lists, with the corrections of the review."""
    facts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in table("compact_states").rows:
        facts[row["compact"], row["fact"]].add(row["state"])
    assert facts["NLC", "issuing"] == NLC_BOTH
    assert facts["NLC", "incoming"] == NLC_ACCEPTS
    assert facts["NLC", "enacted"] == {"MA", "VI"}
    assert facts["PSYPACT", "member"] == PSYPACT
    assert len(PSYPACT) == 43
    assert facts["CC", "privileges_live"] == COUNSELING_LIVE
    live = {row["compact"] for row in table("compact_states").rows if row["fact"].endswith("_live")}
    assert live == {"CC"}
    dated = {row.id: str(row.effective_from) for row in table("compact_states").rows if row["compact"] == "NLC"}
    assert dated["NLC-CT-issuing"] == dated["NLC-CT-incoming"] == "2025-10-01"
    assert dated["NLC-PA-incoming"] == "2023-09-05"
    assert dated["NLC-PA-issuing"] == "2025-07-07"
    assert dated["NLC-TX-issuing"] == "2026-01-01"


def test_ages_and_reciprocity_are_as_corrected() -> None:
    assert {row["state"]: int(row["age"]) for row in table("guardian_ages").rows} == ADULT_AT
    schemes = table("telehealth_schemes").by_id
    assert {row.id for row in schemes.values() if row["path"] == "reciprocity"} == {
        "DC-reciprocity",
        "MD-reciprocity",
        "VA-reciprocity",
    }
    assert not any(row["authorises"] for row in schemes.values() if row["path"] == "reciprocity")
    new_york = table("state_prescribing").by_id["NY-80-63"]
    assert str(new_york.effective_from) == "2025-05-21"
    assert new_york.confidence == "medium"


# ---- every row is read, and each counts


def _readers() -> dict[tuple[str, str], list[Example]]:
    """Return, for each row that an example reads, the examples that read it."""
    readers: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in all_examples():
        with reading() as rows:
            ask(example.facts)
        for row in rows:
            readers[row].append(example)
    return readers


def _without_effect(rows: Iterable[Row], readers: Mapping[tuple[str, str], list[Example]]) -> list[str]:
    """Return the rows that no example reads, or whose end changes the answer to none that does."""
    known = {example.name: ask(example.facts) for example in all_examples()}
    idle = []
    for row in rows:
        with ended(row):
            mine = readers.get((row.table, row.id), [])
            if not any(ask(example.facts) != known[example.name] for example in mine):
                idle.append(f"{row.table} {row.id}")
    return idle


def test_ending_any_row_changes_a_tested_answer() -> None:
    rows = [row for path in ENDED for row in load(path).rows]
    assert len(rows) > 600
    assert _without_effect(rows, _readers()) == []


def test_a_row_without_effect_would_be_found() -> None:
    spare = replace(table("gates").rows[0], id="spare")
    used = table("gates").rows[0]
    assert _without_effect([spare, used], _readers() | {("gates", "spare"): list(page_examples())}) == ["gates spare"]
    assert _without_effect([used], {}) == ["gates telemedicine-place"]


# ---- the validator finds what is wrong


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data that may be spoiled."""
    copy = tmp_path / "data"
    shutil.copytree(DATA, copy)
    assert problems(copy) == []
    return copy


def _append(line: str) -> Callable[[str], str]:
    return lambda text: text + line + "\n"


def _replace(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        head, mark, rows = text.partition("\nrows:")  # a CSV file has no such mark: there it is all head
        if not mark:
            head, rows = "", head
        assert old in rows, old
        return head + mark + rows.replace(old, new, 1)

    return change


def _drop(start: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        kept = [line for line in text.splitlines(keepends=True) if not line.startswith(start)]
        assert len(kept) == len(text.splitlines()) - 1, start
        return "".join(kept)

    return change


SPOILED = {
    "a row without a source": ("compact_states.csv", _append("X,NLC,NY,member,,,,high"), "no source"),
    "a row without confidence": ("compact_states.csv", _append("X,NLC,NY,member,,,somewhere,"), "confidence"),
    "a confidence that is no word": ("compact_states.csv", _append("X,NLC,NY,member,,,somewhere,sure"), "confidence"),
    "a row without an id": ("compact_states.csv", _append(",NLC,NY,member,,,somewhere,high"), "no id"),
    "an id twice": ("compact_states.csv", _append("NLC-TX-issuing,NLC,NY,member,,,somewhere,high"), "stands twice"),
    "an unknown state": ("compact_states.csv", _append("X,NLC,ZZ,member,,,somewhere,high"), "unknown state 'ZZ'"),
    "an unknown compact": ("compact_states.csv", _append("X,NLX,NY,member,,,somewhere,high"), "NLX"),
    "an unknown fact": ("compact_states.csv", _append("X,NLC,NY,joined,,,somewhere,high"), "joined"),
    "a date that is none": ("compact_states.csv", _append("X,NLC,NY,member,soon,,somewhere,high"), "no ISO date"),
    "an end before its start": (
        "compact_states.csv",
        _append("X,NLC,NY,member,2026-02-01,2026-01-01,somewhere,high"),
        "ends before it starts",
    ),
    "an overlap": ("compact_states.csv", _append("X,NLC,TX,issuing,2027-01-01,,somewhere,high"), "overlap"),
    "a gap": (
        "federal_prescribing.yaml",
        _replace("effective_from: 2023-11-12", "effective_from: 2023-11-13"),
        "no row between flexibility-2020 and flexibility-2023",
    ),
    "an overlap of two windows": (
        "federal_prescribing.yaml",
        _replace("effective_to: 2025-12-31", "effective_to: 2026-01-01"),
        "flexibility-2025 and flexibility-2026 overlap",
    ),
    "a state without a form of consent": (
        "consent_forms.csv",
        _drop("consent-NY,"),
        "consent_forms: nothing holds for NY",
    ),
    "a state without an age": ("guardian_ages.csv", _drop("majority-MS,"), "guardian_ages: nothing holds for MS"),
    "an age that is no number": ("guardian_ages.csv", _replace("AL,19", "AL,nineteen"), "no number of years"),
    "a state without a rule": ("state_prescribing.yaml", _drop("  - {id: NJ-none-known"), "nothing holds for NJ"),
    "an unknown circumstance": ("state_prescribing.yaml", _replace("hospice", "spa"), "'spa'"),
    "an unknown effect": ("state_prescribing.yaml", _replace("effect: bar", "effect: ban"), "'ban'"),
    "an unknown zone": ("jurisdictions.yaml", _replace("Pacific/Guam", "Pacific/Gaum"), "unknown zone"),
    "a state that is gone": ("jurisdictions.yaml", _drop("  - {id: NY,"), "unknown state 'NY'"),
    "a column that nobody reads": ("countries.csv", _replace("name,is_default", "name,is_defualt"), "is_defualt"),
    "no default country": ("countries.csv", _replace("United States,yes", "United States,"), "none is the default"),
    "an unknown profession": ("compacts.yaml", _replace("professions: [nurse]", "professions: [nurze]"), "nurze"),
    "a state that is neither": ("compacts.yaml", _replace("state_is: home", "state_is: away"), "home or covered"),
    "a missing column": ("modalities.yaml", _replace(", label: by video", ""), "modalities video: no label"),
    "a profession without a row": ("professions.yaml", _drop("  - {id: dietitian,"), "nothing holds for dietitian"),
    "a gate without a row": ("gates.yaml", _drop("  - {id: telecare-consent"), "telecare consent"),
    "a gate that ends": (
        "gates.yaml",
        _replace("gate: place, demand: required", "gate: place, demand: required, effective_to: 2026-12-31"),
        "in the end",
    ),
    "a consent without its word": ("gates.yaml", _replace("consent: telecare, ", ""), "needs consent"),
    "an exception that authorises": (
        "telehealth_schemes.yaml",
        _replace("path: exception, authorises: false", "path: exception, authorises: true"),
        "contradict",
    ),
    "a warning out of its time": (
        "federal_prescribing.yaml",
        _replace("warn_from: 2026-11-01", "warn_from: 2027-11-01"),
        "warn_from",
    ),
    "a file that is no YAML": ("gates.yaml", lambda text: "rows: [", "cannot be read"),
    "a file without rows": ("gates.yaml", lambda text: "meta: {}", "cannot be read"),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_the_validator_finds(spoiled: str, folder: Path) -> None:
    file, change, words = SPOILED[spoiled]
    path = folder / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    found = problems(folder)
    assert any(words in problem for problem in found), found


def test_the_validator_finds_a_file_that_no_rule_reads(folder: Path) -> None:
    (folder / "spare.csv").write_text("id,source,confidence\n", encoding="utf-8")
    assert problems(folder) == ["spare.csv: no rule reads this file"]


def test_the_validator_finds_a_file_that_is_gone(folder: Path) -> None:
    (folder / "gates.yaml").unlink()
    assert any(problem.startswith("gates.yaml: cannot be read") for problem in problems(folder))
