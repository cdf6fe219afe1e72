"""What allauth asks us: no open sign-up, where people go, what a second factor is called."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest
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
