"""The web process, the worker, and who keeps them: the application is loaded once, and both are forked from it.

Loading takes seconds, forking what is loaded a moment. So a web process that ends is followed by the next one before
its pages have come back to ask, and all three share the memory of what was loaded. Connections wait meanwhile in the
queue of the socket, which the supervisor holds.

    python -m config.keeper --run FOLDER --log FOLDER --console NUMBER --began SECONDS --work-after NUMBER SOCKET …

The supervisor starts it and hands it its sockets, its console for the lines that people should see, and a pipe: the
worker begins when nobody holds its other end any more.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.supervisor import ROOT, Console, Restarts, die_with_parent, how_it_ended, private, rotate

APPLICATION = "config.asgi"
STOPS = (signal.SIGTERM, signal.SIGINT)
WAITED_FOR = (*STOPS, signal.SIGCHLD)
LOOK_SECONDS = 0.1
"""Between two looks whether the worker may begin."""


class UnsafeToFork(RuntimeError):
    """Something started a thread while it was loaded: a child would wait for ever for what that thread holds."""


def load() -> None:
    """Import the application and whatever its first request would. Raises what that raises, and UnsafeToFork."""
    module = importlib.import_module(APPLICATION)
    if hasattr(module, "warm"):
        module.warm()
    if threading.active_count() > 1:
        raise UnsafeToFork(", ".join(thread.name for thread in threading.enumerate()))
    gc.collect()
    gc.freeze()  # a collection in the child would write to all of these pages, and they would be shared no more


def serve(sockets: Sequence[int]) -> None:
    """Be the web process: serve the application until told to stop."""
    import uvicorn

    configuration = uvicorn.Config(
        f"{APPLICATION}:application",
        lifespan="on",
        log_level="warning",
        access_log=False,  # addresses may name people; the application logs what is needed
        server_header=False,
        timeout_graceful_shutdown=5,
        ws_max_size=256 * 1024,
    )
    uvicorn.Server(configuration).run(sockets=[socket.socket(fileno=number) for number in sockets])


def work(sockets: Sequence[int]) -> None:
    """Be the worker: ``manage.py work``, in a process that has loaded everything already and listens to nobody."""
    for number in sockets:
        os.close(number)
    sys.argv = [str(ROOT / "manage.py"), "work"]
    runpy.run_path(sys.argv[0], run_name="__main__")


@dataclass
class Part:
    """One of the processes that are forked: what it does, who it is, and when it may begin again."""

    name: str
    act: Callable[[Sequence[int]], None]
    pid_file: Path
    log: Path
    process: int = 0
    restarts: Restarts = field(default_factory=Restarts)
    not_before: float = 0.0

    def begin(self) -> bool:
        """Fork; return whether this is the child. What waits for signals must have blocked them."""
        keeper = os.getpid()
        rotate(self.log)
        self.process = os.fork()
        if self.process:
            self.restarts.begin()
            self.pid_file.write_text(f"{self.process}\n")
            return False
        die_with_parent()
        if os.getppid() != keeper:  # it has died in between
            os._exit(1)
        with private(self.log).open("ab") as log:
            for stream in (1, 2):
                os.dup2(log.fileno(), stream)
        for number in WAITED_FOR:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED_FOR)
        return True

    def ended(self, status: int) -> str:
        """Note that it ended, with a wait status; return a line that says so and when it begins again."""
        pause = self.restarts.pause()
        self.process, self.not_before = 0, time.monotonic() + pause
        self.pid_file.unlink(missing_ok=True)
        how = how_it_ended(os.waitstatus_to_exitcode(status))
        return f"{self.name} {how}, starting it again in {pause:g} s (log: {self.log})"

    def end(self) -> None:
        """Ask it to end. It may have ended, and nobody has noted it yet."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGTERM)

    def wait(self) -> None:
        """Wait for its end."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.process, 0)


class Keeper:
    """Has the application served and its work done by children, and by others when they end."""

    def __init__(self, web: Part, worker: Part, work_after: int, console: Console) -> None:
        self.web = web
        self.worker = worker
        self.work_after = work_after
        self.console = console
        self.may_work = False

    def keep(self) -> Part | None:
        """Fork and watch until a signal asks for the end, then end the children. In a child return which part it is."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
        while True:
            for part in self._due():
                if part.begin():
                    return part
            caught = signal.sigtimedwait(WAITED_FOR, self._patience())
            if caught and caught.si_signo in STOPS:
                break
            for line in self._reap():
                self.console.say(line)
        running = [part for part in (self.web, self.worker) if part.process]
        for part in running:
            part.end()
        for part in running:
            part.wait()
        return None

    def _due(self) -> Iterable[Part]:
        # The end of a pipe can be read when nobody holds the other one.
        self.may_work = self.may_work or bool(select.select([self.work_after], [], [], 0)[0])
        now = time.monotonic()
        wanted = (self.web, self.worker) if self.may_work else (self.web,)
        return [part for part in wanted if not part.process and part.not_before <= now]

    def _patience(self) -> float:
        """Return for how many seconds there is nothing to do unless a signal comes."""
        now = time.monotonic()
        waits = [part.not_before - now for part in (self.web, self.worker) if not part.process]
        return max(0.0, min([*waits, 3600.0])) if self.may_work else LOOK_SECONDS

    def _reap(self) -> Iterable[str]:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                yield from (part.ended(ended[1]) for part in (self.web, self.worker) if part.process == ended[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m config.keeper``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m config.keeper", description=__doc__.partition("\n")[0])
    for name in ("--run", "--log"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--console", type=int, required=True)
    parser.add_argument("--began", type=float, required=True)
    parser.add_argument("--work-after", type=int, required=True)
    parser.add_argument("sockets", nargs="+", type=int)
    options = parser.parse_args(arguments)
    load()
    with open(options.console, "w", closefd=False) as terminal:
        web, worker = (
            Part(name, act, options.run / f"{name}.pid", options.log / f"{name}.log")
            for name, act in (("web", serve), ("worker", work))
        )
        part = Keeper(web, worker, options.work_after, Console(options.began, terminal)).keep()
    if part:
        part.act(options.sockets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
