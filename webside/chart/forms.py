"""What people fill in about the record."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webside.people.forms import BirthDateField


class WhoForm(forms.Form):
    """The date of birth of the person who was seen.

    ``problem`` is what was wrong with the answer before, which is kept nowhere: the field is empty again, and says it.
    """

    birth_date = BirthDateField()

    def __init__(self, data: Any = None, *, problem: str = "") -> None:
        super().__init__({} if problem else data)
        if problem:
            self.fields["birth_date"].error_messages["required"] = problem


class EmergencyForm(forms.Form):
    """Whose chart is opened in an emergency, and why."""

    record_number = forms.CharField(label=_("Record number"), max_length=20, required=False)
    family = forms.CharField(label=_("Family name"), max_length=80, required=False)
    birth_date = BirthDateField(required=False)
    reason = forms.CharField(
        label=_("Why must you see it now?"), max_length=2000, widget=forms.Textarea({"rows": 3}),
        help_text=_("A sentence. It stays with the record for good."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse what names nobody."""
        found: dict[str, Any] = super().clean() or {}
        named = found.get("record_number") or (found.get("family") and found.get("birth_date"))
        if not named and not self.errors:
            raise ValidationError(_("Give the record number, or the family name and the date of birth."))
        return found
