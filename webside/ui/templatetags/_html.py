"""Small, safe pieces of HTML: what every component is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

SPRITE = Path(__file__).resolve().parent.parent / "static" / "ui" / "icons.svg"
TONES = ("info", "success", "warning", "danger", "muted")
TONE_ICONS = {"info": "info", "success": "check", "warning": "warn", "danger": "stop", "muted": "clock"}
_REFUSED_SCHEMES = ("javascript:", "data:", "vbscript:")
_UNSEEN = re.compile(r"[\x00-\x20]")


@cache
def _drawings() -> dict[str, tuple[str, SafeString]]:
    """Return what the sprite holds: each drawing's coordinates and shapes, by its name."""
    found = re.findall(
        r'<symbol id="([a-z-]+)" viewBox="([\d ]+)">(.*?)</symbol>', SPRITE.read_text(encoding="utf-8"), re.DOTALL
    )
    return {name: (box, mark_safe(shapes)) for name, box, shapes in found}  # noqa: S308 - a file of ours


def icon_names() -> frozenset[str]:
    """Return the names in the sprite."""
    return frozenset(_drawings())


def icon_svg(name: str, *, label: str = "", size: str = "", extra: str = "") -> SafeString:
    """Return one icon of the sprite; without ``label`` it is decoration for screen readers.

    Raises :class:`LookupError` for a name that the sprite doesn't hold.
    """
    return drawing(name, classes("ws-icon", f"ws-icon--{size}" if size else "", extra), str(label))


@lru_cache(maxsize=1024)
def drawing(name: str, names: str, label: str = "") -> SafeString:
    """Return a drawing of the sprite with the classes ``names``.

    Its shapes stand in the page: a browser would load a sprite as a document of its own, with a style and a layout
    for each of its drawings, before it paints the page. A page holds dozens of icons, always the same: each is put
    together once. Raises :class:`LookupError` for a name that the sprite doesn't hold.
    """
    if name not in _drawings():
        raise LookupError(f"no icon is called {name!r}; see static/ui/icons.svg")
    box, shapes = _drawings()[name]
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="{}" viewBox="{}" {}>{}</svg>', names, box, role, shapes)


def safe_href(url: object) -> str:
    """Return an address that may stand in ``href``; one that would run a script becomes ``#``."""
    text = str(url)
    return "#" if _UNSEEN.sub("", text).lower().startswith(_REFUSED_SCHEMES) else text


def attributes(attrs: Mapping[str, Any]) -> SafeString:
    """Return HTML attributes, escaped. ``hx_post`` becomes ``hx-post``, ``for_`` becomes ``for``.

    ``True`` gives the bare attribute, ``None`` and ``False`` leave it out.
    """
    parts: list[str] = []
    for key, value in attrs.items():
        if value is None or value is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {name}")
        else:
            parts.append(f' {name}="{conditional_escape(safe_href(value) if name == "href" else value)}"')
    return mark_safe("".join(parts))  # noqa: S308 - each value was escaped above


def classes(*names: str | None) -> str:
    """Return the given class names without the empty ones."""
    return " ".join(name for name in names if name)


def modifiers(block: str, words: str) -> str:
    """Return ``block`` with one ``block--word`` for each word of ``words``."""
    return " ".join([block, *(f"{block}--{word}" for word in words.split())])


def check_tone(tone: str, *, allowed: tuple[str, ...] = TONES) -> str:
    """Return ``tone``, or raise :class:`ValueError` when the design has no such tone."""
    if tone not in allowed:
        raise ValueError(f"tone {tone!r} is not one of {', '.join(allowed)}")
    return tone


def inner(content: str) -> SafeString:
    """Return what stood between a block tag and its end: the template has rendered and escaped it."""
    return mark_safe(content.strip())  # noqa: S308 - see above
