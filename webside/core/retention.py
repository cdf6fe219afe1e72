"""How long each kind of row is kept, and what happens to it then.

Every app says it of its own tables in ``data/retention.yaml``: dated rows with their sources. A row
names its ``models`` and an ``act``:

* ``keep``: never deleted by Webside;
* ``delete``: the row goes ``hours`` or ``days`` after the time in its column ``after``;
* ``empty``: the row stays and its ``columns`` are emptied then.

``only`` narrows a row to what has certain values. Pure: what may go is asked with a moment in time,
and ``core.tasks`` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from webside.core.dated import BadData, Row, Table, read_table

APPS = Path(__file__).resolve().parent.parent


class Act(StrEnum):
    """What happens to a row when its time is over."""

    KEEP = "keep"
    DELETE = "delete"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Expiry:
    """Rows of ``model`` whose column ``after`` lies before ``before`` and that match ``only`` may go."""

    model: str
    act: Act
    after: str
    before: datetime
    only: Mapping[str, Any]
    columns: tuple[str, ...]


def files() -> list[Path]:
    """Return each app's file."""
    return sorted(APPS.glob("*/data/retention.yaml"))


@cache
def table() -> Table:
    """Return the rows of every app; raise :class:`BadData` on one that breaks the rules of dated rows."""
    return Table("retention", chain.from_iterable(read_table(file).rows for file in files()))


def kept_for(row: Row) -> timedelta:
    """Return how long after its moment a row stays; raise :class:`BadData` if the row doesn't say."""
    given = [(unit, row.get(unit)) for unit in ("hours", "days") if row.get(unit) is not None]
    if len(given) != 1 or not isinstance(given[0][1], int) or given[0][1] < 0:
        raise BadData(f"retention row {row.id}: give hours or days, as a whole number from 0")
    return timedelta(**{given[0][0]: given[0][1]})


def due(now: datetime, rows: Table | None = None) -> list[Expiry]:
    """Return what may go at ``now`` (aware), by the rows in force on that day (in UTC)."""
    return [
        Expiry(model, act, row["after"], now - kept_for(row), row.get("only") or {}, tuple(row.get("columns") or ()))
        for row in (rows or table()).in_force(now.date())
        if (act := Act(row["act"])) is not Act.KEEP
        for model in row["models"]
    ]


def problems(columns: Mapping[str, Set[str]], day: date, rows: Table | None = None) -> list[str]:
    """Return what is wrong on ``day``, in sentences; empty when all is well.

    ``columns`` has every model's label with the names of its fields. Each model has a row in force,
    no row speaks of a model or a field that isn't there, and nothing that is kept is deleted.
    """
    found = []
    acts: dict[str, set[Act]] = {label: set() for label in columns}
    for row in (rows or table()).in_force(day):
        try:
            act = Act(row.get("act"))
        except ValueError:
            found.append(f"{row.id}: act is keep, delete or empty")
            continue
        for label in row.get("models") or ():
            if label not in columns:
                found.append(f"{row.id}: there is no model {label}")
                continue
            acts[label].add(act)
            found += [f"{row.id}: {label} has no field {name}" for name in _named(row) if name not in columns[label]]
        found += _about(row, act)
    for label, said in sorted(acts.items()):
        if not said - {Act.EMPTY}:
            found.append(f"{label}: nothing says how long it is kept")
        elif {Act.KEEP, Act.DELETE} <= said:
            found.append(f"{label}: is kept by one row and deleted by another")
    return found


def _named(row: Row) -> Iterator[str]:
    """Yield the fields of its models that a row names, without what follows a double underscore."""
    yield from (row.get("columns") or ())
    for name in (*(row.get("only") or ()), *([row["after"]] if row.get("after") else [])):
        yield name.partition("__")[0]


def _about(row: Row, act: Act) -> Iterator[str]:
    missing = [word for word in ("what", "why", "models") if not row.get(word)]
    if missing:
        yield f"{row.id}: {', '.join(missing)} missing"
    if act is Act.KEEP:
        if any(row.get(word) is not None for word in ("after", "hours", "days", "only", "columns")):
            yield f"{row.id}: what is kept has no time"
        return
    try:
        kept_for(row)
    except BadData as error:
        yield str(error)
    if not row.get("after"):
        yield f"{row.id}: after which column's time?"
    if (act is Act.EMPTY) != bool(row.get("columns")):
        yield f"{row.id}: columns go with empty, and only with it"
