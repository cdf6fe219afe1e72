"""What allauth asks us: no open sign-up, where people go, what a second factor is called, whom a clinic's service signs in."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by booking or by invitation, never at an open form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No open sign-up."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Let the password of the sign-in count as shown again, while there is nothing to protect but it.

        Somebody who sets up a first second factor has just signed in, and is not asked on the way, nor for the
        recovery codes at its end; allauth forgets it after ``ACCOUNT_REAUTHENTICATION_TIMEOUT``.
        """
        user = self.request.user
        known = get_authentication_records(self.request, user) if user.is_authenticated else []
        if known and not is_mfa_enabled(user):
            self.request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [
                record | {"reauthenticated": True} if record["method"] == "password" else record for record in known
            ]
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Go to the page that knows where this person belongs."""
        return reverse("portal:start")

    def get_from_email(self) -> str:
        """The sender of the settings."""
        return str(settings.DEFAULT_FROM_EMAIL)

    def format_email_subject(self, subject: str) -> str:
        """Subjects without a prefix."""
        return subject.strip()


class MFAAdapter(DefaultMFAAdapter):
    """Second factors, with their secrets encrypted."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        from webside.core.crypto import keyring

        return keyring().seal(text.encode(), place="mfa").hex()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        from webside.core.crypto import keyring

        return keyring().open(bytes.fromhex(encrypted_text), place="mfa").decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """Name this installation to the authenticator."""
        entity: dict[str, Any] = super().get_public_key_credential_rp_entity()
        entity["name"] = "Webside"
        return entity


class SocialAdapter(DefaultSocialAccountAdapter):
    """Staff by their clinic's own service. Nothing of what it says of them is kept but which subject of it they are."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        """Return the one service of an address, as allauth wants it; there is no list of them."""
        from allauth.socialaccount.models import SocialApp

        from webside.accounts.selectors import identity_provider

        found = None
        with contextlib.suppress(ValueError):
            found = identity_provider(UUID(str(provider)))
        if found is None or found.is_saml:
            return []
        settings = {"server_url": found.issuer, "oauth_pkce_enabled": True}
        if found.secret_by:
            settings["token_auth_method"] = found.secret_by
        return [
            SocialApp(
                provider="openid_connect", provider_id=str(found.id), name=found.name, client_id=found.client_id,
                secret=found.secret, settings=settings,
            )
        ]  # fmt: skip

    def get_requests_session(self) -> Any:
        """Ask services behind the guard: an administrator enters where they are."""
        from webside.core import outgoing

        return outgoing.session()

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        """Take the claims out of what would be kept."""
        sociallogin.claims, sociallogin.account.extra_data = sociallogin.account.extra_data, {}
        return sociallogin.user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find whom the clinic knows by this, or say why nobody is signed in."""
        from webside.accounts import single_sign_on
        from webside.accounts.models import IdentityProvider

        provider = IdentityProvider.objects.select_related("tenant").get(id=sociallogin.account.provider)
        said = getattr(sociallogin, "said", None) or self._said_in(sociallogin.claims)
        known = sociallogin.account.user if sociallogin.account.pk else None
        try:
            user = single_sign_on.person_of(
                provider, user=known, email=said.email, verified=said.verified, amr=said.amr
            )
        except single_sign_on.NotOurs as refusal:
            raise ImmediateHttpResponse(self.refused(request, refusal.why, provider)) from refusal
        sociallogin.user = sociallogin.account.user = user
        if known is None and sociallogin.account.uid:
            sociallogin.account.save()

    @staticmethod
    def _said_in(claims: dict[str, Any]) -> Any:
        from webside.accounts.single_sign_on import Said

        token, info = (claims.get(part) or {} for part in ("id_token", "userinfo"))
        return Said(
            email=str(info.get("email") or token.get("email") or ""),
            verified=info.get("email_verified", token.get("email_verified")) is True,
            amr=[str(each) for each in token.get("amr") or ()],
        )

    @classmethod
    def complete(cls, request: HttpRequest, provider: Any, said: Any, following: str) -> HttpResponse:
        """Sign in whom a service that speaks SAML has named, as allauth does for those that speak OpenID Connect."""
        from allauth.socialaccount.helpers import complete_social_login
        from allauth.socialaccount.models import SocialAccount, SocialLogin

        login = SocialLogin(account=SocialAccount(provider=str(provider.id), uid=said.subject, extra_data={}))
        login.said = said
        login.state = {"process": "login", "next": following}
        answer: HttpResponse = complete_social_login(request, login)
        return answer

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:
        """Say in plain words that the service gave no answer that can be used; its own words may hold anything."""
        raise ImmediateHttpResponse(self.refused(request, "failed", None))

    @staticmethod
    def refused(request: HttpRequest, why: str, provider: Any) -> HttpResponse:
        """Say why nobody is signed in, and note that somebody tried."""
        from django.contrib.auth.signals import user_login_failed

        user_login_failed.send(sender=SocialAdapter, credentials={}, request=request)
        context = {"why": why, "provider": provider}
        return render(request, "accounts/sso_refused.html", context, status=502 if why == "failed" else 403)
