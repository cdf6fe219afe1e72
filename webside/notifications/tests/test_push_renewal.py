"""A browser whose push service gave it another address is followed, by its token and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from webside.core import frames
from webside.core.actor import system
from webside.integrations.web_push.stand_in import StandIn
from webside.notifications import lean, selectors
from webside.notifications.models import PushDevice
from webside.testing.cast import Cast, make_cast
from webside.testing.pushes import Browser, a_browser, push_service

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic(address: str) -> Cast:
    lean._buckets._by_who.clear()
    return make_cast()


@pytest.fixture
def push(clinic: Cast) -> Iterator[StandIn]:
    with push_service() as stand_in:
        yield stand_in


def renew(address: str, browser: Browser, slug: str = "larkspur", **changed: Any) -> int:
    told = {**browser.fields, **changed}
    return httpx.post(f"{address}/api/push/{slug}/renew", json=told).status_code


def target(cast: Cast) -> str:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        return selectors.target_of(PushDevice.objects.get()).endpoint


def test_it_is_followed(address: str, clinic: Cast, push: StandIn) -> None:
    first, second = a_browser(push), a_browser(push)
    token = selectors.token_of(first.turn_on(clinic, clinic.liz_user))
    assert renew(address, second, token=token) == 204
    assert target(clinic) == second.endpoint
    assert renew(address, second, token=token) == 204, "again changes nothing"


def test_nobody_else_moves_it(address: str, clinic: Cast, push: StandIn) -> None:
    first, mine = a_browser(push), a_browser(push)
    device = first.turn_on(clinic, clinic.liz_user)
    token = selectors.token_of(device)
    assert renew(address, mine, token="") == 404
    assert renew(address, mine, token=str(device.id)) == 404
    assert renew(address, mine, token=token[:-1] + "_") == 404
    assert renew(address, mine, token=token, slug="northgate") == 404, "another clinic"
    assert renew(address, mine, token=token, slug="nobody-has-this") == 404
    assert renew(address, mine, token=selectors.token_of(PushDevice(id=uuid4()))) == 404, "turned off meanwhile"
    assert renew(address, mine, token=token, endpoint="https://intranet.example/") == 400
    assert renew(address, mine, token=token, auth="x") == 400
    assert renew(address, mine, token=7) == 400
    assert httpx.post(f"{address}/api/push/larkspur/renew", content=b"[" * 9000).status_code == 400
    assert target(clinic) == first.endpoint


def test_guessing_is_slow_and_keeps_nobody_from_being_followed(address: str, clinic: Cast, push: StandIn) -> None:
    first, second = a_browser(push), a_browser(push)
    token = selectors.token_of(first.turn_on(clinic, clinic.liz_user))
    # On a busy machine the bucket fills again while we ask.
    assert any(renew(address, first, token="x") == 429 for _ in range(lean.BURST * 10))
    assert renew(address, second, token=token) == 204
    assert target(clinic) == second.endpoint
