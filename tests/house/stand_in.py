"""A small house to try the supervisor in: the real supervisor and PostgreSQL, with a stand-in for the application.

What is tested here is starting, watching and stopping; the clinic itself takes part in the browser tests.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from config import postgres

# A web process that says which process it is, and is healthy unless the file `sick` exists.
APPLICATION = """
import os
from pathlib import Path

with open("loads", "a") as loads:
    print(os.getpid(), file=loads)

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    with open("names", "a") as names:
        print(dict(scope["headers"])[b"host"].decode(), file=names)
    client = scope["client"][0] if scope.get("client") else "nobody"
    status = 503 if Path("sick").exists() else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": f"{os.getpid()} {client}".encode()})
"""
MANAGE = """
import os, sys, time
from pathlib import Path

command = sys.argv[1]
with open("commands", "a") as file:
    print(command, os.environ.get("WEBSIDE_DEMO", "-"), os.environ["WEBSIDE_PORT"], file=file)
if Path(f"break-{command}").exists():
    print("the last thing it said", file=sys.stderr)
    sys.exit(1)
if command == "work":
    while True:
        time.sleep(0.1)
print(f"{command} was here")
"""


class House:
    """A folder with the supervisor in it, and the supervisors started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.var = folder / "var"
        self.started: list[subprocess.Popen[str]] = []
        (folder / "config").mkdir(parents=True)
        for name in ("__init__", "keeper", "postgres", "supervisor"):
            shutil.copy(postgres.ROOT / "config" / f"{name}.py", folder / "config")
        (folder / "config" / "asgi.py").write_text(APPLICATION)
        (folder / "manage.py").write_text(MANAGE)

    def start(self, mode: str = "demo", **environment: str) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("WEBSIDE_", "DATABASE_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor", mode],
            cwd=self.folder,
            env={**clean, "WEBSIDE_VAR": str(self.var), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def lines_until_address(self, process: subprocess.Popen[str]) -> list[str]:
        lines = []
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.startswith("http://"):
                return lines
        raise AssertionError("no address:\n" + "\n".join(lines))

    def pid(self, name: str) -> int:
        return int((self.var / "run" / f"{name}.pid").read_text())

    def database(self) -> postgres.Server:
        return postgres.Server(self.var)


def eventually(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something is so. Raises AssertionError when it isn't in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.05)


def free_ports(count: int) -> int:
    """Return the first of some neighbouring ports that are all free now."""
    for first in range(20000 + os.getpid() % 20000, 60000, count):
        probes = [socket.socket() for _ in range(count)]
        try:
            for number, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + number))
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
        return first
    raise AssertionError("no ports free for the test")
