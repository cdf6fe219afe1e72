"""P16: how long `make demo` takes: cold from a fresh clone with a fresh home, and warm. Limits: 240 s and 10 s.

The clone is of the committed state. Package files that pip has cached elsewhere are not seen: the
home is new. What the network and the package registry take is part of the cold figure.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from webside.testing.server import free_port

ROOT = Path(__file__).resolve().parent.parent
COLD_SECONDS = 240
WARM_SECONDS = 10
WARM_ROUNDS = 3


def start(clone: Path, home: Path) -> float:
    """Run `make demo` until it prints its address; stop it; return the seconds it took."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "WEBSIDE_PORT": str(free_port()),
                   "WEBSIDE_VAR": str(home / "var")}  # fmt: skip
    environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "demo"], cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    took = -1.0
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if re.fullmatch(r"http://localhost:\d+/\s*", line):
            took = time.monotonic() - began
            break
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)
    if took < 0:
        raise RuntimeError("the demo did not start:\n" + "".join(lines))
    return took


def main() -> int:
    """Measure and print; return 1 if a figure is over its limit."""
    with tempfile.TemporaryDirectory(prefix="webside-p16-") as folder:
        base = Path(folder)
        base.chmod(0o755)
        home = base / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "-q", str(ROOT), str(base / "clone")], check=True)
        cold = start(base / "clone", home)
        warm = sorted(start(base / "clone", home) for _ in range(WARM_ROUNDS))
    median = warm[len(warm) // 2]
    print(f"P16 make demo: cold {cold:.1f} s (limit {COLD_SECONDS}); warm median {median:.1f} s (limit {WARM_SECONDS})")
    return int(cold > COLD_SECONDS or median > WARM_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
