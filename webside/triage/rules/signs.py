"""Signs of danger to tick: what everybody is asked who wants to be seen now, and what a ticked one asks for.

Reading free text misses dangers that are worded in an unforeseen way; a short list asks for the commonest of them. The
rows are those of ``data/signs.yaml``; why a sign matters and what to do now are the rows of ``red_flags.yaml`` and
``actions.yaml`` that a person's own words would have led to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from webside.core.dated import Row
from webside.triage.codes import Action, Language
from webside.triage.rules import tables


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign to tick: ``name`` for a form, ``asks`` for a person, then what it means and what to do (``action``, ``now``)."""

    name: str
    asks: str
    action: Action
    why: str
    now: str
    source: str


def signs(day: date, language: Language) -> list[Sign]:
    """Return what is asked on a day, in the order of the file."""
    return [_sign(row, day, language) for row in tables.table("signs").in_force(day)]


def ticked(names: Collection[str], day: date, language: Language) -> list[Sign]:
    """Return the signs that were ticked, what is most urgent first; names that nothing asks for are left out."""
    order = list(Action)
    return sorted(
        (each for each in signs(day, language) if each.name in names), key=lambda each: order.index(each.action)
    )


def _sign(row: Row, day: date, language: Language) -> Sign:
    flag, step = tables.table("red_flags").one(day, flag=row["flag"]), tables.action_row(Action(row["action"]), day)
    return Sign(
        name=row["sign"],
        asks=row[f"ask_{language}"],
        action=Action(row["action"]),
        why=flag[f"says_{language}"] if flag else "",
        now=step[f"says_{language}"] if step else "",
        source=row.citation,
    )
