"""Run bandit, and count as reviewed what carries ruff's mark for the same rule.

ruff's rules ``S…`` are bandit's ``B…`` under the same numbers, and this project marks a reviewed line once, for ruff:
``# noqa: S608 - own names``. Bandit doesn't read that mark. Here a finding is dropped when a line of it does carry it,
with a reason. Where ruff sees nothing and bandit does, bandit's own mark stands: ``# nosec B608 - own names``.
Exit status 1 when anything is left.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RUFFS = ("B308", "B703")  # mark_safe: ruff's S308 tells a constant from a variable, bandit doesn't


def marks(text: str) -> set[str]:
    """Return ruff's rules that a line silences with a reason: ``# noqa: S104, S608 - why``."""
    found = re.search(r"#\s*noqa:\s*([A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)\s+-+\s*\S", text)
    return set(re.split(r"\s*,\s*", found[1])) if found else set()


def reviewed(finding: dict[str, Any], lines: list[str]) -> bool:
    """Whether ruff decides, or a line of the statement that was found carries the mark for its rule."""
    if finding["test_id"] in RUFFS:
        return True
    rule = f"S{finding['test_id'][1:]}"
    return any(rule in marks(lines[number - 1]) for number in finding["line_range"] if number <= len(lines))


def main(folders: list[str]) -> int:
    """Run bandit over the folders; print what nobody has reviewed."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", *folders, "-c", "pyproject.toml", "-f", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(done.stdout + done.stderr)
        return 1
    left = [
        finding
        for finding in report["results"]
        if not reviewed(finding, (ROOT / finding["filename"]).read_text(encoding="utf-8").splitlines())
    ]
    for finding in left:
        print(f"{finding['filename']}:{finding['line_number']}: {finding['test_id']} {finding['issue_text']}")
    for error in report["errors"]:
        print(f"{error['filename']}: {error['reason']}")
    return 1 if left or report["errors"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["webside", "config"]))
