"""Rows of several tables in one query: each table's rows come as one array beside the row that owns them.

A page that shows six lists of one patient would ask the database six times; with these it asks once.
The rows come as JSON and are made into the model's instances again, as the ORM would have read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Expression, JSONField, Model, QuerySet

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
