"""Forms about staff."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from webside.core.actor import STAFF_ROLES, Role

ROLE_NAMES = {
    Role.CLINICIAN: _("Clinician"),
    Role.COACH: _("Coach"),
    Role.COORDINATOR: _("Front desk"),
    Role.BILLER: _("Biller"),
    Role.COMPLIANCE: _("Compliance officer"),
    Role.ADMINISTRATOR: _("Administrator"),
}


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


class IdentityProviderForm(forms.Form):
    """A service that signs a clinic's staff in."""

    name = forms.CharField(label=_("Name"), help_text=_("As your colleagues call it."), max_length=80)
    issuer = forms.CharField(
        label=_("Address of the service (issuer)"), max_length=400,
        help_text=_("It begins with https://. The service’s own pages call it issuer, or authority."),
    )  # fmt: skip
    client_id = forms.CharField(label=_("Client ID"), max_length=190)
    secret = forms.CharField(
        label=_("Client secret"), max_length=400, strip=True,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )  # fmt: skip
    domains = forms.CharField(
        label=_("E-mail addresses end with"), max_length=1000,
        help_text=_("What stands after the @. Several are parted by commas. Nobody with another address is signed in."),
    )  # fmt: skip
    asks_twice = forms.BooleanField(
        label=_("This service always asks for a second factor"), required=False,
        help_text=_("If you don’t tick this, the service has to say so at each sign-in, or nobody is signed in."),
    )  # fmt: skip

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            self.fields["secret"].required = False
            self.fields["secret"].help_text = _("Leave it empty to keep the one we have.")

    def clean_issuer(self) -> str:
        """An address that can be reached without being read on the way."""
        given = str(self.cleaned_data["issuer"]).rstrip("/")
        parts = urlsplit(given)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in settings.INSIDE_HOSTS)
        if not (safe and parts.hostname) or parts.query or parts.fragment:
            raise forms.ValidationError(_("Enter an address that begins with https://."))
        return given

    def clean_domains(self) -> list[str]:
        """The domains, each once."""
        found = [
            each.lstrip("@") for each in re.split(r"[\s,;]+", self.cleaned_data["domains"].strip().lower()) if each
        ]
        if not found or not all(DOMAIN.fullmatch(each) for each in found):
            raise forms.ValidationError(_("Write it like clinic.example."))
        return list(dict.fromkeys(found))
