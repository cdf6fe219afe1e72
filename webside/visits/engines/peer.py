"""Two people, from browser to browser. Our part is signalling and, where networks forbid more, a relay."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from webside.visits.engines.port import JoinInfo, Seat

LONGEST_SECONDS = 3600


def turn_credentials(*, secret: bytes, username_part: str, expires_at: datetime) -> tuple[str, str]:
    """Return username and credential for a TURN server with a shared secret.

    The username is ``<unix expiry>:<part>``, the credential base64(HMAC-SHA1(secret, username)), as
    coturn's ``use-auth-secret`` and draft-uberti-behave-turn-rest-00 ask. The relay logs usernames
    in clear: ``username_part`` holds ids, never a name.
    """
    username = f"{int(expires_at.timestamp())}:{username_part}"
    mac = hmac.new(secret, username.encode(), hashlib.sha1)  # SHA-1 is what TURN servers speak here
    return username, base64.b64encode(mac.digest()).decode()


def ice_servers(
    urls: Sequence[str], *, secret: bytes, seat: Seat, at: datetime, ttl: int
) -> tuple[list[dict[str, Any]], datetime]:
    """Return the ICE servers of one seat and when their credentials end.

    ``urls`` are ``turn:``, ``turns:`` and ``stun:`` addresses; those of a relay get the seat's own
    credentials. ``ttl`` in seconds; more than an hour is cut to an hour.
    """
    expires_at = at.astimezone(UTC) + timedelta(seconds=min(ttl, LONGEST_SECONDS))
    relays = [url for url in urls if url.startswith(("turn:", "turns:"))]
    plain = [url for url in urls if url.startswith("stun:")]
    servers: list[dict[str, Any]] = [{"urls": plain}] if plain else []
    if relays and secret:
        username, credential = turn_credentials(
            secret=secret, username_part=f"{seat.visit_id}:{seat.participant_id}", expires_at=expires_at
        )
        servers.append({"urls": relays, "username": username, "credential": credential})
    return servers, expires_at


class PeerEngine:
    """The engine of visits of two: end-to-end encrypted by nature, since nobody sits in between."""

    name = "peer"
    capabilities = frozenset({"e2ee"})

    async def join(self, seat: Seat, at: datetime) -> JoinInfo:
        """Return ICE servers with credentials for this seat; asks no other machine."""
        env = settings.ENV
        secret = env.turn_secret.get_secret_value().encode() if env.turn_secret else b""
        servers, expires_at = ice_servers(env.turn_urls, secret=secret, seat=seat, at=at, ttl=env.turn_ttl)
        return JoinInfo(
            engine=self.name,
            ice_servers=servers,
            ice_policy="relay" if env.force_relay else "all",
            expires_at=expires_at,
        )
