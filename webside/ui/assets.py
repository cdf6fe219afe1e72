"""ES modules under hashed names, found through one import map.

A module imports another by its static path (``import { open } from "ui/dialog.js"``); the map in
the page says which hashed file that is. The map is inline, as browsers demand, so its hash goes into
the Content-Security-Policy instead of a permission for inline scripts.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from webside.core.storage import VENDOR

BEHAVIORS = "ui/behaviors.js"


def _listed() -> list[str]:
    """Return the static paths of our modules: ``<app>/…/<name>.js``, without vendored files.

    The manifest of collected files is asked first; where there is none (tests), the finders.
    """
    manifest: dict[str, str] = getattr(staticfiles_storage, "hashed_files", None) or {}
    names = list(manifest) or [
        path for finder in finders.get_finders() for path, _ in finder.list(["*.css", "*.svg", "*.woff2", "*.png"])
    ]
    return sorted({name for name in names if name.endswith(".js") and VENDOR not in name and _ours(name)})


@lru_cache(maxsize=1)
def _labels() -> frozenset[str]:
    from django.apps import apps

    return frozenset(config.label for config in apps.get_app_configs() if config.name.startswith("webside."))


def _ours(name: str) -> bool:
    return name.partition("/")[0] in _labels()


@lru_cache(maxsize=4)
def _map_for(storage: Any) -> tuple[str, str, dict[str, str]]:
    paths = _listed()
    stems: dict[str, str] = {}
    for path in paths:
        stem = path.rpartition("/")[2].removesuffix(".js")
        if stem in stems:
            raise ImproperlyConfigured(f"two modules answer to data-behavior={stem!r}: {stems[stem]} and {path}")
        stems[stem] = path
    text = json.dumps({"imports": {path: static(path) for path in paths}}, separators=(",", ":"), sort_keys=True)
    # "<" can't stand in a script element; no static path holds one, and this makes sure.
    text = text.replace("<", "\\u003c")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return text, f"'sha256-{digest}'", stems


def import_map() -> str:
    """Return the JSON of the import map."""
    return _map_for(current_storage())[0]


def import_map_source() -> str:
    """Return the CSP source that allows exactly this import map: ``'sha256-…'``."""
    return _map_for(current_storage())[1]


def module_path(behavior: str) -> str:
    """Return the static path of a behaviour's module, or raise :class:`LookupError`."""
    try:
        return _map_for(current_storage())[2][behavior]
    except KeyError:
        raise LookupError(f"no module answers to data-behavior={behavior!r}") from None


def current_storage() -> Any:
    """Return the storage of static files behind its lazy object: the key of what is cached for it."""
    return getattr(staticfiles_storage, "_wrapped", staticfiles_storage)


def forget() -> None:
    """Forget the import map, so that the next page makes it again (tests that change the storage)."""
    _map_for.cache_clear()
