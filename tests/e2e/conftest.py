"""A living demo clinic in processes of its own, and browsers that look at it."""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.e2e.looks import SIZES, Watch, look

__all__ = ["DESKTOP", "PATIENCE", "PHONE", "STORY_FPS", "Demo", "look", "need", "running_demo", "someone", "wait_until"]

ROOT = Path(__file__).resolve().parents[2]
DESKTOP = SIZES["desktop"]
PHONE = SIZES["phone"]
STORY_FPS = 8
"""Pictures are made, sent and drawn on these cores, and a story wants to see that they move."""
PATIENCE = 60
"""Seconds: for what comes by itself, from a worker that shares two cores with other tests' browsers."""


def need(reason: str | None) -> None:
    """Skip when a tool is missing; in CI that is a failure, or nobody would notice."""
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@dataclass(slots=True)
class Demo:
    """A running demo clinic: its address, its data folder, and its processes by name."""

    address: str
    var: Path
    process: subprocess.Popen[str]
    others: ExitStack = field(default_factory=ExitStack)
    """What was started after it, and ends with it."""

    def begin_anew(self) -> None:
        """Be another clinic from now on, for all who hold this one."""
        other = self.others.enter_context(running_demo())
        self.address, self.var, self.process = other.address, other.var, other.process

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return self.address.rstrip("/") + path

    def pid(self, part: str) -> int:
        """Return the process of web, worker or postgres; 0 while there is none, between two of them."""
        try:
            return int((self.var / "run" / f"{part}.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return 0

    def kill(self, part: str) -> None:
        """Kill web, worker or postgres without a word."""
        pid = self.pid(part)
        assert pid, f"no {part} to kill: 0 would be our own group"
        os.kill(pid, signal.SIGKILL)

    @contextmanager
    def held(self, part: str) -> Iterator[None]:
        """Hold a process still. Without who starts it again, what is killed stays dead for as long as the block takes."""
        pid = self.pid(part)
        assert pid, f"no {part} to hold: 0 would be our own group"
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def replaced(self, part: str, before: int) -> bool:
        """Whether another process than ``before`` does the work of a part."""
        return self.pid(part) not in (0, before)

    def answers(self) -> bool:
        """Whether the web process answers."""
        try:
            with urlopen(self.url("/health"), timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except OSError:
            return False


RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"alone-{os.getpid()}"


@contextmanager
def _prepared() -> Iterator[Path]:
    """Give an installation with the demo's people and their past, made once in a run of the tests.

    Each demo begins with a copy, and its start gives today's visits new times as every later start of a demo does; the
    very first start is `test_offline.py`'s. The workers of a run share it and take turns.
    """
    folder = Path(tempfile.gettempdir()) / f"webside-prepared-{RUN}"
    folder.mkdir(mode=0o755, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            env = {**_environment(), "WEBSIDE_VAR": str(folder / "var"), "WEBSIDE_DEMO": "1"}
            for command in (
                "-m config.postgres start", "manage.py upgrade", "manage.py seed_demo", "-m config.postgres stop",
            ):  # fmt: skip
                done = subprocess.run(
                    [sys.executable, *command.split()], cwd=ROOT, env=env, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stdout + done.stderr
            (folder / "made").touch()
        _gone_at_the_end(folder)
        yield folder / "var"


@functools.cache
def _gone_at_the_end(folder: Path) -> None:
    """Remove the prepared installation with this process; another worker that still needs one makes it again."""

    def remove() -> None:
        with suppress(FileNotFoundError), (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / "made").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "DJANGO_"))}


@contextmanager
def running_demo(*, prefix: Sequence[str] = (), fresh: bool = False, **environment: str) -> Iterator[Demo]:
    """Start the demo as `make demo` does, on a copy of what is prepared, in a folder of its own; stop it afterwards.

    ``prefix`` is the beginning of the command line, to run it inside something; ``fresh``: on nothing at all.
    """
    from webside.testing.server import free_port

    with tempfile.TemporaryDirectory(prefix="webside-e2e-") as folder:
        var = Path(folder)
        var.chmod(0o755)
        if not fresh:
            with _prepared() as made:
                subprocess.run(["cp", "-a", str(made), str(var / "var")], check=True)
        env = {
            **_environment(),
            "WEBSIDE_VAR": str(var / "var"),
            "WEBSIDE_PORT": str(free_port()),
            "WEBSIDE_SIGN_IN_DOMAINS": '{"larkspur": ["larkspur.example"]}',
            "WEBSIDE_SAML": "1",
            **environment,
        }
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "config.supervisor", "demo"],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said: list[str] = []
        address = ""
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := re.fullmatch(r"(http://localhost:\d+/)\s*", line):
                address = found.group(1)
                break
        if not address:
            process.wait(10)
            pytest.fail("the demo did not start:\n" + "".join(said))
        try:
            yield Demo(address, var / "var", process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Give a demo clinic for the tests of one file."""
    with running_demo() as clinic, clinic.others:
        yield clinic


@pytest.fixture(scope="module")
def crowd() -> Iterator[None]:
    """Hold what one file alone may have at a time: three and more in calls take two cores, and any call beside them starves.

    Whoever waits for it does so before her demo and her browsers are started; it counts for the first test's timeout.
    """
    with _calls(fcntl.LOCK_EX):
        yield


@pytest.fixture(scope="module")
def pair() -> Iterator[None]:
    """Hold it with others like this one: two in a call may have another two beside them, and no crowd."""
    with _calls(fcntl.LOCK_SH):
        yield


@contextmanager
def _calls(how: int) -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / f"webside-crowd-{os.getuid()}.lock").open("w") as held:
        fcntl.flock(held, how)
        yield


@pytest.fixture(autouse=True)
def another_clinic(request: pytest.FixtureRequest) -> None:
    """Give a story that is tried again another clinic: its first try used up the visits that it is about.

    Only where it is alone in its file, or ``apart``; others share what the tests before them did there. The stories after
    it go on in the new one.
    """
    again = getattr(request.node, "execution_count", 1) > 1
    alone = sum(item.path == request.node.path for item in request.session.items) == 1
    apart = request.node.get_closest_marker("apart")
    if not (again and (alone or apart) and "demo" in request.fixturenames):
        return
    request.getfixturevalue("demo").begin_anew()


@pytest.fixture(scope="module")
def browsers() -> Iterator[Callable[..., Any]]:
    """Give a way to start a Chromium with a fake camera (of ``fps``) and microphone; all end with the file's tests."""
    from playwright.sync_api import sync_playwright

    from tests.e2e.call_lab.running import launch, why_no_browser

    need(why_no_browser())
    with sync_playwright() as running:
        started: list[Any] = []

        def start(fps: int = STORY_FPS) -> Any:
            started.append(launch(running.chromium, fps=fps))
            return started[-1]

        yield start
        for browser in started:
            browser.close()


@pytest.fixture(scope="module")
def chromium(browsers: Callable[[], Any]) -> Any:
    """Give one Chromium for the tests of a file."""
    return browsers()


@pytest.fixture(scope="module")
def other_chromium(browsers: Callable[[], Any]) -> Any:
    """Give a second Chromium, for the other side of a call."""
    return browsers()


@contextmanager
def someone(
    browser: Any, demo: Demo, name: str | None, *, size: dict[str, int] = DESKTOP, **options: Any
) -> Iterator[Any]:
    """Give a page of somebody who signed in through the demo's door (``name`` as on their card).

    ``page.watch`` holds what the page complained of. At the end nothing may be left there that was
    not expected (``page.watch.expect``): no script error, no refusal by the page's policy, no server
    error, no request to a stranger.
    """
    context = browser.new_context(
        base_url=demo.address, viewport=size, locale="en-US", timezone_id="America/New_York",
        permissions=["camera", "microphone"], **options,
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.watch = Watch(demo.address)
    page.watch.follow(page)
    if name is not None:
        page.goto("/")
        page.get_by_role("button", name=re.compile(re.escape(name))).first.click()
        page.wait_for_load_state()
    try:
        yield page
    except BaseException as error:
        error.add_note(f"{name or 'A visitor'}: {page.watch.standing(page)}")
        try:
            look(page, f"failed-{name or 'visitor'}".replace(" ", "-").lower())
        except Exception as unseen:  # what went wrong matters more than its picture
            error.add_note(f"no picture of it: {unseen}")
        context.close()
        raise
    context.close()
    assert page.watch.complaints == []


def wait_until(what: str, check: Any, seconds: float = 60, every: float = 0.2) -> Any:
    """Return the first true answer of ``check``; fail after ``seconds``."""
    ends = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"waited {seconds} s for: {what}")
        time.sleep(every)
