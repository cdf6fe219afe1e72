"""Files are what they are, not what they say."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from webside.core import clock, files, frames
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


def _huge() -> bytes:
    """Return a small file that says of itself that its picture has 64 million points."""
    picture = _picture("PNG")
    size = struct.pack(">II", 8000, 8000)
    head = b"IHDR" + size + picture[24:29]
    return picture[:12] + head + struct.pack(">I", zlib.crc32(head)) + picture[33:]


EMPTY = "The file is empty. Choose it again."
UNKNOWN = "We can't open this kind of file. Send a photo (JPEG, PNG, WebP) or a PDF."
OTHER = "The file is not what its name says. Send the original file."
DAMAGED = "This picture is damaged. Take it again, or send another copy."


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
        (b"", "", EMPTY),
        (b"MZ\x90\x00 a program", "image/png", UNKNOWN),
        (b"<html><script>alert(1)</script>", "image/jpeg", UNKNOWN),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/svg+xml", UNKNOWN),
        (b"PK\x03\x04 an archive", "application/pdf", UNKNOWN),
        (b"%PDF-1.7", "image/png", OTHER),
        (_picture("PNG"), "application/pdf", OTHER),
        (b"\x89PNG\r\n\x1a\n broken", "image/png", DAMAGED),
        (_picture()[:100], "image/jpeg", DAMAGED),
        (_huge(), "image/png", "This picture is too large. Send one with at most 40 million pixels."),
        (b"%PDF-" + b"0" * (files.MAX_BYTES + 1), "", "The file is over 20 MB. Send a smaller copy."),
    ],
    ids=["nothing", "a program", "a page", "a drawing with a script", "an archive", "a PDF called a picture",
         "a picture called a PDF", "a broken picture", "half a picture", "a bomb", "too large"],
)  # fmt: skip
def test_what_is_not_taken_says_why_and_what_to_do_and_is_not_kept(
    cast: Cast, folder: Path, content: bytes, claimed: str, says: str
) -> None:
    """The words whole, as a page will show them. Shown failing with ``sniff`` that believes what it is told."""
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")), pytest.raises(files.FileRefused) as refused:
        files.store(content, claimed_type=claimed)
    assert str(refused.value) == says
    assert [path for path in folder.rglob("*") if path.is_file() and "files" in path.parts] == []


def test_every_door_for_files_was_tried() -> None:
    product = Path(files.__file__).parents[1]
    doors = [path for path in product.rglob("*.py") if "tests" not in path.parts and "files.store(" in path.read_text()]
    tried = {
        "chart/services/documents.py": "visits/tests/test_keeping.py",
        "visits/services/files.py": "visits/tests/test_files.py",
    }
    assert {str(path.relative_to(product)) for path in doors} == set(tried), (
        "try through the new page what it says of each file here, and tell it in tests/faults/README.md"
    )
    assert all((product / test).is_file() for test in tried.values())


def test_a_picture_leaves_its_place_of_taking_behind(cast: Cast) -> None:
    marked = Image.Exif()
    marked[0x010E] = "41 Wall Street"
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        stored = files.store(_picture(exif=marked.tobytes()))
        assert b"Wall Street" not in files.read(stored.id)
        assert stored.content_type == "image/jpeg"


def test_a_download_has_a_plain_name() -> None:
    assert files.name_for('../../etc/"pass\r\nwd"', "application/pdf") == "etcpasswd.pdf"


def test_a_picture_is_turned_as_it_was_held(cast: Cast) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (30, 10), "red").save(out, "JPEG", exif=exif.tobytes())
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        stored = files.store(out.getvalue())
        found = files.measure(files.read(stored.id))
    assert (found.width, found.height) == (10, 30)
    with Image.open(io.BytesIO(found.preview)) as small:
        assert small.format == "JPEG" and small.size == (10, 30)


def test_a_preview_is_small_and_white_where_the_picture_is_clear(cast: Cast) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (2000, 1000), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(files.measure(out.getvalue()).preview)) as small:
        assert small.size == (480, 240) and small.getpixel((9, 9)) == (255, 255, 255)


def test_what_no_row_names_is_swept_after_a_day_and_nothing_else(
    cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rows:
        _default_manager = None

        def values_list(self, *fields: str) -> list[Any]:
            assert fields == ("content", "preview")
            return [(named.id, None)]

    rows = Rows()
    rows._default_manager = rows  # type: ignore[assignment]
    monkeypatch.setattr(files.apps, "get_model", lambda model: rows)
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        named, orphan = files.store(b"%PDF-1.7 named"), files.store(b"%PDF-1.7 orphan")
        now = clock.now().timestamp()
        monkeypatch.setattr(files, "_owners", {})
        assert files.sweep(now + 90000) == 0, "nobody has said what is named"
        files.owned_by("tests.Rows", "content", "preview")
        assert files.sweep(now) == 0, "a transaction may still be under way"
        assert files.sweep(now + 90000) == 1
        assert files.read(named.id) == b"%PDF-1.7 named"
        with pytest.raises(FileNotFoundError):
            files.read(orphan.id)
