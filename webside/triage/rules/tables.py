"""The data files of triage, and what is made of them once: how texts are read, and which phrases are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from webside.core.dated import Row, Table, load
from webside.triage.codes import Action, Context, Language
from webside.triage.rules.words import Mender, Phrasebook, Reading, Span, Word, fold, normalised, words_of

DATA = Path(__file__).resolve().parent.parent / "data"

FILES = {
    "actions": "actions.yaml",
    "context": "context.yaml",
    "red_flags": "red_flags.yaml",
    "requests": "requests.yaml",
    "services": "services.yaml",
    "signs": "signs.yaml",
}
KEYS = {"actions": "action", "red_flags": "flag", "requests": "request", "services": "service", "signs": "sign"}
"""The column that names what a row is about; its successors in time have the same."""

EXCEPT = "except"
"""Longer phrases around the words of a flag that make them harmless."""

FIGURES = (
    "gap", "plural_from", "mend_from", "negation_reach", "past_verb_reach", "asking_reach", "asking_percent",
    "further_percent", "least_score", "sure_percent", "most_alternatives",
)  # fmt: skip
"""Every number that the chooser needs; without one of them nothing is chosen."""

TEXTS = ("reason", "alternative", "empty", "unclear", "close", "denied", "past", "elsewhere")
"""Every sentence that the chooser says of its own, in each language."""

PHRASES = (
    Context.NEGATION, Context.NEGATION_END, Context.PAST, Context.PAST_VERB, Context.PRESENT, Context.NOT_HAPPENING,
    Context.ASKING, Context.PERSON, Context.NEGATION_JOIN, Context.PRESENT_SAME,
)  # fmt: skip
"""Rows of the context that hold phrases."""


def table(name: str) -> Table:
    """Return the table ``name``, a key of :data:`FILES`."""
    return load(DATA / FILES[name])


def parted(row: Row, column: str) -> list[str]:
    """Return a column of phrases, parted by ``;``."""
    return [each for part in str(row.get(column) or "").split(";") if (each := " ".join(part.split()))]


def phrases(row: Row) -> list[str]:
    """Return a row's phrases in every language."""
    return [phrase for language in Language for phrase in parted(row, language)]


def in_force(name: str, row_id: str, day: date) -> Row | None:
    """Return a row, if it holds on the day."""
    row = table(name).by_id[row_id]
    if name == "context":
        holding = table(name).in_force(day, context=row["context"])
    else:
        holding = table(name).in_force(day, **{KEYS[name]: row[KEYS[name]]})
    return row if row in holding else None


def service_row(service: str, day: date) -> Row | None:
    """Return the row of a service."""
    return table("services").one(day, service=service)


def action_row(action: Action, day: date) -> Row | None:
    """Return the row of what to do."""
    return table("actions").one(day, action=str(action))


@dataclass(frozen=True, slots=True)
class Found:
    """A row that words of a text point to, with each way in which they do."""

    row: Row
    ways: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything that is made of the rows of a day."""

    reading: Reading
    book: Phrasebook
    mender: Mender
    figures: Mapping[str, int]
    texts: Mapping[tuple[str, Language], Row]
    languages: Mapping[Language, frozenset[str]]
    phrase_words: Mapping[Language, frozenset[str]]

    def read(self, text: str) -> list[Word]:
        """Return the words of a (normalised) text, slips of a letter mended."""
        return [replace(word, text=self.mender.mend(word.text)) for word in words_of(text, self.reading)]

    def look(self, words: Sequence[Word], day: date) -> dict[str, list[Found]]:
        """Return the rows in force that the words point to, by table; under ``EXCEPT`` the exceptions of flags."""
        found: dict[str, list[Found]] = {name: [] for name in (*FILES, EXCEPT)}
        for owner, ways in self.book.find(words).items():
            name, _, row_id = owner.partition(":")
            row = in_force("red_flags" if name == EXCEPT else name, row_id, day)
            if row is not None:
                found[name].append(Found(row, tuple(ways)))
        for rows in found.values():
            rows.sort(key=lambda each: each.row.id)
        return found

    def say(self, text: str, language: Language, **words: str) -> str:
        """Return one of the chooser's own sentences."""
        sentence: str = self.texts[text, language][language]
        return sentence.format(**words)

    def source(self, text: str, language: Language) -> str:
        """Return the source of one of the chooser's own sentences."""
        return self.texts[text, language].citation

    def language(self, words: Sequence[Word]) -> Language:
        """Return the language that more of the words belong to; English, if neither has more.

        Little words (*the*, *que*) tell best. Words of the phrases decide where these don't.
        """

        def count(language: Language) -> tuple[int, int]:
            common, rest = self.languages[language], self.phrase_words[language]
            return sum(word.text in common for word in words), sum(word.text in rest for word in words)

        return max(Language, key=count)


def lexicon(day: date) -> Lexicon | None:
    """Return what is made of the rows of a day; nothing, if the rows that it can't do without don't hold then."""
    rows = table("context").in_force(day)
    return _lexicon(tuple(row.id for row in rows))


@lru_cache(maxsize=8)
def _lexicon(context: tuple[str, ...]) -> Lexicon | None:
    rows = [table("context").by_id[row_id] for row_id in context]
    figures = {row["figure"]: int(row["value"]) for row in rows if row["context"] == Context.FIGURE}
    texts = {(row["text"], language): row for row in rows if row["context"] == Context.TEXT for language in Language}
    languages = {
        Language(row["language"]): frozenset(fold(word) for word in str(row["words"]).split())
        for row in rows
        if row["context"] == Context.LANGUAGE
    }
    if (
        not figures.keys() >= set(FIGURES)
        or not {name for name, _ in texts} >= set(TEXTS)
        or len(languages) < len(Language)
    ):
        return None
    spellings, pairs = _spellings(rows)
    reading = Reading(
        spellings=spellings,
        pairs=pairs,
        clauses=_set_of(rows, Context.CLAUSE),
        fillers=_set_of(rows, Context.FILLER),
        gap=figures["gap"],
        plural_from=figures["plural_from"],
        mend_from=figures["mend_from"],
    )
    book = Phrasebook(_owned(rows), reading)
    meant = [word for row in rows if row["context"] == Context.SPELLING for word in str(row.get("meant") or "").split()]
    return Lexicon(
        reading=reading,
        book=book,
        mender=Mender([fold(word) for word in meant], book, reading.mend_from),
        figures=figures,
        texts=texts,
        languages=languages,
        phrase_words=_phrase_words(spellings),
    )


def _phrase_words(spellings: Mapping[str, str]) -> dict[Language, frozenset[str]]:
    """Return the words that stand in the phrases of one language alone."""
    found: dict[Language, set[str]] = {language: set() for language in Language}
    for name in ("red_flags", "requests"):
        for row in table(name).rows:
            for language in Language:
                for word in re.findall(r"[^\W\d_]+", " ".join(parted(row, language))):
                    found[language].add(spellings.get(fold(word), fold(word)))
    everywhere = frozenset.intersection(*map(frozenset, found.values()))
    return {language: frozenset(words) - everywhere for language, words in found.items()}


def _set_of(rows: Sequence[Row], context: Context) -> frozenset[str]:
    return frozenset(
        fold(word)
        for row in rows
        if row["context"] == context
        for language in Language
        for word in str(row.get(language) or "").split()
    )


def _spellings(rows: Sequence[Row]) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return the usual form of single words, and of two that stand together."""
    single: dict[str, str] = {}
    double: dict[tuple[str, str], str] = {}
    for row in rows:
        if row["context"] != Context.SPELLING:
            continue
        for usual, forms in (row.get("forms") or {}).items():
            for form in str(forms).split(";"):
                parts = [fold(part) for part in normalised(form).split()]
                if len(parts) == 1:
                    single[parts[0]] = fold(str(usual))
                else:
                    first, second = parts
                    double[first, second] = fold(str(usual))
    return single, double


def _owned(context: Sequence[Row]) -> Iterator[tuple[str, str]]:
    for name in ("red_flags", "requests"):
        for row in table(name).rows:
            for phrase in phrases(row):
                yield f"{name}:{row.id}", phrase
            for language in Language:
                for phrase in parted(row, f"except_{language}"):
                    yield f"{EXCEPT}:{row.id}", phrase
    for row in context:
        if row["context"] in PHRASES:
            for phrase in phrases(row):
                yield f"context:{row.id}", phrase
