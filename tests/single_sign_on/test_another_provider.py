"""The same way in by a service of another make: Authlib's OpenID Connect, of which our own client shares no line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from tests.single_sign_on.running import running_another_service
from webside.accounts.models import IdentityProvider, User
from webside.testing.cast import Cast, sign_in

MAYA, STRANGER = "maya.chen@larkspur.example", "eve@larkspur.example"
HERS = {"email": MAYA, "email_verified": True, "name": "Maya Chen", "amr": ["pwd", "mfa"]}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the service runs, which asks nobody for a password: whoever is named is signed in there."""
    people = {
        "maya": HERS,
        "unconfirmed": HERS | {"email_verified": False},
        "once": HERS | {"amr": ["pwd"]},
        "stranger": HERS | {"email": STRANGER},
    }
    with running_another_service(people) as service:
        yield service.address


@pytest.fixture
def provider(cast: Cast, address: str, settings: Any) -> IdentityProvider:
    """Larkspur's service, as an administrator enters it: what it knows us by follows when it knows where we are."""
    settings.ENV = settings.ENV.model_copy(update={"sign_in_domains": {"larkspur": ["larkspur.example"]}})
    User.objects.filter(id=cast.maya_user.id).update(email=MAYA)
    admin = sign_in(Client(), cast.admin_user)
    entered = {
        "name": "Larkspur sign-in", "issuer": address, "client_id": "to come", "secret": "to come",
        "domains": "larkspur.example",
    }  # fmt: skip
    assert admin.post(reverse("accounts:sso-add", args=["larkspur"]), entered).status_code == 302
    made = IdentityProvider.objects.get()
    known_by = httpx.post(
        f"{address}/oauth2/clients",
        json={"redirect_uris": [f"http://testserver/accounts/oidc/{made.id}/login/callback/"]},
    ).json()
    entered |= {"client_id": known_by["client_id"], "secret": known_by["client_secret"]}
    answer = admin.post(reverse("accounts:sso-detail", args=["larkspur", made.id]), entered)
    assert answer.status_code == 302, answer.content.decode()
    made.refresh_from_db()
    return made


def walk_in(client: Client, provider: IdentityProvider, sub: str) -> Any:
    """Sign in there as somebody, and return our answer to its leading back."""
    there = client.get(reverse("accounts:sso-begin", args=[provider.id]))
    assert there.status_code == 302, there.content.decode()
    back = urlsplit(httpx.post(there["Location"], data={"sub": sub}).headers["Location"])
    return client.get(f"{back.path}?{back.query}")


def test_staff_are_signed_in(cast: Cast, client: Client, provider: IdentityProvider) -> None:
    assert walk_in(client, provider, "maya").status_code == 302
    assert client.session["_auth_user_id"] == str(cast.maya_user.id)


@pytest.mark.parametrize("sub", ["unconfirmed", "once", "stranger"])
def test_whom_it_cannot_speak_for_is_not(cast: Cast, client: Client, provider: IdentityProvider, sub: str) -> None:
    assert walk_in(client, provider, sub).status_code == 403
    assert "_auth_user_id" not in client.session
