"""Run every figure, or those named: ``python -m benchmarks [decide p11 p15 …]``. Exit code 1 if one is over its limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIGURES = [HERE / "decide.py", *sorted(HERE.glob("p[0-9]*.py"))]


def main(names: list[str]) -> int:
    """Run the benchmarks whose file name begins with one of the words ``names`` (all without names)."""
    failed = 0
    for path in FIGURES:
        if names and path.stem.partition("_")[0] not in names:
            continue
        print(f"\n== {path.stem}", flush=True)
        failed |= subprocess.run(
            [sys.executable, "-m", f"benchmarks.{path.stem}"], cwd=HERE.parent, check=False
        ).returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
