"""Forms about staff."""

from __future__ import annotations

from typing import Any

from django import forms
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
