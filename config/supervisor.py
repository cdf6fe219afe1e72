"""Start a whole clinic with one command, watch over it, and stop it in order.

``python -m config.supervisor demo|run`` starts PostgreSQL (unless ``DATABASE_URL`` names a server), brings the
schema up to date, starts the keeper (``config.keeper``), from which web process and worker are forked, waits until
``/health`` says yes, and prints the address. From then on a process that ends is started again, with growing pauses, and
so is PostgreSQL.

The supervisor holds the listening socket itself: while the web process is replaced, connections wait in the
queue of the socket and are served by the next one instead of being refused.

Light on purpose: no Django here. Files for others to read, in ``<var>/run``: ``supervisor.pid``, ``keeper.pid``,
``web.pid``, ``worker.pid``, ``postgres.pid``, ``address``; logs in ``<var>/log``.

Exit status: 0 stopped as asked, 2 no space, 3 no port or socket, 4 no binaries, 5 data of another PostgreSQL,
6 refused, 1 anything else.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO
from urllib.parse import urlsplit

from config import postgres

ROOT = postgres.ROOT
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PORTS_TRIED = 20
HEALTH_SECONDS = 90.0
NO_SPACE = 2_000_000  # bytes: with less nothing here can write
STOP_SECONDS = 12.0
LOG_BYTES = 5_000_000
STEADY_SECONDS = 30.0  # a child that lived this long starts its pauses from the beginning again
PAUSES = (0.2, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class SupervisorError(Exception):
    """The clinic can't be started; the text says why and what to do. ``code`` is the exit status."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Stop(BaseException):
    """A signal asked for the end. Not an ``Exception``, so that nothing swallows it on its way."""


# ------------------------------------------------------------------------------------------------ console


class Console:
    """Lines for the person at the terminal, each with the seconds since the start."""

    def __init__(self, began: float | None = None, terminal: TextIO | None = None) -> None:
        self.began = time.monotonic() if began is None else began
        self._terminal = terminal

    def say(self, line: str) -> None:
        """Print a line of progress."""
        self.line(f"[{time.monotonic() - self.began:5.1f} s] {line}")

    def line(self, text: str) -> None:
        """Print as it is. A closed terminal doesn't stop a clinic."""
        with contextlib.suppress(OSError):
            print(text, file=self._terminal, flush=True)


def last_lines(path: Path, count: int = 12) -> str:
    """Return the last lines of a log, indented for the console."""
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        return "\n".join(f"    {line.rstrip()}" for line in deque(file, maxlen=count))
    return "    (no log)"


def private(path: Path) -> Path:
    """Make a log that its owner alone can read, or close one that was open to others; return its path."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    return path


def rotate(path: Path) -> None:
    """Keep a log and its predecessor within bounds.

    Copied and cut rather than renamed: the process that writes holds the file open, in append mode.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size > LOG_BYTES:
            shutil.copyfile(path, private(path.with_name(f"{path.name}.1")))
            os.truncate(path, 0)


# ------------------------------------------------------------------------------------------------- socket


def listen(host: str, port: int) -> list[socket.socket] | None:
    """Return listening sockets for a host and port, or None when somebody else has the port.

    ``localhost`` means both of its addresses: otherwise another program on ``[::1]`` could answer a browser
    that was sent here. Raises SupervisorError (3) when the host can't be bound at all.
    """
    hosts = ("127.0.0.1", "::1") if host in ("localhost", "127.0.0.1") else (host,)
    sockets: list[socket.socket] = []
    try:
        for number, address in enumerate(hosts):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                listener = socket.socket(family, socket.SOCK_STREAM)
                sockets.append(listener)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind((address, port))
                listener.listen(512)
            except OSError as error:
                if number and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    sockets.pop().close()  # no IPv6 on this machine
                    continue
                raise
    except OSError as error:
        for listener in sockets:
            listener.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise SupervisorError(f"{host} port {port} can't be opened: {error.strerror or error}", code=3) from error
    return sockets


def find_port(host: str, port: int, *, fixed: bool, console: Console) -> tuple[int, list[socket.socket]]:
    """Listen on the port, or, unless ``fixed``, on the next free one of twenty; say so.

    Raises SupervisorError (3) when none is free.
    """
    last = port if fixed else min(port + PORTS_TRIED, 65535)
    for candidate in range(port, last + 1):
        sockets = listen(host, candidate)
        if sockets is not None:
            if candidate != port:
                console.say(f"port {port} is taken by another program, using {candidate}")
            return candidate, sockets
    tried = f"port {port}" if last == port else f"every port from {port} to {last}"
    raise SupervisorError(
        f"no port free: {tried} is taken. Stop the other program, or choose a port: WEBSIDE_PORT=9000", code=3
    )


# ----------------------------------------------------------------------------------------------- children


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent is killed outright; elsewhere it does nothing."""
    if sys.platform == "linux":
        _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


_LIBC = ctypes.CDLL(None)


def how_it_ended(status: int) -> str:
    """Return how a process ended, as people read it; ``status`` is its exit code, or minus the signal."""
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


@dataclass
class Restarts:
    """How long a process that ended waits before it starts again: longer each time, anew after a steady life."""

    started: float = 0.0
    failures: int = 0

    def begin(self) -> None:
        """Note a start."""
        self.started = time.monotonic()

    def pause(self) -> float:
        """Note an end; return the seconds to the next start."""
        if time.monotonic() - self.started > STEADY_SECONDS:
            self.failures = 0
        self.failures += 1
        return PAUSES[min(self.failures, len(PAUSES)) - 1]


@dataclass
class Child:
    """A process of the clinic: its command, its log, and when it may start again."""

    name: str
    command: Sequence[str]
    log: Path
    pid_file: Path
    environment: Mapping[str, str]
    keep_open: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    restarts: Restarts = field(default_factory=Restarts)
    not_before: float = 0.0

    def start(self) -> None:
        """Start the process in a group of its own, so that a Ctrl-C reaches the supervisor alone."""
        rotate(self.log)
        with private(self.log).open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.keep_open,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - the supervisor has one thread
            )
        self.restarts.begin()
        self.pid_file.write_text(f"{self.process.pid}\n")

    def ended(self) -> str:
        """Return how the process ended, or an empty text while it lives."""
        status = self.process.poll() if self.process else None
        return "" if status is None else how_it_ended(status)

    def plan_restart(self) -> float:
        """Take note of an end; return the seconds to pause before the next start."""
        pause = self.restarts.pause()
        self.process = None
        self.not_before = time.monotonic() + pause
        self.pid_file.unlink(missing_ok=True)
        return pause

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


# --------------------------------------------------------------------------------------------- supervisor


@dataclass
class Supervisor:
    """One running installation. ``mode`` is ``demo`` or ``run``."""

    mode: str
    var: Path = field(default_factory=postgres.var_folder)
    host: str = field(default_factory=lambda: postgres.setting("WEBSIDE_HOST", "127.0.0.1"))
    port: int | None = None
    console: Console = field(default_factory=Console)

    def __post_init__(self) -> None:
        self.run_folder = self.var / "run"
        self.log_folder = self.var / "log"
        self.address_file = self.run_folder / "address"
        self.server = None if postgres.external() else postgres.Server(self.var, say=self.console.say)
        self.children: list[Child] = []
        self._sockets: list[socket.socket] = []
        self._database_not_before = 0.0
        self._database_failures = 0

    # -- start

    def run(self) -> int:
        """Start everything, watch until a signal, stop everything. Returns the exit status."""
        if self.mode == "demo" and self.host not in LOOPBACK:
            raise SupervisorError(
                f"the demo signs anybody in, so it runs on this machine only, and WEBSIDE_HOST is {self.host}."
                " Leave WEBSIDE_HOST unset for the demo; 'make run' starts a clinic of your own.",
                code=6,
            )
        wanted = self._wanted_port()
        self._make_folders()
        with self._only_one() as lock:
            if lock is None:
                return self._say_where_it_runs()
            try:
                self._bring_up(*wanted)
                self._watch()
            except (OSError, SupervisorError) as error:
                # Whatever failed, this is the cause that somebody can do something about.
                if getattr(error, "errno", 0) == errno.ENOSPC or self._free() < NO_SPACE:
                    raise self._disk_is_full() from error
                raise
            except Stop:
                self.console.say("stopping")
                return 0
            finally:
                self._bring_down()
        return 0

    def _wanted_port(self) -> tuple[int, bool]:
        """Return the port, and whether it is that or none: a clinic behind a proxy can't move by itself."""
        given = str(self.port) if self.port is not None else postgres.setting("WEBSIDE_PORT")
        if not given:
            return 8000, False
        if not given.isdigit() or not 0 < int(given) < 65536:
            raise SupervisorError(f"WEBSIDE_PORT is {given!r}; a port is a number from 1 to 65535", code=3)
        return int(given), self.mode == "run"

    def _make_folders(self) -> None:
        try:
            # Root's database user must be able to pass through; what lies in it is closed.
            if not self.var.exists():
                self.var.mkdir(parents=True)
                self.var.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.run_folder.mkdir(exist_ok=True)
            self.log_folder.mkdir(exist_ok=True, mode=0o700)
            # Root's database user passes through by its group: postgres.py gives the folder to it.
            self.log_folder.chmod(0o710 if os.geteuid() == 0 else 0o700)
        except OSError as error:
            raise SupervisorError(
                f"{error.filename} can't be made ({error.strerror}). Set WEBSIDE_VAR to a folder that you own.",
                code=2 if error.errno == errno.ENOSPC else 1,
            ) from error

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[object | None]:
        """Hold the lock of this installation, or give None when another supervisor has it."""
        with (self.run_folder / "supervisor.pid").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield None
                return
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            self.address_file.unlink(missing_ok=True)
            try:
                yield file
            finally:
                file.truncate(0)

    def _say_where_it_runs(self) -> int:
        pid = (self.run_folder / "supervisor.pid").read_text().strip()
        try:
            address = self.address_file.read_text().strip()
        except OSError:
            self.console.line(
                f"Webside is being started here already (process {pid}); its terminal will say the address."
            )
            return 0
        self.console.line(f"Webside runs here already (process {pid}):")
        self.console.line(address)
        return 0

    def _bring_up(self, port: int, fixed: bool) -> None:
        port, self._sockets = find_port(self.host, port, fixed=fixed, console=self.console)
        environment = self._environment(port)
        if self.server:
            self.server.ensure_running()
            self._note_database()
            self.console.say("PostgreSQL is ready")
        self._step("upgrade", "schema is up to date", environment)
        work_after, held = os.pipe()
        keeper = self._keeper(environment, work_after)
        self.children = [keeper]
        keeper.start()  # it loads while the demo's people are looked after; nobody has its address yet
        if self.mode == "demo":
            self._step("seed_demo", "demo clinic is ready", environment)
        os.close(held)  # the worker may begin, now and with each keeper that follows
        self._await_health(keeper, port)
        address = f"{self._public_url(port)}/"
        self.console.say("web and worker run; stop with Ctrl-C")
        self.address_file.write_text(f"{address}\n")
        self.console.line(address)

    def _public_url(self, port: int) -> str:
        """Return what people type: the demo is always ``localhost``, which passkeys and cameras ask for."""
        if self.mode == "run" and (given := postgres.setting("WEBSIDE_PUBLIC_URL")):
            return given.rstrip("/")
        return f"http://localhost:{port}" if self.host in LOOPBACK else f"http://{self.host}:{port}"

    def _environment(self, port: int) -> dict[str, str]:
        environment = {
            **os.environ,
            "WEBSIDE_VAR": str(self.var),
            "WEBSIDE_HOST": self.host,
            "WEBSIDE_PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        }
        if self.mode == "demo":
            environment["WEBSIDE_DEMO"] = "1"
            environment["WEBSIDE_PUBLIC_URL"] = self._public_url(port)
        return environment

    def _keeper(self, environment: Mapping[str, str], work_after: int) -> Child:
        """Return what keeps web process and worker: that one says itself when another takes the place of one of them."""
        listeners = tuple(listener.fileno() for listener in self._sockets)
        terminal = os.dup(sys.stdout.fileno())
        command = [
            sys.executable, "-m", "config.keeper", "--run", str(self.run_folder), "--log", str(self.log_folder),
            "--console", str(terminal), "--began", str(self.console.began), "--work-after", str(work_after),
            *map(str, listeners),
        ]  # fmt: skip
        log, pid_file = self.log_folder / "web.log", self.run_folder / "keeper.pid"
        return Child("keeper", command, log, pid_file, environment, (*listeners, terminal, work_after))

    def _step(self, command: str, done: str, environment: Mapping[str, str]) -> None:
        """Run a management command to its end; show what it prints. Raises SupervisorError with its last lines."""
        log = self.log_folder / f"{command}.log"
        rotate(log)
        silent = True
        with private(log).open("ab") as errors:
            beginning = errors.tell()
            process = subprocess.Popen(
                [sys.executable, "manage.py", command],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - the supervisor has one thread
            )
            try:
                for raw in process.stdout or ():
                    errors.write(raw)
                    errors.flush()
                    if text := raw.decode(errors="replace").strip():
                        self.console.say(text)
                        silent = False
                status = process.wait()
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait()
                raise
            grown = errors.tell() > beginning
        if status:
            told = last_lines(log) if grown else "    (it said nothing)"
            raise SupervisorError(f"'manage.py {command}' failed with status {status} (log: {log}):\n{told}")
        if silent:
            self.console.say(done)

    def _free(self) -> int:
        return shutil.disk_usage(self.var).free

    def _disk_is_full(self) -> SupervisorError:
        return SupervisorError(
            f"the disk is full: {self._free() // 1_000_000} MB free at {self.var}. Free some space, or set WEBSIDE_VAR to"
            " a folder on another disk; then start again. What was done so far is kept.",
            code=2,
        )

    def _await_health(self, keeper: Child, port: int) -> None:
        """Wait until ``/health`` answers 200. Raises SupervisorError with the log's last lines."""
        began = time.monotonic()
        told = began
        name = urlsplit(self._public_url(port)).netloc
        while not healthy(self.host, port, name):
            now = time.monotonic()
            if self._free() < NO_SPACE:
                raise self._disk_is_full()
            if how := keeper.ended():
                raise SupervisorError(f"the web process {how} (log: {keeper.log}):\n{last_lines(keeper.log)}")
            if now - began > HEALTH_SECONDS:
                raise SupervisorError(
                    f"the clinic isn't healthy after {HEALTH_SECONDS:.0f} s (log: {keeper.log}):\n{last_lines(keeper.log)}"
                )
            if now - told > 5:
                told = now
                self.console.say("waiting for /health")
            time.sleep(0.1)

    # -- watch

    def _watch(self) -> None:
        rounds = 0
        while True:
            time.sleep(0.25)
            self._restart_ended()
            rounds += 1
            if rounds % 2 == 0:
                self._mend_database()
            if rounds % 120 == 0:
                for name in ("web", "worker"):
                    rotate(self.log_folder / f"{name}.log")
                if self.server:
                    rotate(self.server.log)

    def _restart_ended(self) -> None:
        for child in self.children:
            if how := child.ended():
                pause = child.plan_restart()
                self.console.say(f"{child.name} {how}, starting it again in {pause:g} s (log: {child.log})")
            if child.process is None and time.monotonic() >= child.not_before:
                child.start()

    def _mend_database(self) -> None:
        """Start PostgreSQL again when it is gone; keep trying, whatever is in the way."""
        if not self.server or time.monotonic() < self._database_not_before or self.server.pid() is not None:
            return
        self.console.say("PostgreSQL is gone, starting it again")
        try:
            self.server.ensure_running()
        except (postgres.PostgresError, OSError) as error:
            pause = PAUSES[min(self._database_failures + 1, len(PAUSES) - 1)]
            self._database_failures += 1
            self._database_not_before = time.monotonic() + pause
            self.console.say(f"PostgreSQL doesn't start, next try in {pause:g} s: {error}")
        else:
            self._database_failures = 0
            self._note_database()
            self.console.say("PostgreSQL is ready")

    def _note_database(self) -> None:
        if self.server and (pid := self.server.pid()):
            (self.run_folder / "postgres.pid").write_text(f"{pid}\n")

    # -- stop

    def _bring_down(self) -> None:
        """End web and worker, then PostgreSQL; a second signal can't leave it half done."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            if child.process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                child.signal(signal.SIGKILL)
                child.process.wait()
        if self.server:
            try:
                self.server.stop()
            except postgres.PostgresError as error:
                self.console.say(str(error))
        for listener in self._sockets:
            listener.close()
        for name in ("web.pid", "keeper.pid", "worker.pid", "postgres.pid", "address"):
            (self.run_folder / name).unlink(missing_ok=True)
        self.console.say("stopped")


def healthy(host: str, port: int, name: str) -> bool:
    """Whether ``GET /health``, asked by the site's name, answers 200 in two seconds. It loads no HTTP library."""
    address = "127.0.0.1" if host in ("localhost", "0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    request = f"GET /health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            connection.sendall(request.encode())
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m config.supervisor``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m config.supervisor", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="mode", required=True)
    for mode, text in {"demo": "a demo clinic on this machine", "run": "your own clinic"}.items():
        command = commands.add_parser(mode, help=text)
        command.add_argument("--port", type=int, help="default WEBSIDE_PORT or 8000")
    options = parser.parse_args(arguments)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stop

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup is respected
            signal.signal(number, stop)
    try:
        return Supervisor(options.mode, port=options.port).run()
    except (SupervisorError, postgres.PostgresError) as error:
        print(f"webside: {error}", file=sys.stderr)
        return error.code
    except Stop:
        return 0


if __name__ == "__main__":
    sys.exit(main())
