"""The web process and who keeps it: the application is loaded once, and served by a child.

Loading takes seconds, forking what is loaded a moment. So a web process that ends is followed by the next one before
its pages have come back to ask, and the two share the memory of what was loaded. Connections wait meanwhile in the
queue of the socket, which the supervisor holds.

    python -m config.keeper --pid-file FILE --log FILE --console NUMBER --began SECONDS SOCKET …

The supervisor starts it and hands it its sockets, and its console for the lines that people should see.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from config.supervisor import Console, Restarts, Stop, die_with_parent, how_it_ended

APPLICATION = "config.asgi"
STOPS = (signal.SIGTERM, signal.SIGINT)


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


class Keeper:
    """Has the application served by a child, and by another one when that ends."""

    def __init__(self, sockets: Sequence[int], pid_file: Path, log: Path, console: Console) -> None:
        self.sockets = sockets
        self.pid_file = pid_file
        self.log = log
        self.console = console
        self.restarts = Restarts()
        self.child = 0

    def keep(self) -> None:
        """Serve until a signal asks for the end, then end the child. Returns in the child too, when it has served."""
        for number in STOPS:
            signal.signal(number, _stop)
        try:
            while self._fork():
                _, status = os.waitpid(self.child, 0)
                self.child = 0
                pause = self.restarts.pause()
                how = how_it_ended(os.waitstatus_to_exitcode(status))
                self.console.say(f"web {how}, starting it again in {pause:g} s (log: {self.log})")
                time.sleep(pause)
        except Stop:
            for number in STOPS:
                signal.signal(number, signal.SIG_IGN)
            if self.child:
                # It may have ended, and nobody has noted it yet.
                with contextlib.suppress(ProcessLookupError, ChildProcessError):
                    os.kill(self.child, signal.SIGTERM)
                    os.waitpid(self.child, 0)
        else:
            serve(self.sockets)

    def _fork(self) -> bool:
        """Start a child; return whether this is still the keeper."""
        keeper = os.getpid()
        # Between the fork and its own handlers a child would take a signal for the keeper's.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        self.child = os.fork()
        if self.child == 0:
            for number in STOPS:
                signal.signal(number, signal.SIG_DFL)
            die_with_parent()
            if os.getppid() != keeper:  # it has died in between
                os._exit(1)
        else:
            self.restarts.begin()
            self.pid_file.write_text(f"{self.child}\n")
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return self.child != 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m config.keeper``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m config.keeper", description=__doc__.partition("\n")[0])
    parser.add_argument("--pid-file", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--console", type=int, required=True)
    parser.add_argument("--began", type=float, required=True)
    parser.add_argument("sockets", nargs="+", type=int)
    options = parser.parse_args(arguments)
    load()
    with open(options.console, "w", closefd=False) as terminal:
        Keeper(options.sockets, options.pid_file, options.log, Console(options.began, terminal)).keep()
    return 0


if __name__ == "__main__":
    sys.exit(main())
