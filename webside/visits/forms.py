"""What people fill in around a visit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from webside.compliance.forms import AgreeField
from webside.ui.forms import HintedRadioSelect
from webside.visits import rules, selectors, services
from webside.visits.codes import (
    AudioReason,
    DeviceVerdict,
    Kit,
    LineTest,
    ParticipantRole,
    PlaceKind,
    Relation,
    SiteKind,
)
from webside.visits.selectors import Words

FEWEST_DIGITS = 10
PHONE_HINT = _("Enter a phone number with its area code, for example 845-555-0142.")
PHONE_TOO_SHORT = _("This number is too short. Enter all 10 digits, with the area code, for example 845-555-0142.")
ZIP_HINT = _("Enter the five digits of the ZIP code, for example 12401. If you don’t know it, leave this empty.")
YES, NO = "yes", "no"
ELSEWHERE = "elsewhere"
"""Chosen instead of a place of the clinic's list."""


def clean_phone(value: str) -> str:
    """Return a phone number as typed, if it could be one; raise ``ValidationError`` if not."""
    value = value.strip()
    if value and re.search(r"[^\d\s()+.\-x]", value):
        raise forms.ValidationError(PHONE_HINT)
    number, _extension, _rest = value.partition("x")
    if value and len(re.sub(r"\D", "", number)) < FEWEST_DIGITS:
        raise forms.ValidationError(PHONE_TOO_SHORT)
    return value


class SafeStartForm(forms.Form):
    """The five questions before a visit.

    Nothing is required by itself, because answers are kept as they are typed; ``completing`` asks for
    what must be there. ``alone`` is said the other way round ("Is someone near you?").

    ``home`` is the address on file; ``sites`` are the clinic's places that help with visits, asked for where there are
    any. What stands in a safe start of either is taken from there, never from what was sent.
    """

    use_required_attribute = False
    WANTED = (
        "location", "site", "address_line", "city", "state", "postal_code", "phone", "near", "nearby_name",
        "presenter_role", "nearby_phone",
    )  # fmt: skip
    """What is asked for: none of it is shown as "if you like", though a visit can begin without some."""

    identity_confirmed = forms.BooleanField(label=_("Yes, this is me"), required=False)
    location = forms.ChoiceField(label=_("Where are you right now?"), required=False, widget=HintedRadioSelect)
    site = forms.ChoiceField(
        label=_("Which place is it?"), required=False, help_text=_("Somebody there sits with you. We know the address."),
        error_messages={"invalid_choice": _("This place is not on our list any more. Choose again.")},
    )  # fmt: skip
    address_line = forms.CharField(label=_("Street and number"), max_length=160, required=False)
    city = forms.CharField(label=_("Town"), max_length=80, required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    postal_code = forms.CharField(label=_("ZIP code"), max_length=12, required=False)
    phone = forms.CharField(label=_("Phone number"), max_length=40, required=False)
    near = forms.ChoiceField(
        label=_("Is someone near you?"),
        choices=[(YES, _("Yes")), (NO, _("No, I’m alone"))],
        required=False,
        widget=HintedRadioSelect(
            hints={YES: _("We ask for a name and a number"), NO: _("That is fine. You can still have your visit.")}
        ),
    )
    nearby_name = forms.CharField(label=_("Their name"), max_length=160, required=False)
    presenter_role = forms.ChoiceField(
        label=_("What they do there"), required=False,
        choices=[("", _("Choose")), *((each.value, name) for each, name in selectors.PRESENTER_NAMES.items())],
    )  # fmt: skip
    nearby_phone = forms.CharField(label=_("Their phone number"), max_length=40, required=False)
    agrees = AgreeField(label=_("I agree to have this visit by video"), required=False)

    def __init__(
        self, *args: Any, home: dict[str, str] | None = None, sites: Sequence[Any] = (), completing: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.completing = completing
        self.home = home or {}
        self.sites = {str(site.id): site for site in sites}
        where = ", ".join(part for part in (self.home.get("address_line"), self.home.get("city")) if part)
        self.fields["location"].choices = [  # type: ignore[attr-defined]
            (PlaceKind.HOME.value, _("At home")),
            (PlaceKind.CLINIC.value, _("At a clinic, a school or a nursing home")),
            (PlaceKind.OTHER.value, _("Somewhere else")),
        ]
        self.fields["location"].widget.choice_hints = {
            PlaceKind.HOME.value: where or _("Tell us the address below"),
            PlaceKind.CLINIC.value: _("A doctor’s office too. Choose this even if you live in the nursing home."),
            PlaceKind.OTHER.value: _("With family, at work, on the road"),
        }
        self.fields["site"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose the place")),
            *((key, f"{site.name}, {site.city}") for key, site in self.sites.items()),
            (ELSEWHERE, _("Another place, not in this list")),
        ]
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a state")),
            *((state.code, state.name) for state in selectors.states()),
        ]

        for name in self.WANTED:
            self.fields[name].required = True

    def show_words(self, texts: Iterable[Any]) -> None:
        """Say which texts stand below the box: agreeing to it is agreeing to them."""
        self.texts = list(texts)
        self.fields["agrees"].show(self.texts)  # type: ignore[attr-defined]

    @property
    def agrees_to_these(self) -> bool:
        """Whether the box is ticked for the texts that stand below it."""
        return bool(self["agrees"].value() == self.fields["agrees"].words)  # type: ignore[attr-defined]

    def full_clean(self) -> None:
        """Judge an answer by itself; that something is wanted is shown, and asked for at the end."""
        for name in self.WANTED:
            self.fields[name].required = False
        super().full_clean()
        for name in self.WANTED:
            self.fields[name].required = True

    def clean_phone(self) -> str:
        """Keep what could be a number."""
        return clean_phone(self.cleaned_data["phone"])

    def clean_nearby_phone(self) -> str:
        """Keep what could be a number."""
        return clean_phone(self.cleaned_data["nearby_phone"])

    def clean_postal_code(self) -> str:
        """Keep five digits, or nine; while it is typed, the beginning of them. Where we know the address it counts."""
        code: str = self.cleaned_data["postal_code"]
        if self._is_known(self.cleaned_data) or not code:
            return code
        if not (rules.is_zip(code) if self.completing else rules.begins_a_zip(code)):
            raise forms.ValidationError(ZIP_HINT)
        return code

    def _at_home(self, data: dict[str, Any]) -> bool:
        return bool(data.get("location") == PlaceKind.HOME and self.home)

    def _site(self, data: dict[str, Any]) -> Any:
        """Return the place of the clinic's list that was chosen, if one was."""
        return self.sites.get(data.get("site", "")) if data.get("location") == PlaceKind.CLINIC else None

    def _is_choosing(self, data: dict[str, Any]) -> bool:
        """Whether it isn't said yet which place it is: until then the page shows no address to fill in."""
        return bool(self.sites and data.get("location") == PlaceKind.CLINIC and not data.get("site"))

    def _is_known(self, data: dict[str, Any]) -> bool:
        return self._at_home(data) or self._site(data) is not None

    def clean(self) -> dict[str, Any]:
        """Ask for what is missing, when the form is sent for good."""
        data = super().clean() or {}
        if data.get("location") != PlaceKind.CLINIC:
            self.errors.pop("site", None)  # the page shows no such field
        if self.completing:
            for name, message in self._missing(data).items():
                self.add_error(name, message)
        return data

    def _missing(self, data: dict[str, Any]) -> dict[str, Any]:
        # Before a place is chosen the page shows no address to fill in, so none is asked for.
        choosing = self._is_choosing(data)
        away = bool(data.get("location")) and not self._is_known(data) and not choosing
        beside = self._site(data) is not None and data.get("near") == YES
        asked = {
            "identity_confirmed": (True, _("Please tick the box if this is you.")),
            "location": (True, _("Choose where you are right now.")),
            "site": (choosing, _("Choose which place it is, or “Another place, not in this list”.")),
            "address_line": (away, _("Enter the street and number where you are right now.")),
            "city": (away, _("Enter the town where you are right now.")),
            "state": (away, _("Choose the state you are in right now.")),
            "near": (True, _("Choose whether someone is near you.")),
            "nearby_name": (data.get("near") == YES, _("Enter the name of the person near you.")),
            "presenter_role": (beside, _("Choose what the person with you does there.")),
            "agrees": (True, _("Please tick the box if you agree. Without it the visit can’t begin.")),
        }
        return {
            name: message
            for name, (wanted, message) in asked.items()
            if wanted and not data.get(name) and name not in self.errors
        }

    def answers(self) -> dict[str, Any]:
        """Return the valid answers in the fields of a safe start. A choice not made yet is left out.

        A ZIP code that is none empties the answer: that of another address beside this street would lead help astray.
        """
        data = self.cleaned_data | ({"postal_code": ""} if "postal_code" in self.errors else {})
        answers: dict[str, Any] = {
            name: data[name]
            for name in (
                "identity_confirmed", "address_line", "city", "state", "postal_code", "phone", "nearby_name",
                "presenter_role", "nearby_phone",
            )
            if name in data
        }  # fmt: skip
        if data.get("location"):
            answers["location"] = data["location"]
            site = self._site(data)
            answers["site"] = site.id if site else None
            if self._at_home(data):
                answers |= self.home
            elif site:
                answers |= selectors.address_of(site)
            elif self._is_choosing(data):
                answers |= dict.fromkeys(selectors.ADDRESS, "")
        if data.get("near"):
            answers["alone"] = data["near"] == NO
            if answers["alone"]:
                answers |= {"nearby_name": "", "nearby_phone": "", "presenter_role": ""}
        return answers


class SiteForm(forms.Form):
    """A place that helps with visits: all that an ambulance, the law and whoever meets the patient must know of it."""

    use_required_attribute = False
    name = forms.CharField(
        label=_("Name"), max_length=160, help_text=_("As patients know it, for example Kingston High School, health room."),
        error_messages={"required": _("Enter the name of the place.")},
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("What kind of place it is"), error_messages={"required": _("Choose what kind of place it is.")}
    )
    address_line = forms.CharField(
        label=_("Street and number"), max_length=160, help_text=_("An ambulance is sent here. Say the entrance too."),
        error_messages={"required": _("Enter the street and number.")},
    )  # fmt: skip
    city = forms.CharField(label=_("Town"), max_length=80, error_messages={"required": _("Enter the town.")})
    state = forms.ChoiceField(label=_("State"), error_messages={"required": _("Choose the state.")})
    postal_code = forms.CharField(
        label=_("ZIP code"), max_length=12, error_messages={"required": _("Enter the five digits of the ZIP code.")}
    )
    phone = forms.CharField(
        label=_("Phone number"), max_length=40, help_text=_("One that somebody there answers during visits."),
        error_messages={"required": _("Enter a phone number that somebody there answers.")},
    )  # fmt: skip
    kit = forms.MultipleChoiceField(
        label=_("What the room has"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick only what is there and works."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, list[Any]] = {
            "kind": [("", _("Choose a kind")), *((each.value, name) for each, name in selectors.KIND_NAMES.items())],
            "state": [("", _("Choose a state")), *((each.code, each.name) for each in selectors.states())],
            "kit": [(each.value, name) for each, name in selectors.KIT_NAMES.items()],
        }
        for name, given in choices.items():
            self.fields[name].choices = given  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """A name without the spaces that nobody sees."""
        return " ".join(self.cleaned_data["name"].split())

    def clean_phone(self) -> str:
        """A number that can be called."""
        return clean_phone(self.cleaned_data["phone"])

    def clean_postal_code(self) -> str:
        """Five digits, or nine."""
        code: str = self.cleaned_data["postal_code"]
        if not rules.is_zip(code):
            raise forms.ValidationError(_("Enter the five digits of the ZIP code, for example 12401."))
        return code

    def facts(self) -> dict[str, Any]:
        """Return the valid answers as ``services.add_site`` takes them."""
        data = self.cleaned_data
        return data | {"kind": SiteKind(data["kind"]), "kit": [Kit(each) for each in data["kit"]]}


class DeviceCheckForm(forms.Form):
    """What the device check found. The verdict is kept, and what was measured of the line; nothing of the devices."""

    verdict = forms.ChoiceField(choices=[(verdict.value, verdict.value) for verdict in DeviceVerdict])
    network = forms.ChoiceField(choices=[(each.value, each.value) for each in LineTest], required=False)
    kbps = forms.IntegerField(min_value=0, max_value=10_000_000, required=False)
    rtt_ms = forms.IntegerField(min_value=0, max_value=600_000, required=False)
    loss_pct = forms.IntegerField(min_value=0, max_value=100, required=False)

    def line(self) -> dict[str, Any]:
        """Return what was measured of the line: what wasn't is left out, and so is what nobody can have measured."""
        found = {name: self.cleaned_data.get(name) for name in ("kbps", "rtt_ms", "loss_pct")}
        said = self.cleaned_data.get("network")
        return ({"line": said} if said else {}) | {name: value for name, value in found.items() if value is not None}


class ReasonForm(forms.Form):
    """Why the clinician goes on past a check."""

    gate = forms.CharField(max_length=60, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why you go on"),
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": _("Say why you go on. Compliance reads it.")},
    )


class EndForm(forms.Form):
    """Ending a visit; without a picture the reason is asked, because payers do."""

    audio_reason = forms.ChoiceField(
        label=_("There was no picture. Why?"),
        choices=[
            (AudioReason.TECHNICAL.value, _("The patient’s side did not work")),
            (AudioReason.PATIENT_CANNOT.value, _("The patient can’t use video")),
            (AudioReason.PATIENT_DECLINES.value, _("The patient did not want video")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )


ROLE_NAMES = {
    ParticipantRole.PATIENT: _("patient"),
    ParticipantRole.CLINICIAN: _("clinician"),
    ParticipantRole.NURSE: _("nurse"),
    ParticipantRole.SPECIALIST: _("specialist"),
    ParticipantRole.INTERPRETER: _("interpreter"),
    ParticipantRole.FAMILY: _("family"),
    ParticipantRole.PRESENTER: _("helper on site"),
    ParticipantRole.OBSERVER: _("observer"),
}
RELATION_NAMES = {
    Relation.SPOUSE: _("husband, wife or partner"),
    Relation.PARENT: _("parent"),
    Relation.CHILD: _("son or daughter"),
    Relation.SIBLING: _("brother or sister"),
    Relation.GUARDIAN: _("guardian"),
    Relation.CARER: _("carer"),
    Relation.FRIEND: _("friend"),
    Relation.OTHER: _("family"),
}
BY_LINK = (ParticipantRole.INTERPRETER, ParticipantRole.FAMILY, ParticipantRole.PRESENTER, ParticipantRole.OBSERVER)
AS_COLLEAGUE = (
    ParticipantRole.SPECIALIST, ParticipantRole.NURSE, ParticipantRole.INTERPRETER, ParticipantRole.OBSERVER,
)  # fmt: skip


class AskGuestForm(forms.Form):
    """Asking somebody from outside into a visit; a patient asks her family only."""

    use_required_attribute = False
    name = forms.CharField(label=_("Name"), max_length=160, error_messages={"required": _("Say who is to come.")})
    role = forms.ChoiceField(label=_("Comes as"))
    relation = forms.ChoiceField(
        label=_("To the patient"), choices=[("", "—"), *((each.value, RELATION_NAMES[each]) for each in Relation)],
        error_messages={"required": _("Choose what they are to the patient.")},
    )  # fmt: skip
    email = forms.EmailField(label=_("E-mail, if we are to send the link"), max_length=254, required=False)

    def __init__(self, data: Any = None, *, family_only: bool = False) -> None:
        super().__init__(data, auto_id="ask-%s")
        roles = (ParticipantRole.FAMILY,) if family_only else BY_LINK
        self.fields["role"].choices = [(each.value, ROLE_NAMES[each]) for each in roles]  # type: ignore[attr-defined]
        self.fields["relation"].required = data is None or data.get("role") == ParticipantRole.FAMILY

    def clean(self) -> dict[str, Any]:
        """Family says what it is to the patient; others are nothing to her."""
        data = super().clean() or {}
        if data.get("role") != ParticipantRole.FAMILY:
            data["relation"] = ""
        return data


class AskColleagueForm(forms.Form):
    """Asking a colleague of the clinic into a visit."""

    user = forms.ChoiceField(label=_("Colleague"))
    role = forms.ChoiceField(label=_("Comes as"), choices=[(each.value, ROLE_NAMES[each]) for each in AS_COLLEAGUE])

    def __init__(self, data: Any = None, *, colleagues: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(data, auto_id="colleague-%s")
        self.fields["user"].choices = list(colleagues)  # type: ignore[attr-defined]


class WaitingWordsForm(forms.Form):
    """What people read while they wait for a service, in each language."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *, slug: str, said: Mapping[str, Words] | None = None) -> None:
        super().__init__(data)
        self.slug = slug
        self.groups: list[tuple[str, list[Any]]] = []
        """Each language with its fields, in the order of the page."""
        for language in selectors.LANGUAGES:
            fields = self._fields_in(language, (said or {}).get(language, Words(language)))
            self.fields.update(fields)
            self.groups.append((language, [self[name] for name in fields]))

    def _fields_in(self, language: str, words: Words) -> dict[str, forms.Field]:
        named = {"language": get_language_info(language)["name_translated"]}
        fields: dict[str, forms.Field] = {
            f"ready_{language}": forms.CharField(
                label=_("Have ready, in %(language)s") % named, required=False, initial=words.ready, max_length=1000,
                help_text=_("One thing a line, six lines at most."), widget=forms.Textarea({"rows": 4, "lang": language}),
            ),
            f"text_{language}": forms.CharField(
                label=_("A few words, in %(language)s") % named, required=False, initial=words.text,
                max_length=services.LONGEST_TEXT, widget=forms.Textarea({"rows": 3, "lang": language}),
                help_text=_("Short and plain. No names and no promises about the time."),
            ),
        }  # fmt: skip
        for number in range(services.MOST_LINKS):
            kept = words.links[number] if number < len(words.links) else {"name": "", "address": ""}
            counted = named | {"number": number + 1}
            fields[f"name_{language}_{number}"] = forms.CharField(
                label=_("Link %(number)d in %(language)s: its name") % counted, required=False, max_length=60,
                initial=kept["name"], widget=forms.TextInput({"lang": language}),
            )  # fmt: skip
            fields[f"address_{language}_{number}"] = forms.CharField(
                label=_("Link %(number)d in %(language)s: its address") % counted, required=False, max_length=300,
                initial=kept["address"],
                widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
            )  # fmt: skip
        return fields

    def clean(self) -> dict[str, Any]:
        """A list is short; a link is a page of the clinic and has a name."""
        data = super().clean() or {}
        for language in selectors.LANGUAGES:
            lines = selectors.lines_in(data.get(f"ready_{language}", ""))
            if len(lines) > services.MOST_LINES or any(len(line) > services.LONGEST_LINE for line in lines):
                self.add_error(f"ready_{language}", _("At most six lines of at most 120 letters each."))
            for number in range(services.MOST_LINKS):
                self._check_link(data, f"{language}_{number}")
        return data

    def _check_link(self, data: dict[str, Any], which: str) -> None:
        name, address = data.get(f"name_{which}", ""), data.get(f"address_{which}", "")
        if name and not address:
            self.add_error(f"address_{which}", _("Give the address, or empty the name."))
        if address and not name:
            self.add_error(f"name_{which}", _("Say what the page is called."))
        if address and not selectors.is_own_page(address, self.slug):
            self.add_error(
                f"address_{which}",
                _("Only pages of the clinic: here, or on a site that stands under “Booking on your own site”."),
            )

    def said(self) -> dict[str, Words]:
        """Return what was given, by language."""
        data = self.cleaned_data
        return {
            language: Words(
                language,
                "\n".join(selectors.lines_in(data[f"ready_{language}"])),
                data[f"text_{language}"].replace("\r\n", "\n"),
                tuple(
                    {"address": data[f"address_{language}_{number}"], "name": data[f"name_{language}_{number}"]}
                    for number in range(services.MOST_LINKS)
                    if data[f"address_{language}_{number}"]
                ),
            )
            for language in selectors.LANGUAGES
        }


class HandOverForm(forms.Form):
    """Asking a colleague to go on with a visit: who, and what matters."""

    use_required_attribute = False
    to = forms.ChoiceField(
        label=_("Colleague"), widget=forms.RadioSelect, error_messages={"required": _("Choose a colleague.")}
    )
    words = forms.CharField(
        label=_("Why, and what matters"), max_length=500, widget=forms.Textarea({"rows": 3}),
        help_text=_("For your colleague only. The patient never sees it."),
        error_messages={"required": _("Write in a few words why, and what your colleague must know.")},
    )  # fmt: skip
    stays = forms.BooleanField(label=_("I stay in the call until I leave it myself"), required=False)

    def __init__(self, data: Any = None, *, colleagues: Iterable[tuple[str, str]] = (), **given: Any) -> None:
        super().__init__(data, auto_id="hand-%s", **given)
        self.fields["to"].choices = list(colleagues)  # type: ignore[attr-defined]


class DeclineForm(forms.Form):
    """Saying no to a visit that a colleague wants to hand over."""

    use_required_attribute = False
    answer = forms.CharField(
        label=_("Why not"), max_length=500,
        error_messages={"required": _("Say why in a few words. Your colleague reads it.")},
    )  # fmt: skip


class PermitForm(forms.Form):
    """What somebody may do in a visit."""

    speak = forms.BooleanField(required=False)
    see_chart = forms.BooleanField(required=False)
    write = forms.BooleanField(required=False)
    stay_without_patient = forms.BooleanField(required=False)
    show_screen = forms.BooleanField(required=False)


class HelpForm(forms.Form):
    """Saying that something is wrong: a few words, and where somebody can call."""

    use_required_attribute = False
    words = forms.CharField(
        label=_("What is wrong?"), max_length=500, widget=forms.Textarea({"rows": 3}),
        help_text=_("A few words are enough."),
        error_messages={"required": _("Write a few words, so that we know what to do.")},
    )  # fmt: skip
    phone = forms.CharField(label=_("Where can we call you now?"), max_length=40, required=False)
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def clean_phone(self) -> str:
        """A number that could be called, or none."""
        return clean_phone(self.cleaned_data["phone"])


class HelpAnswerForm(forms.Form):
    """What was done about a request for help."""

    answer = forms.CharField(max_length=500)


class SurveyForm(forms.Form):
    """Two questions about a visit, neither of them required, and words if somebody likes."""

    use_required_attribute = False
    call = forms.TypedChoiceField(
        label=_("How well did the call work?"), coerce=int, empty_value=None, required=False, widget=forms.RadioSelect,
        choices=[(5, _("Very well")), (4, _("Well")), (3, _("So-so")), (2, _("Badly")), (1, _("Very badly"))],
    )  # fmt: skip
    purpose = forms.TypedChoiceField(
        label=_("Did you get what you came for?"), coerce=int, empty_value=None, required=False,
        widget=forms.RadioSelect,
        choices=[(5, _("Yes, all")), (4, _("Mostly")), (3, _("Partly")), (2, _("A little")), (1, _("No"))],
    )  # fmt: skip
    words = forms.CharField(
        label=_("Anything you want to tell the clinic?"), max_length=1000, required=False,
        widget=forms.Textarea({"rows": 2}), help_text=_("No names, please. For something urgent, press Something is wrong."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Something must be said."""
        data = super().clean() or {}
        if not self.errors and not any(data.get(name) for name in ("call", "purpose", "words")):
            self.add_error("call", _("Answer one of the questions, or leave the page: you don’t have to answer."))
        return data
