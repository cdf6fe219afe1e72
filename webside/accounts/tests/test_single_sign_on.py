"""Whose addresses a clinic's own service speaks for, and who a subject of it is. The rest: ``tests/single_sign_on``."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from webside.accounts import selectors, services, single_sign_on
from webside.accounts.models import IdentityProvider, User
from webside.core.actor import anonymous
from webside.testing.cast import PASSWORD, Cast

THERE = "larkspur.example"
GIVEN = {
    "name": "Larkspur sign-in", "issuer": "https://old.example", "client_id": "c", "secret": "s", "domains": [THERE],
    "asks_twice": True,
}  # fmt: skip


def provider(cast: Cast, who: str = "admin_user", **changes: Any) -> IdentityProvider:
    with cast.as_(getattr(cast, who)) as admin:
        return services.add_identity_provider(actor=admin, **GIVEN | changes)


def person(found: IdentityProvider, email: str, user: User | None = None, amr: tuple[str, ...] = ()) -> User:
    return single_sign_on.person_of(found, user=user, email=email, verified=True, amr=list(amr))


def by_subject(found: IdentityProvider, uid: str) -> User | None:
    known = SocialAccount.objects.filter(provider=str(found.id), uid=uid).first()
    return known.user if known else None


def test_a_subject_of_another_service_is_somebody_else(cast: Cast) -> None:
    found = provider(cast)
    SocialAccount.objects.create(user=cast.maya_user, provider=str(found.id), uid="42", extra_data={})
    same = {key: value for key, value in GIVEN.items() if key != "secret"}
    with cast.as_(cast.admin_user) as admin:
        services.change_identity_provider(actor=admin, provider=found, secret="", **same | {"name": "Another name"})
    assert by_subject(found, "42") == cast.maya_user
    with cast.as_(cast.admin_user) as admin:
        services.change_identity_provider(
            actor=admin, provider=found, secret="t", **same | {"issuer": "https://new.example"}
        )
    assert by_subject(found, "42") is None
    daniel = f"daniel@{THERE}"
    User.objects.filter(id=cast.daniel_user.id).update(email=daniel)
    assert person(found, daniel, by_subject(found, "42")) == cast.daniel_user


def test_a_subject_and_an_address_of_two_people_sign_nobody_in(cast: Cast) -> None:
    found = provider(cast)
    daniel = f"daniel@{THERE}"
    User.objects.filter(id=cast.daniel_user.id).update(email=daniel)
    with pytest.raises(single_sign_on.NotOurs):
        person(found, daniel, cast.maya_user)


@pytest.mark.parametrize(
    ("amr", "enough"),
    [((), False), (("pwd",), False), (("otp",), False), (("hwk", "swk"), False), (("pwd", "pin"), False),
     (("mfa",), True), (("pwd", "otp"), True), (("hwk", "fpt"), True), (("pin", "sc"), True)],
)  # fmt: skip
def test_one_factor_is_one_however_strong(cast: Cast, amr: tuple[str, ...], enough: bool) -> None:
    found = provider(cast, asks_twice=False)
    email = f"maya.chen@{THERE}"
    User.objects.filter(id=cast.maya_user.id).update(email=email)
    if enough:
        assert person(found, email, amr=amr) == cast.maya_user
    else:
        with pytest.raises(single_sign_on.NotOurs):
            person(found, email, amr=amr)


def test_nobody_is_led_to_a_service_that_claims_another_clinics_addresses(cast: Cast, settings: Any) -> None:
    claimed = provider(cast, domains=["northgate.example"])
    assert selectors.provider_for_address("mallory@northgate.example") is None, "nobody has said whose they are"
    settings.ENV = settings.ENV.model_copy(update={"sign_in_domains": {"northgate": ["Northgate.example"]}})
    assert selectors.provider_for_address("mallory@northgate.example") is None
    with cast.as_(cast.mallory_user, cast.northgate):
        own = IdentityProvider(
            tenant_id=cast.northgate.id, **{**GIVEN, "domains": ["northgate.example"]} | {"secret": "s"}
        )
        own.save()
    assert selectors.provider_for_address("mallory@northgate.example") == own
    with cast.as_(cast.admin_user) as admin, pytest.raises(services.DomainTaken):
        services.change_identity_provider(actor=admin, provider=claimed, **GIVEN | {"domains": ["northgate.example"]})


def test_the_only_clinic_of_an_installation_needs_nobody_to_say_so(cast: Cast) -> None:
    own = provider(cast)
    assert selectors.provider_for_address(f"maya@{THERE}") is None
    cast.northgate.active = False
    cast.northgate.save()
    assert selectors.provider_for_address(f"maya@{THERE}") == own


# ------------------------------------------------------------------------------------------- one's own address


def test_an_address_that_nobody_has_confirmed_is_not_ones_own(cast: Cast, client: Client) -> None:
    ana, other = cast.ana_user, "ben@example.test"
    ana.set_password(PASSWORD)
    ana.save()
    client.post("/accounts/login/", {"login": ana.email, "password": PASSWORD})
    client.post("/accounts/email/", {"action_add": "", "email": other})
    assert client.post("/accounts/email/", {"action_primary": "", "email": other}).status_code == 404
    ana.refresh_from_db()
    assert ana.email != other


def test_who_comes_by_an_invitation_has_shown_the_address(cast: Cast) -> None:
    nobody = anonymous(cast.larkspur.id)
    with cast.as_(cast.admin_user):
        made = services.join(
            actor=nobody, email="ben@example.test", name="Ben", password="a long one", tenant_id=cast.larkspur.id,
            roles=["biller"],
        )  # fmt: skip
    row = EmailAddress.objects.get(user=made.user)
    assert (row.email, row.primary, row.verified) == ("ben@example.test", True, True)
