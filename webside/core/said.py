"""What a clinic says of itself in more than one language: which words somebody reads, and what may be kept.

The clinic's own words stand in the row's fields. Beside them ``translations`` holds what it says in other languages:
``{"es": {"name": "Videoconsulta"}}``. An empty text is not kept: who reads that language reads the clinic's own words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple


class Said(NamedTuple):
    """Words, and the language they are in."""

    text: str
    language: str


def base(language: str | None) -> str:
    """Return a language without its country: "es" of "es-MX"."""
    return (language or "").replace("_", "-").partition("-")[0].lower()


def said(own: str, translations: Mapping[str, Mapping[str, str]], field: str, *, language: str, at_home: str) -> Said:
    """Return a field's words for who reads ``language``: said in it, else the clinic's own, which are ``at_home``'s.

    Where the clinic says nothing of it in its own words, it says nothing in others either.
    """
    wanted, home = base(language), base(at_home)
    if own and wanted and wanted != home and (text := translations.get(wanted, {}).get(field)):
        return Said(text, wanted)
    return Said(own, home)


def cleaned(
    given: Mapping[str, Mapping[str, str]], *, languages: Collection[str], limits: Mapping[str, int | None]
) -> dict[str, dict[str, str]]:
    """Return what is kept of translations: known languages and fields, stripped, nothing empty.

    ``limits`` are the fields and how long each may be. Raises :class:`ValueError` for a language or a field that there
    isn't, and for what is no text or too long.
    """
    kept: dict[str, dict[str, str]] = {}
    for language, words in given.items():
        if language not in languages:
            raise ValueError(f"no language of ours: {language}")
        for field, text in words.items():
            if field not in limits:
                raise ValueError(f"not said in other languages: {field}")
            if not isinstance(text, str):
                raise ValueError(f"no text: {field} in {language}")
            most = limits[field]
            if most is not None and len(text.strip()) > most:
                raise ValueError(f"too long: {field} in {language}")
            if text.strip():
                kept.setdefault(language, {})[field] = text.strip()
    return kept


def changed(
    was: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, dict[str, str]]]:
    """Return what differs, by language and field: ``{"es": {"name": {"was": "", "is": "Videoconsulta"}}}``."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for language in sorted({*was, *now}):
        before, after = was.get(language, {}), now.get(language, {})
        for field in sorted({*before, *after}):
            if before.get(field, "") != after.get(field, ""):
                words = {"was": before.get(field, ""), "is": after.get(field, "")}
                found.setdefault(language, {})[field] = words
    return found
