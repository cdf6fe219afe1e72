"""Fields that forms about people share."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webside.core import clock
from webside.people.codes import OFFERED, Basis, Relation, Scope
from webside.people.models import Practitioner
from webside.people.selectors import RELATION_NAMES, SCOPE_NAMES
from webside.ui.forms import HintedCheckboxSelectMultiple

OLDEST = 130


class BirthDateField(forms.CharField):
    """A date of birth, typed as one line: month, day and year with any separator or none, or the year first.

    The keypad that a phone shows for it may have digits only.
    """

    default_error_messages = {
        "required": _("Enter your date of birth, for example 07/25/1958."),
        "unreadable": _("We can’t read this date. Write month, day and year, for example 07/25/1958."),
        "impossible": _("Please check the year of your birth."),
    }

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {
            "label": _("Date of birth"),
            "help_text": _("Month / day / year, for example 07/25/1958 or 07251958"),
            "widget": forms.TextInput({"inputmode": "numeric", "autocomplete": "bday"}),
        }
        super().__init__(**usual | options)

    def clean(self, value: Any) -> Any:
        """Return the day, nothing where none need be given. Refuses what is none, and days on which nobody alive was born."""
        text = super().clean(value)
        if not text and not self.required:
            return None
        born = self._day(text)
        today = clock.now().date()
        if born > today or today.year - born.year > OLDEST:
            raise ValidationError(self.error_messages["impossible"], code="impossible")
        return born

    def _day(self, text: str) -> date:
        words = re.split(r"[\s/.\-]+", text.strip())
        if len(words) == 1 and re.fullmatch(r"\d{8}", text.strip()):
            words = _apart(text.strip())
        try:
            numbers = [int(word) for word in words]
            year, month, day = (numbers[2], numbers[0], numbers[1]) if len(words[0]) < 3 else numbers
            return date(year, month, day)
        except (ValueError, IndexError, OverflowError):
            raise ValidationError(self.error_messages["unreadable"], code="unreadable") from None


def _apart(digits: str) -> list[str]:
    """Return the words of eight digits: no year of a living person begins like a month."""
    return [digits[:2], digits[2:4], digits[4:]] if int(digits[:2]) <= 12 else [digits[:4], digits[4:6], digits[6:]]


SCOPE_HINTS: dict[str, Any] = {
    Scope.APPOINTMENTS: _("Also says yes to care by video in your name, as you do when you book."),
    Scope.VISITS: _(
        "Answers the questions before it, and sits with you or in your place. Sees what you wrote about why you come."
    ),
    Scope.SUMMARIES: _("What was found, your medicines, and what to do next."),
}
DURATIONS = (("30", _("1 month")), ("91", _("3 months")), ("182", _("6 months")), ("365", _("1 year")))


class _DelegateForm(forms.Form):
    """Who acts for somebody, and for what."""

    name = forms.CharField(label=_("Name"), max_length=160, widget=forms.TextInput({"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("We send the invitation there. Only who signs in with this address can take it."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    relation = forms.ChoiceField(
        label=_("What are they to you?"),
        choices=[("", _("Choose one")), *((str(code), RELATION_NAMES[code]) for code in Relation)],
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may they do?"),
        choices=[(str(scope), SCOPE_NAMES[scope]) for scope in OFFERED],
        widget=HintedCheckboxSelectMultiple(hints={str(scope): hint for scope, hint in SCOPE_HINTS.items()}),
        error_messages={"required": _("Choose at least one thing that they may do.")},
    )


class DelegateForm(_DelegateForm):
    """Whom a patient lets act for her, for what and for how long."""

    lasts = forms.ChoiceField(
        label=_("For how long?"),
        choices=DURATIONS,
        initial="182",
        widget=forms.RadioSelect,
        help_text=_("You can end it at any time. It never lasts longer than a year at once."),
    )

    def clean_lasts(self) -> datetime:
        """Return when it ends."""
        return clock.now() + timedelta(days=int(self.cleaned_data["lasts"]))


class GuardianForm(_DelegateForm):
    """A guardian whom the front desk records after it has seen a document."""

    basis = forms.ChoiceField(
        label=_("By what right?"),
        choices=[(str(Basis.GUARDIAN), _("Parent or guardian of a minor")), (str(Basis.COURT), _("Named by a court"))],
        widget=forms.RadioSelect,
    )
    evidence = forms.CharField(
        label=_("Which document did you see?"),
        max_length=200,
        help_text=_("Kind, number and who issued it, for example: birth certificate 1234, State of New York."),
    )
    last_day = forms.DateField(
        label=_("Last day that the court gave"),
        required=False,
        help_text=_("Only where a court named them, and named a day."),
        widget=forms.DateInput({"type": "date"}),
    )
    field_order = ("name", "email", "relation", "basis", "evidence", "last_day", "scopes")

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["relation"].label = _("What are they to the patient?")
        self.fields["scopes"].initial = [str(scope) for scope in OFFERED]
        # The hints speak to the patient, whose page it is elsewhere.
        self.fields["scopes"].widget.choice_hints = {}

    def clean_last_day(self) -> datetime | None:
        """Return the end of the last day on the clinic's clock."""
        day: date | None = self.cleaned_data["last_day"]
        return datetime.combine(day + timedelta(days=1), time(0), tzinfo=ZoneInfo(self.zone)) if day else None


class CoveringForm(forms.Form):
    """Who covers for whom, from when until when, on the clinic's clock."""

    absent = forms.ChoiceField(label=_("Who is away?"))
    cover = forms.ChoiceField(label=_("Who covers?"))
    starts_at = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput({"type": "datetime-local"}))
    ends_at = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput({"type": "datetime-local"}))

    def __init__(self, *args: Any, absent: list[Practitioner], cover: list[Practitioner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {str(each.id): each for each in cover}
        for name, people in (("absent", absent), ("cover", cover)):
            self.fields[name].choices = [(str(each.id), each.display_name) for each in people]  # type: ignore[attr-defined]

    def clean_absent(self) -> Practitioner:
        """Return who is away."""
        return self.known[self.cleaned_data["absent"]]

    def clean_cover(self) -> Practitioner:
        """Return who covers."""
        return self.known[self.cleaned_data["cover"]]
