"""Run every static check, say how each went, and show the output of those that failed.

``python tools/check.py`` runs all, ``python tools/check.py ruff mypy`` the named ones. Exit status 1 if any failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
RULES = ROOT / "tools" / "semgrep"


@dataclass(frozen=True)
class Check:
    """A command that fails when something is wrong, and what to do about it."""

    name: str
    command: tuple[str, ...]
    remedy: str


def checks() -> list[Check]:
    """Return the checks, the quickest first."""
    python = sys.executable
    manage = (python, "-W", "ignore", "manage.py")
    run = (python, "-m")
    return [
        Check("ruff", (*run, "ruff", "check", "."), "make fix"),
        Check("format", (*run, "ruff", "format", "--check", "."), "make fix"),
        Check("imports", (str(BIN / "lint-imports"),), "an app imports only from below: ARCHITECTURE.md"),
        Check("django", (*manage, "check", "--fail-level", "WARNING"), "see the message"),
        Check("migrations", (*manage, "makemigrations", "--check", "--dry-run"), "python manage.py makemigrations"),
        Check("templates", (*run, "djlint", "webside", "--lint", "--quiet"), "make fix, or see the rule's name"),
        Check("words", (python, "tools/check_words.py"), 'put it into {% translate %}, or hand it over as _("…")'),
        Check("mypy", (*run, "mypy"), "see the message"),
        Check("bandit", (python, "tools/check_bandit.py"), "mend it, or mark the line: # noqa: S… - why"),
        Check("semgrep", _semgrep(), "each rule says why: tools/semgrep/"),
    ]


def _semgrep() -> tuple[str, ...]:
    quiet = ("--metrics=off", "--disable-version-check", "--quiet", "--error", "--jobs=2")
    return (str(BIN / "semgrep"), "scan", "--config", str(RULES), *quiet, "webside", "config")


def run(check: Check) -> tuple[bool, str]:
    """Run one check; return whether it passed, and the text to show."""
    began = time.monotonic()
    environment = {**os.environ, "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
    done = subprocess.run(check.command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    line = f"{check.name:<11} {'FAILED' if done.returncode else 'ok':<7} {time.monotonic() - began:5.1f} s"
    if done.returncode == 0:
        return True, line
    return False, f"{line}\n{(done.stdout + done.stderr).strip()}\n  -> {check.name}: {check.remedy}\n"


def main(names: list[str]) -> int:
    """Run the named checks, or all; return the exit status."""
    known = checks()
    unknown = set(names) - {check.name for check in known}
    if unknown:
        print(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(check.name for check in known)}")
        return 2
    results = []
    with ThreadPoolExecutor(max_workers=2) as pool:  # mypy and semgrep are long, the others fit beside them
        for passed, text in pool.map(run, [check for check in known if not names or check.name in names]):
            results.append(passed)
            print(text, flush=True)
    failed = results.count(False)
    print(f"static checks: {len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
