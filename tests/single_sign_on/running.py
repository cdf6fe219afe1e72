"""A provider that runs beside the tests, and a browser without a screen that signs in there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.single_sign_on.provider import PASSWORD

ROOT = Path(__file__).parents[2]


class Service:
    """The provider of a test run, by its address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def says(self, **said: Any) -> None:
        """Tell it what to claim of somebody, or where to lead back to."""
        httpx.post(f"{self.address}/control/", json=said).raise_for_status()

    def signs_in(self, address: str, email: str) -> str:
        """Follow a browser to the provider, sign in there, and return where it leads back to."""
        with httpx.Client() as browser:
            answer = browser.get(address)
            for _ in range(10):
                if answer.is_redirect:
                    onwards = urljoin(str(answer.url), answer.headers["Location"])
                    if not onwards.startswith(self.address):
                        return onwards
                    answer = browser.get(onwards)
                else:
                    answer = browser.post(answer.url, data={"login": email, "password": PASSWORD})
        raise AssertionError(answer.text[:400])


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[Service]:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port = found.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, str(port), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout
        assert process.stdout.readline().strip() == "ready"
        yield Service(f"http://localhost:{port}")
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def running_service(folder: Path) -> Iterator[Service]:
    """Run a provider on a free port, with its database in ``folder``."""
    with _running("tests.single_sign_on.provider", str(folder)) as service:
        yield service


@contextmanager
def running_another_service(people: dict[str, dict[str, Any]]) -> Iterator[Service]:
    """Run a provider of another make on a free port; it knows these people, with what it claims of each."""
    with _running("tests.single_sign_on.another_provider", json.dumps(people)) as service:
        yield service


@contextmanager
def running_saml_service() -> Iterator[Service]:
    """Run a provider that speaks SAML 2.0 on a free port."""
    with _running("tests.single_sign_on.saml_provider") as service:
        yield service
