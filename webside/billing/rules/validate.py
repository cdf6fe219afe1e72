"""What each data file of billing must keep to. ``problems`` names every row that does not.

The reader (:mod:`webside.core.dated`) already refuses a row without id, source or confidence, a
date that is none, and an id that stands twice. Here stand the rules that differ by file: its
columns, its words, its numbers, which rows may not hold on the same day, and what it points to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path

from webside.billing.codes import (
    AudioReason,
    Coverage,
    DecisionMaking,
    Modality,
    PatientAt,
    Payer,
    PayerGroup,
    Profession,
    Requirement,
    Service,
    ServiceKind,
    SiteFeeOf,
    TransferEffect,
    TurnedInto,
    WindowStatus,
)
from webside.billing.rules import tables
from webside.core.dated import Row, Table, gaps_and_overlaps, load
from webside.visits.codes import SiteKind

YES_NO = frozenset({"yes", "no"})
SCOPES = frozenset({"general", "behavioural", "listed"})
LATER = ("cpt/cpt_later.csv", "hcpcs/hcpcs_later.csv")
LATER_OTHERS = ("later/modifiers_rest.csv", "later/pos_rest.csv", "later/medicare_flexibilities_rest.csv")


def _of(words: type[StrEnum]) -> frozenset[str]:
    return frozenset(str(word) for word in words)


COVERED = {group: _of(Coverage) for group in ("medicare", "commercial", "medicaid")}


@dataclass(frozen=True, slots=True)
class Spec:
    """The form of one file.

    ``key``: rows that share it may not hold on the same day (``None``: they may), and leave no day
    between them. ``needs``: columns that every row fills. ``words``: columns and
    what they may hold (lists are parted by ``|``). ``numbers``: columns of whole numbers.
    ``ranges``: pairs of columns that run from least to most. ``refers``: columns that name
    something of another file. ``apart``: rows with the same values here may not share a minute.
    """

    needs: tuple[str, ...]
    key: tuple[str, ...] | None = None
    words: Mapping[str, frozenset[str]] | None = None
    numbers: tuple[str, ...] = ()
    ranges: tuple[tuple[str, str], ...] = ()
    refers: Mapping[str, str] | None = None
    apart: tuple[str, ...] = ()


CODE = ("code", "label", *COVERED)
MINUTES = ("min_minutes", "max_minutes")
SPECS: dict[str, Spec] = {
    "cpt_visits": Spec(
        key=("code",),
        needs=(*CODE, "family", "patient", "mdm", "min_minutes", "billers"),
        words={**COVERED, "patient": frozenset({"new", "established"}), "mdm": _of(DecisionMaking)},
        numbers=("min_minutes", "min_talk_minutes"),
        refers={"billers": "classes"},
    ),
    **{
        name: Spec(
            key=("code",),
            needs=(*CODE, "service", "family", "billers", "min_minutes"),
            words={**COVERED, "service": _of(Service), "patient": frozenset({"established"})},
            numbers=(*MINUTES, "unit_minutes", "group_min", "group_max"),
            ranges=(MINUTES, ("group_min", "group_max")),
            refers={"billers": "classes"},
            apart=("family", "billers", "group_min"),
        )
        for name in ("cpt_timed", "hcpcs_timed")
    },
    "cpt_monitoring": Spec(
        key=("code",),
        needs=(*CODE, "part", "billers", "patient"),
        words={
            **COVERED,
            "part": frozenset({"setup", "device", "management"}),
            "supplied": YES_NO,
            "interactive": YES_NO,
        },
        numbers=("min_days", "max_days", *MINUTES),
        ranges=(MINUTES, ("min_days", "max_days")),
        refers={"billers": "classes"},
    ),
    **{
        name: Spec(
            key=("code", "base"),
            needs=(*CODE, "service", "base", "first_at", "unit_minutes"),
            words={**COVERED, "service": _of(Service)},
            numbers=("first_at", "unit_minutes"),
            refers={"base": "codes"},
        )
        for name in ("cpt_add_ons", "hcpcs_add_ons")
    },
    **{
        name: Spec(
            key=("code",),
            needs=("code", "label", "considered", "advice"),
            words={"considered": YES_NO, "service": _of(Service), "modality": _of(Modality)},
            refers={"successors": "codes"},
        )
        for name in ("cpt_retired", "hcpcs_retired")
    },
    "services": Spec(
        key=("service",),
        needs=("service", "kind", "scope", "minutes_from", "connection", "label"),
        words={
            "service": _of(Service),
            "kind": _of(ServiceKind),
            "scope": SCOPES,
            "connection": frozenset({"needed", "implied", "none"}),
            "minutes_from": frozenset({"total_minutes", "minutes", "minutes_7_days", "talk_minutes"}),
        },
    ),
    "payers": Spec(key=("payer",), needs=("payer", "group"), words={"payer": _of(Payer), "group": _of(PayerGroup)}),
    "payer_rows": Spec(
        key=("payer", "row"),
        needs=("payer", "row", "is_default", "visit_codes", "modifiers", "label"),
        words={"payer": _of(PayerGroup), "is_default": YES_NO, "modifiers": YES_NO, "mixed": frozenset({"majority"})},
        refers={"visit_codes": "visit_codes"},
    ),
    "visit_families": Spec(
        key=("payer", "visit_codes", "modality", "scope"),
        needs=("payer", "visit_codes", "modality", "family"),
        words={"payer": _of(PayerGroup), "modality": _of(Modality), "scope": SCOPES},
        refers={"family": "families"},
    ),
    "modifiers": Spec(
        key=("payer", "modality", "applies_to", "modifier"),
        needs=("modifier", "label", "payer", "modality", "applies_to", "requirement"),
        words={
            "payer": _of(PayerGroup) | {"any"},
            "modality": _of(Modality),
            "applies_to": frozenset({"any", "behavioural", "telephone", "built_in"}),
            "requirement": _of(Requirement),
        },
    ),
    "pos": Spec(key=("pos",), needs=("pos", "label")),
    "places": Spec(
        key=("payer", "kind", "at"),
        needs=("payer", "kind", "at", "pos"),
        words={
            "payer": _of(PayerGroup) | {"any"},
            "kind": _of(ServiceKind),
            "at": _of(PatientAt) | {"any"},
        },
        refers={"pos": "places"},
    ),
    "professions": Spec(
        key=("profession", "credential"), needs=("profession", "class"), words={"profession": _of(Profession)}
    ),
    "enrolment": Spec(key=("class",), needs=("class",), refers={"class": "classes"}),
    "medicare_windows": Spec(key=(), needs=("status", "basis"), words={"status": _of(WindowStatus)}),
    "medicare_sites": Spec(
        key=("at", "scope"), needs=("at", "scope", "basis"), words={"at": _of(PatientAt), "scope": SCOPES | {"any"}}
    ),
    "medicare_audio": Spec(key=("scope",), needs=("scope", "at"), words={"scope": SCOPES, "at": _of(PatientAt)}),
    "audio_reasons": Spec(
        key=("audio_reason",),
        needs=("audio_reason", "counts_as", "label"),
        words={"audio_reason": _of(AudioReason), "counts_as": frozenset({"cannot", "declines"})},
    ),
    "transfers": Spec(
        key=("payer", "service", "turned_into"),
        needs=("payer", "service", "turned_into", "effect", "text"),
        words={
            "payer": _of(PayerGroup),
            "service": frozenset({str(Service.CHECK_IN), "other"}),
            "effect": _of(TransferEffect),
        },
        refers={"turned_into": "turned"},
    ),
    "checked": Spec(key=("what",), needs=("what",)),
    "figures": Spec(
        key=("figure",),
        needs=("figure", "value", "unit"),
        words={"unit": frozenset({"years"})},
        numbers=("value",),
    ),
    "site_fees": Spec(
        key=("payer", "at", "site"),
        needs=("payer", "at", "site", "fee"),
        words={
            "payer": _of(PayerGroup) | {"any"},
            "at": _of(PatientAt),
            "site": _of(SiteKind) | {"any"},
            "fee": _of(SiteFeeOf) - {str(SiteFeeOf.NOT_CHECKED)},
        },
    ),
    **{
        name: Spec(key=("code",), needs=("code", "label", "category", "medicare_status"))
        for name in ("cpt_later", "hcpcs_later")
    },
    "modifiers_rest": Spec(needs=("modifier", "label", "payer_kind", "requirement")),
    "pos_rest": Spec(key=("pos",), needs=("pos", "label")),
    "medicare_flexibilities_rest": Spec(needs=("text",)),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What rows of other files may be pointed to, by the name used in :attr:`Spec.refers`."""

    sets: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, found: Iterable[Table]) -> Known:
        """Collect the names of every file."""
        by_name = {table.name: table for table in found}

        def gathered(column: str, *names: str) -> frozenset[str]:
            return frozenset(
                str(value) for name in names if name in by_name for value in by_name[name].values(column) if value
            )

        codes = ("cpt_visits", "cpt_timed", "hcpcs_timed", "cpt_monitoring", "cpt_add_ons", "hcpcs_add_ons")
        return cls(
            {
                "codes": gathered("code", *codes, "cpt_later", "hcpcs_later"),
                "classes": gathered("class", "professions"),
                "families": gathered("family", "cpt_visits", "cpt_timed"),
                "places": gathered("pos", "pos"),
                "visit_codes": gathered("visit_codes", "visit_families"),
                "turned": _of(TurnedInto),
            }
        )


def all_tables() -> list[Table]:
    """Return every data file of billing, those for later capabilities too."""
    paths: list[Path] = [path for shelf in tables.ALL_SHELVES for path in shelf.paths]
    paths += [tables.DATA / name for name in (*LATER, *LATER_OTHERS)]
    return [load(path) for path in paths]


def problems(table: Table, known: Known) -> list[str]:
    """Return what is wrong with a file, a sentence for each row; empty if nothing is."""
    spec = SPECS.get(table.name)
    if spec is None:
        return [f"{table.name}: nobody said what form this file has"]
    found = [f"{table.name} {row.id}: {text}" for row in table.rows for text in _row_problems(row, spec, known)]
    if spec.key is not None:
        found += gaps_and_overlaps(table, key=spec.key)
    if spec.apart:
        found += _shared_minutes(table, spec)
    return found + [text for check in EXTRA.get(table.name, ()) for text in check(table)]


def _row_problems(row: Row, spec: Spec, known: Known) -> list[str]:
    found = []
    if None in row.values:
        found.append(f"more cells than columns: {row.values[None]!r}")  # type: ignore[index]
    found += [f"{column} is empty" for column in spec.needs if not row.get(column)]
    for column, allowed in (spec.words or {}).items():
        value = row.get(column)
        if value is not None and value not in allowed:
            found.append(f"{column} says {value!r}")
    for column in spec.numbers:
        value = row.get(column)
        if value is not None and not str(value).isdigit():
            found.append(f"{column} is no whole number: {value!r}")
    for least, most in spec.ranges:
        low, high = row.get(least), row.get(most)
        if low and high and str(low).isdigit() and str(high).isdigit() and int(low) > int(high):
            found.append(f"{least} is more than {most}")
    for column, kind in (spec.refers or {}).items():
        found += [
            f"{column} names {name!r}, which is not known"
            for name in tables.words(row, column)
            if name not in known.sets[kind]
        ]
    return found


def _meet(one: Row, other: Row) -> bool:
    """Whether two rows hold on a common day."""
    later = max(one.effective_from, other.effective_from)
    return one.holds_on(later) and other.holds_on(later)


def _shared_minutes(table: Table, spec: Spec) -> list[str]:
    """Rows of one family and biller that would both fit the same minutes on the same day."""
    found = []
    for one, other in combinations(table.rows, 2):
        if any(one.get(column) != other.get(column) for column in spec.apart) or not _meet(one, other):
            continue
        low, high = sorted((one, other), key=lambda row: int(row.get("min_minutes") or 0))
        most = low.get("max_minutes")
        least = high.get("min_minutes")
        if least is not None and (most is None or int(most) >= int(least)):
            found.append(f"{table.name}: {low.id} and {high.id} both fit {least} minutes")
    return found


def _rising_levels(table: Table) -> list[str]:
    """Within a family more complex decision-making needs more minutes."""
    order = [str(level) for level in DecisionMaking]
    found = []
    for one, other in combinations(table.rows, 2):
        if any(one.get(column) != other.get(column) for column in ("family", "patient")) or not _meet(one, other):
            continue
        low, high = sorted((one, other), key=lambda row: order.index(row["mdm"]) if row.get("mdm") in order else 0)
        if int(low.get("min_minutes") or 0) >= int(high.get("min_minutes") or 0):
            found.append(f"{table.name}: {high.id} is a higher level than {low.id} and needs no more minutes")
    return found


def _one_default(table: Table) -> list[str]:
    """Each payer with rows of its own has exactly one default on a day."""
    found = []
    for payer in sorted(str(value) for value in table.values("payer")):
        defaults = [row for row in table.rows if row.get("payer") == payer and row.get("is_default") == "yes"]
        if not defaults or any(_meet(one, other) for one, other in combinations(defaults, 2)):
            found.append(f"{table.name}: {payer} needs exactly one default row")
    return found


def _lapses_say_what_to_do(table: Table) -> list[str]:
    return [
        f"{table.name} {row.id}: a window that reaches back must say what to do"
        for row in table.rows
        if row.get("status") == WindowStatus.IN_FORCE_RETROACTIVE and not row.get("action")
    ]


def _each_place_once(table: Table) -> list[str]:
    """Each payer and kind of service has one row for each of what a visit can turn into."""
    found = []
    for payer in PayerGroup:
        for service in (str(Service.CHECK_IN), "other"):
            rows = [row for row in table.rows if (row.get("payer"), row.get("service")) == (str(payer), service)]
            named = [word for row in rows if row.effective_to is None for word in tables.words(row, "turned_into")]
            found += [
                f"{table.name}: {payer} {service} has {named.count(str(word))} rows for {word}"
                for word in TurnedInto
                if named.count(str(word)) != 1
            ]
    return found


def _every(column: str, words: type[StrEnum]) -> Callable[[Table], list[str]]:
    """Return a check that a file has a row for every word of a vocabulary."""

    def check(table: Table) -> list[str]:
        there = table.values(column)
        return [f"{table.name}: no row for {word}" for word in words if word not in there]

    return check


EXTRA: dict[str, tuple[Callable[[Table], list[str]], ...]] = {
    "cpt_visits": (_rising_levels,),
    "payer_rows": (_one_default,),
    "medicare_windows": (_lapses_say_what_to_do,),
    "services": (_every("service", Service),),
    "payers": (_every("payer", Payer),),
    "professions": (_every("profession", Profession),),
    "audio_reasons": (_every("audio_reason", AudioReason),),
    "transfers": (_each_place_once,),
}
