"""What people fill in when they book, or wait in line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.catalog.codes import ScreenSharing
from webside.compliance.forms import AgreeField
from webside.core import clock
from webside.people.forms import BirthDateField
from webside.scheduling import registry, services
from webside.scheduling.codes import (
    AS_COLLEAGUE,
    FROM_OUTSIDE,
    CallWindow,
    DayPart,
    Every,
    PersonRelation,
    PersonRole,
)
from webside.scheduling.selectors import RELATIONS, ROLES

SLOT = re.compile(r"(?P<at>\d{8}T\d{4}Z)\.(?P<who>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
SLOT_TIME = "%Y%m%dT%H%MZ"
DIGITS_OF_A_PHONE = 7
WINDOWS: dict[CallWindow, Promise] = {
    CallWindow.SOON: _("As soon as you can"),
    CallWindow.MORNING: _("In the morning"),
    CallWindow.AFTERNOON: _("In the afternoon"),
    CallWindow.EVENING: _("In the evening"),
    CallWindow.NEXT_DAY: _("When you are open again"),
}
"""When somebody would like to be called."""

PARTS: dict[DayPart, Promise] = {
    DayPart.MORNING: _("In the morning, before noon"),
    DayPart.AFTERNOON: _("In the afternoon, until five"),
    DayPart.EVENING: _("In the evening, from five on"),
}
"""Which times of the day suit somebody who waits for one."""

NOTICES: dict[int, Promise] = {
    2: _("Two hours before is enough"),
    24: _("At least a day before"),
    48: _("At least two days before"),
}
"""How long before a visit somebody must know; in hours."""


WITH = "with_"
"""Before the names of the fields about somebody who comes along, in a form that books."""


def slot_value(start: datetime, practitioner_id: UUID) -> str:
    """Return the value of a slot's radio button: when (UTC) and with whom."""
    return f"{start.astimezone(UTC).strftime(SLOT_TIME)}.{practitioner_id}"


def parse_slot(value: str) -> tuple[datetime, UUID] | None:
    """Return when and with whom, or nothing for what is no slot's value, or no time that a visit can have."""
    match = SLOT.fullmatch(value or "")
    if match is None:
        return None
    try:
        start = datetime.strptime(match["at"], SLOT_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    if not clock.countable(start.date()):
        return None
    return start, UUID(match["who"])


def phone_number(text: str) -> str:
    """Return a number on one line, as it was written; raise :class:`ValidationError` for what can't be called."""
    phone = " ".join(text.split())
    digits = sum(character.isdigit() for character in phone)
    if digits < DIGITS_OF_A_PHONE or re.search(r"[^\d\s()+./\-x]", phone):
        raise ValidationError(_("Enter a phone number with its area code, for example 845-555-0142."))
    return phone


class BookingForm(forms.Form):
    """The reason for the visit and the consent; a visitor also says who she is."""

    reason_text = forms.CharField(
        label=_("What would you like to talk about?"),
        help_text=_("A few words are enough. The person you meet reads them before."),
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, agree_to: Any, **kwargs: Any) -> None:
        """``agree_to``: the words that stand above the box; nothing where none are asked for."""
        super().__init__(*args, **kwargs)
        self.agree_to = agree_to
        if agree_to is not None:
            self.fields["consent"] = AgreeField(
                shown=[agree_to], label=_("I have read this and I agree"),
                error_messages={
                    "required": _("Please tick the box if you agree. Without it we can’t book this visit.")
                },
            )  # fmt: skip
            self.order_fields(self.field_order)
        self.fields.update({WITH + name: field for name, field in guest_fields(own=True).items()})
        nobody = ("", _("Nobody"))
        self.fields[WITH + "role"].choices = [nobody, *((each.value, ROLES[each]) for each in FROM_OUTSIDE)]  # type: ignore[attr-defined]
        self.fields[WITH + "role"].required = False

    def clean(self) -> dict[str, Any]:
        """Who comes along can be reached, if somebody does."""
        super().clean()
        if self.cleaned_data.get(WITH + "role"):
            check_guest(self, WITH)
        return self.cleaned_data

    @property
    def people(self) -> list[services.Guest]:
        """Who comes along, as a booking takes it."""
        return [guest_of(self.cleaned_data, WITH)] if self.cleaned_data.get(WITH + "role") else []

    @property
    def asked_for_somebody(self) -> bool:
        """Whether what was sent names somebody who comes along: the questions about her stay open."""
        return bool(self.data.get(WITH + "role"))

    @property
    def agreed(self) -> dict[str, str]:
        """What she agreed to and in which words, as a booking takes it; empty where nothing was asked for."""
        scope = self.agree_to.scope if self.agree_to is not None else ""
        return {"consent_scope": scope, "consent_words": self.cleaned_data.get("consent", "")}


def _is_no_address(name: str) -> None:
    """Refuse a name that mail programs turn into a link: our letters greet with it, and anybody may give any address."""
    if re.search(r"://|\bwww\.|@|\w\.\w{2,}/", name, re.IGNORECASE):
        raise ValidationError(_("Enter a name as people say it, without a web address."))


def guest_fields(*, own: bool, roles: Iterable[PersonRole] = FROM_OUTSIDE) -> dict[str, forms.Field]:
    """Return what is asked about somebody from outside who is to be booked too; ``own``: by the patient."""
    return {
        "role": forms.ChoiceField(
            label=_("Comes as"), choices=[(each.value, ROLES[each]) for each in roles],
            error_messages={"required": _("Choose as what this person comes.")},
        ),
        "name": forms.CharField(
            label=_("Name"), max_length=160, required=False, validators=[_is_no_address],
            help_text=_("Leave it empty if we are to find an interpreter for you.") if own
            else _("Leave it empty if an interpreter has still to be found."),
        ),
        "relation": forms.ChoiceField(
            label=_("What family is to you") if own else _("What family is to the patient"), required=False,
            choices=[("", "—"), *RELATIONS.items()],
        ),
        "interprets": forms.CharField(
            label=_("Language that is interpreted"), max_length=40, required=False, validators=[_is_no_address]
        ),
        "email": forms.EmailField(
            label=_("E-mail of this person"), max_length=254, required=False,
            help_text=_("The invitation goes there, with a link for one person and a calendar file."),
        ),
        "phone": forms.CharField(
            label=_("Phone of this person"), max_length=40, required=False, help_text=_("For a text, or both."),
            widget=forms.TextInput({"type": "tel", "inputmode": "tel"}),
        ),
        "language": forms.ChoiceField(
            label=_("Language of our messages"), required=False, choices=list(settings.LANGUAGES)
        ),
    }  # fmt: skip


def check_guest(form: forms.Form, prefix: str = "") -> None:
    """Say what is missing of somebody from outside, beside the field where it is missing."""
    data = form.cleaned_data
    given = {
        name: data.get(prefix + name) or "" for name in ("role", "name", "relation", "interprets", "email", "phone")
    }
    role = given["role"]
    if role == PersonRole.FAMILY and not given["relation"]:
        form.add_error(prefix + "relation", _("Choose what they are to the patient."))
    if role != PersonRole.FAMILY:
        data[prefix + "relation"] = ""
    if not given["name"]:
        if role != PersonRole.INTERPRETER and not form.has_error(prefix + "name"):
            form.add_error(prefix + "name", _("Say who is to come."))
        elif role == PersonRole.INTERPRETER and not given["interprets"]:
            form.add_error(prefix + "interprets", _("Say which language, for example Spanish."))
    elif not (given["email"] or given["phone"]) and not form.has_error(prefix + "email"):
        form.add_error(prefix + "email", _("Give an e-mail or a phone number. The invitation goes there."))
    if given["phone"]:
        try:
            data[prefix + "phone"] = phone_number(given["phone"])
        except ValidationError as error:
            form.add_error(prefix + "phone", error)


def guest_of(data: Mapping[str, Any], prefix: str = "") -> services.Guest:
    """Return who is to be booked, of the cleaned data of a form."""
    relation = data.get(prefix + "relation")
    return services.Guest(
        role=PersonRole(data[prefix + "role"]), relation=PersonRelation(relation) if relation else None,
        **{name: data.get(prefix + name) or "" for name in ("name", "email", "phone", "language", "interprets")},
    )  # fmt: skip


class GuestForm(forms.Form):
    """Somebody from outside who is to be booked too."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *, own: bool, **kwargs: Any) -> None:
        super().__init__(data, auto_id="guest-%s", **kwargs)
        self.fields.update(guest_fields(own=own))

    def clean(self) -> dict[str, Any]:
        """Family says what it is to the patient; whoever is named can be reached."""
        super().clean()
        check_guest(self)
        return self.cleaned_data


class ColleagueForm(forms.Form):
    """A colleague of the clinic who is to be booked too."""

    use_required_attribute = False
    practitioner = forms.ChoiceField(label=_("Colleague"), error_messages={"required": _("Choose a colleague.")})
    role = forms.ChoiceField(label=_("Comes as"), choices=[(each.value, ROLES[each]) for each in AS_COLLEAGUE])

    def __init__(self, data: Any = None, *, colleagues: Iterable[tuple[str, str]]) -> None:
        super().__init__(data, auto_id="colleague-%s")
        self.fields["practitioner"].choices = list(colleagues)  # type: ignore[attr-defined]


class VisitorBookingForm(BookingForm):
    """Booking without an account."""

    given = forms.CharField(
        label=_("First name"),
        max_length=80,
        error_messages={"required": _("Enter your first name.")},
        validators=[_is_no_address],
        widget=forms.TextInput({"autocomplete": "given-name"}),
    )
    family = forms.CharField(
        label=_("Last name"),
        max_length=80,
        error_messages={"required": _("Enter your last name.")},
        validators=[_is_no_address],
        widget=forms.TextInput({"autocomplete": "family-name"}),
    )
    birth_date = BirthDateField()
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("We send your link there."),
        max_length=254,
        error_messages={"required": _("Enter your e-mail. We send your link there.")},
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        help_text=_("We call it if the line drops."),
        max_length=40,
        error_messages={"required": _("Enter a phone number. We call it if the line drops.")},
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    field_order = ["reason_text", "given", "family", "birth_date", "email", "phone", "consent", "key"]

    def clean_given(self) -> str:
        """A name on one line; markup stays text, everything is escaped where it is shown."""
        return " ".join(self.cleaned_data["given"].split())

    def clean_family(self) -> str:
        """A name on one line."""
        return " ".join(self.cleaned_data["family"].split())

    def clean_phone(self) -> str:
        """Anything that people write as a phone number, if it has enough digits to call."""
        return phone_number(self.cleaned_data["phone"])


class TimeOffForm(forms.Form):
    """A stretch of time off."""

    start = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput({"type": "datetime-local"}))
    end = forms.DateTimeField(label=_("To"), widget=forms.DateTimeInput({"type": "datetime-local"}))
    reason = forms.CharField(label=_("Why"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        """The end comes after the start."""
        cleaned = super().clean() or {}
        start, end = cleaned.get("start"), cleaned.get("end")
        for name in ("start", "end"):
            if cleaned.get(name) and not clock.countable(cleaned[name].date()):
                self.add_error(name, _("Please check the year."))
        if start and end and end <= start:
            self.add_error("end", _("This is before it begins."))
        return cleaned


class WeeklyHoursForm(forms.Form):
    """Hours that come again each week, on some days of it."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("On"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day of the week.")},
    )
    starts_at = forms.TimeField(label=_("From"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    ends_at = forms.TimeField(label=_("To"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    valid_from = forms.DateField(label=_("First day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    valid_to = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave it empty if they go on until further notice."),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["valid_from"] = self.today = today

    def clean(self) -> dict[str, Any]:
        """The end comes after the start (midnight is the end of a day), and nothing begins in the past."""
        cleaned = super().clean() or {}
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts is not None and ends is not None and time(0) < ends <= starts:
            self.add_error(
                "ends_at", _("This is before they begin. Hours past midnight are two: until 12 am, and from it.")
            )
        first, last = cleaned.get("valid_from"), cleaned.get("valid_to")
        if first and (first < self.today or not clock.countable(first)):
            self.add_error("valid_from", _("Choose today or a later day: what is past stays as it was."))
        if first and last and (last < first or not clock.countable(last)):
            self.add_error("valid_to", _("This is before the first day."))
        return cleaned


class LastDayForm(forms.Form):
    """The day with which weekly hours end."""

    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_last_day(self) -> date:
        """Today or later: what is past stays as it was."""
        day: date = self.cleaned_data["last_day"]
        if day < self.today or not clock.countable(day):
            raise ValidationError(_("Choose today or a later day: what is past stays as it was."))
        return day


class OtherCalendarForm(forms.Form):
    """The private address of a calendar that somebody keeps elsewhere."""

    address = forms.CharField(
        label=_("Private address of your other calendar"),
        max_length=2000,
        help_text=_("It begins with https:// or webcal://, and often ends with .ics."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
    name = forms.CharField(
        label=_("What you call it"), max_length=60, required=False, help_text=_("For example: hospital, or family."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip

    def clean_address(self) -> str:
        """An address that can be read over the web, and by nobody on the way; not the page of a calendar."""
        given = re.sub(r"^webcals?://", "https://", str(self.cleaned_data["address"]).strip(), flags=re.IGNORECASE)
        try:
            parts = urlsplit(given)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            host = ""
        if not host or any(each.isspace() or not each.isprintable() for each in given):
            raise ValidationError(_("This is no address. Copy the whole line from your other calendar."))
        if parts.scheme != "https" and not (parts.scheme == "http" and host in settings.INSIDE_HOSTS):
            raise ValidationError(_("Enter an address that begins with https:// or webcal://."))
        if host == "calendar.google.com" and not parts.path.startswith("/calendar/ical/"):
            raise ValidationError(
                _("This is the address of a page. In Google Calendar, copy “Secret address in iCal format”.")
            )
        return given


class JoinForm(BookingForm):
    """A place in line: what for, a number to call, and whether to be told."""

    phone = forms.CharField(
        label=_("Phone"),
        help_text=_("We call it if the line drops, or if you would rather be called."),
        max_length=40,
        error_messages={"required": _("Enter a phone number. We call it if the line drops.")},
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    wants_message = forms.BooleanField(
        label=_("Send me a message when I’m third in line"),
        help_text=_("Then you needn’t watch this page."),
        required=False,
    )
    field_order = ["signs", "reason_text", "phone", "wants_message", "consent", "key"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        prepare_join(self)

    def clean_phone(self) -> str:
        """Anything that people write as a phone number, if it has enough digits to call."""
        return phone_number(self.cleaned_data["phone"])


class VisitorJoinForm(VisitorBookingForm):
    """A place in line without an account."""

    wants_message = forms.BooleanField(
        label=_("Send me a message when I’m third in line"),
        help_text=_("Then you needn’t watch this page."),
        required=False,
    )
    field_order = [
        "signs", "reason_text", "given", "family", "birth_date", "email", "phone", "wants_message", "consent", "key",
    ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        prepare_join(self)


NO_SIGN = "none"


def prepare_join(form: forms.Form) -> None:
    """Ask for signs of danger and for what it is about: who is seen first hangs on both.

    Nothing ticked is no answer: *none of these* is one, and a sign beside it counts.
    """
    asked = registry.asked_signs()
    if asked:
        form.fields["signs"] = forms.MultipleChoiceField(
            label=_("Is any of this so right now?"),
            help_text=_("Tick all that is so, for you or for whom you ask."),
            choices=[*asked, (NO_SIGN, _("None of these"))],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": _("Tick what is so right now, or “None of these”.")},
        )
        form.order_fields(form.field_order)
    reason = form.fields["reason_text"]
    reason.label = _("What is it about?")
    reason.help_text = _("In your own words. We look at it before anything else.")
    reason.required = True
    reason.error_messages["required"] = _("Say in a few words what it is about.")
    if "consent" in form.fields:
        form.fields["consent"].error_messages["required"] = _(
            "Please tick the box if you agree. Without it we can’t see you."
        )


class CallBackForm(forms.Form):
    """Being called instead of waiting."""

    phone = forms.CharField(
        label=_("Your number"), max_length=40,
        error_messages={"required": _("Enter the number that we should call.")},
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )  # fmt: skip
    window = forms.ChoiceField(label=_("When"), choices=[(each.value, text) for each, text in WINDOWS.items()])

    def clean_phone(self) -> str:
        """A number that can be called."""
        return phone_number(self.cleaned_data["phone"])


class WishForm(BookingForm):
    """A place on the waiting list: which times suit, until when, with whom."""

    practitioner = forms.ChoiceField(label=_("Who would you like to see?"), required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Which days suit you?"),
        help_text=_("Leave all empty if any day does."),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    day_parts = forms.MultipleChoiceField(
        label=_("What time of the day?"),
        help_text=_("Leave all empty if any time does."),
        choices=[(part.value, text) for part, text in PARTS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    notice_hours = forms.TypedChoiceField(
        label=_("How soon must you know?"), coerce=int, choices=list(NOTICES.items()), initial=2
    )
    until = forms.DateField(
        label=_("Until when should we look?"),
        help_text=_("The last day that suits you."),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Enter the last day that suits you.")},
    )
    field_order = [
        "practitioner", "weekdays", "day_parts", "notice_hours", "until", "reason_text", "consent", "key",
    ]  # fmt: skip

    def __init__(
        self, *args: Any, today: date, longest: date, people: list[tuple[str, str]], **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.today, self.longest = today, longest
        self.initial.setdefault("until", min(today + timedelta(days=30), longest))
        choices = self.fields["practitioner"]
        choices.choices = [("", _("Anyone who is free first")), *people]  # type: ignore[attr-defined]

    def clean_until(self) -> date:
        """A day that is ahead, and not so far that nobody knows who works then."""
        day: date = self.cleaned_data["until"]
        if day < self.today:
            raise ValidationError(_("Choose today or a later day."))
        if day > self.longest:
            raise ValidationError(_("We can’t look that far ahead. Choose an earlier day."))
        return day


class VisitorWishForm(WishForm, VisitorBookingForm):
    """A place on the waiting list without an account."""

    field_order = [
        "practitioner", "weekdays", "day_parts", "notice_hours", "until", "reason_text",
        "given", "family", "birth_date", "email", "phone", "consent", "key",
    ]  # fmt: skip


EVERY: dict[Every, Promise] = {
    Every.WEEKLY: _("Every week"),
    Every.FORTNIGHTLY: _("Every two weeks"),
    Every.MONTHLY: _("Every month, on the same weekday"),
}
"""How often a visit may come again."""


class RepeatForm(forms.Form):
    """How often a visit comes again, and how many times in all."""

    every = forms.ChoiceField(label=_("How often?"), choices=[(each.value, text) for each, text in EVERY.items()])
    count = forms.IntegerField(
        label=_("How many visits in all?"), min_value=2, max_value=12, initial=4,
        help_text=_("From 2 to 12, at most half a year ahead."),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )  # fmt: skip


def _number(label: Any, most: int, *, least: int = 0, hint: Any = "", required: bool = True) -> Any:
    return forms.IntegerField(
        label=label, help_text=hint, min_value=least, max_value=most, required=required,
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )  # fmt: skip


SHARING: dict[ScreenSharing, Promise] = {
    ScreenSharing.EVERYBODY: _("Everybody whose seat allows it"),
    ScreenSharing.STAFF: _("Who works here"),
    ScreenSharing.NOBODY: _("Nobody"),
}
"""Who may show a screen in a visit."""


class LimitsForm(forms.Form):
    """How a service may be booked, and who may show a screen in its visits."""

    minutes_before = _number(_("Minutes kept free before a visit"), 120, hint=_("To get ready. 0: none."))
    minutes_after = _number(_("Minutes kept free after a visit"), 120, hint=_("To write up. 0: none."))
    most_a_day = _number(
        _("At most so many visits a day for one person who gives it"), 99, least=1, required=False,
        hint=_("Leave it empty for any number."),
    )  # fmt: skip
    notice_hours = _number(
        _("Hours before a visit until which it can be booked"), 336, hint=_("0: until it begins.")
    )  # fmt: skip
    furthest_days = _number(
        _("Days ahead that can be booked"), 28, least=1, required=False, hint=_("Leave it empty for four weeks.")
    )
    screen_sharing = forms.ChoiceField(
        label=_("Who may show a screen in its visits"), choices=[(each.value, text) for each, text in SHARING.items()],
        help_text=_("It holds for who comes into a visit from now on."), required=False,
    )  # fmt: skip


class WallClockField(forms.DateTimeField):
    """A day and a time as the clock on the wall shows them, without a zone: the rules say which moment that is."""

    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> datetime | None:
        """Return what was typed, as it was typed."""
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment else None


class OnCallForm(forms.Form):
    """Who is on call, from when until when by the clinic's clock, and in how many weeks."""

    who = forms.ChoiceField(label=_("Who"))
    starts = WallClockField(label=_("From"))
    ends = WallClockField(label=_("Until"))
    weeks = _number(_("How many weeks in a row"), 52, least=1, hint=_("1: only this once."))
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
        help_text=_("Where they are reached then. Leave it empty for the number that is on record."),
    )  # fmt: skip

    def __init__(self, *args: Any, people: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = list(people)
        self.fields["who"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.initial["who"] = choices[0][0]
        self.initial.setdefault("weeks", 1)

    def clean_phone(self) -> str:
        """Anything that people write as a phone number, or nothing."""
        given = self.cleaned_data["phone"]
        return phone_number(given) if given else ""

    def clean(self) -> dict[str, Any]:
        """The end comes after the start, in years that are counted."""
        cleaned = super().clean() or {}
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        for name in ("starts", "ends"):
            if cleaned.get(name) and not clock.countable(cleaned[name].date()):
                self.add_error(name, _("Please check the year."))
        if starts and ends and ends <= starts:
            self.add_error("ends", _("This is before it begins."))
        return cleaned


class OnCallHoursForm(forms.Form):
    """Hours in which somebody is to be on call, on some days of the week; past midnight is the next day's."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("On"), coerce=int, choices=list(WEEKDAYS.items()), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day of the week.")},
    )  # fmt: skip
    starts_at = forms.TimeField(label=_("From"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    ends_at = forms.TimeField(
        label=_("To"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text=_("An end that isn’t later is on the next day. The same time: around the clock."),
    )  # fmt: skip
