"""Two TAP devices in two network namespaces with a bad line between them; README.md says what for."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import json
import os
import random
import selectors
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType

TUNSETIFF = 0x400454CA
IFF_TAP_NO_PI = 0x0002 | 0x1000
CLONE_NEWNET = 0x40000000
FRAME_BYTES = 2048
REREAD_SECONDS = 0.05


@dataclass(frozen=True)
class Line:
    """What happens to each frame, the same in both directions."""

    delay_ms: float = 0
    jitter_ms: float = 0
    loss: float = 0
    rate_kbit: float = 0
    queue_ms: float = 300
    cut: bool = False


# ---- the bridge: a process of its own ----


def open_tap(namespace: str, device: str) -> int:
    """Make a TAP device in a namespace; the file that carries its frames works from everywhere."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"can't enter the network namespace {namespace}")
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP_NO_PI))
        if libc.setns(home, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "can't come back from the network namespace")
        return tap
    finally:
        os.close(home)
        os.close(there)


class Direction:
    """Frames on their way from one device to the other."""

    def __init__(self, out: int) -> None:
        self.out = out
        self.under_way: list[tuple[float, int, bytes]] = []
        self.sent = 0
        self.free_at = 0.0  # when the throttle has passed everything accepted so far
        self.last_due = 0.0

    def accept(self, frame: bytes, line: Line, now: float) -> None:
        if line.cut or random.random() < line.loss:
            return
        leaves = now
        if line.rate_kbit:
            begins = max(now, self.free_at)
            if (begins - now) * 1000 > line.queue_ms:
                return
            leaves = self.free_at = begins + len(frame) * 8 / (line.rate_kbit * 1000)
        delay = line.delay_ms + random.uniform(-line.jitter_ms, line.jitter_ms)
        self.last_due = max(self.last_due, leaves + max(0.0, delay) / 1000)
        self.sent += 1
        heapq.heappush(self.under_way, (self.last_due, self.sent, frame))

    def deliver(self, now: float) -> None:
        while self.under_way and self.under_way[0][0] <= now:
            frame = heapq.heappop(self.under_way)[2]
            with contextlib.suppress(OSError):  # the device is down or full: then it is lost, as on a real line
                os.write(self.out, frame)


def bridge(left: str, right: str, control: Path) -> None:
    """Carry frames until killed. ``left`` and ``right`` are ``namespace:device``; ``control`` holds a Line as JSON."""
    taps = [open_tap(*end.split(":")) for end in (left, right)]
    directions = {taps[0]: Direction(taps[1]), taps[1]: Direction(taps[0])}
    selector = selectors.DefaultSelector()
    for tap in taps:
        selector.register(tap, selectors.EVENT_READ)
    line, reread_at = Line(), 0.0
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        if now >= reread_at:
            reread_at = now + REREAD_SECONDS
            with contextlib.suppress(OSError, ValueError):  # being replaced in this moment: next time
                line = Line(**json.loads(control.read_text()))
            if line.cut:
                for direction in directions.values():
                    direction.under_way.clear()
        due = [d.under_way[0][0] for d in directions.values() if d.under_way]
        for key, _ in selector.select(max(0.0, min([*due, reread_at]) - now)):
            with contextlib.suppress(BlockingIOError):
                while True:
                    directions[key.fd].accept(os.read(key.fd, FRAME_BYTES), line, time.monotonic())
        for direction in directions.values():
            direction.deliver(time.monotonic())


# ---- what tests use ----


def why_not() -> str | None:
    """Return why no such network can be made here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "the command ip (iproute2) is missing"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is missing"
    probe = f"probe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", probe], check=False)
    return None


class Link:
    """The bad line; what is set holds within a tenth of a second."""

    def __init__(self, control: Path) -> None:
        self.control = control
        self.line = Line()
        self.set()

    def set(self, **values: float | bool) -> None:
        """Set these values; all others are those of a perfect line."""
        self._write(Line(**values))  # type: ignore[arg-type]

    @contextlib.contextmanager
    def cut(self, seconds: float) -> Iterator[None]:
        """Let nothing pass as long as the block takes, and for so many seconds at least; then go on as before."""
        before = replace(self.line, cut=False)
        self._write(replace(before, cut=True))
        ends = time.monotonic() + seconds
        try:
            yield
            time.sleep(max(0.0, ends - time.monotonic()))
        finally:
            self._write(before)  # or it would cut the next test's line too

    def _write(self, line: Line) -> None:
        self.line = line
        fresh = self.control.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(line)))
        fresh.replace(self.control)  # the bridge never sees half a file
        time.sleep(2 * REREAD_SECONDS)


class Network:
    """Namespaces ``a``, ``hub`` and ``b``; the way from ``a`` to the hub is the bad line."""

    hub_address = "10.77.1.1"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="netem-"))
        self.names = {part: f"w{os.getpid()}{part}" for part in ("a", "hub", "b")}
        self.processes: list[subprocess.Popen[str]] = []
        self.link = Link(self.folder / "line.json")

    def __enter__(self) -> Network:
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _build(self) -> None:
        for name in self.names.values():
            self._ip("netns", "add", name)
        a, hub, b = (self.names[part] for part in ("a", "hub", "b"))
        for part in self.names:
            # Without IPv6: a link gets such an address a second or two after it is up, which a browser takes for another
            # network. It then gives up what it is loading (ERR_NETWORK_CHANGED).
            self._write(part, "/proc/sys/net/ipv6/conf/all/disable_ipv6")
            self.ip(part, "link", "set", "lo", "up")
        self._ip("link", "add", "good0", "netns", hub, "type", "veth", "peer", "name", "good1", "netns", b)
        here = Path(__file__).resolve()
        command = [sys.executable, str(here), f"{a}:bad1", f"{hub}:bad0", str(self.link.control)]
        carrier = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.processes.append(carrier)
        if carrier.stdout is None or carrier.stdout.readline().strip() != "ready":
            raise RuntimeError("the bridge between the namespaces did not start")
        for part, device, address in (
            ("hub", "bad0", "10.77.1.1/24"),
            ("a", "bad1", "10.77.1.2/24"),
            ("hub", "good0", "10.77.2.1/24"),
            ("b", "good1", "10.77.2.2/24"),
        ):
            self.ip(part, "addr", "add", address, "dev", device)
            self.ip(part, "link", "set", device, "up")
        self.ip("a", "route", "add", "default", "via", "10.77.1.1")
        self.ip("b", "route", "add", "default", "via", "10.77.2.1")
        self._write("hub", "/proc/sys/net/ipv4/ip_forward")

    def _write(self, part: str, switch: str) -> None:
        """Turn a switch on in a namespace, which has its own; one that this kernel hasn't is left alone."""
        subprocess.run([*self.inside(part), "sh", "-c", f"[ ! -e {switch} ] || echo 1 > {switch}"], check=True)

    def inside(self, part: str) -> list[str]:
        """Return the beginning of a command line that runs in a namespace."""
        return ["ip", "netns", "exec", self.names[part]]

    def ip(self, part: str, *arguments: str) -> None:
        self._ip("-n", self.names[part], *arguments)

    def run(self, part: str, command: list[str], cwd: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen([*self.inside(part), *command], text=True, cwd=cwd)
        self.processes.append(process)
        return process

    def launcher(self, part: str, program: str) -> Path:
        """Return a script that runs a program inside, for tools that start a program by its path."""
        script = self.folder / f"{part}-{Path(program).name}"
        script.write_text(f'#!/bin/sh\nexec {" ".join(self.inside(part))} {program} "$@"\n')
        script.chmod(0o755)
        return script

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _ip(*arguments: str) -> None:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


if __name__ == "__main__":
    bridge(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
