"""Rows of several tables in one query: each table's rows come as one array beside the row that owns them.

A page that shows six lists of one patient would ask the database six times; with these it asks once.
The rows come as JSON and are made into the model's instances again, as the ORM would have read them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Expression, JSONField, Model, QuerySet

from webside.core import frames

M = TypeVar("M", bound=Model)


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


@dataclass(frozen=True, slots=True)
class _Text:
    """A query as PostgreSQL is asked it; it holds nobody's id. ``slots``: which argument each parameter is, if it is one."""

    sql: str
    parameters: tuple[Any, ...]
    slots: tuple[str, ...]
    columns: tuple[str, ...]
    converters: Mapping[int, tuple[list[Callable[..., Any]], Any]]

    def read(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Return a row as the ORM would have read it, by the names of its columns."""
        values = list(row)
        for place, (steps, expression) in self.converters.items():
            for step in steps:
                values[place] = step(values[place], expression, connection)
        return dict(zip(self.columns, values, strict=True))


PREPARED: dict[Callable[..., Any], _Text] = {}
"""What was put together in this process, by the function that did it."""


Argument = UUID | date | datetime
"""What differs from one asking of a prepared query to the next."""


def prepared(make: Callable[..., QuerySet[Any, dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """Make of a function that returns a query one that asks it and returns its rows.

    ``make`` takes ids, days and moments by their names and returns a query set with ``values``; what comes out takes
    the same.

    Django puts a query of six tables together in more time than PostgreSQL takes for the answer, and it is the same
    each time but for these. So it is put together once, with marks in their places, and the frame's tenant is one of
    them. Raises LookupError when an argument is in no place, or when the query holds an id or a day that is none of
    them (everybody after the first would be asked with it), and ``OutsideFrame`` outside a frame.
    """

    @wraps(make)
    def ask(**arguments: Argument) -> list[dict[str, Any]]:
        known: dict[str, Argument] = {"tenant": frames.current_tenant_id(), **arguments}
        text = PREPARED.get(make)
        if text is None:
            text = PREPARED[make] = _put_together(make, known["tenant"], arguments)
        parameters = [known.get(name, value) for name, value in zip(text.slots, text.parameters, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(text.sql, parameters)
            return [text.read(row) for row in cursor.fetchall()]

    return ask


def _mark(argument: Argument, number: int) -> Argument:
    """Return what stands for an argument while a query is put together, and is like nothing else in it."""
    if isinstance(argument, UUID):
        return uuid4()
    if isinstance(argument, datetime):
        return datetime.min.replace(tzinfo=UTC) + timedelta(microseconds=number)
    return date.min + timedelta(days=number)


def _put_together(
    make: Callable[..., QuerySet[Any, Any]], tenant: Argument, arguments: Mapping[str, Argument]
) -> _Text:
    marks = {name: _mark(value, number) for number, (name, value) in enumerate(arguments.items())}
    found = make(**marks)
    compiler = found.query.get_compiler(found.db)
    sql, parameters = compiler.as_sql()
    names = {mark: name for name, mark in marks.items()} | {tenant: "tenant"}
    slots = tuple(names.get(value, "") if isinstance(value, Argument) else "" for value in parameters)
    if missing := {"tenant", *marks} - set(slots):
        raise LookupError(f"{make.__qualname__}: {', '.join(sorted(missing))} is in no place of the query")
    kept = {type(value).__name__ for slot, value in zip(slots, parameters, strict=True) if not slot}
    if own := kept & {"UUID", "date", "datetime"}:
        # The first one's would stay in the text for all: only what is the same for everybody may.
        raise LookupError(f"{make.__qualname__}: the query holds a {', '.join(sorted(own))} that is no argument of it")
    return _Text(
        sql=sql,
        parameters=tuple(None if slot else value for slot, value in zip(slots, parameters, strict=True)),
        slots=slots,
        columns=tuple(found.query.selected or (column.target.attname for column, _, _ in compiler.select)),
        converters=compiler.get_converters([column for column, _, _ in compiler.select]),
    )
