"""Static files under names that carry their hash; uploads only through :mod:`webside.core.files`."""

from __future__ import annotations

import re
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

VENDOR = "/vendor/"

BLOCK = r"/\*(?:[^*]|\*(?!/))*\*/"
COMMENTS = {
    ".js": re.compile(rf"^[ \t]*(?:{BLOCK}|//[^\n]*)[ \t]*$", re.MULTILINE),
    ".css": re.compile(rf"^[ \t]*{BLOCK}[ \t]*$", re.MULTILINE),
}
"""Comments that fill their lines. One beside code stays: telling it from a text takes a parser."""


def without_comments(name: str, text: str) -> str:
    """Return a module or stylesheet as browsers get it. Its lines keep their numbers, so an error's place is the source's."""
    suffix = name[name.rfind(".") :]
    return COMMENTS[suffix].sub(lambda found: "\n" * found[0].count("\n"), text) if suffix in COMMENTS else text


class HashedStaticStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage; modules find each other through the page's import map.

    Comments are for who reads the source. They would be a third of the modules of a call, sent to a phone on a thin
    line. What others wrote is sent as it is, with its licence.
    """

    manifest_strict = False

    def _save(self, name: str, content: Any) -> str:
        if name.endswith(tuple(COMMENTS)) and VENDOR not in name.replace("\\", "/"):
            content.seek(0)
            content = ContentFile(without_comments(name, content.read().decode("utf-8")).encode())
        return super()._save(name, content)


class RefuseStorage(Storage):
    """Refuses Django's file storage: patients' files are encrypted and checked at each read."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("files go through webside.core.files")

    _open = _save = exists = url = path = delete = _refuse
