"""Links that are used, old, taken back, unknown, or somebody else's: what the page says, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from webside.accounts import services
from webside.accounts.models import Invitation
from webside.core import clock
from webside.core.actor import Role
from webside.testing.cast import PASSWORD, Cast, sign_in

SECOND = timedelta(seconds=1)
NEW = "another-long-enough-passphrase"


def words(answer: Any) -> str:
    """Return what a page says, without its markup."""
    body = re.search(r"<body.*</body>", answer.content.decode(), re.DOTALL)
    assert body
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body[0])).split())


# ---- an invitation to work here


@pytest.fixture
def invitation(cast: Cast) -> str:
    """Nina's invitation: its address."""
    tokens: list[str] = []
    with cast.as_(cast.admin_user) as admin:
        services.invite_staff(
            actor=admin, email="nina@example.test", name="Nina", roles=[Role.CLINICIAN],
            link_to=lambda token: tokens.append(token) or token,
        )  # fmt: skip
    return reverse("accounts:invitation-accept", args=tokens)


def _is_used(cast: Cast, client: Client, address: str) -> None:
    assert client.post(address, {"password": PASSWORD, "password_again": PASSWORD}).status_code == 302


def _is_revoked(cast: Cast, client: Client, address: str) -> None:
    invited = Invitation.objects.get()
    sign_in(admin := Client(), cast.admin_user)
    admin.post(reverse("accounts:invitation-revoke", args=["larkspur", invited.id]))


def _grows_old(cast: Cast, client: Client, address: str) -> None:
    Invitation.objects.update(expires_at=clock.now())


def _is_replaced(cast: Cast, client: Client, address: str) -> None:
    Invitation.objects.all().delete()


@pytest.mark.parametrize("what", [_is_used, _is_revoked, _grows_old, _is_replaced])
def test_an_invitation_that_is_gone_says_so_and_what_to_do(
    cast: Cast, client: Client, invitation: str, what: Callable[[Cast, Client, str], None]
) -> None:
    assert client.get(invitation).status_code == 200
    what(cast, client, invitation)
    stranger = Client()
    answers = [stranger.get(invitation), stranger.post(invitation, {"password": PASSWORD})]
    for answer in answers:
        assert answer.status_code == 404
        said = words(answer)
        for part in ("This invitation doesn’t work", "It may have been used, taken back, or be older than 7 days.",
                     "Ask the person who invited you to send a new one.", "Sign in"):  # fmt: skip
            assert part in said
        assert f'href="{reverse("account_login")}"' in answer.content.decode()
        assert "Nina" not in said and "Larkspur" not in said, "of whom it spoke is nobody's to read"


# ---- a new password


@pytest.fixture
def reset(cast: Cast, client: Client, mailoutbox: list[Any]) -> str:
    """Liz's link to a new password, as her mail has it."""
    cache.clear()  # how often somebody asked is counted there, over all tests
    cast.liz_user.set_password(PASSWORD)
    cast.liz_user.save()
    client.post(reverse("account_reset_password"), {"email": cast.liz_user.email})
    found = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", mailoutbox[-1].body)
    assert found
    return found[1]


def _choose(client: Client, address: str) -> Any:
    form = client.get(address, follow=True)
    return client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})


def says_that_it_is_gone(answer: Any) -> bool:
    """Whether a page says that the link is gone, why that may be, and leads to a new one."""
    said = words(answer)
    leads_on = f'href="{reverse("account_reset_password")}"' in answer.content.decode()
    return leads_on and all(
        part in said
        for part in ("This link doesn’t work any more", "It may have been used, or be older than 3 days.",
                     "ask for a new link", "Get a new link", "Back to signing in")
    )  # fmt: skip


def test_a_link_to_a_new_password_works_once(client: Client, reset: str) -> None:
    """Shown failing with the words that the sign-in's software brings: "Bad Token"."""
    assert "Choose a new password" in words(client.get(reset, follow=True))
    assert _choose(client, reset).status_code == 302
    assert says_that_it_is_gone(Client().get(reset))


def test_a_link_to_a_new_password_ends_after_the_days_that_its_page_says(reset: str) -> None:
    life = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    assert life == timedelta(days=3), "the page says so"
    with time_machine.travel(clock.now() + life - 30 * SECOND):
        assert "Choose a new password" in words(Client().get(reset, follow=True))
    with time_machine.travel(clock.now() + life + 30 * SECOND):
        assert says_that_it_is_gone(Client().get(reset))


def test_a_link_to_a_new_password_ends_with_the_password(cast: Cast, reset: str) -> None:
    cast.liz_user.set_password(NEW)
    cast.liz_user.save()
    assert says_that_it_is_gone(Client().get(reset))


def test_an_unknown_link_to_a_new_password_looks_like_an_old_one(reset: str) -> None:
    for address in (
        "/accounts/password/reset/key/0-set-password/",
        f"{reset[:-4]}abc/",
        reset.replace("key/", "key/zz"),
    ):
        assert says_that_it_is_gone(Client().get(address)), address


def test_another_persons_link_changes_nothing_of_who_is_signed_in(cast: Cast, reset: str) -> None:
    cast.maya_user.set_password(PASSWORD)
    cast.maya_user.save()
    client = sign_in(Client(), cast.maya_user)
    page = client.get(reset, follow=True)
    assert "Choose a new password" in words(page)
    assert "Maya" not in words(page)
    client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    for user in (cast.liz_user, cast.maya_user):
        user.refresh_from_db()
    assert cast.liz_user.check_password(NEW), "the link's own account"
    assert cast.maya_user.check_password(PASSWORD), "and no other"


def test_a_new_address_that_nobody_has_confirmed_opens_no_account(
    cast: Cast, client: Client, mailoutbox: list[Any]
) -> None:
    """A typing mistake in it would be somebody else's mailbox. Shown failing with the form that the sign-in's software brings."""
    cache.clear()
    EmailAddress.objects.create(user=cast.liz_user, email="lizz@moreno.example", primary=False, verified=False)
    client.post(reverse("account_reset_password"), {"email": "lizz@moreno.example"})
    assert "/password/reset/key/" not in mailoutbox[-1].body, "it reads what anybody's reads who has no account"
    client.post(reverse("account_reset_password"), {"email": cast.liz_user.email.upper()})
    assert "/password/reset/key/" in mailoutbox[-1].body
