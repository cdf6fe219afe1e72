"""Rows of several tables in one query: each table's rows come as one array beside the row that owns them.

A page that shows six lists of one patient would ask the database six times; with these it asks once.
The rows come as JSON and are made into the model's instances again, as the ORM would have read them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import wraps
from types import SimpleNamespace
from typing import Any, TypeVar, overload
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Count, Expression, JSONField, Model, QuerySet, Window
from django.db.models.query import ModelIterable
from psycopg.types.json import Jsonb

from webside.core import frames
from webside.core.actor import Actor

M = TypeVar("M", bound=Model)
T = TypeVar("T")


class _Decimals(json.JSONDecoder):
    """Reads numbers as they were written: through a float, a decimal would not come back as it was."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parse_float=Decimal, **options)


class WholeRow(Expression):
    """The row itself of a query's own table, as JSON.

    Named once, it spares Django the naming of each column, which costs more than PostgreSQL's work on the rows.
    """

    output_field = JSONField(decoder=_Decimals)

    def __init__(self, alias: str = "") -> None:
        super().__init__()
        self.alias = alias

    def resolve_expression(self, query: Any = None, *args: Any, **options: Any) -> WholeRow:
        """Return the row of the table that ``query`` is about; the query around it asks again and gets the same."""
        return self if self.alias else WholeRow(query.get_initial_alias())

    def relabeled_clone(self, change_map: Mapping[str, str]) -> WholeRow:
        """Follow the table to its name within a larger query."""
        return WholeRow(change_map.get(self.alias, self.alias))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        """Write it as SQL."""
        return f"to_jsonb({compiler.quote_name_unless_alias(self.alias)})", ()


def array_of(found: QuerySet[Any]) -> ArraySubquery:
    """Return the rows of ``found``, in its order, as an array for ``annotate``; ``OuterRef`` ties them to their owner."""
    return ArraySubquery(found.values(_row=WholeRow()))


def instances(model: type[M], rows: Iterable[dict[str, Any]], *, only: Iterable[str] = ()) -> list[M]:
    """Return the rows of :func:`array_of` as instances of their model, in the same order.

    ``only``: names of the fields that are read, for many rows of which a page needs little; the others are deferred,
    as after a query set's ``only``.
    """
    wanted = frozenset(only)
    fields = [field for field in model._meta.concrete_fields if not wanted or field.attname in wanted]
    names = [field.attname for field in fields]
    return [
        model.from_db("default", names, [field.to_python(row[field.attname]) for field in fields])  # type: ignore[misc]
        for row in rows
    ]


def instance(model: type[M], row: Mapping[str, Any]) -> M:
    """Return a row of a prepared query as an instance; fields that it leaves out are deferred."""
    return model.from_db("default", list(row), list(row.values()))  # type: ignore[arg-type]


def first(rows: Sequence[T]) -> T | None:
    """Return the first of the rows of a prepared query; nothing where there are none."""
    return rows[0] if rows else None


def counted(rows: QuerySet[Any, dict[str, Any]]) -> QuerySet[Any, dict[str, Any]]:
    """Return rows of ``values``, each with ``rows_in_all``: how many there are, however few of them are asked for."""
    return rows.annotate(rows_in_all=Window(Count("*")))


@dataclass(frozen=True, slots=True)
class _Text:
    """A query as PostgreSQL is asked it; it holds nobody's id. ``slots``: which argument each parameter is, if it is one.

    ``compiler`` knows how rows become instances, where the query gives these; it has been asked for the text already.
    """

    sql: str
    parameters: tuple[Any, ...]
    slots: tuple[str, ...]
    columns: tuple[str, ...] = ()
    converters: Mapping[int, tuple[list[Callable[..., Any]], Any]] | None = None
    compiler: Any = None

    def ask(self, known: Mapping[str, Argument]) -> list[Any]:
        """Ask it with these arguments; return the rows, or the instances, as the ORM would have read them."""
        parameters = [known.get(name, value) for name, value in zip(self.slots, self.parameters, strict=True)]
        if self.compiler is not None:
            return self._instances(parameters)
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            return [self._read(row) for row in cursor.fetchall()]

    def _instances(self, parameters: list[Any]) -> list[Any]:
        compiler = copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # each thread has its own
        compiler.as_sql = lambda *_args, **_options: (self.sql, tuple(parameters))
        query = SimpleNamespace(get_compiler=lambda using: compiler)
        return list(ModelIterable(SimpleNamespace(db=DEFAULT_DB_ALIAS, query=query, _known_related_objects={})))  # type: ignore[arg-type]

    def _read(self, row: tuple[Any, ...]) -> dict[str, Any]:
        values = list(row)
        for place, (steps, expression) in (self.converters or {}).items():
            for step in steps:
                values[place] = step(values[place], expression, connection)
        return dict(zip(self.columns, values, strict=True))


PREPARED: dict[tuple[Any, ...], _Text] = {}
"""What was put together in this process: by the function that did it, and for what kinds."""


Argument = UUID | date | datetime | str
"""What differs from one asking of a prepared query to the next."""
Kind = Enum | ZoneInfo | timedelta | int | None
"""What makes a query of another kind, with a text of its own: there must be few of them."""


@overload
def prepared(make: Callable[..., QuerySet[Any, dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]: ...


@overload
def prepared(make: Callable[..., QuerySet[M]]) -> Callable[..., list[M]]: ...


def prepared(make: Callable[..., QuerySet[Any, Any]]) -> Callable[..., list[Any]]:
    """Make of a function that returns a query one that asks it and returns its rows.

    ``make`` takes ids, days, moments, words, actors and kinds by their names and returns a query set, with ``values`` or of
    instances (``select_related`` and all); what comes out takes the same and returns the rows as dictionaries, or the
    instances. It may not look up anything by itself: what it found would stay in the text for everybody.

    Django puts a query of six tables together in more time than PostgreSQL takes for the answer, and it is the same
    each time but for these. So it is put together once, with marks in their places, and the frame's tenant is one of
    them. Of an actor the ids differ; who has other roles, or acts for another person in another way, has a text of her
    own, and so has each kind (a unit of time, a zone, a length). Raises LookupError when an argument is in no place, or
    when the query holds an id or a day that is none of them (everybody after the first would be asked with it), and
    ``OutsideFrame`` outside a frame.
    """
    return _prepared(make, in_frame=True)


@overload
def prepared_anywhere(make: Callable[..., QuerySet[Any, dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]: ...


@overload
def prepared_anywhere(make: Callable[..., QuerySet[M]]) -> Callable[..., list[M]]: ...


def prepared_anywhere(make: Callable[..., QuerySet[Any, Any]]) -> Callable[..., list[Any]]:
    """The same for tables that belong to no tenant, asked before there is a frame: which tenant it is, who somebody is."""
    return _prepared(make, in_frame=False)


def _prepared(make: Callable[..., QuerySet[Any, Any]], *, in_frame: bool) -> Callable[..., list[Any]]:
    @wraps(make)
    def ask(**arguments: Argument | Actor | Kind) -> list[Any]:
        known: dict[str, Argument] = {"tenant": frames.current_tenant_id()} if in_frame else {}
        kinds: list[Any] = [make]
        for name, value in arguments.items():
            if isinstance(value, Actor):
                ids = _ids_of(name, value)
                known |= ids
                kinds.append((name, _like(value, dict.fromkeys(ids, NOBODY), name)))
            elif _differs(value):
                known[name] = value  # type: ignore[assignment]
            else:
                kinds.append((name, value))
        text = PREPARED.get(tuple(kinds))
        if text is None:
            try:
                text = _put_together(make, known, arguments)
            except EmptyResultSet:
                return []  # whoever asks may see nothing
            PREPARED[tuple(kinds)] = text
        return text.ask(known)

    return ask


NOBODY = UUID(int=0)
ALWAYS = frozenset({"tenant"})
"""What each query in a frame must name."""


def _differs(value: Argument | Actor | Kind) -> bool:
    """Whether an argument gets a mark; an enumeration's word is a kind, though it is a word too."""
    return isinstance(value, Argument) and not isinstance(value, Enum)


def _ids_of(name: str, actor: Actor) -> dict[str, UUID]:
    """Return what tells an actor from others of the same kind, by the names of arguments."""
    behalf = actor.on_behalf
    ids = {"user": actor.user_id, "subject": actor.subject_id, "patient": behalf.patient_id if behalf else None}
    return {f"{name}.{part}": value for part, value in ids.items() if value is not None}


def _like(actor: Actor, ids: Mapping[str, UUID], name: str) -> Actor:
    """Return an actor of the same kind with other ids, and with nothing that no policy reads."""
    behalf = actor.on_behalf
    return replace(
        actor, label="", tenant_id=None, user_id=ids.get(f"{name}.user"), subject_id=ids.get(f"{name}.subject"),
        on_behalf=behalf and replace(behalf, grant_id=NOBODY, patient_id=ids[f"{name}.patient"], name="", until=None),
    )  # fmt: skip


def _mark(argument: Argument, number: int) -> Argument:
    """Return what stands for an argument while a query is put together, and is like nothing else in it."""
    if isinstance(argument, UUID):
        return uuid4()
    if isinstance(argument, str):
        return uuid4().hex
    if isinstance(argument, datetime):
        return datetime.min.replace(tzinfo=UTC) + timedelta(microseconds=number)
    return date.min + timedelta(days=number)


def _put_together(
    make: Callable[..., QuerySet[Any, Any]],
    known: Mapping[str, Argument],
    arguments: Mapping[str, Argument | Actor | Kind],
) -> _Text:
    marks: dict[str, Any] = {
        name: _mark(value, number) for number, (name, value) in enumerate(known.items()) if name != "tenant"
    }
    found = make(**{
        name: _like(value, marks, name) if isinstance(value, Actor) else marks.get(name, value)
        for name, value in arguments.items()
    })  # fmt: skip
    compiler = found.query.get_compiler(found.db)
    sql, parameters = compiler.as_sql()
    names = {mark: name for name, mark in marks.items()}
    if "tenant" in known:
        names[known["tenant"]] = "tenant"
    slots = tuple(names.get(value, "") if isinstance(value, Argument) else "" for value in parameters)
    wanted = {*(ALWAYS & known.keys()), *(name for name, value in arguments.items() if _differs(value))}
    if missing := wanted - set(slots):
        raise LookupError(f"{make.__qualname__}: {', '.join(sorted(missing))} is in no place of the query")
    kept = [value for slot, value in zip(slots, parameters, strict=True) if not slot]
    if own := {type(value).__name__ for value in _within(kept) if not isinstance(value, SAME_FOR_ALL)}:
        # The first one's would stay in the text for all: only what is the same for everybody may.
        raise LookupError(f"{make.__qualname__}: the query holds a {', '.join(sorted(own))} that is no argument of it")
    text = _Text(
        sql, tuple(None if slot else value for slot, value in zip(slots, parameters, strict=True)), slots
    )  # fmt: skip
    if issubclass(found._iterable_class, ModelIterable):
        compiler.connection = None
        return replace(text, compiler=compiler)
    return replace(
        text,
        columns=tuple(found.query.selected or (column.target.attname for column, _, _ in compiler.select)),
        converters=compiler.get_converters([column for column, _, _ in compiler.select]),
    )


SAME_FOR_ALL = (str, int, float, Decimal, timedelta, type(None))


def _within(values: Iterable[Any]) -> Iterator[Any]:
    """Return each value, and what lies in lists of them and in JSON."""
    for value in values:
        if isinstance(value, list | tuple | set | frozenset):
            yield from _within(value)
        elif isinstance(value, Jsonb):
            yield from _within([value.obj])
        elif isinstance(value, dict):
            yield from _within([*value, *value.values()])
        else:
            yield value
