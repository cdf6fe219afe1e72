"""The sealer and the verifier.

The sealer works in a role of its own that may read audit rows of all tenants and insert seals. It
takes rows whose transaction lies below the snapshot's xmin: every transaction up to there has
ended, so no row can appear later among those already sealed. Chaining within the transaction of the
change would make all writers wait for each other.

The head of the chain is also appended to ``var/audit/heads.log``, outside the database, so that
cutting off the newest rows together with their seals shows, and so does a chain that was written
anew from some row on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import psycopg
from django.conf import settings
from psycopg.rows import dict_row

from webside.audit import chain
from webside.core import clock, lean

BATCH = 2000
DIGEST_LENGTH = 64  # of a SHA-256 in hexadecimal digits
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
    with path.open("ab+") as handle:
        # A line that a power cut left unfinished must not swallow this one.
        start = b"\n" if handle.tell() and _last_byte(handle) != b"\n" else b""
        line = f"{number} {digest.hex()} {clock.now().isoformat(timespec='seconds')}\n"
        handle.write(start + line.encode())
        handle.flush()
        os.fsync(handle.fileno())


def _last_byte(handle: BinaryIO) -> bytes:
    handle.seek(-1, os.SEEK_END)
    return handle.read(1)


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
    seals, their rows are not read. That each seal's list of rows is complete is checked for all.
    """
    result = Verification()
    # The sealer goes on while we look: what was published by now is committed in the snapshot that follows.
    published = list(_kept_heads())
    with _connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        seals, heads = _check_seals(connection, result)
        _check_heads(published, heads, result)
        _check_lists(connection, seals, result)
        _check_rows(connection, seals, tenant_id, result)
        _check_unsealed(connection, tenant_id, result)
    return result


def _check_seals(
    connection: psycopg.Connection[dict[str, Any]], result: Verification
) -> tuple[dict[int, list[bytes]], dict[int, str]]:
    """Return each seal's row digests and each seal's own digest, as hexadecimal digits."""
    seals: dict[int, list[bytes]] = {}
    heads: dict[int, str] = {}
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
        result.head = heads[number] = previous.hex()
    result.seals = len(seals)
    return seals, heads


def _kept_heads() -> Iterator[tuple[int, str]]:
    path = heads_path()
    if path.exists():
        for line in path.read_text(errors="replace").splitlines():
            parts = line.split()
            # A shorter line is one that a power cut left unfinished.
            if len(parts) >= 2 and parts[0].isdigit() and len(parts[1]) == DIGEST_LENGTH:
                yield int(parts[0]), parts[1]


def _check_heads(published: Iterable[tuple[int, str]], heads: dict[int, str], result: Verification) -> None:
    """Compare every published head with its seal: a chain written anew from some row on differs from there."""
    newest = max(heads, default=0)
    for number, digest in published:
        if number > newest:
            result.wrong.append(f"Seal {number} was published and is gone: the trail was cut.")
        elif number in heads and digest != heads[number]:
            result.wrong.append(f"Seal {number} is not the one that was published.")


def _check_lists(
    connection: psycopg.Connection[dict[str, Any]], seals: dict[int, list[bytes]], result: Verification
) -> None:
    """Check that each seal lists as many rows as it covers, each place once. Reads no row of the trail."""
    listed = {
        row["seal_id"]: (row["places"], row["listed"])
        for row in connection.execute(
            "SELECT seal_id, count(*) AS listed, count(DISTINCT position) AS places"
            " FROM audit_sealedrow GROUP BY seal_id"
        )
    }
    for number, digests in seals.items():
        places, count = listed.pop(number, (0, 0))
        if (places, count) != (len(digests), len(digests)):
            result.wrong.append(f"Seal {number} covers {len(digests)} entries; {count} are listed at {places} places.")
    for number in sorted(listed):
        result.wrong.append(f"Entries are listed under seal {number}, which does not exist.")


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
        " ORDER BY s.seal_id, s.position"
    )
    # Read in portions: the trail is larger than memory some day.
    with connection.cursor("trail") as cursor:
        cursor.itersize = BATCH
        for row in cursor.execute(query, {"tenant": tenant_id}):  # type: ignore[arg-type]
            digests = seals.get(row["seal_id"], [])
            if row["id"] is None:
                result.wrong.append(f"Entry {row['sealed_id']} was removed.")
                result.altered.append(row["sealed_id"])
            elif row["position"] >= len(digests) or chain.row_digest(row) != digests[row["position"]]:
                result.wrong.append(f"Entry {row['sealed_id']} was altered.")
                result.altered.append(row["sealed_id"])
            else:
                result.rows += 1


def _check_unsealed(
    connection: psycopg.Connection[dict[str, Any]], tenant_id: UUID | None, result: Verification
) -> None:
    """Count what waits for its seal, and what stands among sealed rows without one."""
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
        result.wrong.append(
            f"{pending['slipped']} entries stand among sealed ones without a seal."
            if pending["slipped"] > 1
            else "1 entry stands among sealed ones without a seal."
        )
