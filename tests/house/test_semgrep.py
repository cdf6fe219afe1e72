"""Our own semgrep rules find what they are for, and leave the right way alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from config.postgres import ROOT

RULES = ROOT / "tools" / "semgrep" / "webside.yaml"
SEMGREP = Path(sys.executable).parent / "semgrep"

# For each rule: the file, then lines that it must find, then lines that it must leave alone.
SAMPLES: dict[str, tuple[str, list[str], list[str]]] = {
    "time-comes-from-the-clock": (
        "visits/services.py",
        ["start = timezone.now()", "today = date.today()", "x = datetime.now(UTC)", "y = datetime.utcnow()"],
        ["start = clock.now()", "day = start.date()"],
    ),
    "no-sleep": ("visits/tasks.py", ["time.sleep(5)"], ["timers.start(due=later)"]),
    "no-signals-for-domain-flow": (
        "visits/handlers.py",
        ["@receiver(post_save)\ndef changed(sender, **kwargs): ...", "post_save.connect(changed)"],
        ["post_migrate.connect(secure)", "database.connect(url)"],
    ),
    "request-json-has-one-entrance": (
        "visits/views/patient.py",
        ["body = json.loads(request.body)"],
        ["body = strict.read(request)", "kept = json.loads(stored)"],
    ),
    "outgoing-requests-have-one-guard": (
        "notifications/services.py",
        ["httpx.post(url)", "urllib.request.urlopen(url)"],
        ["client.send(url)"],
    ),
    "html-is-escaped": ("visits/forms.py", ["x = mark_safe(name)"], ["x = format_html('{}', name)"]),
    "logs-are-constant-words": (
        "visits/selectors.py",
        ["log.info(f'seen {patient}')", "logger.error('seen %s' % patient)"],
        ["log.info('visit seen', extra={'visit': visit.id})", "log.info('seen %s', visit.id)"],
    ),
    "session-wide-tenant-setting": (
        "core/frames_two.py",
        ["run(\"SET app.tenant = 'x'\")", "run(\"SELECT set_config('app.tenant', %s, false)\")"],
        ["run(\"SET LOCAL app.tenant = 'x'\")", "run(\"SELECT set_config('app.tenant', %s, true)\")"],
    ),
    "definer-functions-fix-their-search-path": (
        "people/search.py",
        ["S = '''CREATE FUNCTION a() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$;'''"],
        ["S = '''CREATE FUNCTION b() RETURNS int SECURITY DEFINER SET search_path = public AS $$ SELECT 1 $$;'''"],
    ),
    "csrf-is-not-switched-off": ("visits/urls.py", ["view = csrf_exempt(view)"], ["view = require_POST(view)"]),
    "templates-have-no-inline-script": (
        "visits/templates/visits/page.html",
        [
            "<script>go()</script>",
            '<button onclick="go()">',
            '<p style="color:red">',
            '<a href="javascript:go()">',
        ],
        ['<script type="module" src="/a.js"></script>', '<script type="importmap">{}</script>', '<p class="one">'],
    ),
    "templates-do-not-switch-escaping-off": (
        "visits/templates/visits/other.html",
        ["{{ name|safe }}", "{% autoescape off %}"],
        ["{{ name }}", "{{ safe_address }}"],
    ),
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, int]]]:
    """Every sample in one scan: rule → (file, line) found."""
    if not SEMGREP.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("semgrep isn't installed")
        pytest.skip("semgrep isn't installed")
    tree = tmp_path_factory.mktemp("samples")
    shutil.copy(RULES, tree / "rules.yaml")
    for name, bad, good in SAMPLES.values():
        for kind, lines in {"bad": bad, "good": good}.items():
            path = tree / kind / "webside" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n")
    quiet = ("--metrics=off", "--disable-version-check", "--no-git-ignore", "--jobs=1")
    done = subprocess.run(
        [str(SEMGREP), "scan", "--config", "rules.yaml", "--json", *quiet, "bad", "good"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SEMGREP_SEND_METRICS": "off"},
    )
    found: dict[str, set[tuple[str, int]]] = {}
    for result in json.loads(done.stdout)["results"]:
        found.setdefault(result["check_id"].rpartition(".")[2], set()).add((result["path"], result["start"]["line"]))
    return found


def test_every_rule_has_a_sample() -> None:
    assert {rule["id"] for rule in yaml.safe_load(RULES.read_text())["rules"]} == set(SAMPLES)


@pytest.mark.parametrize("rule", SAMPLES)
def test_a_rule_finds_each_wrong_line_and_no_right_one(rule: str, findings: dict[str, set[tuple[str, int]]]) -> None:
    name, bad, _good = SAMPLES[rule]
    line, wanted = 1, set()
    for text in bad:
        wanted.add((f"bad/webside/{name}", line))
        line += text.count("\n") + 1
    assert findings.get(rule, set()) == wanted
