"""What people fill in about the record."""

from __future__ import annotations

from typing import Any

from django import forms

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
