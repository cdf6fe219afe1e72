"""The rule data of ``billing.codes``: which files it loads, and how they are asked.

A :class:`Shelf` is one or several files of the same form (the CPT pack and HCPCS Level II stand
apart, because the former may be loaded only under a licence).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from webside.core.dated import BadData, Row, Table, load

DATA = Path(__file__).resolve().parent.parent / "data"

_cpt_licensed = True


def use_cpt(licensed: bool) -> None:
    """Say whether the CPT pack may be loaded (``data/cpt/NOTICE.md``). Called once, at start-up.

    The demo and the tests load it. In production the operator must state that they hold the AMA's
    licence; without it the rule knows HCPCS Level II codes alone, and every answer says so.
    """
    global _cpt_licensed  # noqa: PLW0603 - one switch for the process, thrown by the composition root
    _cpt_licensed = licensed


def cpt_in_use() -> bool:
    """Whether the CPT pack is loaded."""
    return _cpt_licensed


class Shelf:
    """Files of one form, asked together."""

    def __init__(self, *paths: str) -> None:
        self.paths = tuple(DATA / path for path in paths)

    @property
    def tables(self) -> Iterator[Table]:
        """The tables that may be read now."""
        for path in self.paths:
            if _cpt_licensed or path.parent.name != "cpt":
                yield load(path)

    def in_force(self, day: date, **match: Any) -> list[Row]:
        """Return the rows that hold on ``day`` and whose columns equal ``match``."""
        return [row for table in self.tables for row in table.in_force(day, **match)]

    def one(self, day: date, **match: Any) -> Row | None:
        """Return the single row in force, or ``None``; raise :class:`BadData` on two."""
        rows = self.in_force(day, **match)
        if len(rows) > 1:
            raise BadData(f"{', '.join(row.id for row in rows)} hold on {day} for {match}")
        return rows[0] if rows else None

    def upcoming(self, day: date, **match: Any) -> list[Row]:
        """Return the rows that begin only after ``day``: what a later claim could use."""
        return [
            row
            for table in self.tables
            for row in table.rows
            if row.effective_from > day and all(row.get(column) == value for column, value in match.items())
        ]


VISITS = Shelf("cpt/cpt_visits.csv")
TIMED = Shelf("cpt/cpt_timed.csv", "hcpcs/hcpcs_timed.csv")
MONITORING = Shelf("cpt/cpt_monitoring.csv")
ADD_ONS = Shelf("cpt/cpt_add_ons.csv", "hcpcs/hcpcs_add_ons.csv")
RETIRED = Shelf("cpt/cpt_retired.csv", "hcpcs/hcpcs_retired.csv")

SERVICES = Shelf("services.csv")
PAYERS = Shelf("payers.csv")
PAYER_ROWS = Shelf("payer_rows.csv")
VISIT_FAMILIES = Shelf("visit_families.csv")
MODIFIERS = Shelf("modifiers.csv")
PLACES = Shelf("places.csv")
POS = Shelf("pos.csv")
PROFESSIONS = Shelf("professions.csv")
ENROLMENT = Shelf("enrolment.csv")
MEDICARE_WINDOWS = Shelf("medicare_windows.csv")
MEDICARE_SITES = Shelf("medicare_sites.csv")
MEDICARE_AUDIO = Shelf("medicare_audio.csv")
AUDIO_REASONS = Shelf("audio_reasons.csv")
TRANSFERS = Shelf("transfers.csv")
CHECKED = Shelf("checked.csv")
FIGURES = Shelf("figures.csv")
SITE_FEES = Shelf("site_fees.csv")

CODE_SHELVES = (VISITS, TIMED, MONITORING, ADD_ONS)
SHELVES = (
    *CODE_SHELVES,
    RETIRED,
    SERVICES,
    PAYERS,
    PAYER_ROWS,
    VISIT_FAMILIES,
    MODIFIERS,
    PLACES,
    POS,
    PROFESSIONS,
    ENROLMENT,
    MEDICARE_WINDOWS,
    MEDICARE_SITES,
    MEDICARE_AUDIO,
    AUDIO_REASONS,
    TRANSFERS,
    CHECKED,
)
"""What ``billing.codes`` reads."""
ALL_SHELVES = (*SHELVES, FIGURES, SITE_FEES)


def number(row: Row, column: str) -> int | None:
    """Return a column of whole numbers, or ``None`` where the row leaves it open."""
    value = row.get(column)
    return None if value is None else int(value)


def words(row: Row, column: str) -> tuple[str, ...]:
    """Return a column that lists words, parted by ``|``."""
    value = row.get(column)
    return tuple(value.split("|")) if value else ()


def within(value: int, row: Row, least: str, most: str) -> bool:
    """Whether ``value`` lies between two columns of a row; both ends count, an empty one is open."""
    low, high = number(row, least), number(row, most)
    return (low is None or value >= low) and (high is None or value <= high)
