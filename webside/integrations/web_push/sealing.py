"""Sealing a push so that only its browser reads it (RFC 8291 over RFC 8188, aes128gcm in one record). Pure.

The library for this pulls in a whole HTTP client beside the one that we guard, and its encoder alone comes without a built
package; what is left is these few steps, which the tests hold against the example of the standard.
"""

from __future__ import annotations

import base64
import binascii
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RECORD = 4096
"""What every push service takes at least (RFC 8030, 7.2)."""
OVERHEAD = 16 + 4 + 1 + 65 + 1 + 16  # salt, record size, length and key, delimiter, tag
SIZES = (512, 1024, RECORD - OVERHEAD)
"""To what a payload is filled up, so that its length says nothing."""
SECRET_BYTES = 16
LAST = b"\x02"


def b64(raw: bytes) -> str:
    """Return base64url without padding, as browsers and headers have it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return what :func:`b64` gave; raise :class:`ValueError`."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base64url") from error


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as an uncompressed point."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Return the P-256 key of a browser (``p256dh``); raise :class:`ValueError` for what is no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(text))


def secret(text: str) -> bytes:
    """Return the secret of a browser (``auth``); raise :class:`ValueError`."""
    found = unb64(text)
    if len(found) != SECRET_BYTES:
        raise ValueError("the secret is not 16 bytes")
    return found


def _derive(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(key)


def _keys(shared: bytes, auth: bytes, receiver: bytes, sender: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Return the content key and the nonce (RFC 8291, 3.4)."""
    material = _derive(shared, auth, b"WebPush: info\x00" + receiver + sender, 32)
    return (
        _derive(material, salt, b"Content-Encoding: aes128gcm\x00", 16),
        _derive(material, salt, b"Content-Encoding: nonce\x00", 12),
    )


def filled(payload: bytes) -> bytes:
    """Return a payload with its delimiter, filled up to the next of :data:`SIZES`; raise :class:`ValueError` if too long."""
    size = next((each for each in SIZES if len(payload) <= each), None)
    if size is None:
        raise ValueError("longer than a push may be")
    return payload + LAST + b"\x00" * (size - len(payload))


def seal(
    plain: bytes,
    *,
    p256dh: str,
    auth: str,
    salt: bytes | None = None,
    own: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Return ``plain`` (with its delimiter) for one browser. ``salt`` and ``own`` are drawn anew but in tests."""
    receiver, salt = public_key(p256dh), salt or os.urandom(16)
    own = own or ec.generate_private_key(ec.SECP256R1())
    sender = point(own.public_key())
    key, nonce = _keys(own.exchange(ec.ECDH(), receiver), secret(auth), point(receiver), sender, salt)
    head = salt + struct.pack("!IB", RECORD, len(sender)) + sender
    return head + AESGCM(key).encrypt(nonce, plain, None)


def unseal(sealed: bytes, *, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """Return what a browser with these keys reads; raise :class:`ValueError`. For the stand-in and the tests."""
    salt, (_, length) = sealed[:16], struct.unpack("!IB", sealed[16:21])
    sender, rest = sealed[21 : 21 + length], sealed[21 + length :]
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    content_key, nonce = _keys(shared, auth, point(key.public_key()), sender, salt)
    try:
        plain = AESGCM(content_key).decrypt(nonce, rest, None).rstrip(b"\x00")
    except InvalidTag:
        raise ValueError("not for this browser") from None
    if not plain.endswith(LAST):
        raise ValueError("not the last record")
    return plain[:-1]
