"""Starts and stops what tests of a call need: the lab's server, a TURN server, Chromium, two people in a call."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserType, Page

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = "/usr/bin/chromium"
#: The wrapper above looks at things that a network namespace hasn't; this is the program itself.
CHROMIUM_PROGRAM = "/usr/lib/chromium/chromium"
GRANTS_ALL = "--use-fake-ui-for-media-stream"
FLAGS = [
    GRANTS_ALL,
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TURN_SECRET = "only-for-the-lab"


def why_no_browser() -> str | None:
    return None if Path(CHROMIUM).exists() else f"{CHROMIUM} is missing"


def why_no_turn() -> str | None:
    return None if shutil.which("turnserver") else "turnserver (coturn) is missing"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, check: Callable[[], Any], seconds: float = 45, every: float = 0.1) -> Any:
    """Return the first true answer of ``check``, or fail with the last answer."""
    ends = time.monotonic() + seconds
    answer = check()
    while not answer:
        if time.monotonic() > ends:
            raise AssertionError(f"waited {seconds} s for: {what} (last answer: {answer!r})")
        time.sleep(every)
        answer = check()
    return answer


def wait_in(page: Page, expression: str, seconds: float = 45) -> None:
    """Wait for a JavaScript expression. Playwright's own wait_for_function needs eval, which the pages' policy forbids."""
    wait_for(expression, lambda: page.evaluate(f"Boolean({expression})"), seconds)


class LabServer:
    """The lab as a process that can be killed and started again on its port."""

    def __init__(self, arguments: Sequence[str] = (), prefix: Sequence[str] = (), host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = free_port() if host == "127.0.0.1" else 8000
        name = "localhost" if host == "127.0.0.1" else host
        self.address = f"http://{name}:{self.port}"
        self.command = [*prefix, sys.executable, "-m", "tests.e2e.call_lab.server", "--host", host]
        self.command += ["--port", str(self.port), *arguments]
        self.prefix = prefix
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LabServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=ROOT)
        wait_for("the lab answers", self._answers, seconds=30)

    def _answers(self) -> bool:
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"the lab stopped at once with {self.process.returncode}")
        script = f"import socket; socket.create_connection(('{self.host}', {self.port}), 1)"
        return not subprocess.run(
            [*self.prefix, sys.executable, "-c", script], capture_output=True, check=False
        ).returncode

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()


class TurnServer:
    """coturn on loopback with time-limited credentials."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="turn-"))

    def __enter__(self) -> TurnServer:
        lines = [
            "listening-ip=127.0.0.1",
            "relay-ip=127.0.0.1",
            f"listening-port={self.port}",
            "min-port=49160",
            "max-port=49260",
            "use-auth-secret",
            f"static-auth-secret={TURN_SECRET}",
            "realm=visit.test",
            "fingerprint",
            "no-tls",
            "no-dtls",
            "no-cli",
            "no-multicast-peers",
            "allow-loopback-peers",  # the two browsers are on this machine; never in production
            f"pidfile={self.folder}/turn.pid",
            f"userdb={self.folder}/turndb",
            "log-file=stdout",
        ]
        config = self.folder / "turn.conf"
        config.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            ["turnserver", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for("the TURN server listens", self._listens)
        return self

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def lab_arguments(self) -> list[str]:
        return ["--turn", f"127.0.0.1:{self.port}", "--turn-secret", TURN_SECRET]


def launch(
    chromium: BrowserType, program: str = CHROMIUM, *flags: str, fps: int = 15, cameras: int | None = None
) -> Browser:
    """Start Chromium with a fake camera of so many frames a second; few of them keep two calls on two cores.

    ``cameras``: how many there are, and whoever may not use one is refused, as in a browser whose person said no.
    """
    fake, arguments = f"fps={fps}", list(FLAGS)
    if cameras is not None:
        fake += f",device-count={cameras}"
        arguments.remove(GRANTS_ALL)
    arguments += [f"--use-fake-device-for-media-stream={fake}", *flags]
    if os.environ.get("CI"):
        arguments.append("--disable-dev-shm-usage")
    return chromium.launch(executable_path=program, headless=True, args=arguments)


class Person:
    """One page of a call, as a test sees it."""

    def __init__(self, browser: Browser, address: str, name: str, room: str, query: str = "", script: str = "") -> None:
        self.context = browser.new_context()
        if script:
            self.context.add_init_script(script)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.navigations = 0
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("framenavigated", lambda _: self._navigated())
        self.page.goto(f"{address}/call?room={room}&as={name}&{query}")
        self.ready()

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    def ready(self) -> None:
        wait_in(self.page, "globalThis.lab?.numbers")

    def _navigated(self) -> None:
        self.navigations += 1

    def numbers(self) -> dict[str, Any]:
        return dict(self.page.evaluate("lab.numbers()"))

    def frames(self) -> int:
        return int(self.numbers()["frames"])

    def text(self, part: str) -> str:
        return str(self.page.locator(f'[data-call="{part}"]').inner_text())

    def press(self, action: str) -> None:
        self.page.locator(f'[data-call-action="{action}"]').click()

    @property
    def state(self) -> str:
        return str(self.page.locator("[data-behavior]").get_attribute("data-state"))

    def code(self) -> str:
        return str(self.page.locator('[data-call="code"]').text_content()).strip()

    def sees_new_frames(self, more: int = 10, seconds: float = 45) -> float:
        """Wait until so many more frames were decoded; return how long that took."""
        began, before = time.monotonic(), self.frames()
        wait_for(f"{more} new frames", lambda: self._frames_since(before) >= more, seconds)
        return time.monotonic() - began

    def _frames_since(self, before: int) -> int:
        frames = self.frames()
        return frames - before if frames >= before else frames  # a new connection counts from 0

    def close(self) -> None:
        self.context.close()


def in_a_call(people: Sequence[Person], seconds: float = 45) -> None:
    """Wait until everybody is connected and sees the other move."""
    for person in people:
        wait_for("connected", lambda person=person: person.state == "connected", seconds)
        person.sees_new_frames(5, seconds)
