"""The embedded PostgreSQL: made safe, found again after a crash, and clear about what is in its way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import postgres
from config.postgres import PostgresError, Server


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A short folder: pytest's own are too deep for root's helper to enter."""
    folder = Path("/tmp") / f"webside-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def server(home: Path, said: list[str]) -> Iterator[Server]:
    server = Server(home / "var", say=said.append)
    server.ensure_running()
    yield server
    server.stop()


def kill_server(server: Server, number: signal.Signals = signal.SIGKILL) -> int:
    pid = server.pid()
    assert pid is not None
    os.kill(pid, number)
    return pid


def test_it_says_what_it_does_while_it_is_made(server: Server, said: list[str]) -> None:
    assert said[:3] == ["making the database", "starting PostgreSQL", "preparing roles and extensions"]


@pytest.mark.parametrize("role", ["owner", "app", "sealer"])
def test_each_role_signs_in_as_itself_without_any_privilege(server: Server, role: str) -> None:
    with psycopg.connect(server.url(role)) as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (postgres.ROLES[role], False, False, False, False, False)


def test_the_owner_may_make_tables_and_the_others_may_not(server: Server) -> None:
    with psycopg.connect(server.url("owner")) as connection:
        connection.execute("CREATE TABLE trial (id int)")
        connection.rollback()
    for role in ("app", "sealer"):
        with psycopg.connect(server.url(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE trial (id int)")


def test_the_extensions_are_there(server: Server) -> None:
    with psycopg.connect(server.url("app")) as connection:
        found = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
    assert found >= set(postgres.EXTENSIONS)


def test_writes_are_durable_and_the_server_is_small(server: Server) -> None:
    with psycopg.connect(server.url("app")) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "listen_addresses")
        }
    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": "32MB",
        "listen_addresses": "",
    }


@pytest.mark.parametrize("password", ["", "wrong"])
@pytest.mark.parametrize("role", ["admin", "owner", "app", "sealer"])
def test_nobody_is_trusted(server: Server, role: str, password: str) -> None:
    url = server.url(role).replace(f":{server.keys()[role]}@", f":{password}@")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url)


def test_the_access_rules_know_no_trust(server: Server) -> None:
    with psycopg.connect(server.url("admin", "postgres")) as connection:
        methods = {row[0] for row in connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules")}
        stored = [row[0] for row in connection.execute("SELECT rolpassword FROM pg_authid WHERE rolcanlogin")]
    assert methods == {"scram-sha-256"}
    assert len(stored) == 4
    assert all(password.startswith("SCRAM-SHA-256$") for password in stored)


def test_roles_can_enter_no_other_database(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
        psycopg.connect(server.url("app", "postgres"))


def test_keys_and_socket_are_private(server: Server) -> None:
    assert stat.S_IMODE(server.keys_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_its_log_keeps_no_value_of_a_refused_statement(server: Server) -> None:
    with psycopg.connect(server.url("owner")) as connection:
        connection.execute("CREATE TEMP TABLE people (name text UNIQUE)")
        connection.execute("INSERT INTO people VALUES (%s)", ["Canary Malone"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES (%s)", ["Canary Malone"])
    assert server.log.stat().st_size > 0
    assert "Canary" not in server.log.read_text()


def test_keys_never_reach_the_log_or_a_command_line(server: Server) -> None:
    log = server.log.read_text()
    assert not [name for name, key in server.keys().items() if key in log]


def test_a_started_server_is_left_alone(server: Server) -> None:
    pid = server.pid()
    began = time.monotonic()
    assert Server(server.var).ensure_running() == server.urls()
    assert time.monotonic() - began < 0.5
    assert server.pid() == pid


def test_a_killed_server_comes_back_with_what_was_committed(server: Server) -> None:
    with psycopg.connect(server.url("owner")) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    killed = kill_server(server)
    server.ensure_running()
    assert server.pid() not in (None, killed)
    with psycopg.connect(server.url("owner")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
        connection.execute("DROP TABLE kept")


def test_two_processes_at_once_start_one_server(server: Server) -> None:
    kill_server(server)
    command = [sys.executable, "-m", "config.postgres", "start"]
    environment = {**os.environ, "WEBSIDE_VAR": str(server.var)}
    starts = [
        subprocess.Popen(command, cwd=postgres.ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    lines = {start.communicate(timeout=60)[0] for start in starts}
    assert [start.returncode for start in starts] == [0, 0]
    assert len(lines) == 1
    assert server.answers()


def test_a_number_that_now_belongs_to_another_process_is_no_server(server: Server) -> None:
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            left = server.data / "postmaster.pid"
            left.write_text(f"{stranger.pid}\n{server.data}\n")
            if server.user:
                os.chown(left, server.user.pw_uid, server.user.pw_gid)
            assert server.pid() is None
            server.ensure_running()
            assert stranger.poll() is None
            assert server.answers()
        finally:
            stranger.kill()


def test_the_file_of_a_living_server_is_never_removed(server: Server) -> None:
    file = server.data / "postmaster.pid"
    before = file.read_bytes()
    with pytest.raises(PostgresError, match="still run"):
        server._clear_leftovers(patience=0.2)
    assert file.read_bytes() == before


def test_lost_keys_are_made_anew_and_the_data_stay(server: Server) -> None:
    with psycopg.connect(server.url("owner")) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    old = server.keys()
    server.stop()
    server.keys_file.unlink()
    server.ensure_running()
    assert not set(server.keys().values()) & set(old.values())
    with psycopg.connect(server.url("owner")) as connection:
        connection.execute("DROP TABLE kept")


def test_a_database_for_tests_is_made_copied_and_dropped(server: Server) -> None:
    first = server.create_database("trial_one")
    with psycopg.connect(first["owner"]) as connection:
        connection.execute("CREATE TABLE mark (id int)")
    second = server.create_database("trial_two", template="trial_one", replace=True)
    with psycopg.connect(second["owner"]) as connection:
        assert connection.execute("SELECT count(*) FROM mark").fetchone() == (0,)
    for name in ("trial_two", "trial_one"):
        server.drop_database(name)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first["owner"])
    with pytest.raises(ValueError, match="own database"):
        server.drop_database(postgres.DATABASE)


@pytest.mark.parametrize("name", ["", "x; DROP DATABASE webside", "a-b", "A", "x" * 64])
def test_a_database_name_is_plain(server: Server, name: str) -> None:
    with pytest.raises(ValueError, match="not a plain database name"):
        server.create_database(name)


def test_the_operators_sql_does_what_the_embedded_set_up_does(server: Server) -> None:
    text = postgres.operator_sql("operators_own")
    assert text.count("CHANGE-ME-app") == 2
    for role, key in server.keys().items():
        text = text.replace(f"CHANGE-ME-{role}", key)  # the same server plays the operator's
    server.sql(text)
    server.sql(text)  # and again
    with psycopg.connect(server.url("app", "operators_own")) as connection:
        found = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
    assert found >= set(postgres.EXTENSIONS)
    server.drop_database("operators_own")


def test_data_of_another_version_are_refused_and_left_as_they_are(server: Server) -> None:
    server.stop()
    version = server.data / "PG_VERSION"
    before = version.read_text()
    version.write_text("17\n")
    try:
        with pytest.raises(
            PostgresError, match=r"made by PostgreSQL 17, and this is 18.*Nothing was changed"
        ) as refused:
            server.ensure_running()
        assert refused.value.code == 5
    finally:
        version.write_text(before)
    server.ensure_running()


def test_a_server_that_cannot_start_says_why(server: Server) -> None:
    server.stop()
    local = server.data / "local.conf"
    local.write_text("shared_buffers = 'much'\n")
    local.chmod(0o644)
    try:
        with pytest.raises(PostgresError, match="shared_buffers"):
            server.ensure_running()
    finally:
        local.unlink()
    server.ensure_running()


def test_no_space_is_said_before_anything_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(postgres.shutil, "disk_usage", lambda _path: usage(10**9, 10**9, 399_000_000))
    server = Server(home / "full")
    with pytest.raises(PostgresError, match=r"399 MB free.*400 MB needed.*Nothing was written") as refused:
        server.ensure_running()
    assert refused.value.code == 2
    assert not (server.home / "postgres").exists()
    assert not (server.home / "postgres.new").exists()


def test_a_set_up_that_was_killed_half_way_begins_anew(home: Path) -> None:
    server = Server(home / "half")
    server._make_home()
    (server.home / "postgres.new").mkdir()
    (server.home / "postgres.new" / "PG_VERSION").write_text("18\n")
    server.ensure_running()
    try:
        assert server.answers()
        assert not (server.home / "postgres.new").exists()
    finally:
        server.stop()


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(PostgresError, match="make setup") as refused:
        postgres.wheel_binaries()
    assert refused.value.code == 4


def test_a_long_path_gets_a_short_socket(home: Path) -> None:
    server = Server(home / ("long" * 30))
    assert len(os.fsencode(server.socket_folder)) <= postgres.LONGEST_SOCKET_FOLDER
    assert server.socket_folder == Server(server.var).socket_folder
    assert server.socket_folder != Server(home / ("long" * 31)).socket_folder


@pytest.mark.parametrize("mode", [0o777, 0o750])
def test_a_socket_folder_that_others_may_enter_is_refused(home: Path, mode: int) -> None:
    server = Server(home / f"open-{mode:o}")
    server._make_home()
    server.socket_folder.mkdir()
    server.socket_folder.chmod(mode)
    with pytest.raises(PostgresError, match="isn't a private folder") as refused:
        server._make_socket_folder()
    assert refused.value.code == 3


def test_a_socket_folder_that_is_a_link_is_refused(home: Path) -> None:
    server = Server(home / "linked")
    server._make_home()
    server.socket_folder.symlink_to(home)
    with pytest.raises(PostgresError, match="isn't a private folder"):
        server._make_socket_folder()


def test_a_server_that_is_starting_up_does_not_count_as_answering(home: Path) -> None:
    server = Server(home / "starting")
    server._make_home()
    server.socket_folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(server.socket_folder / f".s.PGSQL.{postgres.PORT}"))
        listener.listen()
        listener.settimeout(5)

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"E\0\0\0\x0cSFATAL\0\0")  # as PostgreSQL does during recovery

        starting = threading.Thread(target=refuse)
        starting.start()
        assert not server.answers()
        starting.join()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root borrows a user")
def test_root_runs_it_as_somebody_else_and_opens_no_folder(server: Server, home: Path) -> None:
    pid = server.pid()
    assert server.user is not None
    assert Path(f"/proc/{pid}").stat().st_uid == server.user.pw_uid != 0
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    elsewhere = Server(closed / "var")
    assert elsewhere.home == postgres.SYSTEM_HOME / postgres._short_hash(closed / "var")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_urls_need_no_server_and_stay_the_same(home: Path) -> None:
    first = postgres.urls(home / "none")
    assert first == postgres.urls(home / "none")
    assert set(first) == {"owner", "app", "sealer", "admin"}
    parts = postgres.parse_url(first["app"])
    assert parts["user"] == "webside_app"
    assert parts["dbname"] == "webside"
    assert parts["host"] == str(Server(home / "none").socket_folder)
    assert not (home / "none" / "postgres").exists()


def test_keys_cut_short_by_a_full_disk_are_made_anew(home: Path) -> None:
    server = Server(home / "cut")
    server.keys()
    server.keys_file.write_text("")
    assert set(server.keys()) == {"owner", "app", "sealer", "admin"}
    assert json.loads(server.keys_file.read_text()) == server.keys()


def test_an_address_is_taken_apart() -> None:
    parts = postgres.parse_url("postgresql://u%40x:p%2Fw@db.example:6432/clinic?sslmode=verify-full")
    assert parts == {
        "dbname": "clinic",
        "user": "u@x",
        "password": "p/w",
        "host": "db.example",
        "port": "6432",
        "sslmode": "verify-full",
    }
    with pytest.raises(ValueError, match="postgresql://"):
        postgres.parse_url("mysql://u@h/db")


def test_a_setting_comes_from_the_environment_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nexport WEBSIDE_TRIAL='from the file'\nWEBSIDE_OTHER=a=b\n")
    monkeypatch.setattr(postgres, "ROOT", tmp_path)
    assert postgres.setting("WEBSIDE_TRIAL") == "from the file"
    assert postgres.setting("WEBSIDE_OTHER") == "a=b"
    assert postgres.setting("WEBSIDE_NONE", "else") == "else"
    monkeypatch.setenv("WEBSIDE_TRIAL", "from outside")
    assert postgres.setting("WEBSIDE_TRIAL") == "from outside"


def test_the_command_line_says_its_state(server: Server, monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("WEBSIDE_VAR", str(server.var))
    assert postgres.main(["status"]) == 0
    assert postgres.main(["url", "app"]) == 0
    assert server.url("app") in capsys.readouterr().out
    monkeypatch.setenv("WEBSIDE_VAR", str(server.var.parent / "none"))
    assert postgres.main(["status"]) == 1
    assert "isn't running" in capsys.readouterr().out
