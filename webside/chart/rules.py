"""What a measurement can be, from dated rows; and how typed words become a search for a diagnosis."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from webside.core import dated
from webside.core.dated import Row

_DATA = Path(__file__).resolve().parent / "data"
_CODE = re.compile(r"[A-Za-z]\d[0-9A-Za-z](\.[0-9A-Za-z]{0,4})?")
_WORD = re.compile(r"[^\W_]+")


class UnknownVital(LookupError):
    """No vital sign has that name on that day."""


def vital(name: str, on: date) -> Row:
    """Return the row of a vital sign (``data/vitals.csv``), or raise :class:`UnknownVital`."""
    for row in dated.load(_DATA / "vitals.csv").in_force(on):
        if row.id == name:
            return row
    raise UnknownVital(name)


def vitals(on: date) -> list[Row]:
    """Return every vital sign that can be entered."""
    return dated.load(_DATA / "vitals.csv").in_force(on)


def looks_like_code(text: str) -> bool:
    """Whether somebody typed (the beginning of) an ICD-10-CM code rather than words."""
    return bool(_CODE.fullmatch(text.strip()))


def search_terms(text: str, on: date) -> list[list[str]]:
    """Turn what was typed into alternatives per word: ``t2`` → [["t2"], …] with what it stands for.

    Each inner list is one typed word's alternatives; an alternative may be several words that must
    all be there. Short forms come from ``data/diagnosis_words.csv``.
    """
    table = dated.load(_DATA / "diagnosis_words.csv")
    terms = []
    for word in _WORD.findall(text.lower())[:8]:
        alternatives = [word, *(row["means"] for row in table.in_force(on, word=word))]
        terms.append(alternatives)
    return terms


def tsquery(terms: list[list[str]]) -> str:
    """Return a PostgreSQL tsquery (simple configuration, prefixes) of :func:`search_terms`."""
    parts = []
    for alternatives in terms:
        spelled = [" & ".join(f"{word}:*" for word in _WORD.findall(each)) for each in alternatives]
        parts.append("(" + " | ".join(f"({each})" for each in spelled if each) + ")")
    return " & ".join(parts)
