"""Encryption at rest: AES-256-GCM with a named key and associated data.

A sealed value is ``version(1) | length of key id(1) | key id | nonce(12) | ciphertext and tag``.
The associated data bind it to its place (table, column, tenant, row), so that a value copied to
another row does not open. The newest key seals; every known key opens, which is how keys rotate.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = b"\x01"


class Unreadable(ValueError):
    """A sealed value can't be opened: altered, moved to another place, or its key is missing."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys by id. ``newest`` seals; all of them open."""

    newest: str
    keys: dict[str, bytes]

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Encrypt ``plain`` for ``place``; return the sealed bytes."""
        key_id = self.newest.encode()
        nonce = os.urandom(12)
        sealed = AESGCM(self.keys[self.newest]).encrypt(nonce, plain, place.encode())
        return _VERSION + bytes([len(key_id)]) + key_id + nonce + sealed

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what :meth:`seal` gave for the same place, or raise :class:`Unreadable`."""
        if len(sealed) < 2 or sealed[:1] != _VERSION:
            raise Unreadable("not a sealed value")
        end = 2 + sealed[1]
        key = self.keys.get(sealed[2:end].decode("ascii", "replace"))
        if key is None:
            raise Unreadable("sealed with a key that this installation does not have")
        try:
            return AESGCM(key).decrypt(sealed[end : end + 12], sealed[end + 12 :], place.encode())
        except InvalidTag:
            raise Unreadable("altered, or moved to another place") from None

    def blind_index(self, value: str, *, place: str) -> bytes:
        """Return a keyed hash by which an encrypted value can be found when it is known exactly."""
        # Indexes must survive a rotation, so they hang on the oldest key.
        oldest = self.keys[list(self.keys)[-1]]
        return hmac.digest(oldest, f"{place}\x00{value}".encode(), hashlib.sha256)


@cache
def keyring() -> Keyring:
    """Return the installation's keys, from ``WEBSIDE_DATA_KEYS`` or made at first use."""
    keys = settings.ENV.encryption_keys() or {"local1": settings.ENV.secret("data-key-1")}
    return Keyring(next(iter(keys)), keys)
