"""Files are what they are, not what they say."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from webside.core import files, frames
from webside.core.actor import system
from webside.core.crypto import Unreadable
from webside.testing.cast import Cast


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path


def _picture(kind: str = "JPEG", exif: bytes = b"") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind, **({"exif": exif} if exif else {}))
    return out.getvalue()


def test_a_file_is_encrypted_on_disk_and_comes_back(cast: Cast, folder: Path) -> None:
    content = b"%PDF-1.7 Liz Moreno"
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        stored = files.store(content)
        assert files.read(stored.id) == content
    kept = next(path for path in folder.rglob("*") if path.is_file() and "files" in path.parts)
    assert b"Liz" not in kept.read_bytes()


def test_another_tenant_cannot_read_it_even_by_its_path(cast: Cast, folder: Path) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        stored = files.store(b"%PDF-1.7 x")
    with frames.begin(tenant_id=cast.northgate.id, actor=system("tests")):
        with pytest.raises(FileNotFoundError):
            files.read(stored.id)
        source = folder / "files" / str(cast.larkspur.id) / str(stored.id)
        target = folder / "files" / str(cast.northgate.id) / str(stored.id)
        target.parent.mkdir(parents=True)
        target.write_bytes(source.read_bytes())
        with pytest.raises(Unreadable):
            files.read(stored.id)


@pytest.mark.parametrize(
    ("content", "claimed", "says"),
    [
        (b"", "", "empty"),
        (b"MZ\x90\x00 a program", "image/png", "kind of file"),
        (b"<html><script>alert(1)</script>", "image/jpeg", "kind of file"),
        (b"%PDF-1.7", "image/png", "not what its name says"),
        (b"\x89PNG\r\n\x1a\n broken", "image/png", "damaged"),
        (b"%PDF-" + b"0" * (files.MAX_BYTES + 1), "", "over 20 MB"),
    ],
)
def test_what_is_not_taken_says_why(cast: Cast, content: bytes, claimed: str, says: str) -> None:
    with (
        frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")),
        pytest.raises(files.FileRefused, match=says),
    ):
        files.store(content, claimed_type=claimed)


def test_a_picture_leaves_its_place_of_taking_behind(cast: Cast) -> None:
    marked = Image.Exif()
    marked[0x010E] = "41 Wall Street"
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        stored = files.store(_picture(exif=marked.tobytes()))
        assert b"Wall Street" not in files.read(stored.id)
        assert stored.content_type == "image/jpeg"


def test_a_download_has_a_plain_name() -> None:
    assert files.name_for('../../etc/"pass\r\nwd"', "application/pdf") == "etcpasswd.pdf"
