"""The static checks: what counts as reviewed, and a failure that can't be overlooked."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from config.postgres import ROOT


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"webside_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bandit_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Path]:
    module = load("check_bandit")
    (tmp_path / "pyproject.toml").write_text("[tool.bandit]\n")
    (tmp_path / "app").mkdir()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module, tmp_path / "app" / "a.py"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ('HOST = "0.0.0.0"', 1),
        ('HOST = "0.0.0.0"  # noqa: S104 - compared only', 0),
        ('HOST = "0.0.0.0"  # noqa: S104', 1),  # no reason
        ('HOST = "0.0.0.0"  # noqa: S105 - another rule', 1),
        ('HOST = "0.0.0.0"  # nosec B104 - compared only', 0),
        ('HOST = "127.0.0.1"', 0),
    ],
)
def test_a_finding_needs_a_mark_with_a_reason(
    bandit_tree: tuple[ModuleType, Path], line: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    module, file = bandit_tree
    file.write_text(f"{line}\n")
    assert module.main(["app"]) == status
    assert ("B104" in capsys.readouterr().out) == bool(status)


@pytest.mark.parametrize(
    "template",
    [
        "<p>Book a time</p>",
        '<input placeholder="Name or number">',
        "{% btn href=url %}Go on{% endbtn %}",
        '{% empty "No visits yet" %}{% endempty %}',
        '{% notice title="One more step" %}{% endnotice %}',
        "{% if late %}<b>Late</b>{% endif %}",
    ],
)
def test_a_word_that_nobody_can_translate_is_found(template: str) -> None:
    assert next(load("check_words").untranslated(f"\n{template}"))[0] == 2


def test_words_that_can_be_translated_pass() -> None:
    fine = """{% extends base %}{% comment %}Not seen.{% endcomment %}{% block body_class %}ws-home{% endblock %}
    {% translate "Book a time" %} {% blocktranslate %}See {{ who }}{% endblocktranslate %} {{ "Plain"|lower }}
    {% empty _("No visits yet") icon="calendar" %}{% endempty %} {% btn variant="plain s" %}{{ text }}{% endbtn %}
    <a class="ws-btn" href="#main" aria-label="{% translate "Skip" %}">{{ day|date:"F j" }} &middot; ICD-10-CM, 911</a>
    <svg><title>Drawn</title></svg><code>manage.py</code>"""
    assert list(load("check_words").untranslated(fine)) == []


def test_one_failure_fails_the_whole_and_shows_its_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load("check")
    fine = module.Check("fine", (sys.executable, "-c", "print('not shown')"), "nothing")
    broken = module.Check("broken", (sys.executable, "-c", "print('the reason'); raise SystemExit(3)"), "mend it")
    monkeypatch.setattr(module, "checks", lambda: [fine, broken])
    assert module.main(["fine"]) == 0
    assert module.main([]) == 1
    shown = capsys.readouterr().out
    assert "the reason" in shown
    assert "broken: mend it" in shown
    assert "not shown" not in shown
    assert "static checks: 1 passed, 1 failed" in shown
    assert module.main(["unknown"]) == 2


def test_the_hooks_before_a_commit_are_well_formed() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", str(ROOT / ".pre-commit-config.yaml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
