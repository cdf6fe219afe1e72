"""``/api/decide`` and ``manage.py decide``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings

from webside.accounts import services
from webside.api.lean import BURST, PER_SECOND
from webside.core.bucket import Buckets

FACTS = {
    "on": "2026-03-02",
    "service": {"kind": "telehealth", "modality": "video"},
    "clinician": {"profession": "coach", "excluded": False},
    "patient": {"state": "NY", "age": 44, "guardian_present": False, "consents": []},
}


@pytest.fixture
def secret(transactional_db: None) -> str:
    from webside.accounts.models import Membership, User
    from webside.core import frames
    from webside.core.actor import Actor, ActorKind, Role
    from webside.core.models import Tenant

    tenant = Tenant.objects.create(slug="keys", name="Keys")
    user = User.objects.create(email="keys@example.test", name="Keys", password="!")
    Membership.objects.create(user=user, tenant=tenant, roles=[Role.ADMINISTRATOR])
    actor = Actor(
        kind=ActorKind.PERSON, label="Keys", tenant_id=tenant.id, user_id=user.id, roles=frozenset({Role.ADMINISTRATOR})
    )
    with frames.begin(tenant_id=tenant.id, actor=actor):
        _, secret = services.create_api_key(actor=actor, name="test", scopes=["decide"])
    return secret


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address) as client:
        yield client


def _ask(client: httpx.Client, secret: str, body: Any) -> Any:
    return client.post(
        "/api/decide/compliance.may_treat", content=json.dumps(body), headers={"authorization": f"Bearer {secret}"}
    )


def test_answers_as_the_rule_does(client: httpx.Client, secret: str) -> None:
    answer = _ask(client, secret, FACTS)
    assert answer.status_code == 200
    assert answer.json()["allowed"] is True
    assert "licence.not_needed" in {reason["code"] for reason in answer.json()["reasons"]}


def test_refuses_an_unknown_field_by_name(client: httpx.Client, secret: str) -> None:
    answer = _ask(client, secret, {**FACTS, "colour": "red"})
    assert answer.status_code == 400
    assert "colour" in answer.json()["error"]["text"]


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic abc"])
def test_refuses_without_a_key(client: httpx.Client, secret: str, header: str) -> None:
    answer = client.post("/api/decide/compliance.may_treat", content="{}", headers={"authorization": header})
    assert answer.status_code == 401


def test_says_what_it_does_not_know(client: httpx.Client, secret: str) -> None:
    answer = client.get("/api/decide/no.such", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 404


def test_a_key_that_asks_too_often_waits() -> None:
    buckets = Buckets(BURST, PER_SECOND)
    assert [buckets.wait(b"k", 0.0) for _ in range(BURST)] == [0.0] * BURST
    assert buckets.wait(b"k", 0.0) > 0
    assert buckets.wait(b"other", 0.0) == 0.0
    assert buckets.wait(b"k", 2 / PER_SECOND) == 0.0


def _command(*arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "decide", *arguments],
        input=lines, capture_output=True, text=True, cwd=settings.BASE_DIR, check=False,
        env={"PATH": "", "DATABASE_URL": "postgresql://nobody@localhost:1/none", "HOME": "/nonexistent"},
    )  # fmt: skip


def test_the_command_needs_no_database_and_keeps_the_order() -> None:
    done = _command("compliance.may_treat", lines=json.dumps(FACTS) + "\nnot json\n" + json.dumps(FACTS) + "\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [("error" in answer) for answer in answers] == [False, True, False]
    assert done.returncode == 1


def test_the_command_lists_rules_and_shows_schemas() -> None:
    assert "compliance.may_treat" in _command("--list").stdout
    schema = json.loads(_command("billing.codes", "--schema").stdout)
    assert set(schema) == {"facts", "answer", "$defs"}
