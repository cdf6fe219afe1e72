"""How somebody wants to be reached."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webside.notifications.codes import Choice, MessageKind
from webside.notifications.telephone import e164

WAYS = [
    (Choice.BOTH, _("By text and by e-mail")),
    (Choice.SMS, _("By text only")),
    (Choice.EMAIL, _("By e-mail only")),
]
PUSHES = [
    (MessageKind.REMINDER.value, _("Reminders of visits")),
    (MessageKind.READY.value, _("It is nearly your turn, and your clinician is ready")),
]
LANGUAGES = [("en", "English"), ("es", "Español")]
ZONES = [
    ("America/New_York", _("Eastern Time")),
    ("America/Chicago", _("Central Time")),
    ("America/Denver", _("Mountain Time")),
    ("America/Phoenix", _("Arizona Time")),
    ("America/Los_Angeles", _("Pacific Time")),
    ("America/Anchorage", _("Alaska Time")),
    ("Pacific/Honolulu", _("Hawaii Time")),
    ("America/Puerto_Rico", _("Atlantic Time")),
    ("Pacific/Guam", _("Chamorro Time")),
]


class ReachForm(forms.Form):
    """The choices; the number only for who may change it (``with_number``): a link must not lead texts elsewhere.

    ``with_pushes``: she has an account, so that there can be devices.
    """

    phone = forms.CharField(
        label=_("Mobile number for texts"), required=False, max_length=40,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"}),
        help_text=_("For example 845-555-0142. Leave it empty if you want no texts."),
    )  # fmt: skip
    reminders = forms.ChoiceField(
        label=_("Reminders of visits"), choices=[*WAYS, (Choice.NONE, _("No reminders"))], widget=forms.Select
    )
    changes = forms.ChoiceField(
        label=_("When a visit is booked, moved or cancelled"), choices=WAYS, widget=forms.Select
    )
    pushes = forms.MultipleChoiceField(
        label=_("What comes as a notification"), choices=PUSHES, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("To devices on which notifications are on, besides texts and e-mails."),
    )  # fmt: skip
    language = forms.ChoiceField(label=_("Language of messages"), choices=LANGUAGES)
    timezone = forms.ChoiceField(label=_("Your time zone"), choices=ZONES)
    quiet_from = forms.TimeField(label=_("Quiet from"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    quiet_until = forms.TimeField(label=_("Quiet until"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))

    def __init__(self, *args: Any, with_number: bool, with_pushes: bool, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_pushes:
            del self.fields["pushes"]
        if not with_number:  # nor anything else of the record itself
            for name in ("phone", "language", "timezone"):
                del self.fields[name]
            return
        if zone and zone not in dict(ZONES):
            self.fields["timezone"] = forms.ChoiceField(label=_("Your time zone"), choices=[*ZONES, (zone, zone)])

    def clean_phone(self) -> str:
        """Refuse what is no number; an empty one is a choice."""
        written = str(self.cleaned_data["phone"]).strip()
        if written and not e164(written):
            raise ValidationError(_("This is no number that we can text. Write it with its area code."), code="number")
        return written

    @property
    def preference(self) -> dict[str, Any]:
        """What ``services.change_preference`` takes."""
        data = self.cleaned_data
        times: dict[str, time] = {name: data[name] for name in ("quiet_from", "quiet_until")}
        return {
            "reminders": Choice(data["reminders"]),
            "changes": Choice(data["changes"]),
            "pushes": data.get("pushes"),
            **times,
        }
