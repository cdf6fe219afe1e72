"""Staff signed in by their clinic's own service, against a real provider: who gets in, where, and who doesn't."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.single_sign_on.provider import CLIENT_ID, SECRET
from tests.single_sign_on.running import Service, running_service
from webside.accounts import services
from webside.accounts.models import IdentityProvider, Membership, User
from webside.audit.models import AuditEvent
from webside.core.actor import Role
from webside.testing.cast import Cast, sign_in

HOME = "/o/larkspur/home/"
MAYA = "maya.chen@larkspur.example"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A provider that runs beside the tests."""
    with running_service(tmp_path_factory.mktemp("provider")) as running:
        yield running


def details(service: Service, **changes: Any) -> dict[str, Any]:
    """What an administrator enters."""
    return {
        "name": "Larkspur sign-in", "issuer": service.address, "client_id": CLIENT_ID, "secret": SECRET,
        "domains": "larkspur.example", "asks_twice": "on", **changes,
    }  # fmt: skip


@pytest.fixture
def provider(cast: Cast, service: Service, settings: Any) -> IdentityProvider:
    """Larkspur's service, added on its page, and Maya's address there, which is Larkspur's by the operator's word."""
    settings.ENV = settings.ENV.model_copy(update={"sign_in_domains": {"larkspur": ["larkspur.example"]}})
    User.objects.filter(id=cast.maya_user.id).update(email=MAYA)
    admin = sign_in(Client(), cast.admin_user)
    answer = admin.post(reverse("accounts:sso-add", args=["larkspur"]), details(service))
    assert answer.status_code == 302, answer.content.decode()
    made = IdentityProvider.objects.get()
    service.says(leads_back=f"http://testserver/accounts/oidc/{made.id}/login/callback/")
    service.says(email=MAYA)
    return made


def walk_in(client: Client, service: Service, provider: IdentityProvider, email: str, following: str = "") -> Any:
    """Sign in by the service as a browser does; return the answer to its leading back."""
    there = client.get(reverse("accounts:sso-begin", args=[provider.id]), {"next": following} if following else {})
    assert there.status_code == 302, there.content.decode()
    back = urlsplit(service.signs_in(there["Location"], email))
    return client.get(f"{back.path}?{back.query}")


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_staff_are_signed_in_by_their_clinics_own_service(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    asked = client.post(reverse("accounts:sso"), {"email": MAYA.upper()})
    assert asked["Location"] == reverse("accounts:sso-provider", args=[provider.id])
    page = client.get(asked["Location"]).content.decode()
    assert urlsplit(service.address).netloc in page and cast.larkspur.name in page
    with CaptureQueriesContext(connection) as written:
        answer = walk_in(client, service, provider, MAYA, following=HOME)
    assert any("accounts.session.signin" in query["sql"] for query in written.captured_queries)
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    assert client.get(HOME).status_code == 200, "without a second factor of ours: the service asks for one"
    kept = SocialAccount.objects.get()
    assert kept.user_id == cast.maya_user.id and kept.extra_data == {}, "nothing of what it says of her is kept"
    assert not SocialToken.objects.exists()


def test_a_changed_address_is_the_same_person_and_an_ended_one_is_not_let_in(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    walk_in(client, service, provider, MAYA)
    service.says(email=MAYA, claims={"email": "maya.new@larkspur.example"})
    again = Client()
    assert walk_in(again, service, provider, MAYA).status_code == 302
    assert again.session["_auth_user_id"] == str(cast.maya_user.id)
    Membership.objects.filter(user=cast.maya_user).update(active=False)
    ended = Client()
    refused = walk_in(ended, service, provider, MAYA)
    assert refused.status_code == 403 and "has invited your address" in refused.content.decode()
    assert not is_signed_in(ended)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email_verified": False}, "hasn’t confirmed"),
        ({"email_verified": "true"}, "hasn’t confirmed"),
        ({"email": "maya@elsewhere.example"}, "doesn’t speak for"),
        ({"email": "maya@larkspur.example.elsewhere.example"}, "doesn’t speak for"),
        ({"email": ""}, "doesn’t speak for"),
        ({"email": "unknown@larkspur.example"}, "has invited your address"),
    ],
)
def test_whom_it_cannot_speak_for_is_not_signed_in(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider, claims: dict[str, Any], words: str
) -> None:
    service.says(email=MAYA, claims=claims)
    answer = walk_in(client, service, provider, MAYA)
    assert answer.status_code == 403 and words in answer.content.decode()
    assert not is_signed_in(client) and not SocialAccount.objects.exists()


def test_without_a_second_factor_nobody_is_signed_in(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    IdentityProvider.objects.update(asks_twice=False)
    for amr, welcome in (([], False), (["pwd"], False), (["pwd", "mfa"], True)):
        service.says(email=MAYA, claims={"amr": amr})
        answer = walk_in(client, service, provider, MAYA)
        assert is_signed_in(client) is welcome, (amr, answer.content.decode())
        assert welcome or "second factor" in answer.content.decode()


def test_a_patient_is_never_signed_in_by_it(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    User.objects.filter(id=cast.liz_user.id).update(email="liz@larkspur.example")
    service.says(email="liz@larkspur.example")
    assert walk_in(client, service, provider, "liz@larkspur.example").status_code == 403
    assert not is_signed_in(client)


def test_it_is_good_for_its_own_clinic_alone(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    """Whoever runs a clinic's service can be anybody of its addresses; they get nothing of another clinic by that."""
    other = cast.mallory_user.memberships.get().tenant
    Membership.objects.create(user=cast.maya_user, tenant=other, roles=[Role.CLINICIAN, Role.ADMINISTRATOR])
    elsewhere = f"/o/{other.slug}/staff/"
    by_herself = sign_in(Client(), cast.maya_user)
    assert by_herself.get(elsewhere).status_code == 200
    walk_in(client, service, provider, MAYA)
    assert client.get(HOME).status_code == 200
    assert client.get(elsewhere).status_code == Client().get(elsewhere).status_code == 404
    home = f"/o/{other.slug}/home/"
    assert client.get(home)["Location"] == Client().get(home)["Location"]
    start = client.get(reverse("portal:start"))
    assert start["Location"] == HOME, "she isn't asked where to go"


@pytest.mark.parametrize(
    "address", ["account_email", "account_change_password", "mfa_index", "mfa_activate_totp", "mfa_add_webauthn"]
)
def test_it_does_not_reach_the_account_itself(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider, address: str
) -> None:
    walk_in(client, service, provider, MAYA)
    for answer in (client.get(reverse(address)), client.post(reverse(address), {"email": "x@example.test"})):
        assert (answer.status_code, answer["Location"]) == (302, reverse("portal:start"))
    assert "are kept there" in client.get(HOME).content.decode()


def test_who_signs_in_by_password_afterwards_is_bound_no_more(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    walk_in(client, service, provider, MAYA)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)
    cast.maya_user.set_password("four words that differ")
    cast.maya_user.email = MAYA
    cast.maya_user.save()
    client.post(reverse("account_login"), {"login": MAYA, "password": "four words that differ"})
    assert is_signed_in(client) and "sign_in_tenant" not in client.session
    assert client.get(HOME)["Location"] == reverse("accounts:second-factor"), "our own second factor is asked for again"


def test_who_is_invited_joins_by_it(cast: Cast, client: Client, service: Service, provider: IdentityProvider) -> None:
    with cast.as_(cast.admin_user) as admin:
        services.invite_staff(
            actor=admin, email="nina@larkspur.example", name="Nina Osei", roles=[Role.COORDINATOR], link_to=str
        )
    service.says(email="nina@larkspur.example")
    assert walk_in(client, service, provider, "nina@larkspur.example").status_code == 302
    nina = User.objects.get(email="nina@larkspur.example")
    assert nina.name == "Nina Osei" and not nina.has_usable_password()
    assert nina.memberships.get().roles == [Role.COORDINATOR]
    assert client.get(HOME).status_code in (200, 302)
    with cast.as_(cast.ingrid_user):
        assert AuditEvent.objects.filter(action="accounts.staff.join", changes__by="Larkspur sign-in").count() == 1


def test_an_account_that_is_there_is_not_taken_over_by_an_invitation(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    User.objects.filter(id=cast.liz_user.id).update(email="liz@larkspur.example")
    with cast.as_(cast.admin_user) as admin:
        services.invite_staff(actor=admin, email="liz@larkspur.example", name="Liz", roles=[Role.COACH], link_to=str)
    service.says(email="liz@larkspur.example")
    answer = walk_in(client, service, provider, "liz@larkspur.example")
    assert answer.status_code == 403 and "open the link of the invitation" in answer.content.decode()
    assert not is_signed_in(client)


def test_a_service_that_is_ended_or_away_signs_nobody_in(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    begun = client.get(reverse("accounts:sso-begin", args=[provider.id]))
    back = urlsplit(service.signs_in(begun["Location"], MAYA))
    admin = sign_in(Client(), cast.admin_user)
    assert admin.post(reverse("accounts:sso-end", args=["larkspur", provider.id])).status_code == 302
    assert client.get(f"{back.path}?{back.query}").status_code == 404, "even who was on the way"
    assert client.get(reverse("accounts:sso-begin", args=[provider.id])).status_code == 404
    assert not is_signed_in(client)
    IdentityProvider.objects.update(active=True, issuer="http://localhost:9")
    away = client.get(reverse("accounts:sso-begin", args=[provider.id]))
    assert away.status_code == 502 and "Try again in a minute" in away.content.decode()


def test_a_foreign_or_used_answer_signs_nobody_in(
    cast: Cast, client: Client, service: Service, provider: IdentityProvider
) -> None:
    begun = client.get(reverse("accounts:sso-begin", args=[provider.id]))
    back = urlsplit(service.signs_in(begun["Location"], MAYA))
    answer = f"{back.path}?{back.query}"
    stranger = Client()
    assert stranger.get(answer).status_code == 502 and not is_signed_in(stranger), "another browser's"
    assert client.get(answer).status_code == 302 and is_signed_in(client)
    client.post(reverse("account_logout"))
    assert client.get(answer).status_code == 502 and not is_signed_in(client), "used before"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"issuer": "http://localhost:9"}, "issuer", "Nothing answers"),
        ({"issuer": "ftp://larkspur.example"}, "issuer", "begins with https"),
        ({"domains": "not a domain!"}, "domains", "like clinic.example"),
        ({"secret": ""}, "secret", "required"),
    ],
)
def test_what_does_not_work_is_said_where_it_was_entered(
    cast: Cast, service: Service, changes: dict[str, str], field: str, words: str
) -> None:
    admin = sign_in(Client(), cast.admin_user)
    answer = admin.post(reverse("accounts:sso-add", args=["larkspur"]), details(service, **changes))
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert not IdentityProvider.objects.exists()


def test_a_page_that_is_no_service_is_refused_and_two_do_not_share_addresses(
    cast: Cast, service: Service, provider: IdentityProvider
) -> None:
    admin = sign_in(Client(), cast.admin_user)
    add = reverse("accounts:sso-add", args=["larkspur"])
    strange = admin.post(add, details(service, issuer=f"{service.address}/accounts", domains="b.example"))
    assert "no OpenID Connect service" in str(strange.context["form"].errors["issuer"])
    shared = admin.post(add, details(service, client_id="other"))
    assert "Another service" in str(shared.context["form"].errors["domains"])


def test_the_secret_is_sealed_never_shown_and_kept_when_left_empty(
    cast: Cast, service: Service, provider: IdentityProvider
) -> None:
    admin = sign_in(Client(), cast.admin_user)
    page = reverse("accounts:sso-detail", args=["larkspur", provider.id])
    shown = admin.get(page).content.decode()
    assert SECRET not in shown and f"/accounts/oidc/{provider.id}/login/callback/" in shown
    assert SECRET.encode() not in bytes(provider.secret_sealed)
    assert admin.post(page, details(service, secret="", name="Ours")).status_code == 302
    provider.refresh_from_db()
    assert (provider.name, provider.secret) == ("Ours", SECRET)
    with cast.as_(cast.ingrid_user):
        changes = [
            event.changes for event in AuditEvent.objects.filter(action__startswith="accounts.identity-provider")
        ]
        assert len(changes) == 2 and SECRET not in str(changes)


@pytest.mark.parametrize("who", ["maya", "grace", "liz", "mallory"])
def test_only_administrators_of_the_clinic_see_and_change_it(
    cast: Cast, service: Service, provider: IdentityProvider, who: str
) -> None:
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    one = [provider.id]
    for name, ids in (("sso-list", []), ("sso-add", []), ("sso-detail", one)):
        assert client.get(reverse(f"accounts:{name}", args=["larkspur", *ids])).status_code == 404
    assert client.post(reverse("accounts:sso-end", args=["larkspur", provider.id])).status_code == 404
    provider.refresh_from_db()
    assert provider.active


def test_an_unknown_address_is_told_to_sign_in_otherwise(
    cast: Cast, client: Client, provider: IdentityProvider
) -> None:
    answer = client.post(reverse("accounts:sso"), {"email": "somebody@elsewhere.example"})
    assert answer.status_code == 422 and "No clinic here" in answer.content.decode()
