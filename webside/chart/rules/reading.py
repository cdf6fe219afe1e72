"""How hard a text is to read, and how hard a text for patients may be."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from webside.core.dated import Row, figure

FIGURES = Path(__file__).resolve().parent.parent / "data" / "figures.csv"
_SENTENCE = re.compile(r"[.!?:;]+(?:\s|$)|\n+")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_VOWELS = re.compile(r"[aeiouy]+")


def grade_wanted(on: date) -> Row | None:
    """Return the grade for which texts for patients are written."""
    return figure(FIGURES, "reading_grade", on)


def syllables(word: str) -> int:
    """Return about how many syllables an English word has: groups of vowels, a silent e left out."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    count = len(_VOWELS.findall(plain))
    if plain.endswith("e") and not plain.endswith(("le", "ee", "ye")) and count > 1:
        count -= 1
    return max(1, count)


def reading_grade(text: str) -> float | None:
    """Return the Flesch-Kincaid grade of an English text, or nothing for fewer than five words.

    Kincaid et al. 1975: 0.39 × words a sentence + 11.8 × syllables a word - 15.59.
    """
    words = _WORD.findall(text)
    if len(words) < 5:
        return None
    sentences = max(1, sum(1 for part in _SENTENCE.split(text) if _WORD.search(part)))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
