"""From what people type to what the diagnosis table is asked, and from codes to plain words.

``t2 diab high sug`` is "type 2", "diab…" and *hyperglycemia*: abbreviations, lay words and beginnings
of words stand in ``data/diagnosis_words.csv``. Plain words for patients stand in ``data/plain_words.csv``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from webside.core.dated import Table, load

DATA = Path(__file__).resolve().parent.parent / "data"
MAX_WORDS = 8
SHORTEST_BEGINNING = 3
_TOKEN = re.compile(r"[a-z0-9]+(?:\.[a-z0-9]+)?")
_CODE = re.compile(r"^[a-z][0-9][0-9a-z](?:\.[0-9a-z]{0,4})?$|^[a-z][0-9][0-9a-z]{2,5}$")
_LEXEME = re.compile(r"^[a-z0-9]+$")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must be found: any of ``alternatives``, each a tuple of words that must all be there.

    A word that ends in ``*`` is the beginning of one.
    """

    alternatives: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: the beginning of a code, or terms that must all be found."""

    code: str = ""
    terms: tuple[Term, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.code and not self.terms


def normal(text: str) -> str:
    """Return a text in small letters without accents: "Ménière" is found by "meniere"."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()


def words_table() -> Table:
    """Return the abbreviations and lay words."""
    return load(DATA / "diagnosis_words.csv")


def parse(text: str, on: date) -> Search:
    """Return what a typed text asks for. Nothing typed can be more than words: signs are dropped."""
    plain = normal(text).strip()
    known = [(row["words"].split(), row["means"]) for row in words_table().in_force(on)]
    # "t2dm" has the form of a code and is an abbreviation.
    if _CODE.match(plain) and [plain] not in (words for words, _means in known):
        bare = plain.replace(".", "")
        return Search(code=f"{bare[:3]}.{bare[3:]}".rstrip(".").upper())
    tokens = [token for raw in _TOKEN.findall(plain) for token in raw.split(".")][:MAX_WORDS]
    terms: list[Term] = []
    place = 0
    while place < len(tokens):
        length, meanings = _longest(tokens, place, known)
        literal = tuple(_beginning(token) for token in tokens[place : place + length])
        terms.append(Term((literal, *meanings)))
        place += length
    return Search(terms=tuple(terms))


def _beginning(token: str) -> str:
    # "2" must not find "20": only letters may go on.
    return token if token.isdigit() else f"{token}*"


def _longest(
    tokens: list[str], place: int, known: list[tuple[list[str], str]]
) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """Return how many tokens the longest known phrase takes, and all that it can mean."""
    best = 1
    meanings: list[tuple[str, ...]] = []
    for words, means in known:
        length = len(words)
        if length < best or not _matches(tokens[place : place + length], words):
            continue
        if length > best:
            best, meanings = length, []
        meanings += [tuple(alternative.split()) for alternative in means.split("|")]
    return best, tuple(dict.fromkeys(meanings))


def _matches(tokens: list[str], words: list[str]) -> bool:
    if len(tokens) != len(words):
        return False
    *before, last = zip(tokens, words, strict=True)
    if any(
        token != word and not (len(token) >= SHORTEST_BEGINNING and word.startswith(token)) for token, word in before
    ):
        return False
    token, word = last
    # A beginning counts for the last word of a phrase, or for a long word by itself.
    shortest = SHORTEST_BEGINNING if before else SHORTEST_BEGINNING + 1
    return token == word or (len(token) >= shortest and word.startswith(token))


def lexemes(term: Term) -> list[list[str]]:
    """Return the alternatives of a term as checked words for a query."""
    checked = []
    for alternative in term.alternatives:
        words = [word for word in alternative if _LEXEME.match(word.removesuffix("*"))]
        if words:
            checked.append(words)
    return checked


def common_codes(on: date) -> tuple[str, ...]:
    """Return the codes, and beginnings of codes, that are offered first: those with plain words of their own."""
    return tuple(row["code"] for row in load(DATA / "plain_words.csv").in_force(on))


def in_plain_words(code: str, display: str, on: date) -> str:
    """Return a diagnosis as one would say it to the patient; the table's own words where we have none."""
    table = load(DATA / "plain_words.csv")
    for length in range(len(code), 2, -1):
        row = table.one(on, code=code[:length].rstrip("."))
        if row is not None:
            return str(row["words"])
    return display
