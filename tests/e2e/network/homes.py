"""Two homes with a demo between them: one browser behind a line that can be cut, one behind a good one.

Everything of a browser goes over its line, the pages as well as picture and sound; a browser is told nothing of what its
line does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.call_lab.running import CHROMIUM_PROGRAM, launch
from tests.e2e.conftest import ROOT, Demo, need, running_demo
from tests.e2e.network.netem import Network, why_not

OUTAGE = ("WebSocket", "ERR_", "signal timed out", "AbortError", "status of 50", "answered 50")
"""What a page complains of while its line is dead."""


@dataclass(frozen=True, slots=True)
class Homes:
    """A demo; the ``far`` browser, whose line is ``network.link``; the ``near`` one, whose line is good."""

    demo: Demo
    network: Network
    far: Any
    near: Any


@contextmanager
def two_homes() -> Iterator[Homes]:
    """Give two homes; skip where no network can be made."""
    from playwright.sync_api import sync_playwright

    need(why_not())
    with ExitStack() as stack:
        network = stack.enter_context(Network())
        demo = stack.enter_context(running_demo(prefix=network.inside("hub")))
        port = str(urlsplit(demo.address).port)
        playwright = stack.enter_context(sync_playwright())
        browsers = []
        for part, gateway in (("a", "10.77.1.1"), ("b", "10.77.2.1")):
            _carry(network, gateway, port)
            program = str(network.launcher(part, CHROMIUM_PROGRAM))
            browsers.append(launch(playwright.chromium, program, f"--host-resolver-rules=MAP localhost {gateway}"))
            stack.callback(browsers[-1].close)
        yield Homes(demo, network, *browsers)


def _carry(network: Network, gateway: str, port: str) -> None:
    """Let a browser's namespace reach the demo, which answers on the loopback of its own namespace only."""
    command = [*network.inside("hub"), sys.executable, "-m", "tests.faults.wire", gateway, port]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    network.processes.append(process)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
