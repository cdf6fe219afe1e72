"""Make the virtual environment and install the locked packages. Called by ``tools/setup.sh``.

Says what it does while it does it, and names the cause in plain words when it can't. Uses only the standard library.
Exit status: 2 when the disk is too full, else 1 on failure.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import venv
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
SPACE_MB = {"base": 700, "dev": 1500, "saml": 60}  # the packages, and as much again while they are unpacked

CAUSES = (
    (
        r"No space left on device",
        "the disk is full. Free some space and run it again.",
    ),
    (
        r"name resolution|Network is unreachable|Connection refused|timed out|ProxyError|NewConnectionError",
        "the package index can't be reached. Check the network, or a proxy or mirror in pip's own settings"
        " (pip config list), then run it again; what was downloaded is kept.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "the certificate of the package index isn't trusted here. Behind an inspecting proxy set PIP_CERT.",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "a downloaded package isn't the one that was locked (its hash differs). Nothing of it was installed. Clear"
        " pip's cache (pip cache purge) and run it again; if it stays, don't trust that index.",
    ),
    (
        r"No matching distribution|Could not find a version",
        "the package index has no build of a locked package for this Python and machine, or can't be reached.",
    ),
    (
        r"error: (command|subprocess-exited)|Failed building wheel",
        "a package has no build for this machine and couldn't be compiled. Linux on x86-64 or ARM64 and macOS work.",
    ),
)


class SetupError(Exception):
    """Set-up can't go on; the text says why. ``code`` is the exit status."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def cause_of(output: str) -> str:
    """Return plain words for what pip reported."""
    for pattern, words in CAUSES:
        if re.search(pattern, output):
            return words
    return "pip stopped; its last lines are above."


def check_space(kind: str) -> None:
    """Refuse before anything is written when the disk is too full. Raises SetupError (2)."""
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < SPACE_MB[kind]:
        raise SetupError(
            f"too little disk space: {free} MB free at {ROOT}, about {SPACE_MB[kind]} MB needed. Nothing was written.",
            code=2,
        )


def make_venv() -> None:
    """Make ``.venv`` unless a working one is there."""
    if PYTHON.exists():
        works = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False)
        if works.returncode == 0:
            return
    print(f"webside: making .venv with Python {sys.version.split()[0]}", flush=True)
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(
            f"the virtual environment couldn't be made: {error}. On Debian and Ubuntu: apt-get install python3-venv"
        ) from error


def install(requirements: Path) -> None:
    """Install a locked list with pip, with a line of progress now and then. Raises SetupError with the cause."""
    total = sum(1 for line in requirements.read_text().splitlines() if re.match(r"[a-z0-9]", line))
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-compile", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--retries=2", "-r", str(requirements)]
    print(f"webside: installing {total} packages from {requirements.relative_to(ROOT)}", flush=True)
    last: deque[str] = deque(maxlen=25)
    seen, shown = 0, time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            last.append(line.rstrip())
            seen += line.startswith(("Collecting ", "Requirement already satisfied"))
            if line.startswith("Installing collected packages"):
                print(f"webside:   {seen} ready, installing", flush=True)
            elif time.monotonic() - shown > 3:
                shown = time.monotonic()
                print(f"webside:   {seen} of {total}", flush=True)
    if pip.returncode:
        output = "\n".join(last)
        print(output, file=sys.stderr)
        raise SetupError(cause_of(output), code=2 if "No space left" in output else 1)


def main(kind: str, base_mark: str, mark: str) -> int:
    """Set up ``base`` or ``dev``; the marks tell a later run that nothing changed. Returns the exit status."""
    began = time.monotonic()
    try:
        check_space(kind)
        make_venv()
        install(ROOT / "requirements" / f"{kind}.txt")
    except SetupError as error:
        print(f"webside: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("webside: stopped; run it again to go on", file=sys.stderr)
        return 130
    (VENV / f".webside-{kind}").write_text(mark)
    if kind == "dev":  # it contains base
        (VENV / ".webside-base").write_text(base_mark)
    print(f"webside: .venv is ready ({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
