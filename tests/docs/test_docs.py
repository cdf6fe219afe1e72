"""The documentation says what is: fresh, complete, with every link and every named test in place."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WEBSIDE = ROOT / "webside"

APPS = sorted(path.parent.name for path in WEBSIDE.glob("*/apps.py"))
FOLDERS = sorted(path.parent.name for path in WEBSIDE.glob("*/__init__.py"))
QUALITY = {
    "policy_tests", "audit", "fhir", "events_documented", "rules_sourced", "axe_clean", "i18n", "retention",
}  # fmt: skip
PICTURES = {"landing", "check-in", "call", "clinician-visit", "sign", "trail"}
SEVERITIES = {"negligible", "minor", "serious", "critical", "catastrophic"}
LIKELIHOODS = {"improbable", "remote", "occasional", "probable", "frequent"}
MOST_README_LINES = 40
LEAST_HAZARDS = 15
LEAST_NEEDS = 25
LEAST_QUOTED = 6  # words of the screen in a guide, in bold; the one for guests is short
STATES = {"done", "part", "no"}
"""How far a row of a table about the whole product is: *done* has a test."""


def pages() -> list[Path]:
    """Every Markdown page that readers of the project see."""
    found = [
        *ROOT.glob("*.md"), *DOCS.rglob("*.md"), *WEBSIDE.rglob("*.md"), *(ROOT / "tests").rglob("*.md"),
        *(ROOT / "benchmarks").rglob("*.md"),
    ]  # fmt: skip
    return sorted(path for path in found if "vendor" not in path.parts)


def name(path: Path) -> str:
    """A path as people read it."""
    return path.relative_to(ROOT).as_posix()


# ------------------------------------------------------------------------------------------------ freshness


def docs_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py docs`` apart from this process, whose registers other tests may have added to."""
    environment = {key: value for key, value in os.environ.items() if key != "WEBSIDE_DEMO"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "docs", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_reference_pages_are_what_the_code_says() -> None:
    done = docs_command("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stale_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management import CommandError, call_command

    from webside.core.management.commands import docs

    monkeypatch.setattr(docs, "DOCS", tmp_path)
    monkeypatch.setattr(docs, "PAGES", {"reference/settings.md": docs.settings_page})
    with pytest.raises(CommandError, match="settings"):
        call_command("docs", check=True)
    call_command("docs", verbosity=0)
    call_command("docs", check=True)
    page = tmp_path / "reference" / "settings.md"
    page.write_text(page.read_text().replace("WEBSIDE_PORT", "WEBSIDE_PROT"))
    with pytest.raises(CommandError, match="settings"):
        call_command("docs", check=True)


def test_every_setting_is_on_its_page() -> None:
    from django.conf import settings

    page = (DOCS / "reference" / "settings.md").read_text()
    fields = type(settings.ENV).model_fields
    missing = {
        str(field.validation_alias or f"WEBSIDE_{key}".upper())
        for key, field in fields.items()
        if f"`{field.validation_alias or f'WEBSIDE_{key}'.upper()}`" not in page
    }
    assert missing == set()


# ------------------------------------------------------------------------------------------------------ map


def test_the_map_of_the_readme_names_every_app() -> None:
    rows = set(re.findall(r"^\| \[`?([a-z]+)`?\]\(webside/\1/?\)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert rows == set(FOLDERS)


def test_the_readme_shows_six_pictures() -> None:
    shown = set(re.findall(r"docs/images/([a-z-]+)\.png", (ROOT / "README.md").read_text()))
    assert shown == PICTURES


@pytest.mark.parametrize("app", APPS)
def test_each_app_introduces_itself_within_forty_lines(app: str) -> None:
    readme = WEBSIDE / app / "README.md"
    assert readme.exists(), f"{app} has no README.md"
    lines = readme.read_text().splitlines()
    assert len(lines) <= MOST_README_LINES
    assert re.search(r"\bstart here\b", readme.read_text(), re.IGNORECASE), f"{app}: where does a reader start?"


@pytest.mark.parametrize("app", APPS)
def test_each_app_says_how_good_it_is(app: str) -> None:
    path = WEBSIDE / app / "quality.yaml"
    assert path.exists(), f"{app} has no quality.yaml"
    said = yaml.safe_load(path.read_text())
    assert set(said) == QUALITY
    wrong = {key: word for key, word in said.items() if not re.fullmatch(r"done|todo|exempt: \S.{9,}", str(word))}
    assert wrong == {}


@pytest.mark.parametrize("app", APPS)
def test_done_has_something_to_show(app: str) -> None:
    path = WEBSIDE / app / "quality.yaml"
    said = yaml.safe_load(path.read_text()) if path.exists() else {}
    if said.get("fhir") == "done":
        assert (WEBSIDE / app / "fhir.py").exists()
    if said.get("policy_tests") == "done":
        assert list((WEBSIDE / app / "tests").glob("test_*.py"))
    if said.get("events_documented") == "done" and (WEBSIDE / app / "events.py").exists():
        page = (DOCS / "reference" / "events.md").read_text()
        ours = re.findall(r"^class (\w+)\(Event\):", (WEBSIDE / app / "events.py").read_text(), re.MULTILINE)
        assert [event for event in ours if f"`{app}.{event}`" not in page] == []


def test_every_rule_has_its_page_of_prose_and_examples() -> None:
    from webside.core import decisions

    assert {rule.name for rule in decisions.all_rules()} <= {
        path.stem for path in (DOCS / "reference" / "rules").glob("*.md")
    }


# ------------------------------------------------------------------------------------------------- decisions


def records() -> list[Path]:
    """The records of decisions."""
    return sorted((DOCS / "adr").glob("[0-9]*.md"))


def test_records_are_numbered_without_a_gap() -> None:
    assert [path.name[:4] for path in records()] == [f"{number:04}" for number in range(1, len(records()) + 1)]


@pytest.mark.parametrize("path", records(), ids=lambda path: path.stem)
def test_a_record_is_one_page_of_three_parts(path: Path) -> None:
    text = path.read_text()
    assert re.match(rf"# {path.name[:4]}: \S", text), "the title starts with the number"
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.split()) < 700
    assert f"]({path.name})" in (DOCS / "adr" / "README.md").read_text()


def test_the_record_of_rooms_names_every_room_that_the_house_allows() -> None:
    from tests.architecture.test_rooms import ROOMS

    text = (DOCS / "adr" / "0004-more-rooms-in-an-app.md").read_text()
    named = set(re.findall(r"`([a-z_]+(?:\.py)?)/?`", text))
    further = {"gates.py", "panels.py", "registry.py", "middleware.py", "context_processors.py", "engines"}
    assert further | {"templatetags"} <= named
    assert further | {"templatetags"} <= ROOMS


# --------------------------------------------------------------------------------------------------- hazards


def hazards() -> list[dict[str, object]]:
    """The entries of the hazard log."""
    return list(yaml.safe_load((DOCS / "safety" / "hazards.yaml").read_text())["hazards"])


@cache
def named_tests(path: Path) -> frozenset[str]:
    """Return the tests of a file: ``test_name`` and ``TestClass::test_name``."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}::{each.name}"
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return frozenset(each for each in found if each.rpartition("::")[2].startswith("test_"))


def exists(test: str) -> bool:
    """Whether ``path::test`` names a test that pytest would collect."""
    path, _, function = test.partition("::")
    file = ROOT / path
    return file.is_file() and file.name.startswith("test_") and function in named_tests(file)


def test_the_check_of_tests_can_fail() -> None:
    assert exists("tests/docs/test_docs.py::test_the_check_of_tests_can_fail")
    assert not exists("tests/docs/test_docs.py::test_that_nobody_wrote")
    assert not exists("tests/docs/test_docs.py::exists")
    assert not exists("tests/docs/test_gone.py::test_it")
    assert not exists("tests/docs/test_docs.py")


def test_the_log_has_enough_hazards_and_numbers_them() -> None:
    found = hazards()
    assert len(found) >= LEAST_HAZARDS
    assert [each["id"] for each in found] == [f"H{number:02}" for number in range(1, len(found) + 1)]


@pytest.mark.parametrize("hazard", hazards(), ids=lambda hazard: str(hazard["id"]))
def test_a_hazard_is_whole(hazard: dict[str, object]) -> None:
    words = ("id", "hazard", "cause", "harm", "before", "controls", "after", "residual")
    assert tuple(hazard) == words
    for moment in ("before", "after"):
        risk = hazard[moment]
        assert isinstance(risk, dict)
        assert risk["severity"] in SEVERITIES
        assert risk["likelihood"] in LIKELIHOODS
    assert hazard["controls"]
    assert len(str(hazard["residual"])) > 20, "there is always something left"


@pytest.mark.parametrize("hazard", hazards(), ids=lambda hazard: str(hazard["id"]))
def test_each_control_is_held_by_tests_that_exist(hazard: dict[str, object]) -> None:
    controls = hazard["controls"]
    assert isinstance(controls, list)
    for control in controls:
        assert control["tests"], f"no test holds: {control['text']}"
        assert [test for test in control["tests"] if not exists(test)] == []


def test_the_security_table_names_tests_that_exist() -> None:
    page = (DOCS / "reference" / "asvs.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    assert f"**Started**: {len(rows)} of" in page
    for row in rows:
        named = re.findall(r"`((?:webside|tests)/[^`]+)`", row)
        state = row.split("|")[4].strip()
        assert state in STATES, row
        assert named or state != "done", f"nothing shows it: {row}"
        assert [test for test in named if not exists(test)] == []


def test_the_table_of_accessibility_names_tests_that_exist() -> None:
    page = (DOCS / "reference" / "accessibility.md").read_text()
    rows = [
        line.split("|")
        for line in page.splitlines()
        if line.startswith("| ") and not line.startswith(("| need", "| ---"))
    ]
    assert len(rows) >= LEAST_NEEDS
    for _, need, state, shown, _ in rows:
        assert state.strip() in STATES, need
        named = re.findall(r"`((?:webside|tests)/[^`]+)`", shown)
        assert named or state.strip() != "done", f"nothing shows it: {need}"
        assert [test for test in named if not exists(test)] == []


@cache
def words_of_pages(*, spanish: bool) -> frozenset[str]:
    """Every text that people can read on a page, as the catalogues of the translations list them; … for what is put in."""
    found: set[str] = set()
    for path in WEBSIDE.glob("*/locale/es/LC_MESSAGES/django.po"):
        for message in read_po(io.BytesIO(path.read_bytes())):
            said = message.string if spanish else message.id
            found.update(said if isinstance(said, tuple) else (said,))
    return frozenset(re.sub(r"%\(\w+\)[sd]", "…", each).strip() for each in found if each)


@pytest.mark.parametrize("path", sorted((DOCS / "guides").glob("*.md")), ids=lambda path: path.stem)
def test_what_a_guide_quotes_stands_on_a_page(path: Path) -> None:
    quoted = set(re.findall(r"\*\*([^*]+)\*\*", path.read_text(encoding="utf-8")))
    assert len(quoted) >= LEAST_QUOTED
    assert quoted - words_of_pages(spanish=path.stem.endswith(".es")) == set()


def test_the_log_says_that_nobody_has_signed_it() -> None:
    assert "No clinical safety officer has signed it" in " ".join(
        (DOCS / "safety" / "hazard-log.md").read_text().split()
    )


# ------------------------------------------------------------------------------------------------------ links

CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def links(path: Path) -> Iterator[str]:
    """Yield the targets of a page's links and pictures that lie in the repository."""
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", text):
        if not re.match(r"[a-z][a-z+.-]*:|//", target):
            yield target


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).lower())
        found.add(words.strip().replace(" ", "-"))
    return found


def broken(path: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    wrong = []
    for link in links(path):
        target, _, anchor = unquote(link).partition("#")
        place = (path.parent / target).resolve() if target else path
        outside = ROOT not in (place, *place.parents)
        no_heading = bool(anchor) and place.suffix == ".md" and place.exists() and anchor not in anchors(place)
        if outside or not place.exists() or no_heading:
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("path", pages(), ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert broken(path) == []


def test_a_broken_link_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("# A title\n[good](#a-title) [bad](#no-title) [gone](gone.md) [out](../x.md) `[code](no.md)`\n")
    assert broken(page) == ["#no-title", "gone.md", "../x.md"]


def commands(page: str) -> list[str]:
    """Return what a page has people type into Django's shell."""
    return re.findall(r"manage\.py shell <<'END'\n(.*?)\nEND\n", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.django_db(transaction=True)
def test_a_first_clinic_is_set_up_by_what_the_page_has_people_type() -> None:
    from webside.accounts.models import User
    from webside.catalog.models import HealthcareService
    from webside.compliance.selectors import current_text
    from webside.core import frames
    from webside.core.actor import system
    from webside.core.models import Tenant

    clinic, care = commands("how-to/run-in-production.md")
    exec(clinic, {})  # noqa: S102 - a page of ours
    User.objects.create_user("clinician@clinic.example", "a long passphrase of hers", name="Ann Lee")
    exec(care, {})  # noqa: S102
    tenant = Tenant.objects.get(slug="yourclinic")
    with frames.begin(tenant_id=tenant.id, actor=system("test", tenant.id)):
        assert current_text("telehealth") and current_text("visit")
        assert [row.name for row in HealthcareService.objects.filter(practitioners__family="Lee")] == ["Video visit"]
