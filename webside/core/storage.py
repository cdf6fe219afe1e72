"""Static files under names that carry their hash; uploads only through :mod:`webside.core.files`."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage; modules find each other through the page's import map."""

    manifest_strict = False


class RefuseStorage(Storage):
    """Refuses Django's file storage: patients' files are encrypted and checked at each read."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("files go through webside.core.files")

    _open = _save = exists = url = path = delete = _refuse
