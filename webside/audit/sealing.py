"""The sealer and the verifier.

The sealer works in a role of its own that may read audit rows of all tenants and insert seals. It
takes rows whose transaction lies below the snapshot's xmin: every transaction up to there has
ended, so no row can appear later among those already sealed. Chaining within the transaction of the
change would make all writers wait for each other.

The head of the chain is also appended to ``var/audit/heads.log``, outside the database, so that
cutting off the newest rows together with their seals shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from psycopg.rows import dict_row

from webside.audit import chain
from webside.core import clock, lean

BATCH = 2000
_COLUMNS = ", ".join(f"e.{column}" for column in chain.COLUMNS)
_LOCK = 0x5EA1


def heads_path() -> Path:
    """Return the file that keeps every head of the chain."""
    return Path(settings.VAR) / "audit" / "heads.log"


def _connect() -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(**lean.conninfo("sealer"), row_factory=dict_row, connect_timeout=5)


def seal_pending(limit: int = BATCH) -> int:
    """Seal what is committed and not yet sealed; return how many rows. One sealer at a time."""
    with _connect() as connection, connection.transaction():
        locked = connection.execute("SELECT pg_try_advisory_xact_lock(%s) AS got", [_LOCK]).fetchone()
        if not locked or not locked["got"]:
            return 0
        last = connection.execute("SELECT * FROM audit_seal ORDER BY number DESC LIMIT 1").fetchone()
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM audit_auditevent e"  # type: ignore[arg-type]  # noqa: S608 - own columns
            " WHERE (e.transaction, e.sequence) > (%s, %s)"
            " AND e.transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            " ORDER BY e.transaction, e.sequence LIMIT %s",
            [last["last_transaction"] if last else 0, last["last_sequence"] if last else 0, limit],
        ).fetchall()
        if not rows:
            return 0
        digests = [chain.row_digest(row) for row in rows]
        previous = bytes(last["digest"]) if last else chain.GENESIS
        number = last["number"] + 1 if last else 1
        digest = chain.seal_digest(previous, digests)
        connection.execute(
            "INSERT INTO audit_seal (number, sealed_at, last_transaction, last_sequence, count, row_digests,"
            " previous, digest) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                number, clock.now(), rows[-1]["transaction"], rows[-1]["sequence"], len(rows),
                b"".join(digests), previous, digest,
            ],
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO audit_sealedrow (event_id, tenant_id, seal_id, position) VALUES (%s, %s, %s, %s)",
                [(row["id"], row["tenant_id"], number, position) for position, row in enumerate(rows)],
            )
    _publish_head(number, digest)
    return len(rows)


def _publish_head(number: int, digest: bytes) -> None:
    path = heads_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        handle.write(f"{number} {digest.hex()} {clock.now().isoformat(timespec='seconds')}\n")
        handle.flush()
        os.fsync(handle.fileno())


@dataclass(slots=True)
class Verification:
    """What checking the chain found. ``wrong`` names each fault in a sentence; empty means whole."""

    seals: int = 0
    rows: int = 0
    unsealed: int = 0
    head: str = ""
    wrong: list[str] = field(default_factory=list)
    altered: list[UUID] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was found altered, removed or cut."""
        return not self.wrong


def verify(tenant_id: UUID | None = None) -> Verification:
    """Check the chain, the heads kept outside, and the rows: of all tenants, or of one.

    A tenant's own check reads its own rows and every seal; the digests of others' rows stand in the
    seals, their rows are not read.
    """
    result = Verification()
    with _connect() as connection:
        seals = _check_seals(connection, result)
        _check_heads(seals, result)
        _check_rows(connection, seals, tenant_id, result)
    return result


def _check_seals(connection: psycopg.Connection[dict[str, Any]], result: Verification) -> dict[int, list[bytes]]:
    seals: dict[int, list[bytes]] = {}
    previous = chain.GENESIS
    expected = 1
    for seal in connection.execute("SELECT * FROM audit_seal ORDER BY number"):
        number = seal["number"]
        if number != expected:
            result.wrong.append(f"Seal {expected} is missing.")
        joined = bytes(seal["row_digests"])
        digests = [joined[start : start + 32] for start in range(0, len(joined), 32)]
        if bytes(seal["previous"]) != previous or chain.seal_digest(previous, digests) != bytes(seal["digest"]):
            result.wrong.append(f"Seal {number} does not follow from the one before it.")
        seals[number] = digests
        previous = bytes(seal["digest"])
        expected = number + 1
        result.head = previous.hex()
    result.seals = len(seals)
    return seals


def _kept_heads() -> Iterator[tuple[int, str]]:
    path = heads_path()
    if path.exists():
        for line in path.read_text().splitlines():
            parts = line.split()
            if len(parts) >= 2 and parts[0].isdigit():
                yield int(parts[0]), parts[1]


def _check_heads(seals: dict[int, list[bytes]], result: Verification) -> None:
    newest = max(seals, default=0)
    for number, digest in _kept_heads():
        if number > newest:
            result.wrong.append(f"Seal {number} was published and is gone: the trail was cut.")
        elif number == newest and digest != result.head:
            result.wrong.append(f"Seal {number} is not the one that was published.")


def _check_rows(
    connection: psycopg.Connection[dict[str, Any]],
    seals: dict[int, list[bytes]],
    tenant_id: UUID | None,
    result: Verification,
) -> None:
    # A row is looked for from the seal's side, so that one that was removed shows as well.
    query = (
        f"SELECT {_COLUMNS}, s.event_id AS sealed_id, s.seal_id, s.position FROM audit_sealedrow s"  # noqa: S608 - own columns
        " LEFT JOIN audit_auditevent e ON e.id = s.event_id"
        " WHERE %(tenant)s::uuid IS NULL OR s.tenant_id = %(tenant)s"
    )
    counted: dict[int, int] = {}
    for row in connection.execute(query, {"tenant": tenant_id}):  # type: ignore[arg-type]
        counted[row["seal_id"]] = counted.get(row["seal_id"], 0) + 1
        digests = seals.get(row["seal_id"], [])
        if row["id"] is None:
            result.wrong.append(f"Entry {row['sealed_id']} was removed.")
            result.altered.append(row["sealed_id"])
        elif row["position"] >= len(digests) or chain.row_digest(row) != digests[row["position"]]:
            result.wrong.append(f"Entry {row['sealed_id']} was altered.")
            result.altered.append(row["sealed_id"])
        else:
            result.rows += 1
    if tenant_id is None:
        for number, digests in seals.items():
            if counted.get(number, 0) != len(digests):
                result.wrong.append(
                    f"Seal {number} covers {len(digests)} entries; {counted.get(number, 0)} are listed."
                )
    pending = connection.execute(
        "SELECT count(*) AS n, count(*) FILTER (WHERE (e.transaction, e.sequence) <= (l.t, l.q)) AS slipped"
        " FROM audit_auditevent e LEFT JOIN audit_sealedrow s ON s.event_id = e.id,"
        " (SELECT coalesce(max(last_transaction), 0) AS t, coalesce((SELECT last_sequence FROM audit_seal"
        " ORDER BY number DESC LIMIT 1), 0) AS q FROM audit_seal) l"
        " WHERE s.event_id IS NULL AND (%(tenant)s::uuid IS NULL OR e.tenant_id = %(tenant)s)",
        {"tenant": tenant_id},
    ).fetchone()
    if pending is None:  # an aggregate always has a row
        return
    result.unsealed = pending["n"]
    if pending["slipped"]:
        result.wrong.append(f"{pending['slipped']} entries stand among sealed ones without a seal.")
