"""The data files of billing keep to their form, and the validator sees each way of breaking it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from webside.billing.rules import tables, validate
from webside.core.dated import BadData, Table, read_table

ALL = validate.all_tables()
KNOWN = validate.Known.of(ALL)
PATHS = [path for shelf in tables.ALL_SHELVES for path in shelf.paths] + [
    tables.DATA / name for name in (*validate.LATER, *validate.LATER_OTHERS)
]
Rows = list[dict[str, str]]


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_file_keeps_to_its_form(table: Table) -> None:
    assert validate.problems(table, KNOWN) == []


def test_every_file_is_validated_and_told_of() -> None:
    files = set(tables.DATA.rglob("*.csv"))
    assert files == set(PATHS)
    readme = (tables.DATA / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in files if f"`{path.relative_to(tables.DATA)}`" not in readme] == []


def test_the_rule_loads_nothing_of_the_later_files() -> None:
    loaded = {path for shelf in tables.ALL_SHELVES for path in shelf.paths}
    assert not loaded & {tables.DATA / name for name in (*validate.LATER, *validate.LATER_OTHERS)}


def test_a_code_stands_in_one_place_only() -> None:
    later = {row["code"] for table in ALL if table.name.endswith("_later") for row in table.rows}
    loaded = {row["code"] for shelf in tables.CODE_SHELVES for table in shelf.tables for row in table.rows}
    assert not later & loaded


def test_cpt_numbers_stand_in_their_own_pack() -> None:
    """A row keyed by a CPT number is in ``data/cpt/``, and none of HCPCS Level II is."""
    number = re.compile(r"\d{4}[0-9T]")
    for path in PATHS:
        for row in read_table(path).rows:
            code = row.get("code") or ""
            if path.parent.name == "cpt":
                assert number.fullmatch(code), f"{path.name} {row.id}"
            else:
                assert not number.fullmatch(code), f"{path.name} {row.id}"
    assert (tables.DATA / "cpt" / "NOTICE.md").is_file()


def test_a_retired_code_ends_the_day_before_its_retirement() -> None:
    ends = {
        row["code"]: row.effective_to for table in ALL for row in table.rows if row.get("code") and row.effective_to
    }
    for shelf_table in tables.RETIRED.tables:
        for row in shelf_table.rows:
            assert ends[row["code"]] == row.effective_from - timedelta(days=1), row.id


class TestCorrections:
    """The review's corrections of the data, each as it must stand now."""

    @pytest.mark.parametrize("code", ["G2012", "99441", "99442", "99443"])
    def test_payable_to_the_end_of_2024(self, code: str) -> None:
        (row,) = tables.TIMED.in_force(date(2024, 12, 31), code=code)
        assert row["medicare"] == "payable"
        assert tables.TIMED.in_force(date(2025, 1, 1), code=code) == []

    def test_no_row_calls_a_code_deleted(self) -> None:
        assert not [row.id for table in ALL for row in table.rows if row.get("medicare_status") == "deleted"]

    def test_office_visits_by_sound_alone_from_2025(self) -> None:
        assert tables.MEDICARE_AUDIO.in_force(date(2024, 12, 31), scope="general") == []
        assert tables.MEDICARE_AUDIO.in_force(date(2025, 1, 1), scope="general")
        assert tables.MEDICARE_AUDIO.in_force(date(2024, 12, 31), scope="behavioural")

    def test_the_top_level_has_no_end(self) -> None:
        assert all(row.get("max_minutes") is None for table in tables.VISITS.tables for row in table.rows)

    def test_first_units_beyond_the_top_level(self) -> None:
        first = {row.id: row["first_at"] for table in tables.ADD_ONS.tables for row in table.rows}
        assert (first["G2212-99215"], first["G2212-99205"]) == ("69", "89")
        assert (first["99417-99215"], first["99417-99205"]) == ("55", "75")


# ------------------------------------------------------------------ the validator fails on bad files


def _rows(path: Path) -> tuple[list[str], Rows]:
    lines = (line for line in io.StringIO(path.read_text(encoding="utf-8")) if not line.startswith("#"))
    reader = csv.DictReader(lines)
    rows = list(reader)
    return list(reader.fieldnames or []), rows


def _broken(path: Path, tmp_path: Path, change: Callable[[Rows], None]) -> Table:
    columns, rows = _rows(path)
    change(rows)
    bad = tmp_path / path.name
    with bad.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return read_table(bad)


def _ways(aspect: Callable[[validate.Spec], object]) -> list[Path]:
    return [path for path in PATHS if aspect(validate.SPECS[path.stem]) not in (None, (), {})]


def _name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", PATHS, ids=_name)
class TestEveryFile:
    @pytest.mark.parametrize("column", ["id", "source", "confidence"])
    def test_a_row_without_it_is_refused(self, path: Path, column: str, tmp_path: Path) -> None:
        with pytest.raises(BadData):
            _broken(path, tmp_path, lambda rows: rows[0].update({column: ""}))

    def test_an_id_that_stands_twice_is_refused(self, path: Path, tmp_path: Path) -> None:
        with pytest.raises(BadData, match="twice"):
            _broken(path, tmp_path, lambda rows: rows.append(dict(rows[0])))

    def test_an_empty_column_is_seen(self, path: Path, tmp_path: Path) -> None:
        for column in validate.SPECS[path.stem].needs:
            broken = _broken(path, tmp_path, lambda rows, column=column: rows[0].update({column: ""}))
            assert any(f"{column} is empty" in text for text in validate.problems(broken, KNOWN))

    def test_a_cell_too_many_is_seen(self, path: Path, tmp_path: Path) -> None:
        lines = path.read_text(encoding="utf-8").splitlines()
        bad = tmp_path / path.name
        bad.write_text("\n".join([*lines[:-1], lines[-1] + ",surplus"]), encoding="utf-8")
        assert any("more cells" in text for text in validate.problems(read_table(bad), KNOWN))


@pytest.mark.parametrize("path", _ways(lambda spec: spec.words), ids=_name)
def test_an_unknown_word_is_seen(path: Path, tmp_path: Path) -> None:
    for column in validate.SPECS[path.stem].words or {}:
        broken = _broken(path, tmp_path, lambda rows, column=column: rows[0].update({column: "nonsense"}))
        assert any(f"{column} says 'nonsense'" in text for text in validate.problems(broken, KNOWN))


@pytest.mark.parametrize("path", _ways(lambda spec: spec.numbers), ids=_name)
def test_a_number_that_is_none_is_seen(path: Path, tmp_path: Path) -> None:
    for column in validate.SPECS[path.stem].numbers:
        table = _broken(path, tmp_path, lambda rows: None)
        spec, row = validate.SPECS[path.stem], table.rows[0]
        assert validate._row_problems(row, spec, KNOWN) == []
        broken = _broken(path, tmp_path, lambda rows, column=column: rows[0].update({column: "many"}))
        assert any(f"{column} is no whole" in t for t in validate._row_problems(broken.rows[0], spec, KNOWN))


@pytest.mark.parametrize("path", _ways(lambda spec: spec.refers), ids=_name)
def test_a_reference_to_nothing_is_seen(path: Path, tmp_path: Path) -> None:
    for column in validate.SPECS[path.stem].refers or {}:
        broken = _broken(path, tmp_path, lambda rows, column=column: rows[0].update({column: "nowhere"}))
        assert any("'nowhere', which is not known" in text for text in validate.problems(broken, KNOWN))


@pytest.mark.parametrize("path", _ways(lambda spec: spec.ranges), ids=_name)
def test_a_range_that_runs_backwards_is_seen(path: Path, tmp_path: Path) -> None:
    spec = validate.SPECS[path.stem]
    for least, most in spec.ranges:
        broken = _broken(path, tmp_path, lambda rows, least=least, most=most: rows[0].update({least: "9", most: "3"}))
        assert any("is more than" in text for text in validate._row_problems(broken.rows[0], spec, KNOWN))


KEYED = [path for path in PATHS if validate.SPECS[path.stem].key is not None]


@pytest.mark.parametrize("path", KEYED, ids=_name)
def test_two_rows_for_one_day_are_seen(path: Path, tmp_path: Path) -> None:
    broken = _broken(path, tmp_path, lambda rows: rows.append({**rows[0], "id": "again"}))
    assert any("overlap" in text for text in validate.problems(broken, KNOWN))


class TestModifiers:
    """Keys are per file: a modifier has rows for several payers, modalities and kinds of code, all at the same time."""

    def test_several_rows_match_one_line_and_pass(self) -> None:
        rows = tables.MODIFIERS.in_force(date(2026, 3, 2), payer="medicare", modality="audio")
        assert len(rows) > 1
        (path,) = tables.MODIFIERS.paths
        assert validate.problems(read_table(path), KNOWN) == []

    @pytest.mark.parametrize(
        "change",
        [{"applies_to": "telephone"}, {"modality": "audio"}, {"payer": "any"}, {"modifier": "ZZ"}],
        ids=lambda change: next(iter(change)),
    )
    def test_another_row_for_the_same_modifier_passes(self, change: dict[str, str], tmp_path: Path) -> None:
        added = _broken(
            tables.MODIFIERS.paths[0], tmp_path, lambda rows: rows.append({**_modifier(rows), "id": "more", **change})
        )
        assert validate.problems(added, KNOWN) == []

    def test_the_same_key_twice_fails(self, tmp_path: Path) -> None:
        twice = _broken(
            tables.MODIFIERS.paths[0], tmp_path, lambda rows: rows.append({**_modifier(rows), "id": "more"})
        )
        assert [text for text in validate.problems(twice, KNOWN) if "overlap" in text]

    def test_the_same_key_later_passes(self, tmp_path: Path) -> None:
        def succeed(rows: Rows) -> None:
            row = _modifier(rows)
            rows.append({**row, "id": "more", "effective_from": "2030-01-01"})
            row["effective_to"] = "2029-12-31"

        assert validate.problems(_broken(tables.MODIFIERS.paths[0], tmp_path, succeed), KNOWN) == []


def _modifier(rows: Rows) -> dict[str, str]:
    return next(row for row in rows if row["id"] == "M-95-COM")


@pytest.mark.parametrize("path", KEYED, ids=_name)
def test_a_day_without_a_row_is_seen(path: Path, tmp_path: Path) -> None:
    def gap(rows: Rows) -> None:
        start = date.fromisoformat(rows[0]["effective_from"] or "2026-01-01")
        again = {**rows[0], "id": "again", "effective_from": str(start + timedelta(days=9)), "effective_to": ""}
        rows[0]["effective_to"] = str(start + timedelta(days=1))
        key = validate.SPECS[path.stem].key or ()
        rows[1:] = [row for row in rows[1:] if key and any(row[column] != rows[0][column] for column in key)]
        rows.append(again)

    assert any("no row between" in text for text in validate.problems(_broken(path, tmp_path, gap), KNOWN))


@pytest.mark.parametrize("name", ["cpt_timed", "hcpcs_timed"])
def test_two_codes_for_the_same_minutes_are_seen(name: str, tmp_path: Path) -> None:
    (path,) = [path for path in PATHS if path.stem == name]
    broken = _broken(path, tmp_path, lambda rows: rows.append({**rows[1], "id": "twin", "code": "twin"}))
    assert any("both fit" in text for text in validate.problems(broken, KNOWN))


def test_a_higher_level_for_fewer_minutes_is_seen(tmp_path: Path) -> None:
    (path,) = tables.VISITS.paths
    broken = _broken(path, tmp_path, lambda rows: rows[3].update({"min_minutes": "1"}))
    assert any("higher level" in text for text in validate.problems(broken, KNOWN))


def test_no_default_row_is_seen(tmp_path: Path) -> None:
    (path,) = tables.PAYER_ROWS.paths
    broken = _broken(path, tmp_path, lambda rows: rows[0].update({"is_default": "no"}))
    assert any("exactly one default" in text for text in validate.problems(broken, KNOWN))


def test_a_lapse_without_advice_is_seen(tmp_path: Path) -> None:
    (path,) = tables.MEDICARE_WINDOWS.paths

    def silence(rows: Rows) -> None:
        for row in rows:
            row["action"] = ""

    broken = _broken(path, tmp_path, silence)
    assert any("must say what to do" in text for text in validate.problems(broken, KNOWN))


@pytest.mark.parametrize("name", ["services", "payers", "professions", "audio_reasons"])
def test_a_word_without_a_row_is_seen(name: str, tmp_path: Path) -> None:
    (path,) = [path for path in PATHS if path.stem == name]
    broken = _broken(path, tmp_path, lambda rows: rows.pop(0))
    assert any("no row for" in text for text in validate.problems(broken, KNOWN))


def test_a_file_of_unknown_form_is_seen(tmp_path: Path) -> None:
    (path,) = tables.POS.paths
    strange = tmp_path / "strange.csv"
    strange.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert "nobody said" in validate.problems(read_table(strange), KNOWN)[0]
