"""The table is whole: each route, topic, lean route and reader of files has its row, and each row its route."""

from __future__ import annotations

import ast
from pathlib import Path

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from tests.isolation import routes
from tests.isolation.canaries import KINDS
from tests.isolation.expectations import (
    ALLAUTH,
    ATTACKED_BY,
    DEMO_ONLY,
    FILE_READERS,
    LEAN,
    MAY_READ,
    OF_NO_CLINIC,
    ROWS,
    SHOWN_TO_NOBODY,
    TOPICS,
)

ROOT = Path(__file__).resolve().parents[2]
TEACH = (
    "Add a row to tests/isolation/expectations.py, under its app: who of the clinic gets in by GET and by POST, with"
    " which status, and a form that works for them. Everybody else must be refused. The head of that file says how."
)


def test_every_page_has_a_row() -> None:
    known = {row.route for row in [*ROWS, *ALLAUTH]} | DEMO_ONLY
    missing = sorted({page.name for page in routes.pages()} - known)
    assert missing == [], f"nobody has said who gets in at {', '.join(missing)}. {TEACH}"


def test_every_row_has_a_page() -> None:
    pages = {page.name for page in routes.pages()}
    gone = sorted({row.route for row in [*ROWS, *ALLAUTH]} - pages)
    assert gone == [], f"these rows name no route any more: {', '.join(gone)}. Take them out of the table."


def test_a_page_under_no_clinic_is_named_as_one() -> None:
    assert {page.name for page in routes.pages() if not page.of_tenant} - DEMO_ONLY == OF_NO_CLINIC


def test_the_demos_pages_are_not_there_without_the_demo() -> None:
    assert not settings.DEMO
    for name in DEMO_ONLY:
        try:
            reverse(name, args=["x"])
        except NoReverseMatch:
            continue
        raise AssertionError(f"{name} is served without the demo")


def test_the_demo_adds_no_other_page() -> None:
    from webside.demo import urls

    assert {f"demo:{pattern.name}" for pattern in urls.urlpatterns} == DEMO_ONLY, TEACH


def test_every_route_of_the_lean_lane_is_named() -> None:
    assert set(routes.lean_routes()) == set(LEAN), f"LEAN says what opens each. {TEACH}"


def test_every_route_of_the_lean_lane_is_attacked_somewhere() -> None:
    lanes = {path: [start for start in ATTACKED_BY if path.startswith(start)] for path in routes.lean_routes()}
    assert [path for path, starts in lanes.items() if len(starts) != 1] == [], (
        "ATTACKED_BY names the test that attacks it"
    )
    named = [test.split("::") for tests in ATTACKED_BY.values() for test in tests]
    assert [name for path, name in named if f"def {name}(" not in (ROOT / path).read_text()] == []


def test_every_topic_is_named() -> None:
    assert set(routes.topics()) == set(TOPICS), f"TOPICS says who gets a ticket for each. {TEACH}"


def test_every_reader_of_files_is_named() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "webside").rglob("*.py")
        if "/tests/" not in str(path) and path != ROOT / "webside/core/files.py" and _reads_files(path)
    }
    assert found == set(FILE_READERS), f"FILE_READERS names who reads stored files, and its route. {TEACH}"


def _reads_files(path: Path) -> bool:
    """Whether a module takes ``read`` (or all) of ``core.files``, or opens its folder."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "webside.core.files":
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "files":
            names = {node.attr}
        else:
            continue
        if names & {"read", "_folder"}:
            return True
    return False


def test_every_kind_of_text_has_somebody_who_reads_it() -> None:
    read = {kind for kinds in MAY_READ.values() for kind in kinds}
    assert read | SHOWN_TO_NOBODY == set(KINDS), "a canary that nobody can meet proves nothing"
