"""Rows of the trail, and hands that may do what the application may not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from webside.audit import sealing
from webside.audit.models import AuditEvent
from webside.audit.services import record
from webside.core import frames, lean
from webside.core.actor import Actor, ActorKind, Role
from webside.core.ids import uuid7
from webside.core.models import Tenant

PATIENCE = 20  # seconds; other programs' transactions in the same cluster hold the sealer back for moments


def make_tenant(slug: str = "larkspur") -> Tenant:
    """Make a clinic."""
    return Tenant.objects.create(slug=slug, name=slug.title())


def officer(tenant: Tenant) -> Actor:
    """Return somebody who acts in a clinic."""
    return Actor(
        kind=ActorKind.PERSON, label="Ingrid Vass", tenant_id=tenant.id, user_id=uuid7(),
        roles=frozenset({Role.COMPLIANCE}),
    )  # fmt: skip


def write(tenant: Tenant, *, rows: int = 1, action: str = "chart.patient.read") -> list[AuditEvent]:
    """Write rows, each in a transaction of its own."""
    actor = officer(tenant)
    written = []
    for number in range(rows):
        with frames.begin(tenant_id=tenant.id, actor=actor):
            written.append(record(action, actor=actor, patient_id=uuid7(), ground=f"row {number}"))
    return written


def seal_all(limit: int = sealing.BATCH) -> int:
    """Seal until nothing waits; return how many rows were sealed. Fails if the sealer can't get there."""
    deadline = time.monotonic() + PATIENCE
    sealed = 0
    while time.monotonic() < deadline:
        sealed += sealing.seal_pending(limit)
        if sealing.verify().unsealed == 0:
            return sealed
        time.sleep(0.05)
    raise AssertionError("rows still wait for their seal")


@contextmanager
def connected(alias: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Connect as ``owner`` (who may do everything), ``default`` or ``sealer``; commits each statement."""
    with psycopg.connect(**lean.conninfo(alias), row_factory=dict_row, autocommit=True) as connection:
        yield connection
