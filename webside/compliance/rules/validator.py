"""What the data files must be like, so that a slip in one is found before a person is judged by it.

:func:`problems` reads a folder and says everything that is wrong with it. What makes a row the same
row on another day (its key) differs by file and stands here, as do the columns and the words that
they may hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from webside.compliance.codes import (
    Circumstance,
    Compact,
    CompactFact,
    Demand,
    Gate,
    LicenceStatus,
    Modality,
    Prescribes,
    Profession,
    Schedule,
    SchemePath,
    ServiceKind,
    StateEffect,
)
from webside.compliance.rules.tables import DATA, FILES
from webside.core.dated import UNDATED_SINCE, BadData, Row, Table, gaps_and_overlaps, read_table

Words = type[StrEnum]


@dataclass(frozen=True, slots=True)
class Shape:
    """What one file must be like.

    ``key``: rows that share it follow each other in time. ``columns``: those that each row has;
    ``optional``: those that it may have. ``words``: columns (single words or lists) whose values come
    from a vocabulary. ``covers``: columns whose every value must have rows that hold from the day from
    which undated rows hold, without a gap and without an end; a :data:`STATE` column covers every
    jurisdiction.
    """

    key: tuple[str, ...]
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)
    covers: Mapping[str, Words] = field(default_factory=dict)
    every_state: bool = False
    gapless: bool = True


SHAPES: dict[str, Shape] = {
    "compact_states": Shape(
        ("compact", "state", "fact"), ("compact", "state", "fact"), words={"compact": Compact, "fact": CompactFact}
    ),
    "compacts": Shape(
        ("compact",),
        ("compact", "name", "privilege", "state_is", "professions", "home_needs", "patient_needs"),
        ("ask_person",),
        {"compact": Compact, "professions": Profession, "home_needs": CompactFact, "patient_needs": CompactFact},
        {"compact": Compact},
    ),
    "consent_forms": Shape(("state",), ("state", "form", "in_writing", "text"), ("note",), every_state=True),
    "countries": Shape(("country",), ("country", "name"), ("is_default",)),
    "credentials": Shape(
        ("credential",),
        ("credential", "professions", "compacts", "prescribes", "text"),
        words={"professions": Profession, "compacts": Compact, "prescribes": Prescribes},
    ),
    "federal_prescribing": Shape(
        ("pathway",),
        ("pathway", "schedules", "text"),
        ("modalities", "exam", "all_of", "any_of", "warn_from", "ask_person"),
        {"schedules": Schedule, "modalities": Modality, "all_of": Circumstance, "any_of": Circumstance},
    ),
    "gates": Shape(
        ("kind", "gate"),
        ("kind", "gate", "demand"),
        ("consent", "state_form"),
        {"kind": ServiceKind, "gate": Gate, "demand": Demand},
        {"kind": ServiceKind, "gate": Gate},
    ),
    "guardian_ages": Shape(("state",), ("state", "age"), ("doubt_below", "doubt"), every_state=True),
    "jurisdictions": Shape(("state",), ("state", "country", "name", "zones"), every_state=True),
    "licence_statuses": Shape(
        ("status",), ("status", "counts", "text"), words={"status": LicenceStatus}, covers={"status": LicenceStatus}
    ),
    "modalities": Shape(
        ("modality",),
        ("modality", "remote", "questionnaire", "label"),
        words={"modality": Modality},
        covers={"modality": Modality},
    ),
    "professions": Shape(
        ("profession",),
        ("profession", "label", "clinical", "prescribes"),
        ("prescribing_note",),
        {"profession": Profession, "prescribes": Prescribes},
        {"profession": Profession},
    ),
    "schedules": Shape(
        ("schedule",),
        ("schedule", "controlled", "prescribable", "ask_person"),
        words={"schedule": Schedule},
        covers={"schedule": Schedule},
    ),
    "state_prescribing": Shape(
        ("state", "effect"),
        ("state", "effect", "schedules", "text"),
        ("only_for", "unless", "ask_person"),
        {"effect": StateEffect, "schedules": Schedule, "only_for": Circumstance, "unless": Circumstance},
        every_state=True,
    ),
    "telehealth_schemes": Shape(
        ("state", "path", "who"),
        ("state", "path", "authorises", "who", "professions", "text", "remote_only"),
        ("ask_person",),
        {"path": SchemePath, "professions": Profession},
    ),
}
AUTHORITIES = (SchemePath.REGISTRATION, SchemePath.SPECIAL_LICENCE)


def problems(data: Path = DATA) -> list[str]:
    """Return what is wrong with the data files in a folder; an empty list if nothing is."""
    # How long rows are kept is read by core.retention, for every app; when a minor agrees alone, by rules.minors.
    known = {*FILES.values(), "retention.yaml", "minor_consent.csv"}
    found = [f"{path.name}: no rule reads this file" for path in _data_files(data) if path.name not in known]
    tables: dict[str, Table] = {}
    for name, file in FILES.items():
        try:
            tables[name] = read_table(data / file)
        except (BadData, OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            found.append(f"{file}: cannot be read ({error})")
    states = tables["jurisdictions"].values("state") if "jurisdictions" in tables else set()
    for name, table in tables.items():
        found += _of_table(table, SHAPES[name], states)
    found += _of_meaning(tables)
    return found


def _data_files(data: Path) -> Iterable[Path]:
    return (path for path in sorted(data.iterdir()) if path.suffix in (".csv", ".yaml", ".yml"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of_table(table: Table, shape: Shape, states: set[Any]) -> list[str]:
    found = []
    for row in table.rows:
        where = f"{table.name} {row.id}"
        found += [f"{where}: no {column}" for column in shape.columns if row.get(column) is None]
        strange = set(row.values) - set(shape.columns) - set(shape.optional)
        found += [f"{where}: unknown column {column}" for column in sorted(map(str, strange))]
        if "state" in shape.columns and row.get("state") not in states:
            found.append(f"{where}: unknown state {row.get('state')!r}")
        for column, words in shape.words.items():
            allowed = set(words)
            for value in _listed(row.get(column)):
                if value is not None and value not in allowed:
                    found.append(f"{where}: {column} {value!r} is not a word of {words.__name__}")
    if found:
        return found  # the dates of rows whose key is wrong would only confuse
    found += gaps_and_overlaps(table, key=shape.key, gapless=shape.gapless)
    wanted = {column: set(words) for column, words in shape.covers.items()}
    if shape.every_state:
        wanted["state"] = states
    return found + _uncovered(table, wanted)


def _uncovered(table: Table, wanted: Mapping[str, set[Any]]) -> list[str]:
    """Name each combination of the wanted values that has no row at the start, or none that stays open."""
    combinations: list[dict[str, Any]] = [{}]
    for column, values in wanted.items():
        combinations = [{**each, column: value} for each in combinations for value in sorted(values)]
    found = []
    for combination in combinations if wanted else ():
        rows = [row for row in table.rows if all(row.get(column) == value for column, value in combination.items())]
        words = " ".join(str(value) for value in combination.values())
        if not any(row.effective_from <= UNDATED_SINCE for row in rows):
            found.append(f"{table.name}: nothing holds for {words} on {UNDATED_SINCE}")
        elif not any(row.effective_to is None for row in rows):
            found.append(f"{table.name}: nothing holds for {words} in the end")
    return found


def _of_meaning(tables: Mapping[str, Table]) -> list[str]:
    found = []
    zones = available_timezones()
    for row in _rows(tables, "jurisdictions"):
        found += [
            f"jurisdictions {row.id}: unknown zone {zone!r}" for zone in row.get("zones") or () if zone not in zones
        ]
    for row in _rows(tables, "guardian_ages"):
        for column in ("age", "doubt_below"):
            if row.get(column) is not None and not str(row[column]).isdigit():
                found.append(f"guardian_ages {row.id}: {column} {row[column]!r} is no number of years")
        if (row.get("doubt") is None) is not (row.get("doubt_below") is None):
            found.append(f"guardian_ages {row.id}: doubt and doubt_below go together")
    for row in _rows(tables, "telehealth_schemes"):
        if row.get("authorises") is not (row.get("path") in AUTHORITIES):
            found.append(f"telehealth_schemes {row.id}: {row.get('path')} and authorises contradict each other")
    for row in _rows(tables, "compacts"):
        if row.get("privilege") and not row.get("ask_person"):
            found.append(f"compacts {row.id}: a privilege needs ask_person")
        if row.get("state_is") not in ("home", "covered"):
            found.append(f"compacts {row.id}: state_is must be home or covered")
    for row in _rows(tables, "gates"):
        needs_word = row.get("gate") == Gate.CONSENT and row.get("demand") == Demand.REQUIRED
        if needs_word and not (row.get("consent") and row.get("state_form") is not None):
            found.append(f"gates {row.id}: a consent that is required needs consent and state_form")
    for row in _rows(tables, "federal_prescribing"):
        warn_from = row.get("warn_from")
        if warn_from is not None and not (isinstance(warn_from, date) and row.holds_on(warn_from)):
            found.append(f"federal_prescribing {row.id}: warn_from must be a day on which the row holds")
        if row.get("exam") not in (None, "before"):
            found.append(f"federal_prescribing {row.id}: exam must be before, or absent")
    defaults = [row for row in _rows(tables, "countries") if row.get("is_default") == "yes"]
    if not defaults:
        found.append("countries: none is the default")
    countries = {row.get("country") for row in _rows(tables, "countries")}
    for row in _rows(tables, "jurisdictions"):
        if row.get("country") not in countries:
            found.append(f"jurisdictions {row.id}: unknown country {row.get('country')!r}")
    return found


def _rows(tables: Mapping[str, Table], name: str) -> tuple[Row, ...]:
    return tables[name].rows if name in tables else ()
