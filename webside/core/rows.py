"""Rows of several tables in one query: each table's rows come as one array beside the row that owns them.

A page that shows six lists of one patient would ask the database six times; with these it asks once.
The rows come as JSON and are made into the model's instances again, as the ORM would have read them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DecimalField, Model, QuerySet, TextField
from django.db.models.functions import Cast, JSONObject

M = TypeVar("M", bound=Model)


def array_of(found: QuerySet[Any]) -> ArraySubquery:
    """Return the rows of ``found``, in its order, as an array for ``annotate``; ``OuterRef`` ties them to their owner."""
    # A decimal goes as text: as a number of JSON it would come back as a float.
    values = {
        field.attname: Cast(field.attname, TextField()) if isinstance(field, DecimalField) else field.attname
        for field in found.model._meta.concrete_fields
    }
    return ArraySubquery(found.values(_row=JSONObject(**values)))


def instances(model: type[M], rows: Iterable[dict[str, Any]]) -> list[M]:
    """Return the rows of :func:`array_of` as instances of their model, in the same order."""
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    return [
        model.from_db("default", names, [field.to_python(row[field.attname]) for field in fields])  # type: ignore[misc]
        for row in rows
    ]
