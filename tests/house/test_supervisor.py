"""One command starts a clinic; what dies comes back; what can't start says why."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import stat
import subprocess
import threading
import urllib.request
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config import keeper, postgres, supervisor
from tests.house.stand_in import House, eventually, free_ports


class Clinic:
    """A demo that runs, its first lines, and what it printed since."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.port = free_ports(1)
        self.process = house.start(WEBSIDE_PORT=str(self.port))
        self.first_lines = house.lines_until_address(self.process)
        self.later: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.later.append(line.rstrip())

    def answer(self) -> tuple[int, str]:
        """Return the web process that answers and the client address it sees."""
        with urllib.request.urlopen(f"http://localhost:{self.port}/", timeout=10) as response:
            pid, client = response.read().decode().split()
        return int(pid), client

    def another(self, name: str, before: int) -> bool:
        """Whether another process than ``before`` lives under a name; between two of them there is none."""
        try:
            now = self.house.pid(name)
        except (OSError, ValueError):
            return False
        return now != before and alive(now)

    def said(self, pattern: str) -> bool:
        return any(re.search(pattern, line) for line in self.later)


@pytest.fixture(scope="module")
def clinic(house: House) -> Iterator[Clinic]:
    clinic = Clinic(house)
    yield clinic
    if clinic.process.poll() is None:
        clinic.process.send_signal(signal.SIGINT)
        clinic.process.wait(30)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_it_tells_its_progress_and_ends_with_one_address(clinic: Clinic) -> None:
    *progress, address = clinic.first_lines
    assert address == f"http://localhost:{clinic.port}/"
    assert [line for line in progress if not re.fullmatch(r"\[ *\d+\.\d s\] .+", line)] == []
    assert "http" not in "".join(progress)
    for step in ("making the database", "PostgreSQL is ready", "upgrade was here", "seed_demo was here"):
        assert any(step in line for line in progress), step


def test_it_prepares_before_it_serves(clinic: Clinic) -> None:
    commands = (clinic.house.folder / "commands").read_text().splitlines()
    assert commands[:3] == [f"upgrade 1 {clinic.port}", f"seed_demo 1 {clinic.port}", f"work 1 {clinic.port}"]


def test_the_files_say_who_runs_where(clinic: Clinic) -> None:
    run = clinic.house.var / "run"
    assert (run / "address").read_text() == f"http://localhost:{clinic.port}/\n"
    assert clinic.house.pid("supervisor") == clinic.process.pid
    assert clinic.house.pid("web") == clinic.answer()[0]
    assert clinic.house.pid("postgres") == clinic.house.database().pid()
    assert alive(clinic.house.pid("worker"))


def test_logs_are_read_by_their_owner_alone(clinic: Clinic) -> None:
    folder = clinic.house.var / "log"
    logs = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {"web.log", "worker.log", "upgrade.log", "postgres.log"} <= set(logs)
    assert set(logs.values()) == {0o600}
    assert not stat.S_IMODE(folder.stat().st_mode) & 0o067  # root's database user passes through by its group


def test_the_web_process_sees_the_clients_address(clinic: Clinic) -> None:
    assert clinic.answer()[1] in ("127.0.0.1", "::1")


def test_both_addresses_of_localhost_are_ours_and_no_other_is(clinic: Clinic) -> None:
    for address in ("127.0.0.1", "::1") if socket.has_ipv6 else ("127.0.0.1",):
        try:
            socket.create_connection((address, clinic.port), timeout=2).close()
        except OSError as error:
            assert (address, error.errno) == ("::1", errno.EADDRNOTAVAIL)
    listening = Path("/proc/net/tcp").read_text()
    assert f"00000000:{clinic.port:04X}" not in listening


def test_a_second_start_says_where_the_first_one_runs(clinic: Clinic) -> None:
    second = clinic.house.start()
    output, _ = second.communicate(timeout=10)
    assert second.returncode == 0
    assert output.splitlines() == [
        f"Webside runs here already (process {clinic.process.pid}):",
        f"http://localhost:{clinic.port}/",
    ]
    assert clinic.answer()


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_process_is_started_again_and_it_is_said(clinic: Clinic, name: str) -> None:
    before = clinic.house.pid(name)
    os.kill(before, signal.SIGKILL)
    if name == "web":
        assert clinic.answer()[0] != before  # not refused: the connection waits for the next process
    eventually(lambda: clinic.another(name, before))
    eventually(lambda: clinic.said(rf"{name} was ended by SIGKILL, starting it again"))


def test_the_next_web_process_is_forked_from_what_was_loaded_once(clinic: Clinic) -> None:
    loads, keeper, before = clinic.house.folder / "loads", clinic.house.pid("keeper"), clinic.house.pid("web")
    loaded = loads.read_text()
    os.kill(before, signal.SIGKILL)
    web = clinic.answer()[0]
    assert (web != before, clinic.house.pid("keeper"), loads.read_text()) == (True, keeper, loaded)
    assert psutil.Process(web).ppid() == keeper


def test_a_killed_keeper_takes_web_and_worker_along_and_all_come_back(clinic: Clinic) -> None:
    keeper, before = clinic.house.pid("keeper"), [clinic.house.pid(name) for name in ("web", "worker")]
    os.kill(keeper, signal.SIGKILL)
    eventually(lambda: not any(map(alive, before)))
    eventually(lambda: clinic.said("keeper was ended by SIGKILL, starting it again"))
    assert clinic.answer()[0] not in before
    assert clinic.house.pid("keeper") != keeper
    eventually(lambda: clinic.another("worker", before[1]))


def test_the_worker_is_forked_from_what_was_loaded_and_holds_no_socket_of_the_clinic(clinic: Clinic) -> None:
    loads, worker = (clinic.house.folder / "loads").read_text(), psutil.Process(clinic.house.pid("worker"))
    assert worker.ppid() == clinic.house.pid("keeper")
    assert worker.net_connections("tcp") == []
    worker.kill()
    eventually(lambda: clinic.another("worker", worker.pid))
    assert (clinic.house.folder / "loads").read_text() == loads


def test_a_killed_postgresql_is_started_again_and_the_others_live_on(clinic: Clinic) -> None:
    database = clinic.house.database()
    web, worker, before = clinic.house.pid("web"), clinic.house.pid("worker"), clinic.house.pid("postgres")
    os.kill(before, signal.SIGKILL)
    eventually(lambda: database.pid() not in (None, before) and database.answers())
    eventually(lambda: clinic.said("PostgreSQL is gone, starting it again"))
    eventually(lambda: clinic.house.pid("postgres") == database.pid())
    assert (clinic.house.pid("web"), clinic.house.pid("worker")) == (web, worker)
    assert alive(web)
    assert alive(worker)
    with psycopg.connect(database.url("app")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_it_stays_small(clinic: Clinic) -> None:
    status = Path(f"/proc/{clinic.process.pid}/smaps_rollup").read_text()
    pss = int(re.search(r"^Pss:\s+(\d+) kB", status, re.M)[1])  # type: ignore[index]
    assert pss < 20_000


def test_a_signal_stops_everything_in_order(clinic: Clinic) -> None:
    names = ("web", "worker", "postgres")
    pids = {name: clinic.house.pid(name) for name in names}
    clinic.process.send_signal(signal.SIGINT)
    assert clinic.process.wait(30) == 0
    assert [name for name in names if alive(pids[name])] == []
    assert sorted(path.name for path in (clinic.house.var / "run").glob("*.pid")) == ["supervisor.pid"]
    assert not (clinic.house.var / "run" / "address").exists()
    assert "shut down" in _state_of(clinic.house)


def _state_of(house: House) -> str:
    controldata = postgres.wheel_binaries().folder / "pg_controldata"
    shown = house.database()._run(house.database().binaries.folder / controldata.name, house.database().data).stdout
    return re.search(r"cluster state: +(.+)", shown)[1]  # type: ignore[index]


def test_a_killed_supervisor_takes_its_processes_along_and_the_next_start_works(house: House) -> None:
    first = house.start(WEBSIDE_PORT=str(free_ports(1)))
    house.lines_until_address(first)
    pids = [house.pid("web"), house.pid("worker")]
    database = house.pid("postgres")
    first.kill()
    first.wait()
    eventually(lambda: not any(map(alive, pids)))
    second = house.start(WEBSIDE_PORT=str(free_ports(1)))
    house.lines_until_address(second)
    assert house.pid("postgres") == database  # it went on, and is taken over
    second.terminate()
    assert second.wait(30) == 0
    assert not alive(database)


def test_a_taken_port_gives_the_next_one_and_says_so(house: House) -> None:
    first = free_ports(2)
    with socket.create_server(("127.0.0.1", first)):
        process = house.start(WEBSIDE_PORT=str(first))
        lines = house.lines_until_address(process)
        process.terminate()
        assert process.wait(30) == 0
    assert lines[-1] == f"http://localhost:{first + 1}/"
    assert any(f"port {first} is taken by another program, using {first + 1}" in line for line in lines)


def test_a_port_taken_on_the_other_address_of_localhost_is_taken(console: supervisor.Console) -> None:
    first = free_ports(2)
    try:
        other = socket.create_server(("::1", first), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with other:
        port, sockets = supervisor.find_port("127.0.0.1", first, fixed=False, console=console)
    for listener in sockets:
        listener.close()
    assert port == first + 1


@pytest.fixture
def console() -> supervisor.Console:
    return supervisor.Console()


def test_no_port_free_is_said_and_nothing_is_left_open(monkeypatch: pytest.MonkeyPatch, console) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(supervisor, "PORTS_TRIED", 2)
    first = free_ports(3)
    taken = [socket.create_server(("127.0.0.1", first + number)) for number in range(3)]
    try:
        with pytest.raises(supervisor.SupervisorError, match=f"every port from {first} to {first + 2}") as refused:
            supervisor.find_port("127.0.0.1", first, fixed=False, console=console)
        assert refused.value.code == 3
    finally:
        for listener in taken:
            listener.close()


def test_a_clinic_of_ones_own_keeps_to_the_port_it_was_given(house: House) -> None:
    port = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        process = house.start("run", WEBSIDE_PORT=str(port))
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert f"no port free: port {port} is taken" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("port", ["0", "99999", "http"])
def test_a_port_that_is_none_is_refused(house: House, port: str) -> None:
    output, status = _run_to_its_end(house, WEBSIDE_PORT=port)
    assert status == 3
    assert f"WEBSIDE_PORT is '{port}'" in output


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "clinic.example"])  # noqa: S104 - refused, not bound
def test_the_demo_is_refused_beyond_this_machine(house: House, host: str) -> None:
    output, status = _run_to_its_end(house, WEBSIDE_HOST=host)
    assert status == 6
    assert f"this machine only, and WEBSIDE_HOST is {host}" in output


def _run_to_its_end(house: House, **environment: str) -> tuple[str, int]:
    process = house.start(**environment)
    output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    return output, process.returncode


@pytest.mark.parametrize("command", ["upgrade", "seed_demo"])
def test_a_step_that_fails_shows_its_last_lines_and_leaves_nothing_running(house: House, command: str) -> None:
    trap = house.folder / f"break-{command}"
    trap.touch()
    try:
        output, status = _run_to_its_end(house, WEBSIDE_PORT=str(free_ports(1)))
    finally:
        trap.unlink()
    assert status == 1
    assert f"'manage.py {command}' failed with status 1" in output
    assert "the last thing it said" in output
    assert str(house.var / "log" / f"{command}.log") in output
    assert house.database().pid() is None


def test_a_web_process_that_cannot_start_shows_its_last_lines(house: House) -> None:
    application = house.folder / "config" / "asgi.py"
    before = application.read_text()
    application.write_text("raise RuntimeError('the reason')\n")
    try:
        output, status = _run_to_its_end_allowing_tracebacks(house)
    finally:
        application.write_text(before)
    assert status == 1
    assert "the web process ended with status 1" in output
    assert "RuntimeError: the reason" in output
    assert str(house.var / "log" / "web.log") in output


def _run_to_its_end_allowing_tracebacks(house: House) -> tuple[str, int]:
    process = house.start(WEBSIDE_PORT=str(free_ports(1)))
    output, _ = process.communicate(timeout=60)
    return output, process.returncode


def test_an_unhealthy_clinic_prints_no_address(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (house.folder / "sick").touch()
    process = house.start(WEBSIDE_PORT=str(free_ports(1)))
    try:
        eventually(lambda: (house.var / "run" / "web.pid").exists())
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        assert not (house.var / "run" / "address").exists()
        (house.folder / "sick").unlink()
        assert house.lines_until_address(process)[-1].startswith("http://localhost:")
    finally:
        (house.folder / "sick").unlink(missing_ok=True)
        process.terminate()
        assert process.wait(30) == 0


def test_no_space_stops_the_start_with_its_own_status(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(postgres.shutil, "disk_usage", lambda _path: usage(10**9, 10**9, 10_000_000))
    monkeypatch.setattr(supervisor.signal, "signal", lambda *_arguments: None)  # pytest keeps its own handlers
    monkeypatch.setenv("WEBSIDE_VAR", str(house.folder / "other-var"))
    monkeypatch.setenv("WEBSIDE_PORT", str(free_ports(1)))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert supervisor.main(["demo"]) == 2
    assert "10 MB free" in capsys.readouterr().err


def test_a_server_of_ones_own_is_used_instead_of_the_embedded_one(house: House) -> None:
    process = house.start(
        "run", DATABASE_URL="postgresql://webside_app:x@db.example/clinic", WEBSIDE_PORT=str(free_ports(1))
    )
    lines = house.lines_until_address(process)
    try:
        assert not any("PostgreSQL" in line for line in lines)
        assert not (house.var / "run" / "postgres.pid").exists()
        assert house.database().pid() is None
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_a_clinic_of_ones_own_has_its_own_name(house: House) -> None:
    process = house.start("run", WEBSIDE_PORT=str(free_ports(1)), WEBSIDE_PUBLIC_URL="http://clinic.example/")
    for line in process.stdout or ():
        if "http" in line:
            assert line == "http://clinic.example/\n"
            break
    process.terminate()
    assert process.wait(30) == 0
    assert (house.folder / "names").read_text().splitlines()[-1] == "clinic.example"


def test_pauses_grow_and_begin_anew_after_a_steady_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    child = supervisor.Child("keeper", [], tmp_path / "log", tmp_path / "pid", {})
    child.restarts.begin()
    pauses = [child.plan_restart() for _ in range(9)]
    assert pauses == [0.2, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0]
    now[0] += supervisor.STEADY_SECONDS + 1
    assert child.plan_restart() == 0.2


def test_nothing_is_forked_beside_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that it holds at that moment would be held for ever in the child."""
    done = threading.Event()
    waiting = threading.Thread(target=done.wait, name="somebody's thread")
    monkeypatch.setattr(keeper.importlib, "import_module", lambda _name: waiting.start())
    try:
        with pytest.raises(keeper.UnsafeToFork, match="somebody's thread"):
            keeper.load()
    finally:
        done.set()
        waiting.join()


def test_logs_are_kept_within_bounds_while_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 10)
    log = tmp_path / "web.log"
    log.touch(mode=0o644)
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a long first line\n")
        supervisor.rotate(log)
        writer.write(b"next\n")
    assert log.read_bytes() == b"next\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"a long first line\n"
    assert stat.S_IMODE((tmp_path / "web.log.1").stat().st_mode) == 0o600
