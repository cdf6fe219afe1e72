"""A disk without space while the clinic is set up: the cause and what to do, and a next start that simply works.

The disk is a real one of a few megabytes, in memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import postgres
from tests.e2e.conftest import ROOT, need
from webside.testing.server import free_port

pytestmark = pytest.mark.timeout(900)


class Disk:
    """A file system of its own size, mounted until closed."""

    def __init__(self, megabytes: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="webside-disk-", dir="/tmp"))
        self._mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(self.folder))

    def grow(self, megabytes: int) -> None:
        """Give it another size."""
        self._mount("-o", f"remount,size={megabytes}m", str(self.folder))

    def fill(self) -> Path:
        """Take all the space that is left; return the file that holds it."""
        path = self.folder / "filler"
        with path.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                return path

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
        self.folder.rmdir()

    @staticmethod
    def _mount(*arguments: str) -> None:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr.strip())


@pytest.fixture
def disk() -> Iterator[Disk]:
    if os.geteuid() != 0:
        need("mounting a small disk needs root")
    try:
        disk = Disk(30)
    except OSError as error:
        need(f"no disk can be mounted here: {error}")
        raise
    yield disk
    disk.close()


def test_set_up_of_the_packages_on_a_small_disk_writes_nothing(disk: Disk) -> None:
    """Shown failing with ``check_space`` taken out of ``tools/setup.py``: pip's own words come, after a while."""
    (disk.folder / "requirements").mkdir()
    shutil.copytree(ROOT / "tools", disk.folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for kind in ("base", "dev"):
        shutil.copy(ROOT / "requirements" / f"{kind}.txt", disk.folder / "requirements")
    done = subprocess.run(
        [str(disk.folder / "tools" / "setup.sh"), "base"], env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "too little disk space" in done.stderr
    assert "Nothing was written" in done.stderr
    assert not (disk.folder / ".venv").exists()


def test_a_disk_that_fills_while_the_database_is_made_leaves_no_half_one(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check before has passed; somebody else's file took the space since. Shown failing with ``initdb`` working in
    the final folder instead of beside it: the next start finds half a database."""
    monkeypatch.setattr(postgres, "SPACE_NEEDED_MB", 10)
    server = postgres.Server(disk.folder / "var")
    with pytest.raises(postgres.PostgresError, match=r"the disk is full.+Free some space") as refused:
        server.ensure_running()
    assert refused.value.code == 2
    assert not server.data.exists()
    assert list(disk.folder.rglob("PG_VERSION")) == []
    disk.grow(400)
    try:
        assert server.ensure_running()["app"]
        assert server.answers()
    finally:
        server.stop()


@pytest.mark.drill
def test_a_disk_that_fills_during_the_first_start_is_named_and_the_next_start_works(disk: Disk) -> None:
    """Shown failing with the name of the cause taken out of ``supervisor.py``: only the database's own words come."""
    disk.grow(900)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "WEBSIDE_"))},
        "WEBSIDE_VAR": str(disk.folder / "var"), "WEBSIDE_PORT": str(free_port()),
    }  # fmt: skip
    start = [sys.executable, "-m", "config.supervisor", "demo"]
    with subprocess.Popen(
        start, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as first:
        assert first.stdout is not None
        said = []
        for line in first.stdout:
            said.append(line)
            if "PostgreSQL is ready" in line:
                filler = disk.fill()
    assert first.returncode == 2, "".join(said)
    assert "the disk is full" in "".join(said)
    assert "Free some space" in "".join(said)
    filler.unlink()
    with subprocess.Popen(
        start, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as second:
        assert second.stdout is not None
        address = next((line for line in second.stdout if line.startswith("http://localhost")), "")
        second.terminate()
    assert address
