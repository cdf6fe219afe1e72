"""No data row is idle: each file that a rule reads is in a test that ends every one of its rows."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from webside.billing.rules import validate
from webside.billing.rules.tables import DATA as BILLING

ROOT = Path(__file__).resolve().parents[2]
WEBSIDE = ROOT / "webside"

READ_BY_NO_RULE = {
    WEBSIDE / "ui" / "data" / "patterns.yaml": "examples of the pattern gallery, no rows",
    **{
        BILLING / name: "kept for a later capability; billing tests that no rule loads it"
        for name in (*validate.LATER, *validate.LATER_OTHERS)
    },
}


def data_files(webside: Path) -> set[Path]:
    """Return the files that may hold rows, of every app."""
    return {path for path in webside.glob("*/data/**/*") if path.suffix in (".csv", ".yaml", ".yml")}


def _ended() -> dict[Path, str]:
    """Return each file whose every row some test ends, with that test's module: they say so in ``ENDED``."""
    found = {}
    for path in sorted(WEBSIDE.glob("*/tests/test_*.py")):
        names = [
            target.id
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        if "ENDED" in names:
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found |= dict.fromkeys(import_module(module).ENDED, module)
    return found


def test_every_file_that_a_rule_reads_has_each_of_its_rows_ended() -> None:
    assert data_files(WEBSIDE) - READ_BY_NO_RULE.keys() == _ended().keys()


def test_a_new_file_would_be_seen(tmp_path: Path) -> None:
    for name in ("fever.csv", "packs/fever.yaml"):
        path = tmp_path / "chart" / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("id,source,confidence\n", encoding="utf-8")
    assert {path.name for path in data_files(tmp_path)} == {"fever.csv", "fever.yaml"}


@pytest.mark.parametrize("module", sorted(set(_ended().values())))
def test_who_says_so_ends_rows(module: str) -> None:
    """A module that names files in ``ENDED`` draws its rows from there and ends them."""
    tree = ast.parse((ROOT / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8"))
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert {"ENDED", "ended"} <= read
