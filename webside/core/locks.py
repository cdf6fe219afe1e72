"""Locking a row before it is read."""

from __future__ import annotations

from django.db.models import Model


def lock(row: Model, *, no_key: bool = True) -> None:
    """Wait for a row's lock and hold it to the end of the transaction; read the row afterwards.

    Two steps on purpose. A query that locks and joins at once shows, after a wait, the locked row as it
    is now beside joined rows as they were before the wait; and where the row meanwhile points to
    another joined row, it finds nothing at all. ``no_key``: rows that only refer to this one go on.
    """
    list(type(row)._default_manager.select_for_update(no_key=no_key).filter(pk=row.pk).values_list("pk"))
