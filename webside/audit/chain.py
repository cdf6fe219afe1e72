"""The digests of the chain: pure functions over rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

COLUMNS = (
    "id", "sequence", "transaction", "tenant_id", "at", "action", "kind", "outcome", "actor_kind", "actor_id",
    "actor_label", "actor_roles", "target_type", "target_id", "target_label", "patient_id", "ground", "reason",
    "changes", "request_id", "remote",
)  # fmt: skip

GENESIS = b"\x00" * 32


def row_digest(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a row's columns in a fixed order and spelling."""
    values = [row[column] for column in COLUMNS]
    spelled = orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=str)
    return hashlib.sha256(spelled).digest()


def seal_digest(previous: bytes, row_digests: Iterable[bytes]) -> bytes:
    """Return the digest of a seal: over the one before it, then over each of its rows."""
    digest = hashlib.sha256(previous)
    for each in row_digests:
        digest.update(each)
    return digest.digest()
