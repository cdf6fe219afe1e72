"""Rows of rule data that hold from one day to another, each with its source.

Law, codes and thresholds live in data files (CSV or YAML) beside the app that asks them. Every row
has an id that stays, ``effective_from``, ``effective_to`` (empty: still open), ``source`` and
``confidence`` (high, medium, low). A rule asks a :class:`Table` for the rows in force on a day, so
that no state, code, threshold or date stands in the code of a rule.

``confidence: low`` means that nobody has confirmed the row: it may never be the ground on which
money, licence or care rests (``../shared/domain`` says how the words were given).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

UNDATED_SINCE = date(2026, 1, 1)
"""A row without dates holds from this day: earlier days were never checked."""


class Confidence(StrEnum):
    """How well a row is confirmed."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class BadData(ValueError):
    """A data file breaks its own rules; the message names the file and the row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One dated, sourced row. ``values`` holds the columns that are the table's own."""

    table: str
    id: str
    effective_from: date
    effective_to: date | None
    source: str
    confidence: Confidence
    values: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def get(self, column: str, default: Any = None) -> Any:
        """Return the value of a column, or ``default`` where the row has none."""
        return self.values.get(column, default)

    def holds_on(self, day: date) -> bool:
        """Whether the row is in force on ``day``; both ends count."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    @property
    def citation(self) -> str:
        """The source as a reader needs it: which row, on what ground, how sure."""
        until = f" to {self.effective_to}" if self.effective_to else ""
        return (
            f"{self.source} ({self.table} {self.id}, from {self.effective_from}{until}, confidence {self.confidence})"
        )


_ended: ContextVar[frozenset[tuple[str, str]]] = ContextVar("ended_rows", default=frozenset())
_read: ContextVar[set[tuple[str, str]] | None] = ContextVar("read_rows", default=None)


class Table:
    """The rows of one data file, asked by day and by the values of columns."""

    def __init__(self, name: str, rows: Iterable[Row]) -> None:
        self.name = name
        self.rows: tuple[Row, ...] = tuple(rows)
        seen: set[str] = set()
        for row in self.rows:
            if row.id in seen:
                raise BadData(f"{name}: row {row.id} stands twice")
            seen.add(row.id)
        self._indexes: dict[tuple[str, ...], dict[tuple[Any, ...], list[Row]]] = {}

    def in_force(self, day: date, **match: Any) -> list[Row]:
        """Return the rows that hold on ``day`` and whose columns equal ``match``, in file order."""
        columns = tuple(sorted(match))
        index = self._indexes.get(columns)
        if index is None:
            index = {}
            for row in self.rows:
                index.setdefault(tuple(row.get(column) for column in columns), []).append(row)
            self._indexes[columns] = index
        ended = _ended.get()
        found = [
            row
            for row in index.get(tuple(match[column] for column in columns), ())
            if row.holds_on(day) and (row.table, row.id) not in ended
        ]
        read = _read.get()
        if read is not None:
            read.update((row.table, row.id) for row in found)
        return found

    def one(self, day: date, **match: Any) -> Row | None:
        """Return the single row in force, ``None`` if there is none; raise :class:`BadData` on two."""
        rows = self.in_force(day, **match)
        if len(rows) > 1:
            raise BadData(f"{self.name}: rows {', '.join(row.id for row in rows)} hold on the same day")
        return rows[0] if rows else None

    def values(self, column: str) -> set[Any]:
        """Return every value of a column on any day (for choices and validators)."""
        return {row.get(column) for row in self.rows}

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """The rows by their ids."""
        return {row.id: row for row in self.rows}


@contextmanager
def ended(*rows: Row) -> Iterator[None]:
    """Judge as if these rows had ended. For tests and for the simulator of a coming year."""
    token = _ended.set(_ended.get() | {(row.table, row.id) for row in rows})
    try:
        yield
    finally:
        _ended.reset(token)


@contextmanager
def reading() -> Iterator[set[tuple[str, str]]]:
    """Collect (table, id) of every row that a rule was given within the block."""
    rows: set[tuple[str, str]] = set()
    token = _read.set(rows)
    try:
        yield rows
    finally:
        _read.reset(token)


def _day(value: Any, where: str) -> date | None:
    if value in (None, ""):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadData(f"{where}: {value!r} is no ISO date") from None


def _row(table: str, raw: dict[str, Any], defaults: Mapping[str, Any]) -> Row:
    given = {**defaults, **{key: value for key, value in raw.items() if value not in (None, "")}}
    row_id = str(given.pop("id", "") or "")
    where = f"{table} row {row_id or raw!r}"
    if not row_id:
        raise BadData(f"{where}: no id")
    source = str(given.pop("source", "") or "").strip()
    if not source:
        raise BadData(f"{where}: no source")
    try:
        confidence = Confidence(given.pop("confidence", ""))
    except ValueError:
        raise BadData(f"{where}: confidence must be high, medium or low") from None
    start = _day(given.pop("effective_from", None), where) or UNDATED_SINCE
    end = _day(given.pop("effective_to", None), where)
    if end is not None and end < start:
        raise BadData(f"{where}: ends before it starts")
    return Row(table, row_id, start, end, source, confidence, given)


def read_table(path: Path) -> Table:
    """Read one data file: CSV (lines that start with ``#`` are comments) or YAML.

    A YAML file is ``{meta: {...}, defaults: {...}, rows: [...]}``; a row inherits ``defaults``
    (a file's own source, say). Raises :class:`BadData` on a row without id, source or confidence,
    on a date that is none, and on an id that stands twice.
    """
    name = path.stem
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        lines = (line for line in io.StringIO(text) if not line.startswith("#"))
        return Table(name, [_row(name, dict(raw), {}) for raw in csv.DictReader(lines)])
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, the fast one where built
    defaults = document.get("defaults") or {}
    return Table(name, [_row(name, dict(raw), defaults) for raw in document["rows"]])


@cache
def load(path: Path) -> Table:
    """Read a data file once a process."""
    return read_table(path)


def figure(path: Path, name: str, on: date) -> Row | None:
    """Return the row of a single figure of an app's ``figures.csv``: its ``value`` is a whole number of ``unit``.

    Nothing, if no row holds on the day: a rule then answers as one that could not check.
    """
    return load(path).one(on, figure=name)


def figure_problems(table: Table) -> list[str]:
    """Return what is wrong with a file of figures: its dates, and values that are no whole number of something."""
    return gaps_and_overlaps(table, key=("figure",)) + [
        f"{table.name} {row.id}: give figure, and value as a whole number of unit"
        for row in table.rows
        if not (row.get("figure") and row.get("unit") and str(row.get("value")).isdigit())
    ]


def gaps_and_overlaps(table: Table, *, key: tuple[str, ...], gapless: bool = True) -> list[str]:
    """Return what is wrong with the dates of rows that share ``key``: overlaps, and gaps if ``gapless``.

    Which columns make the key differs by file: several modifier rows may match one code, while a
    state has one row per compact and day.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in table.rows:
        groups.setdefault(tuple(row.get(column) for column in key), []).append(row)
    wrong = []
    for values, rows in groups.items():
        rows.sort(key=lambda row: row.effective_from)
        for before, after in pairwise(rows):
            if before.effective_to is None or before.effective_to >= after.effective_from:
                wrong.append(f"{table.name}: {before.id} and {after.id} overlap for {values}")
            elif gapless and before.effective_to + timedelta(days=1) < after.effective_from:
                wrong.append(f"{table.name}: no row between {before.id} and {after.id} for {values}")
    return wrong


__all__ = [
    "UNDATED_SINCE",
    "BadData",
    "Confidence",
    "Row",
    "Table",
    "ended",
    "figure",
    "figure_problems",
    "gaps_and_overlaps",
    "load",
    "read_table",
    "reading",
]
