"""Whether a vital sign that somebody typed can be true.

Ranges, codes and units stand in ``data/vitals.csv``. *Not possible* is refused, *unusual* is taken
with a word: a value is never changed for the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from webside.core.dated import Row, Table, load
from webside.core.decisions import Answer, Facts, Reason, rule

DATA = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True, slots=True)
class VitalSign:
    """A sign that can be entered: its LOINC code, its words, and the units it may have (UCUM, shown)."""

    key: str
    code: str
    label: str
    units: tuple[tuple[str, str], ...]
    decimals: int


def table() -> Table:
    """Return the rows of the signs that can be entered, one for each unit."""
    return load(DATA / "vitals.csv")


def signs(on: date) -> list[VitalSign]:
    """Return the signs that can be entered on a day, in the order of the file."""
    found: dict[str, list[Row]] = {}
    for row in table().in_force(on):
        found.setdefault(row["key"], []).append(row)
    return [
        VitalSign(
            key=key,
            code=rows[0]["loinc"],
            label=rows[0]["label"],
            units=tuple((row["ucum"], row["unit"]) for row in rows),
            decimals=int(rows[0]["decimals"]),
        )
        for key, rows in found.items()
    ]


class Reading(Facts, frozen=True, kw_only=True):
    """One typed value: ``key`` of the sign, ``ucum`` of the unit."""

    key: str
    ucum: str
    value: Decimal


class VitalsFacts(Facts, frozen=True, kw_only=True):
    """What is asked: what was typed together, and the day it was measured."""

    on: date
    readings: list[Reading]


class Finding(Reason, frozen=True, kw_only=True):
    """A reason that names the sign it is about."""

    key: str


class VitalsAnswer(Answer, frozen=True, kw_only=True):
    """``impossible`` is refused; ``unusual`` is worth a second look."""

    allowed: bool
    impossible: list[Finding]
    unusual: list[Finding]


@rule("chart.vitals_plausible", facts=VitalsFacts, answer=VitalsAnswer)
def vitals_plausible(facts: VitalsFacts) -> VitalsAnswer:
    """Say which of the typed vital signs can't be true and which are unusual."""
    impossible: list[Finding] = []
    unusual: list[Finding] = []
    for reading in facts.readings:
        row = table().one(facts.on, key=reading.key, ucum=reading.ucum)
        if row is None:
            impossible.append(
                Finding(
                    key=reading.key,
                    code="vital.unknown",
                    text=f"{reading.key} in {reading.ucum} can’t be entered.",
                    source="vitals: no such row on this day",
                )
            )
            continue
        name = f"{row['label']} {reading.value} {row['unit']}"
        if not Decimal(row["possible_low"]) <= reading.value <= Decimal(row["possible_high"]):
            text = f"{name} can’t be right. Between {row['possible_low']} and {row['possible_high']} {row['unit']} is possible."
            impossible.append(Finding(key=reading.key, code="vital.impossible", text=text, source=row.citation))
        elif not Decimal(row["usual_low"]) <= reading.value <= Decimal(row["usual_high"]):
            text = f"{name} is unusual. Please look once more."
            unusual.append(Finding(key=reading.key, code="vital.unusual", text=text, source=row.citation))
    impossible += _crossed(facts.readings, facts.on)
    return VitalsAnswer(allowed=not impossible, impossible=impossible, unusual=unusual)


def _crossed(readings: Sequence[Reading], on: date) -> list[Finding]:
    """Return what can't be true together: a sign that must stay above another one in the same unit."""
    values = {(reading.key, reading.ucum): reading.value for reading in readings}
    found = []
    for (key, ucum), value in values.items():
        row = table().one(on, key=key, ucum=ucum)
        below = row.get("above_key") if row is not None else None
        if row is None or not below or (below, ucum) not in values:
            continue
        if value - values[below, ucum] < Decimal(row["above_by"]):
            text = f"{row['label']} must be at least {row['above_by']} {row['unit']} above the other value."
            found.append(Finding(key=key, code="vital.crossed", text=text, source=row.citation))
    return found
