"""What all tests share: the database, the clock's tools, the cast.

A template database is migrated once for each state of the code and copied for each worker (a copy
takes 0.1 s). Tests run as ``webside_app``, under row-level security, as the application does.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent
BROWSERS_TIMEOUT = 600
"""Seconds: the first story of a worker prepares the demo too, and each file starts one."""
WAITS_TIMEOUT = 1500
"""The same, for who waits until another file's many calls are over."""
MOST_SECOND_TRIES = 3
"""In one run. More is no accident of a busy machine, and the run fails."""


LONG = [
    ROOT / "tests" / place
    for place in (
        "isolation/test_own.py", "isolation/test_foreign.py", "faults/test_call.py", "e2e/test_every_page.py",
        "e2e/test_call_engine.py", "e2e/test_walk.py", "faults/test_visit.py",
    )
]  # fmt: skip
"""The files that take minutes, the longest first. Beside a call over a bad line none of another file's calls: for want of a
processor that line is a worse one than it says."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test with real browsers a second time if it fails (*Second tries* in ``CONTRIBUTING.md``); long files first.

    A file stays with one worker: what comes last had better be short, or the other workers wait for it.
    """
    slow = {path: place for place, path in enumerate(LONG)}
    for item in items:
        if item.get_closest_marker("browser") or item.get_closest_marker("netns"):
            slow.setdefault(item.path, len(LONG))
            if "pair" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.timeout(WAITS_TIMEOUT))
            elif item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(BROWSERS_TIMEOUT))
            if ROOT / "tests" / "faults" not in item.path.parents:
                item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: slow.get(item.path, len(LONG) + 1))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Say of a test that failed how the browsers' pages stand, as long as they are open."""
    outcome = yield
    report = outcome.get_result()
    looks = sys.modules.get("tests.e2e.looks")
    if report.failed and looks:
        report.sections += [("A page that is open", stands) for stands in looks.how_pages_stand()]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Show why a second try was needed: whole, and at the very end in a line, which a log that is cut short still has."""
    first_tries = terminalreporter.stats.get("rerun", [])
    for report in first_tries:
        terminalreporter.write_sep("_", f"first try of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
        for title, content in report.sections:
            terminalreporter.write_sep("-", title)
            terminalreporter.write_line(content)
    yield
    for report in first_tries:
        lines = report.longreprtext.splitlines()
        place = next((line for line in lines if line.startswith("tests/")), "")
        why = " ".join(line[1:].strip() for line in lines if line.startswith("E "))
        terminalreporter.write_line(f"FIRST TRY {report.nodeid} at {place} {why[:600]}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run with more second tries than ``MOST_SECOND_TRIES``, though all passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    again = len(reporter.stats.get("rerun", [])) if reporter else 0
    if again > MOST_SECOND_TRIES and not hasattr(session.config, "workerinput"):
        sys.stderr.write(
            f"\nwebside: {again} tests needed a second try, and more than {MOST_SECOND_TRIES} fail the run\n"
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _state() -> str:
    """Name the schema's state: migrations, models, and what secures the tables."""
    digest = hashlib.sha256()
    patterns = ("webside/*/migrations/*.py", "webside/*/models.py", "webside/*/models/*.py", "webside/*/apps.py")
    for path in sorted(
        {path for pattern in patterns for path in ROOT.glob(pattern)} | {ROOT / "webside/core/schema.py"}
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Collect the static files once for all workers: pages name them by their hashes."""
    from django.conf import settings

    from webside.core.management.commands.upgrade import Command

    settings.STATIC_ROOT.parent.mkdir(parents=True, exist_ok=True)
    with (settings.STATIC_ROOT.parent / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Command.collect_static()


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """Make this worker's database from the template and point every alias at it."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from config import postgres

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    template = f"webside_template_{_state()}"
    name = f"webside_test_{worker}_{os.getpid()}"
    admin = os.environ["DATABASE_ADMIN_URL"] if postgres.external() else postgres.ensure_running(settings.VAR)["admin"]
    with django_db_blocker.unblock(), psycopg.connect(admin, autocommit=True, dbname="postgres") as connection:
        connection.execute("SELECT pg_advisory_lock(77)")
        try:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone()
            if not found:
                draft = f"{template}_draft"
                _create(draft)
                _point(connections, draft)
                call_command("migrate", database="owner", interactive=False, verbosity=0, skip_checks=True)
                _close(connections)
                connection.execute(f'ALTER DATABASE "{draft}" RENAME TO "{template}"')
        finally:
            connection.execute("SELECT pg_advisory_unlock(77)")
        _create(name, template)
        _point(connections, name)
        _empty(connections)
    yield
    with django_db_blocker.unblock():
        _close(connections)
        postgres.drop_database(name, settings.VAR)


def _create(name: str, template: str = "template0") -> None:
    from django.conf import settings

    from config import postgres

    postgres.create_database(name, settings.VAR, template=template, replace=True)


def _point(connections: Any, name: str) -> None:
    for alias in connections:
        connections[alias].close()
        if hasattr(connections[alias], "close_pool"):
            connections[alias].close_pool()
        connections[alias].settings_dict["NAME"] = name
        connections.databases[alias]["NAME"] = name


_KEPT = {"django_migrations", "django_content_type", "chart_diagnosiscode"}


def _empty(connections: Any) -> None:
    """Let the owner empty the tables after a test that commits: the application may not truncate."""
    from webside.core import lean

    def flush(_: list[str]) -> None:
        with psycopg.connect(**lean.conninfo("owner")) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            tables = ", ".join(f'"{name}"' for (name,) in found if name not in _KEPT)
            connection.execute(f"TRUNCATE {tables} CASCADE")  # type: ignore[arg-type]

    connections["default"].ops.execute_sql_flush = flush


_left: set[str] = set()


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the tables before the first test that commits; those after it empty them themselves.

    A test whose transaction is rolled back may leave rows: a refusal is noted on a connection of its own.
    """
    marker = request.node.get_closest_marker("django_db")
    commits = bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames
    if commits and _left:
        from django.db import connections

        connections["default"].ops.execute_sql_flush([])
        _left.clear()
    yield
    if not commits and "django_db_setup" in request.fixturenames:
        _left.add(request.node.nodeid)


def _close(connections: Any) -> None:
    for alias in connections:
        connections[alias].close()
        if hasattr(connections[alias], "close_pool"):
            connections[alias].close_pool()


@pytest.fixture
def cast(db: None) -> Any:
    """Give everybody of ``webside.testing.cast``, within the test's transaction."""
    from webside.testing.cast import make_cast

    return make_cast()


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:
    """Serve the whole application on the test's database; give its address."""
    from webside.testing.server import serve

    with serve() as where:
        yield where


@pytest.fixture(autouse=True)
def language_of_the_page() -> Iterator[None]:
    """Let no test begin in the language of the last one's page: a request leaves it to the thread, which the next sets."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def heads_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let each test's trail publish its heads in a file of its own: a clinic beside the tests keeps its file."""
    from webside.audit import sealing

    path = tmp_path_factory.mktemp("heads") / "heads.log"
    monkeypatch.setattr(sealing, "heads_path", lambda: path)
    return path
