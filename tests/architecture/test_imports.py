"""The contracts of ``.importlinter`` hold for every app there will be: a module planted in a new one breaks them."""

from __future__ import annotations

import configparser
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEBSIDE = ROOT / "webside"
CONTRACTS = ROOT / ".importlinter"

PURE = {"rules", "codes", "events"}
PLAIN = {
    "core/decisions.py": "",
    "core/dated.py": "",
    "core/retention.py": "",
    "newapp/codes.py": "",
    "newapp/events.py": "",
    "newapp/rules/fever.py": "from webside.newapp import codes",
    "newapp/models.py": "import django\nfrom webside.newapp import codes, events",
    "newapp/policies.py": "from webside.newapp import models",
    "newapp/selectors/shown.py": "from webside.newapp import policies",
    "newapp/services/writing.py": "from webside.newapp import selectors",
    "newapp/views/patient.py": "from webside.newapp import selectors, services",
    "newapp/registry.py": "",
}
"""A new app as it should be, beside the modules that the contracts name."""

Lint = Callable[[dict[str, str]], str]


@pytest.fixture
def lint(tmp_path: Path) -> Lint:
    """Give what import-linter says of the new app with some modules changed: the names of the broken contracts."""

    def run(changed: dict[str, str]) -> str:
        for name, text in {"__init__.py": "", **PLAIN, **changed}.items():
            path = tmp_path / "webside" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text, encoding="utf-8")
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "__init__.py").touch()
        (tmp_path / ".importlinter").write_text(CONTRACTS.read_text(encoding="utf-8"), encoding="utf-8")
        chosen = [
            part for each in ("rules-are-pure", "rooms", "views-never-import-models") for part in ("--contract", each)
        ]
        done = subprocess.run(
            [Path(sys.executable).parent / "lint-imports", "--no-cache", *chosen],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Analyzed" in done.stdout, done.stdout + done.stderr
        return "\n".join(line for line in done.stdout.splitlines() if line.endswith("BROKEN"))

    return run


def test_an_app_as_it_should_be_passes(lint: Lint) -> None:
    assert lint({}) == ""


@pytest.mark.parametrize(
    ("module", "text", "broken"),
    [
        ("newapp/codes.py", "import django", "never reach Django"),
        ("newapp/events.py", "from django.db import models", "never reach Django"),
        ("newapp/rules/fever.py", "import psycopg", "never reach Django"),
        ("newapp/rules/fever.py", "def ask():\n    import django", "never reach Django"),
        ("newapp/rules/fever.py", "from webside.newapp import registry", "never reach Django"),  # it imports Django
        ("newapp/codes.py", "from webside.newapp import events", "down through its rooms"),
        ("newapp/events.py", "from webside.newapp.rules import fever", "down through its rooms"),
        ("newapp/models.py", "from webside.newapp import policies", "down through its rooms"),
        ("newapp/policies.py", "from webside.newapp.selectors import shown", "down through its rooms"),
        ("newapp/selectors/shown.py", "from webside.newapp.services import writing", "down through its rooms"),
        ("newapp/services/writing.py", "from webside.newapp.views import patient", "down through its rooms"),
        ("newapp/views/patient.py", "from webside.newapp import models", "Views never import models"),
    ],
)
def test_a_planted_import_is_found(lint: Lint, module: str, text: str, broken: str) -> None:
    assert broken in lint({"newapp/registry.py": "import django", module: text})


def test_every_pure_module_stands_where_the_contract_looks() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(CONTRACTS)
    named = contracts["importlinter:contract:rules-are-pure"]["source_modules"].split()
    assert {f"webside.*.{room}" for room in PURE} <= set(named)
    rooms = [
        path.relative_to(WEBSIDE) for path in WEBSIDE.rglob("*") if path.stem in PURE and "tests" not in path.parts
    ]
    found = [path for path in rooms if path.suffix == ".py" or (WEBSIDE / path / "__init__.py").exists()]
    assert len(found) > 20
    assert [str(path) for path in found if len(path.parts) != 2] == []
