"""Forms about staff."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from allauth.account import forms as allauth_forms
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from webside.accounts import saml
from webside.accounts.models import User
from webside.core import clock
from webside.core.actor import STAFF_ROLES, Role

ROLE_NAMES = {
    Role.CLINICIAN: _("Clinician"),
    Role.COACH: _("Coach"),
    Role.COORDINATOR: _("Front desk"),
    Role.BILLER: _("Biller"),
    Role.COMPLIANCE: _("Compliance officer"),
    Role.ADMINISTRATOR: _("Administrator"),
}


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Where a link to a new password goes: to an address that is somebody's own by now.

    One that was typed for a change and never confirmed may be a stranger's, who would have the account with it.
    """

    def clean_email(self) -> str:
        """Return the address as typed; nobody is found by one that is not theirs yet, and the page says the same."""
        email = str(super().clean_email())
        found: list[User] = self.users  # type: ignore[has-type]
        self.users = [user for user in found if user.email.lower() == email.lower()]
        return email


class RolesField(forms.MultipleChoiceField):
    """What a colleague may do."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[(role.value, ROLE_NAMES[role]) for role in sorted(STAFF_ROLES)],
            widget=forms.CheckboxSelectMultiple,
            **kwargs,
        )

    def clean(self, value: Any) -> list[Role]:
        """Return the chosen roles."""
        return [Role(role) for role in super().clean(value)]


class InvitationForm(forms.Form):
    """Whom to invite."""

    name = forms.CharField(label=_("Name"), max_length=160)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    roles = RolesField(label=_("What will they do?"))


class MembershipForm(forms.Form):
    """What a colleague may do here."""

    roles = RolesField(label=_("What do they do?"))
    active = forms.BooleanField(label=_("May sign in here"), required=False)


class PasswordForm(forms.Form):
    """A new password."""

    password = forms.CharField(
        label=_("Choose a password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Four words that don’t belong together are good."),
    )

    def clean_password(self) -> str:
        """Refuse a weak password."""
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


class WorkAddressForm(forms.Form):
    """Whose clinic has a service of its own."""

    email = forms.EmailField(
        label=_("Your work e-mail"), max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )  # fmt: skip


def _safe_address(given: str) -> str:
    """Return an address that can be reached without being read on the way."""
    parts = urlsplit(given)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in settings.INSIDE_HOSTS)
    if not (safe and parts.hostname) or parts.fragment or any(letter.isspace() for letter in given):
        raise forms.ValidationError(_("Enter an address that begins with https://."))
    return given


class _ServiceForm(forms.Form):
    """What is asked of every service that signs a clinic's staff in."""

    name = forms.CharField(label=_("Name"), help_text=_("As your colleagues call it."), max_length=80)
    domains = forms.CharField(
        label=_("E-mail addresses end with"), max_length=1000,
        help_text=_("What stands after the @. Several are parted by commas. Nobody with another address is signed in."),
    )  # fmt: skip
    asks_twice = forms.BooleanField(
        label=_("This service always asks for a second factor"), required=False,
        help_text=_("If you don’t tick this, the service has to say so at each sign-in, or nobody is signed in."),
    )  # fmt: skip

    def clean_domains(self) -> list[str]:
        """The domains, each once."""
        found = [
            each.lstrip("@") for each in re.split(r"[\s,;]+", self.cleaned_data["domains"].strip().lower()) if each
        ]
        if not found or not all(DOMAIN.fullmatch(each) for each in found):
            raise forms.ValidationError(_("Write it like clinic.example."))
        return list(dict.fromkeys(found))


class IdentityProviderForm(_ServiceForm):
    """A service that speaks OpenID Connect."""

    issuer = forms.CharField(
        label=_("Address of the service (issuer)"), max_length=400,
        help_text=_("It begins with https://. The service’s own pages call it issuer, or authority."),
    )  # fmt: skip
    client_id = forms.CharField(label=_("Client ID"), max_length=190)
    secret = forms.CharField(
        label=_("Client secret"), max_length=400, strip=True,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )  # fmt: skip
    field_order = ("name", "issuer", "client_id", "secret", "domains", "asks_twice")

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            self.fields["secret"].required = False
            self.fields["secret"].help_text = _("Leave it empty to keep the one we have.")

    def clean_issuer(self) -> str:
        """An address that can be reached without being read on the way."""
        given = _safe_address(str(self.cleaned_data["issuer"]).rstrip("/"))
        if urlsplit(given).query:
            raise forms.ValidationError(_("Enter an address that begins with https://."))
        return given


class SamlProviderForm(_ServiceForm):
    """A service that speaks SAML 2.0: its description as it gives it, or the three things that would be read from it."""

    metadata = forms.CharField(
        label=_("Description of the service (metadata)"), required=False, max_length=saml.LARGEST,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
        help_text=_("The service offers it for download, as XML. Paste the whole of it; the next three are read from it."),
    )  # fmt: skip
    issuer = forms.CharField(
        label=_("Name of the service (entity ID)"), required=False, max_length=400,
        help_text=_("Exactly as the service writes it."),
    )  # fmt: skip
    sign_in_url = forms.CharField(
        label=_("Address where people sign in"), required=False, max_length=400,
        help_text=_("It begins with https://. The service calls it single sign-on URL, for the redirect binding."),
    )  # fmt: skip
    certificates = forms.CharField(
        label=_("Certificates with which it signs"), required=False, max_length=20_000,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
        help_text=_("From BEGIN to END. Before the service changes its own, paste the new one below the old one."),
    )  # fmt: skip
    field_order = ("name", "metadata", "issuer", "sign_in_url", "certificates", "domains", "asks_twice")

    def clean(self) -> dict[str, Any]:
        """Take the three things from the description, or as they were entered, and look whether each can be used."""
        given = super().clean() or {}
        text = given.pop("metadata", "").strip()
        if text and settings.ENV.saml:
            self._take_description(given, text)
        if "metadata" in self.errors:
            return given
        for name in ("issuer", "sign_in_url", "certificates"):
            if name not in self.errors and not given.get(name):
                self.add_error(name, _("Paste the description above, or fill this in."))
        if "sign_in_url" not in self.errors:
            try:
                given["sign_in_url"] = _safe_address(given["sign_in_url"])
            except forms.ValidationError as error:
                self.add_error("sign_in_url", error)
            else:
                if settings.ENV.saml and not saml.is_address(given["sign_in_url"]):
                    self.add_error("sign_in_url", _("Enter an address that begins with https://."))
        if "certificates" not in self.errors:
            self._take_certificates(given)
        return given

    def _take_description(self, given: dict[str, Any], text: str) -> None:
        try:
            found = saml.read_description(text)
        except saml.BadDescription:
            self.add_error("metadata", _("This describes no service that signs people in, or more than one."))
            return
        given |= {"issuer": found.issuer, "sign_in_url": found.sign_in_url, "certificates": found.certificates}

    def _take_certificates(self, given: dict[str, Any]) -> None:
        try:
            found = saml.certificates_in(given["certificates"])
        except saml.BadDescription:
            self.add_error(
                "certificates", _("This can’t be read as certificates, or a key is too weak (RSA: 2048 bits).")
            )
            return
        if not any(each.not_valid_after_utc > clock.now() for each in found):
            self.add_error("certificates", _("This certificate is no longer valid. Ask the service for its new one."))
            return
        given["certificates"] = saml.pem(found)
