"""The real sign-in: password, second factor for staff, nothing told about who has an account."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from webside.audit.models import AuditEvent
from webside.core import clock, frames
from webside.core.actor import Role, system
from webside.testing.cast import PASSWORD, Cast, sign_in

LOGIN = "/accounts/login/"


def _give_password(user: object) -> None:
    user.set_password(PASSWORD)  # type: ignore[attr-defined]
    user.save()  # type: ignore[attr-defined]


def test_a_patient_signs_in_with_her_password(cast: Cast, client: Client) -> None:
    _give_password(cast.liz_user)
    answer = client.post(LOGIN, {"login": cast.liz_user.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, reverse("portal:start"))


def test_a_wrong_password_and_an_unknown_address_look_the_same(cast: Cast, client: Client) -> None:
    _give_password(cast.liz_user)
    wrong = client.post(LOGIN, {"login": cast.liz_user.email, "password": "not the right one"})
    unknown = client.post(LOGIN, {"login": "nobody@example.test", "password": "not the right one"})
    assert wrong.status_code == unknown.status_code
    assert b"not the right one" not in wrong.content
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_made_up_names_do_not_push_an_accounts_wrong_tries_out(cast: Cast, client: Client) -> None:
    """Each name that is tried has a count of its own. Shown failing with the 300 entries that Django keeps by default."""
    cache.clear()
    _give_password(cast.liz_user)
    for _ in range(5):
        client.post(LOGIN, {"login": cast.liz_user.email, "password": "not the right one"})
    for number in range(1000):
        cache.set(f"allauth:rl:account:login_failed:{number}", [0.0], 300)
    barred = client.post(LOGIN, {"login": cast.liz_user.email, "password": PASSWORD})
    assert barred.status_code == 200 and "_auth_user_id" not in client.session
    cache.clear()
    assert client.post(LOGIN, {"login": cast.liz_user.email, "password": PASSWORD}).status_code == 302


def test_staff_without_a_second_factor_are_led_to_set_one_up(cast: Cast, client: Client) -> None:
    _give_password(cast.maya_user)
    client.post(LOGIN, {"login": cast.maya_user.email, "password": PASSWORD})
    answer = client.get("/o/larkspur/home/")
    assert (answer.status_code, answer["Location"]) == (302, reverse("accounts:second-factor"))
    assert client.get(answer["Location"]).status_code == 200


def test_who_has_just_given_the_password_sets_up_a_first_factor_without_giving_it_again(
    cast: Cast, client: Client
) -> None:
    set_up, ask = reverse("mfa_activate_totp"), reverse("account_reauthenticate")
    _give_password(cast.maya_user)
    client.post(LOGIN, {"login": cast.maya_user.email, "password": PASSWORD})
    assert client.get(set_up).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert client.get(set_up).url.startswith(ask)  # type: ignore[attr-defined]
    totp.TOTP.activate(cast.maya_user, totp.generate_totp_secret())
    RecoveryCodes.activate(cast.maya_user)
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == 200, "where setting up ends"
    _give_password(cast.daniel_user)
    sign_in(client, cast.daniel_user)
    assert client.get(set_up).url.startswith(ask)  # type: ignore[attr-defined]


def test_who_has_a_second_factor_is_asked_again_before_another_is_added(cast: Cast, client: Client) -> None:
    _give_password(cast.maya_user)
    client.post(LOGIN, {"login": cast.maya_user.email, "password": PASSWORD})
    totp.TOTP.activate(cast.maya_user, totp.generate_totp_secret())
    assert client.get(reverse("mfa_add_webauthn")).url.startswith(reverse("account_reauthenticate"))  # type: ignore[attr-defined]


def test_staff_with_a_second_factor_are_asked_for_it(cast: Cast, client: Client) -> None:
    _give_password(cast.maya_user)
    totp.TOTP.activate(cast.maya_user, totp.generate_totp_secret())
    RecoveryCodes.activate(cast.maya_user)
    answer = client.post(LOGIN, {"login": cast.maya_user.email, "password": PASSWORD})
    assert answer["Location"] == reverse("mfa_authenticate")
    code = RecoveryCodes(Authenticator.objects.get(user=cast.maya_user, type="recovery_codes")).get_unused_codes()[0]
    client.post(answer["Location"], {"code": code})
    assert client.get("/o/larkspur/staff/").status_code == 404  # in, and not an administrator


def test_a_secret_of_a_second_factor_is_sealed_in_the_database(cast: Cast) -> None:
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(cast.maya_user, secret)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        assert secret not in str(cursor.fetchall())


def test_there_is_no_open_sign_up(cast: Cast, client: Client) -> None:
    page = client.post("/accounts/signup/", {"email": "new@example.test", "password1": PASSWORD})
    assert not type(cast.liz_user).objects.filter(email="new@example.test").exists()
    assert page.status_code in (200, 403, 404)


@pytest.mark.parametrize("who", ["liz_user", "maya_user", "grace_user", "mallory_user"])
def test_only_an_administrator_manages_staff(cast: Cast, client: Client, who: str) -> None:
    assert sign_in(client, getattr(cast, who)).get("/o/larkspur/staff/").status_code == 404


def test_an_invitation_works_once_and_gives_the_roles(cast: Cast, client: Client, mailoutbox: list[object]) -> None:
    from webside.accounts import services

    with cast.as_(cast.admin_user) as admin:
        links: list[str] = []

        def link_to(token: str) -> str:
            links.append(reverse("accounts:invitation-accept", args=[token]))
            return links[-1]

        services.invite_staff(
            actor=admin, email="nina@example.test", name="Nina", roles=[Role.CLINICIAN], link_to=link_to
        )
    assert client.get(links[0]).status_code == 200
    assert client.post(links[0], {"password": PASSWORD}).status_code == 302
    assert client.get(links[0]).status_code == 404
    user = type(cast.liz_user).objects.get(email="nina@example.test")
    assert user.memberships.get().roles == ["clinician"]


def test_who_takes_an_invitation_is_asked_for_nothing_that_it_knows(cast: Cast, client: Client) -> None:
    """The address stands there as text; with the password chosen she is in, and on the way to her second factor."""
    from webside.accounts import services

    links: list[str] = []
    with cast.as_(cast.admin_user) as admin:
        services.invite_staff(
            actor=admin, email="nina@example.test", name="Nina", roles=[Role.CLINICIAN],
            link_to=lambda token: links.append(reverse("accounts:invitation-accept", args=[token])) or token,
        )  # fmt: skip
    page = client.get(links[0]).content.decode()
    assert "You will sign in with nina@example.test." in page
    assert 'type="email"' not in page
    answer = client.post(links[0], {"password": PASSWORD}, follow=True)
    assert "One more step before you go in" in answer.content.decode()
    assert answer.wsgi_request.user.email == "nina@example.test"
    assert client.get(reverse("mfa_activate_totp")).status_code == 200, "the new password isn't asked for either"


def test_who_is_signed_in_as_somebody_else_does_not_use_up_an_invitation(cast: Cast, client: Client) -> None:
    from webside.accounts import services

    tokens: list[str] = []
    with cast.as_(cast.admin_user) as admin:
        services.invite_staff(
            actor=admin, email="nina@example.test", name="Nina", roles=[Role.CLINICIAN],
            link_to=lambda token: tokens.append(token) or token,
        )  # fmt: skip
    link = reverse("accounts:invitation-accept", args=tokens)
    answer = sign_in(client, cast.mallory_user).post(link)
    assert answer.status_code == 422 and "another address" in answer.content.decode()
    assert not type(cast.liz_user).objects.filter(email="nina@example.test").exists()
    client.logout()
    assert client.post(link, {"password": PASSWORD}).status_code == 302


def test_the_last_administrator_stays(cast: Cast, client: Client) -> None:
    sign_in(client, cast.admin_user)
    membership = cast.admin_user.memberships.get()
    page = client.post(f"/o/larkspur/staff/{membership.id}/", {"roles": ["biller"], "active": "on"})
    assert page.status_code == 422
    membership.refresh_from_db()
    assert membership.roles == ["administrator"]


def test_sign_ins_are_written_and_no_tenant_reads_them(cast: Cast, client: Client) -> None:
    _give_password(cast.liz_user)
    client.post(LOGIN, {"login": cast.liz_user.email, "password": PASSWORD})
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests")):
        assert not AuditEvent.objects.filter(action="accounts.session.signin").exists()
