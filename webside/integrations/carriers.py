"""Where a carrier with Twilio's interface is, and as whom it is asked."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit, urlunsplit


def account_at(address: str, *, resource: str, setting: str) -> tuple[str, str, str]:
    """Return the address of an account's ``resource``, the account and its secret, of ``https://account:token@host``.

    With a path of its own after the host, that path is the resource. ``setting`` is what holds the address.
    Raises :class:`ValueError` for anything else.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not (parts.hostname and parts.username and parts.password):
        raise ValueError(f"{setting} must look like https://account:token@host")
    account = unquote(parts.username)
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    path = parts.path.rstrip("/") or f"/2010-04-01/Accounts/{account}/{resource}"
    return urlunsplit((parts.scheme, host, path, "", "")), account, unquote(parts.password)
