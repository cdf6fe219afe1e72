"""Credentials for the relay, and what an engine gives."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr

from webside.visits.engines import PeerEngine, Seat, engine
from webside.visits.engines.peer import ice_servers, turn_credentials

AT = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
SEAT = Seat(UUID(int=1), UUID(int=2))


def test_a_known_vector() -> None:
    # printf '1795468800:visit:liz' | openssl dgst -sha1 -hmac north -binary | base64
    username, credential = turn_credentials(
        secret=b"north", username_part="visit:liz", expires_at=datetime.fromtimestamp(1795468800, UTC)
    )
    assert username == "1795468800:visit:liz"
    assert credential == "6XEqvzuRdcDHfI9Qq6eCu9F5Vuk="


def test_the_username_holds_ids_and_an_end_within_the_hour() -> None:
    servers, expires_at = ice_servers(["turn:t.example:3478"], secret=b"s", seat=SEAT, at=AT, ttl=7200)
    expiry, visit, participant = servers[0]["username"].split(":")
    assert (visit, participant) == (str(SEAT.visit_id), str(SEAT.participant_id))
    assert int(expiry) - AT.timestamp() == 3600
    assert expires_at.timestamp() == int(expiry)


def test_a_stun_address_gets_no_credentials_and_a_relay_without_a_secret_is_left_out() -> None:
    urls = ["stun:s.example:3478", "turn:t.example:3478?transport=udp", "turns:t.example:443?transport=tcp"]
    servers, _ = ice_servers(urls, secret=b"s", seat=SEAT, at=AT, ttl=600)
    assert servers[0] == {"urls": ["stun:s.example:3478"]}
    assert servers[1]["urls"] == urls[1:]
    assert ice_servers(urls, secret=b"", seat=SEAT, at=AT, ttl=600)[0] == [{"urls": ["stun:s.example:3478"]}]


@pytest.mark.parametrize(("forced", "policy"), [(False, "all"), (True, "relay")])
async def test_joining_takes_the_installations_relay(settings: object, forced: bool, policy: str) -> None:
    changed = {"turn_urls": ["turn:t.example"], "turn_secret": SecretStr("s"), "turn_ttl": 60, "force_relay": forced}
    settings.ENV = settings.ENV.model_copy(update=changed)  # type: ignore[attr-defined]
    info = await PeerEngine().join(SEAT, AT)
    assert info.ice_policy == policy
    assert info.ice_servers[0]["username"].startswith(f"{int(AT.timestamp()) + 60}:")
    assert not info.token


def test_an_engine_that_is_not_here_is_an_error() -> None:
    with pytest.raises(KeyError):
        engine("janus")
