"""Housekeeping: what is over goes, by the rows of ``core.retention``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models

from webside.core import clock, files, frames, retention
from webside.core.jobs import job
from webside.core.models import TenantModel

BATCH = 1000
"""Rows of one kind in one transaction: a long one would hold back the sealing of the trail."""


@job("core.rows.delete", every="7 * * * *")
def delete_expired() -> dict[str, int]:
    """Delete or empty what has reached its time; return how many rows of each model.

    In a tenant's frame its own tables, in the frame of none those that belong to nobody. What is
    more than a batch is left for a job of its own.
    """
    of_tenant = frames.current().tenant_id is not None
    counts: dict[str, int] = {}
    more = False
    for each in retention.due(clock.now()):
        model = apps.get_model(each.model)
        if issubclass(model, TenantModel) is of_tenant and (count := _let_go(model, each)):
            counts[each.model] = counts.get(each.model, 0) + count
            more = more or count >= BATCH
    if more:
        delete_expired.defer()
    return counts


@job("core.files.sweep", every="23 3 * * *")
def sweep_files() -> dict[str, int]:
    """Delete the files of a tenant that no row names; return how many."""
    return {"files": files.sweep(clock.now().timestamp())} if frames.current().tenant_id is not None else {}


def _let_go(model: type[models.Model], expiry: retention.Expiry) -> int:
    rows = model._default_manager.filter(**{f"{expiry.after}__lt": expiry.before}, **_conditions(expiry))
    empty: dict[str, Any] = {name: _nothing(model._meta.get_field(name)) for name in expiry.columns}
    if empty:
        rows = rows.exclude(**empty)
    keys = set(rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:BATCH])
    if keys and empty:
        model._default_manager.filter(pk__in=keys).update(**empty)
    elif keys:
        model._default_manager.filter(pk__in=keys).delete()
    return len(keys)


def _conditions(expiry: retention.Expiry) -> dict[str, Any]:
    """Turn ``only`` into conditions: a list means any of, null means that there is none."""
    return {
        (f"{name}__isnull" if value is None else f"{name}__in" if isinstance(value, list) else name): (
            True if value is None else value
        )
        for name, value in expiry.only.items()
    }


def _nothing(field: Any) -> Any:
    return b"" if isinstance(field, models.BinaryField) else ""
