"""Files of patients and clinics: sniffed, bounded, encrypted, checked at each read.

``store`` takes bytes and says what they really are; ``read`` gives them back for the tenant of the
frame. Who may read is the caller's policy: this module never serves a file by itself.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from webside.core import frames
from webside.core.crypto import keyring
from webside.core.ids import uuid7

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000
PREVIEW_PIXELS = 480
"""The longer side of a small picture that stands for a large one."""
ORPHAN_AGE = timedelta(days=1)
"""A file without a row is swept when it is so old: the transaction that wrote it has long ended."""

_drawing = threading.BoundedSemaphore(2)
"""A picture unpacked takes some hundred megabytes for a moment; so many at once in a process, the next one waits."""
_owners: dict[str, tuple[str, ...]] = {}

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_EXTENSIONS = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}


class FileRefused(ValueError):
    """A file is not taken. The message is for people: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Where a file lies and what it is: id, real content type, size in bytes, SHA-256 of its content."""

    id: UUID
    content_type: str
    size: int
    sha256: str


def sniff(content: bytes) -> str:
    """Return the content type that the bytes themselves show; raise :class:`FileRefused` if unknown."""
    for magic, content_type in _MAGIC:
        if content.startswith(magic):
            return content_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise FileRefused(_("We can't open this kind of file. Send a photo (JPEG, PNG, WebP) or a PDF."))


def _re_encode(content: bytes) -> tuple[bytes, str]:
    """Draw an image anew: places of taking and hidden content stay behind."""
    try:
        with _drawing, Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FileRefused(_("This picture is too large. Send one with at most 40 million pixels."))
            keep_alpha = image.mode in ("RGBA", "LA", "P")
            # Phones write how they were held beside the picture: it stays behind with the rest, so the picture is turned.
            upright = ImageOps.exif_transpose(image)
            out = io.BytesIO()
            if keep_alpha:
                upright.convert("RGBA").save(out, "PNG")
                return out.getvalue(), "image/png"
            upright.convert("RGB").save(out, "JPEG", quality=90)
            return out.getvalue(), "image/jpeg"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused(_("This picture is damaged. Take it again, or send another copy.")) from None


def check_size(size: int) -> None:
    """Raise :class:`FileRefused` for a file of so many bytes, before any of them is sent."""
    if size <= 0:
        raise FileRefused(_("The file is empty. Choose it again."))
    if size > MAX_BYTES:
        raise FileRefused(_("The file is over 20 MB. Send a smaller copy."))


@dataclass(frozen=True, slots=True)
class Measured:
    """A picture's width and height in pixels, and a small JPEG of it."""

    width: int
    height: int
    preview: bytes


def measure(content: bytes) -> Measured:
    """Return how large a stored picture is, and a small one that stands for it. The content has been sniffed and drawn anew."""
    with _drawing, Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        image.draft("RGB", (2 * PREVIEW_PIXELS, 2 * PREVIEW_PIXELS))
        small = Image.new("RGB", image.size, "white")
        small.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
        small.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=80)
        return Measured(width, height, out.getvalue())


def _folder(tenant_id: UUID) -> Path:
    return Path(settings.VAR) / "files" / str(tenant_id)


def store(content: bytes, *, claimed_type: str = "") -> StoredFile:
    """Keep a file for the tenant of the frame; return what it is.

    Raises :class:`FileRefused` when it is empty, over 20 MB, of a kind that we don't take, or not
    what it claims to be. Written and flushed to disk before this returns; a file whose transaction
    rolls back is left without a row and swept by :func:`sweep`.
    """
    check_size(len(content))
    content_type = sniff(content)
    if claimed_type and claimed_type.partition("/")[0] != content_type.partition("/")[0]:
        raise FileRefused(_("The file is not what its name says. Send the original file."))
    if content_type.startswith("image/"):
        content, content_type = _re_encode(content)
    tenant_id = frames.current_tenant_id()
    file_id = uuid7()
    folder = _folder(tenant_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sealed = keyring().seal(content, place=f"file.{tenant_id}.{file_id}")
    draft = folder / f".{file_id}"
    with draft.open("wb") as handle:
        handle.write(sealed)
        handle.flush()
        os.fsync(handle.fileno())
    draft.rename(folder / str(file_id))
    return StoredFile(file_id, content_type, len(content), hashlib.sha256(content).hexdigest())


def read(file_id: UUID) -> bytes:
    """Return the content of a file of the frame's tenant; raise ``FileNotFoundError`` if it has none."""
    tenant_id = frames.current_tenant_id()
    sealed = (_folder(tenant_id) / str(file_id)).read_bytes()
    return keyring().open(sealed, place=f"file.{tenant_id}.{file_id}")


def remove(file_id: UUID) -> None:
    """Delete a file of the frame's tenant when the transaction is committed; one that is gone already is no error."""
    path = _folder(frames.current_tenant_id()) / str(file_id)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def owned_by(model: str, *fields: str) -> None:
    """Say which fields of a model hold ids of files, in ``AppConfig.ready()``: what no row names is swept."""
    _owners[model] = fields


def sweep(now: float) -> int:
    """Delete the files of the frame's tenant that no row names; return how many. ``now`` is in seconds since 1970.

    They are what a transaction left behind that was rolled back. Nothing younger than a day goes, and nothing at all
    where no app has said which rows name files.
    """
    folder = _folder(frames.current_tenant_id())
    if not _owners or not folder.is_dir():
        return 0
    old = [path for path in folder.iterdir() if now - path.stat().st_mtime > ORPHAN_AGE.total_seconds()]
    if not old:
        return 0
    named = {
        str(file_id)
        for model, fields in _owners.items()
        for row in apps.get_model(model)._default_manager.values_list(*fields)
        for file_id in row
    }
    orphans = [path for path in old if path.name not in named]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def name_for(title: str, content_type: str) -> str:
    """Return a plain file name for a download: the title without path or control characters."""
    safe = "".join(letter for letter in title if letter.isalnum() or letter in " -_").strip() or "file"
    return safe[:80] + _EXTENSIONS.get(content_type, "")
