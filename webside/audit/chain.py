"""The digests of the chain: pure functions over rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

COLUMNS = (
    "id", "sequence", "transaction", "tenant_id", "at", "action", "kind", "outcome", "actor_kind", "actor_id",
    "actor_label", "actor_roles", "target_type", "target_id", "target_label", "patient_id", "ground", "reason",
    "changes", "request_id", "remote",
)  # fmt: skip

GENESIS = b"\x00" * 32


def row_digest(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a row's columns in a fixed order and spelling.

    Moments are spelled in UTC, whatever zone the connection speaks: a server that moves to another
    zone must not make every row look altered.
    """
    values = [_spelled(row[column]) for column in COLUMNS]
    try:
        spelled = orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=str)
    except orjson.JSONEncodeError:
        # An integer above 64 bits. One such row must not stop the sealing of all that follow.
        spelled = json.dumps(values, sort_keys=True, default=str).encode()
    return hashlib.sha256(spelled).digest()


def _spelled(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def seal_digest(previous: bytes, row_digests: Iterable[bytes]) -> bytes:
    """Return the digest of a seal: over the one before it, then over each of its rows."""
    digest = hashlib.sha256(previous)
    for each in row_digests:
        digest.update(each)
    return digest.digest()
