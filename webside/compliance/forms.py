"""Forms of compliance."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webside.compliance import selectors
from webside.compliance.codes import LicenceStatus, LicenceType

TYPE_NAMES = {
    "full": _("Full licence"),
    "compact_privilege": _("Compact privilege"),
    "telehealth_registration": _("Telehealth registration"),
}


class LicenceForm(forms.Form):
    """An authority in one state, as somebody verified it at its source."""

    state = forms.ChoiceField(label=_("State"))
    licence_type = forms.ChoiceField(
        label=_("What is it?"), choices=[(kind.value, TYPE_NAMES.get(kind.value, kind.value)) for kind in LicenceType]
    )
    compact = forms.CharField(
        label=_("Compact"), max_length=10, required=False, help_text=_("For a privilege: NLC, PSYPACT …")
    )
    number = forms.CharField(label=_("Number"), max_length=40)
    status = forms.ChoiceField(label=_("Status"), choices=[(status.value, status.value) for status in LicenceStatus])
    period_start = forms.DateField(label=_("Valid from"), widget=forms.DateInput(attrs={"type": "date"}))
    period_end = forms.DateField(
        label=_("Valid to"), widget=forms.DateInput(attrs={"type": "date"}), required=False,
        help_text=_("The last day counts."),
    )  # fmt: skip
    verified_with = forms.CharField(
        label=_("Where did you verify it?"), max_length=160, help_text=_("The board’s page, a call, a document.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = selectors.states()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        start, end = cleaned.get("period_start"), cleaned.get("period_end")
        if start and end and end < start:
            self.add_error("period_end", _("This is before the first day. Check both dates."))
        return cleaned
