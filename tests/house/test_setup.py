"""Set-up says in plain words what is in its way, and costs nothing when nothing changed."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

from config.postgres import ROOT


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("webside_setup", ROOT / "tools" / "setup.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what set-up reads, with no virtual environment."""
    (tmp_path / "requirements").mkdir()
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for kind in ("base", "saml", "dev"):
        shutil.copy(ROOT / "requirements" / f"{kind}.txt", tmp_path / "requirements")
    return tmp_path


def run(tree: Path, kind: str = "base", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(tree / "tools" / "setup.sh"), kind],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def fake_python(folder: Path, script: str) -> str:
    path = folder / "python-of-the-test"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_an_old_python_is_named(tree: Path) -> None:
    old = fake_python(tree, 'case "$1" in --version) echo Python 3.9.18;; *) exit 1;; esac')
    done = run(tree, PYTHON=old)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed, found: Python 3.9.18" in done.stderr
    assert not (tree / ".venv").exists()


def test_a_python_without_venv_is_named_with_the_package_to_install(tree: Path) -> None:
    bare = fake_python(tree, 'case "$*" in *ensurepip*) exit 1;; esac')
    done = run(tree, PYTHON=bare)
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (tree / ".venv").exists()


def make_stamped(tree: Path, *kinds: str) -> None:
    (tree / ".venv" / "bin").mkdir(parents=True)
    (tree / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for kind in kinds:
        script = 'printf "%s %s" "$(cksum < "requirements/$1.txt")" "$PWD"'
        shown = subprocess.run(["sh", "-c", script, "sh", kind], cwd=tree, capture_output=True, text=True, check=True)
        (tree / ".venv" / f".webside-{kind}").write_text(shown.stdout)


def test_nothing_is_done_when_nothing_changed(tree: Path) -> None:
    make_stamped(tree, "base")
    done = run(tree, PYTHON="/bin/false")  # would fail if it were asked
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run(tree, "dev", PYTHON="/bin/false").returncode == 1


def test_another_lock_is_installed(tree: Path) -> None:
    make_stamped(tree, "base", "dev")
    with (tree / "requirements" / "base.txt").open("a") as lock:
        lock.write("# one more line\n")
    assert run(tree, "base", PYTHON="/bin/false").returncode == 1
    assert run(tree, "dev", PYTHON="/bin/false").returncode == 0


def test_a_moved_tree_is_set_up_again(tree: Path) -> None:
    make_stamped(tree, "base")
    moved = tree.with_name(f"{tree.name}-moved")
    tree.rename(moved)
    assert run(moved, PYTHON="/bin/false").returncode == 1


def test_too_little_space_is_said_before_anything_is_written(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _path: usage(10**9, 10**9, 100_000_000))
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    assert setup.main("base", "mark", "mark") == 2
    assert re.search(r"100 MB free .* about 700 MB needed. Nothing was written", capsys.readouterr().err)
    assert not (tmp_path / ".venv").exists()


def test_no_network_is_the_cause_that_pip_gives(setup: ModuleType, tmp_path: Path) -> None:
    nowhere = ("--isolated", "--index-url", "http://127.0.0.1:9/simple", "--retries=0")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *nowhere, "--no-deps", "-d", str(tmp_path), "webside-none==1"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "can't be reached" in setup.cause_of(done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("Failed to establish: [Errno -3] Temporary failure in name resolution", "index can't be reached"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "isn't the one that was locked"),
        ("ERROR: No matching distribution found for django==5.2.19", "no build of a locked package"),
        ("ERROR: Failed building wheel for cryptography", "couldn't be compiled"),
        ("something else", "last lines are above"),
    ],
)
def test_a_cause_has_plain_words(setup: ModuleType, output: str, words: str) -> None:
    assert words in setup.cause_of(output)


@pytest.mark.parametrize(("kind", "least"), [("base", 50), ("saml", 3), ("dev", 100)])
def test_the_lock_pins_and_hashes_everything_and_holds_no_address(kind: str, least: int) -> None:
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.M))
    assert len(entries) > least
    assert [entry for entry in entries if not re.match(r"[a-z0-9._-]+==\S+( ; .+)? \\\n", entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"://|--(index|extra-index|find-links|trusted)", text)


def test_what_is_tested_is_what_is_run() -> None:
    pins = {
        kind: dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / "requirements" / f"{kind}.txt").read_text(), re.M))
        for kind in ("base", "saml", "dev")
    }
    for kind in ("base", "saml"):
        assert {name: pin for name, pin in pins[kind].items() if pins["dev"].get(name, pin) != pin} == {}


def test_what_only_some_clinics_need_is_no_part_of_base(setup: ModuleType) -> None:
    base, saml = ((ROOT / "requirements" / f"{kind}.txt").read_text() for kind in ("base", "saml"))
    extra = set(re.findall(r"^([a-z0-9._-]+)==", saml, re.M))
    assert {"python3-saml", "xmlsec", "lxml"} <= extra
    assert extra & set(re.findall(r"^([a-z0-9._-]+)==", base, re.M)) == set()


def test_adding_it_later_says_nothing_about_base(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "make_venv", lambda: None)
    monkeypatch.setattr(setup, "install", lambda requirements: None)
    assert setup.main("saml", "of base", "of saml") == 0
    assert [path.name for path in tmp_path.iterdir()] == [".webside-saml"]
    assert setup.main("dev", "of base", "of dev") == 0
    assert (tmp_path / ".webside-base").read_text() == "of base"


def test_every_wanted_package_is_in_the_lock() -> None:
    for source, kind in {"base.in": "base", "saml.in": "saml", "test.in": "dev"}.items():
        wanted = {
            re.split(r"[\[=<>~; ]", line)[0].lower().replace("_", "-").replace(".", "-")
            for line in (ROOT / "requirements" / source).read_text().splitlines()
            if line and not line.startswith(("#", "-"))
        }
        locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / f"{kind}.txt").read_text(), re.M))
        assert wanted <= locked


def test_make_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(["make", "-C", str(ROOT), "-s", "help"], capture_output=True, text=True, check=True).stdout
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.M)[1].split()  # type: ignore[index]
    assert set(re.findall(r"make (\w+)", shown)) == set(targets)


def test_the_doctor_says_how_each_thing_is_and_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "doctor.py")],
        env={"PATH": os.environ["PATH"], "WEBSIDE_VAR": str(tmp_path / "var"), "WEBSIDE_PORT": "8000"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert "Traceback" not in done.stderr
    assert any(re.match(r"ok +PostgreSQL +embedded 18\.\S+, not made yet", line) for line in lines)
    for number, line in enumerate(lines):
        if line.startswith(("note", "missing")):
            assert lines[number + 1].strip().startswith("-> "), line
    assert (done.returncode == 1) == any(line.startswith("missing") for line in lines)


def test_the_doctor_says_what_a_clinic_with_saml_lacks(tmp_path: Path) -> None:
    for folder in ("lxml", "xmlsec"):
        (tmp_path / f"{folder}.py").write_text("raise ImportError('not here')\n")
    environment = {"PATH": os.environ["PATH"], "WEBSIDE_VAR": str(tmp_path / "var"), "WEBSIDE_PORT": "8000"}
    for more, words in (
        ({}, None),
        ({"WEBSIDE_SAML": "1"}, "ok       packages for SAML"),
        ({"WEBSIDE_SAML": "1", "PYTHONPATH": str(tmp_path)}, "missing  packages for SAML"),
    ):
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "doctor.py")],
            env=environment | more, capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = [line for line in done.stdout.splitlines() if "packages for SAML" in line]
        assert found == [] if words is None else found[0].startswith(words), done.stdout
        assert ("-> make saml" in done.stdout) == ("PYTHONPATH" in more)
