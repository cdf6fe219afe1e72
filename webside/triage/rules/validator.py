"""What the data files must be like, so that a slip in one is found before a person is answered by it.

:func:`problems` reads a folder and says everything that is wrong with it. A row without id, source or confidence
is refused by the reader already (:mod:`webside.core.dated`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from webside.catalog.codes import Kind, Need
from webside.core.dated import BadData, Row, Table, gaps_and_overlaps, read_table
from webside.triage.codes import Action, Context, Language, Person
from webside.triage.rules.tables import DATA, FIGURES, FILES, KEYS, PHRASES, TEXTS, parted
from webside.triage.rules.words import BadPhrase, Reading, parse

PLAIN = Reading({}, {}, frozenset(), frozenset(), gap=0, plural_from=0, mend_from=0)
"""Enough to see whether a phrase can be read."""

PLACEHOLDERS = {"reason": {"words", "means"}, "alternative": {"words", "means"}, "close": {"first", "second"}}
QUOTING = {"denied", "past", "elsewhere"}
"""Sentences of the chooser with gaps for words: which gaps each may have."""

Words = type[StrEnum]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of one file must be like.

    ``columns`` each row has, ``optional`` it may have; ``words`` come from a vocabulary; every word of ``covers``
    has a row; ``numbers`` are whole numbers above nothing.
    """

    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)
    covers: Mapping[str, Words] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()


SHAPES = {
    "actions": Shape(("action", "says_en", "says_es"), ("phone",), {"action": Action}, {"action": Action}),
    "red_flags": Shape(
        ("flag", "action", "says_en", "says_es", "en", "es"),
        ("who", "not_for", "except_en", "except_es", "past", "denied"),
        {"action": Action, "who": Person, "not_for": Person},
    ),
    "requests": Shape(
        ("request", "service", "weight", "means_en", "means_es", "en", "es"),
        ("kind",),
        {"service": Need, "kind": Kind},
        {"service": Need},
        ("weight",),
    ),
    "services": Shape(
        ("service", "kind", "order", "label_en", "label_es", "is_for_en", "is_for_es"),
        (),
        {"service": Need, "kind": Kind},
        {"service": Need},
        ("order",),
    ),
    "signs": Shape(("sign", "flag", "action", "ask_en", "ask_es"), (), {"action": Action}, {}),
}

CONTEXTS: dict[Context, Shape] = {
    **{each: Shape(("en", "es")) for each in (*PHRASES, Context.FILLER, Context.CLAUSE)},
    Context.NEGATION_END: Shape(("en", "es"), ("only",)),
    Context.PERSON: Shape(("person", "en", "es"), (), {"person": Person}),
    Context.SPELLING: Shape((), ("forms", "meant")),
    Context.LANGUAGE: Shape(("language", "words"), (), {"language": Language}),
    Context.TEXT: Shape(("text", "en", "es")),
    Context.FIGURE: Shape(("figure", "value", "unit"), (), {}, {}, ("value",)),
}
CONTEXT_KEYS = {Context.TEXT: "text", Context.FIGURE: "figure", Context.LANGUAGE: "language"}


def problems(data: Path = DATA) -> list[str]:
    """Return what is wrong with the data files in a folder; an empty list if nothing is."""
    known = set(FILES.values())
    files = (path.name for path in sorted(data.iterdir()) if path.suffix in (".csv", ".yaml", ".yml"))
    found = [f"{name}: no rule reads this file" for name in files if name not in known]
    for name, file in FILES.items():
        try:
            table = read_table(data / file)
        except (BadData, OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            found.append(f"{file}: cannot be read ({error})")
            continue
        found += _of_context(table) if name == "context" else _of_table(table, SHAPES[name], KEYS[name])
        if name == "signs":
            flags = read_table(data / FILES["red_flags"]).values("flag")
            found += [
                f"signs {row.id}: no red flag {row['flag']}" for row in table.rows if row.get("flag") not in flags
            ]
    return found


def _of_table(table: Table, shape: Shape, key: str) -> Iterator[str]:
    wrong = [problem for row in table.rows for problem in _of_row(row, shape)]
    yield from wrong
    if wrong:
        return  # the dates of rows whose key is wrong would only confuse
    yield from gaps_and_overlaps(table, key=(key,))
    for column, words in shape.covers.items():
        for word in sorted(set(words) - table.values(column)):
            yield f"{table.name}: nothing for {word}"


def _of_context(table: Table) -> Iterator[str]:
    for row in table.rows:
        context = row.get("context")
        if context not in set(Context):
            yield f"context {row.id}: context {context!r} is not a word of Context"
            continue
        yield from _of_row(row, CONTEXTS[Context(context)], more=("context",))
        if context == Context.TEXT:
            yield from _of_text(row)
        if row.get("only") not in (None, "flags"):
            yield f"context {row.id}: only must be flags, or absent"
    for each, column in CONTEXT_KEYS.items():
        rows = Table(f"context {each}", (row for row in table.rows if row.get("context") == each))
        yield from gaps_and_overlaps(rows, key=(column,))
    for column, names in (("figure", FIGURES), ("text", TEXTS), ("language", tuple(Language))):
        for name in sorted(set(names) - table.values(column)):
            yield f"context: no {column} {name}"
        for name in sorted(table.values(column) - {None} - set(names)):
            yield f"context: nobody reads {column} {name}"


def _of_row(row: Row, shape: Shape, more: tuple[str, ...] = ()) -> Iterator[str]:
    where = f"{row.table} {row.id}"
    for column in shape.columns:
        if row.get(column) is None:
            yield f"{where}: no {column}"
    for column in sorted(set(map(str, row.values)) - {*shape.columns, *shape.optional, *more}):
        yield f"{where}: unknown column {column}"
    for column, words in shape.words.items():
        value = row.get(column)
        if value is not None and value not in set(words):
            yield f"{where}: {column} {value!r} is not a word of {words.__name__}"
    for column in shape.numbers:
        number: Any = row.get(column)
        if not (isinstance(number, int) and number > 0):
            yield f"{where}: {column} {number!r} is no whole number above nothing"
    for column in ("past", "denied"):
        if row.get(column) not in (None, "counts"):
            yield f"{where}: {column} must be counts, or absent"
    if row.table in ("red_flags", "requests") or row.get("context") in PHRASES:
        yield from _of_phrases(row, where)


def _of_phrases(row: Row, where: str) -> Iterator[str]:
    for column in ("en", "es", "except_en", "except_es"):
        phrases = parted(row, column)
        for phrase in sorted({each for each in phrases if phrases.count(each) > 1}):
            yield f"{where}: {phrase!r} stands twice in {column}"
        for phrase in phrases:
            try:
                items = parse(phrase, PLAIN)
            except BadPhrase:
                yield f"{where}: {phrase!r} in {column} can't be read"
            else:
                if column.startswith("except") and len(items) > 1:
                    yield f"{where}: {phrase!r} in {column} must stand in one place"


def _of_text(row: Row) -> Iterator[str]:
    allowed = PLACEHOLDERS.get(row["text"], {"words"} if row["text"] in QUOTING else set())
    for language in Language:
        gaps = set(re.findall(r"\{(\w*)\}", str(row.get(language))))
        if gaps != allowed:
            yield f"context {row.id}: {language} has the gaps {sorted(gaps)}, not {sorted(allowed)}"
