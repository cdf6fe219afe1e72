"""What people fill in about the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webside.chart.codes import TransferKind
from webside.chart.selectors import AHEAD_DIGITS, CALLERS, DESTINATIONS, HOW_SOON, OUTCOMES, TRAVEL
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


def _choices(words: Any, none: Any = "") -> list[tuple[str, Any]]:
    found = [(str(code), text) for code, text in words.items()]
    return [("", none), *found] if none else found


def _area(label: Any, longest: int, rows: int = 2, hint: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=longest, required=False, widget=forms.Textarea({"rows": rows}), help_text=hint
    )


class TransferForm(forms.Form):
    """What is known of a transfer; the fields are those of its kind. What must be there is said by the service.

    Times are asked for as the clinic's clock shows them.
    """

    use_required_attribute = False
    why = _area(_("Why"), 500, hint=_("For who takes over: what you saw and heard."))
    destination = forms.ChoiceField(label=_("Where"), required=False, choices=_choices(DESTINATIONS, _("Choose")))
    place_name = forms.CharField(
        label=_("Name of the place"), max_length=160, required=False, help_text=_("The patient reads it.")
    )
    how_soon = forms.ChoiceField(label=_("How soon"), required=False, choices=_choices(HOW_SOON, _("Choose")))
    travel = forms.ChoiceField(
        label=_("How the patient gets there"), required=False, choices=_choices(TRAVEL, _("Choose"))
    )
    place = forms.CharField(label=_("Where the patient is now"), max_length=240, required=False)
    phone = forms.CharField(label=_("Number to call back"), max_length=40, required=False)
    number_called = forms.CharField(label=_("Number that was called"), max_length=40, required=False)
    called_by = forms.ChoiceField(label=_("Who called"), required=False, choices=_choices(CALLERS, _("Not yet")))
    called_at = forms.DateTimeField(
        label=_("When"), required=False, widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    done = _area(_("What was done, and what you ask for"), 1000, rows=3)
    bring = _area(_("What else to take along"), 500, hint=_("The patient reads it, one thing on each line."))
    if_worse = _area(
        _("What else to do if it gets worse"), 500, hint=_("The patient reads it, one thing on each line.")
    )

    def __init__(self, data: Any = None, *, kind: str, **given: Any) -> None:
        super().__init__(data, auto_id=f"turn-{kind}-%s", **given)
        for name in NOT_OF[TransferKind(kind)]:
            del self.fields[name]
        for name, text in MUST_OF[TransferKind(kind)].items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = text


NOT_OF: dict[TransferKind, Iterable[str]] = {
    TransferKind.EMERGENCY: ("destination", "place_name", "how_soon", "travel", "bring"),
    TransferKind.IN_PERSON: ("number_called", "called_by", "called_at"),
}


MUST_OF: dict[TransferKind, dict[str, Any]] = {
    TransferKind.EMERGENCY: {},
    TransferKind.IN_PERSON: {
        "destination": _("Choose where the patient goes."),
        "how_soon": _("Choose how soon."),
        "why": _("Write why, for who sees the patient there."),
    },
}


class ContactForm(forms.Form):
    """Who took over, or whom nobody could reach."""

    use_required_attribute = False
    reached = forms.ChoiceField(
        label=_("Did you reach somebody?"), widget=forms.RadioSelect,
        choices=[("yes", _("Yes, and they have the patient now")), ("no", _("Nobody could be reached"))],
        error_messages={"required": _("Say whether you reached somebody.")},
    )  # fmt: skip
    name = forms.CharField(
        label=_("Name"), max_length=160, required=False, help_text=_("Needed where you reached somebody.")
    )
    role = forms.CharField(
        label=_("What they are"), max_length=80, required=False, help_text=_("Nurse, paramedic, doctor…")
    )
    place = forms.CharField(label=_("At which place"), max_length=160, required=False)
    phone = forms.CharField(label=_("Their number"), max_length=40, required=False)
    words = _area(_("What was said"), 500)

    def __init__(self, data: Any = None, *, of: str = "", **given: Any) -> None:
        super().__init__(data, auto_id=f"took-{of}-%s", **given)


class CloseForm(forms.Form):
    """What became of a transfer."""

    use_required_attribute = False
    outcome = forms.ChoiceField(
        label=_("Did the patient get there?"), widget=forms.RadioSelect, choices=_choices(OUTCOMES),
        error_messages={"required": _("Say what became of it.")},
    )  # fmt: skip
    words = _area(_("What happened, and how you know"), 500)

    def __init__(self, data: Any = None, *, of: str = "", **given: Any) -> None:
        super().__init__(data, auto_id=f"end-{of}-%s", **given)


class AheadForm(forms.Form):
    """To whom the checked sheet is sent."""

    use_required_attribute = False
    name = forms.CharField(
        label=_("To whom"), max_length=160,
        help_text=_("The person or the place who gets it, not the patient: it stands in the e-mail."),
        error_messages={"required": _("Write who gets it.")},
    )  # fmt: skip
    email = forms.EmailField(
        label=_("E-mail"), max_length=254,
        error_messages={"required": _("Write their e-mail address."), "invalid": _("This is no e-mail address.")},
    )  # fmt: skip

    def __init__(self, data: Any = None, **given: Any) -> None:
        super().__init__(data, auto_id="ahead-%s", **given)


class CodeForm(forms.Form):
    """The code of a link that was sent ahead. ``problem``: as in :class:`WhoForm`."""

    use_required_attribute = False
    code = forms.CharField(
        label=_("Code"), max_length=20,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": _("Enter the six digits that you were told by phone.")},
    )  # fmt: skip

    def __init__(self, data: Any = None, *, problem: str = "") -> None:
        super().__init__({} if problem else data)
        if problem:
            self.fields["code"].error_messages["required"] = problem

    def clean_code(self) -> str:
        """Return the six digits, however they were grouped."""
        digits = "".join(each for each in self.cleaned_data["code"] if each.isascii() and each.isdigit())
        if len(digits) != AHEAD_DIGITS:
            raise ValidationError(self.fields["code"].error_messages["required"])
        return digits
