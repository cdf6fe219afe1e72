"""Fields that forms about people share."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webside.core import clock

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
        """Return the day. Refuses what is none, and days on which nobody who lives can have been born."""
        born = self._day(super().clean(value))
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
