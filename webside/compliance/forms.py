"""Forms of compliance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from webside.compliance import selectors
from webside.compliance.codes import Compact, LicenceType
from webside.compliance.rules.facts import LicenceFacts
from webside.core import clock

DAY = {"type": "date"}


class AgreeBox(forms.CheckboxInput):
    """A box that is ticked for the words that stand above it and for no others: its value names them."""

    words = ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Tick it where these very words were agreed to."""
        return super().get_context(name, value == self.words, attrs)

    def format_value(self, value: Any) -> str:
        """Return what is sent when the box is ticked."""
        return self.words

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:  # type: ignore[override]
        """Return what was sent: the words that stood above the box then."""
        return str(data.get(name, ""))


class AgreeField(forms.CharField):
    """Agreeing to the words that are shown, a text of each scope. Its value is their digests.

    Agreed to in another language of the same version counts, and is kept as that. Where the words have changed since the
    page was opened, the box is empty again and says why.
    """

    widget = AgreeBox

    def __init__(self, *, shown: Sequence[Any] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.show(shown)

    def show(self, texts: Sequence[Any]) -> None:
        """Say which words stand beside the box; without any it says only that it was ticked."""
        self.scopes = [text.scope for text in texts]
        self.words = self.widget.words = " ".join(text.digest for text in texts) or "on"

    def validate(self, value: str) -> None:
        """Refuse what is no longer what people agree to."""
        super().validate(value)
        if value and self.scopes and value != self.words and not selectors.are_in_force(value, self.scopes):
            raise forms.ValidationError(
                _("These words are new since you opened this page. Please read them, then tick the box again.")
            )


class LicenceForm(forms.Form):
    """An authority in one state, as somebody verified it at its source."""

    state = forms.ChoiceField(label=_("State"))
    licence_type = forms.ChoiceField(label=_("What is it?"), choices=selectors.LICENCE_TYPES.items())
    compact = forms.ChoiceField(
        label=_("Compact"),
        required=False,
        choices=[("", _("None")), *((each.value, each.value) for each in Compact)],
        help_text=_("For a privilege of a compact only. The state is then the one that gave the privilege."),
    )
    number = forms.CharField(label=_("Number"), max_length=40)
    status = forms.ChoiceField(label=_("Its standing with the board"), choices=selectors.LICENCE_STATUSES.items())
    period_start = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))
    period_end = forms.DateField(
        label=_("Last day"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        help_text=_("It counts until midnight in that state."),
    )  # fmt: skip
    verified_with = forms.CharField(
        label=_("Where did you verify it?"), max_length=160, help_text=_("The board’s page, a call, a document.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [("", _("Choose a state")), *selectors.states()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins, and a privilege without its compact."""
        cleaned: dict[str, Any] = super().clean() or {}
        start, end = cleaned.get("period_start"), cleaned.get("period_end")
        if start and end and end < start:
            self.add_error("period_end", _("This is before the first day. Check both dates."))
        privilege = cleaned.get("licence_type") == LicenceType.COMPACT_PRIVILEGE
        if privilege and not cleaned.get("compact"):
            self.add_error("compact", _("Say which compact the privilege comes from."))
        elif not privilege:
            cleaned["compact"] = ""
        return cleaned

    def as_facts(self) -> LicenceFacts | None:
        """Return what is typed in the words of the rule, even if number and source are still missing.

        Days that are not typed yet are taken to hold today: the question is what it would allow then.
        """
        today = clock.now().date()
        given = getattr(self, "cleaned_data", {})
        if not given.get("state") or not given.get("licence_type") or not given.get("status"):
            return None
        facts: dict[str, Any] = {
            "state": given["state"],
            "type": given["licence_type"],
            "compact": given.get("compact") or None,
            "status": given["status"],
            "from": given.get("period_start") or today,
            "to": given.get("period_end") or max(today, given.get("period_start") or today),
        }
        return msgspec.convert({name: value for name, value in facts.items() if value is not None}, LicenceFacts)


class CredentialingForm(forms.Form):
    """Until when a practitioner is credentialed, and what the exclusion lists say today."""

    credentialed_until = forms.DateField(
        label=_("Credentialed to"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        help_text=_("The last day counts."),
    )  # fmt: skip
    lists = forms.ChoiceField(
        label=_("What do the exclusion lists say today?"),
        choices=[
            ("clear", _("Not on any of them")),
            ("excluded", _("On one of them: may give nothing here")),
            ("not-looked", _("I haven’t looked today")),
        ],
        widget=forms.RadioSelect,
        help_text=_("OIG, SAM and the Medicaid lists of the states concerned."),
    )

    def details(self) -> dict[str, Any]:
        """Return the arguments of ``services.set_credentialing``."""
        lists = self.cleaned_data["lists"]
        return {
            "credentialed_until": self.cleaned_data["credentialed_until"],
            "excluded": lists == "excluded",
            "looked": lists != "not-looked",
        }


class DayForm(forms.Form):
    """A day up to which the trail is shown."""

    day = forms.DateField(required=False)

    @property
    def chosen(self) -> date | None:
        """The day, if one is given that exists and has a next one."""
        day: date | None = self.cleaned_data.get("day") if self.is_valid() else None
        return day if day and clock.countable(day) else None
