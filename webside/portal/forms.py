"""What the front desk fills in with a patient on the phone, and an administrator about the clinic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from webside.compliance.forms import AgreeField
from webside.core import clock
from webside.people.codes import Gender
from webside.people.selectors import speakable
from webside.portal.selectors import Choice
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import AS_COLLEAGUE, PersonRole
from webside.scheduling.forms import ROLES
from webside.ui.forms import HintedCheckboxSelectMultiple

OLDEST = 125  # years
LONGEST = 2000  # characters of what has no limit of its own


class NewPatientForm(forms.Form):
    """What is needed to book for somebody new."""

    given = forms.CharField(label=_("First name"), max_length=80)
    family = forms.CharField(label=_("Last name"), max_length=80)
    birth_date = forms.DateField(label=_("Date of birth"), widget=forms.DateInput(attrs={"type": "date"}))
    phone = forms.CharField(label=_("Phone"), max_length=40, help_text=_("Where we call back if the video fails."))
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, required=False, help_text=_("The link to the visit goes there.")
    )
    state = forms.ChoiceField(label=_("Lives in"))
    language = forms.ChoiceField(
        label=_("Language of our messages"), choices=settings.LANGUAGES, initial=settings.LANGUAGES[0][0],
        help_text=_("Ask which one they read best. Letters, texts and calls come in it."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = scheduling.states(clock.now().date())
        self.fields["state"].choices = [("", _("Choose a state")), *((each.code, each.name) for each in states)]  # type: ignore[attr-defined]

    def clean_birth_date(self) -> Any:
        """Refuse days that are ahead or beyond a life."""
        born = self.cleaned_data["birth_date"]
        today = clock.now().date()
        if born > today or today.year - born.year > OLDEST:
            raise ValidationError(_("Check the date: it should be the day the person was born."))
        return born


class PhoneBookingForm(forms.Form):
    """What the patient says about the visit, and that she agrees."""

    reason_text = forms.CharField(
        label=_("In the patient’s words"),
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("The clinician reads this before the visit."),
    )
    colleague = forms.ChoiceField(
        label=_("A colleague who comes too"), required=False,
        help_text=_("Their time is held with this visit: all are booked, or nobody."),
    )  # fmt: skip
    colleague_role = forms.ChoiceField(
        label=_("Comes as"), required=False, choices=[(each.value, ROLES[each]) for each in AS_COLLEAGUE]
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, scope: str, agree_to: Any, colleagues: Iterable[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        """``agree_to``: the words of the ``scope`` that she must still agree to, in her language where they are translated.

        ``colleagues``: who may be booked beside whom she sees, for who may book them; nothing is asked where there is nobody.
        """
        super().__init__(*args, **kwargs)
        choices = list(colleagues)
        if choices:
            self.fields["colleague"].choices = [("", _("Nobody")), *choices]  # type: ignore[attr-defined]
        else:
            del self.fields["colleague"], self.fields["colleague_role"]
        self.scope = scope
        if scope:
            self.fields["consent"] = AgreeField(
                shown=[agree_to] if agree_to else [], label=_("I read this out and the patient said yes"),
                error_messages={"required": _("Read it out. Without a yes this visit can’t be booked.")},
            )  # fmt: skip

    @property
    def comes_too(self) -> tuple[UUID, PersonRole] | None:
        """Who comes too, and as what."""
        chosen = self.cleaned_data.get("colleague")
        return (UUID(chosen), PersonRole(self.cleaned_data["colleague_role"] or AS_COLLEAGUE[0])) if chosen else None

    @property
    def agreed(self) -> dict[str, str]:
        """What the patient agreed to and in which words, as a booking takes it."""
        return {"consent_scope": self.scope, "consent_words": self.cleaned_data.get("consent", "")}


class SiteForm(forms.Form):
    """A site of the clinic's own."""

    address = forms.CharField(
        label=_("Address of the site"), max_length=300,
        help_text=_("For example https://www.clinic.example. Each name by itself: with and without www are two."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )  # fmt: skip


GENDER_WISHES = {Gender.FEMALE: _("A woman"), Gender.MALE: _("A man")}
"""What may be wished for. Another gender is nobody's to search: where one person has said so, it would name that person."""


class WishForm(forms.Form):
    """Whom somebody looks for. What can't be wished for here is as if it were not said."""

    service = forms.ChoiceField(label=_("What for"), required=False)
    language = forms.ChoiceField(label=_("Speaks"), required=False)
    gender = forms.ChoiceField(label=_("Who"), required=False)
    state = forms.ChoiceField(label=_("Where you will be"), required=False)

    def __init__(self, data: Any, *, choice: Choice) -> None:
        """``data``: what she said; ``choice``: what there is."""
        super().__init__(data)
        choices: dict[str, list[tuple[str, Any]]] = {
            "service": [("", _("Anything")), *((str(each.id), each.said("name").text) for each in choice.services)],
            "language": [("", _("Any language")), *choice.languages],
            "gender": [("", _("Anybody")), *((each, GENDER_WISHES[each]) for each in choice.genders)],
            "state": [
                ("", _("I don’t know yet")),
                *((each.code, each.name) for each in scheduling.states(clock.now().date())),
            ],
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]
        if len(choice.languages) < 2:
            del self.fields["language"]
        if not choice.genders:
            del self.fields["gender"]

    def known(self) -> dict[str, str]:
        """Return what was said of service, language and gender, as far as it can be wished for here."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in ("service", "language", "gender")}


class DescribeForm(forms.Form):
    """What patients read of somebody who gives care when they choose whom to see."""

    specialty = forms.CharField(
        label=_("Specialty"), max_length=80, required=False, help_text=_("For example: Family doctor, diabetes")
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages that they speak with patients"), widget=HintedCheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one language.")},
    )  # fmt: skip
    gender = forms.ChoiceField(
        label=_("Gender"), widget=forms.RadioSelect,
        choices=[
            (Gender.FEMALE, _("Woman")), (Gender.MALE, _("Man")), (Gender.OTHER, _("Another gender")),
            (Gender.UNKNOWN, _("Not said")),
        ],
        help_text=_(
            "Ask them. Some patients look for a woman or a man, and find who has said so. Another gender is shown to nobody and "
            "can’t be looked for."
        ),
    )  # fmt: skip
    about = forms.CharField(
        label=_("About the person"), max_length=LONGEST, required=False, widget=forms.Textarea({"rows": 4}),
        help_text=_("A sentence or two. What you change here is not changed in other languages by itself."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, row: Any) -> None:
        """``row``: the practitioner. A language of theirs that stands in no list of ours stays to be chosen."""
        super().__init__(data, initial={name: getattr(row, name) for name in self.base_fields})
        self.fields["languages"].choices = speakable(row).items()  # type: ignore[attr-defined]


class LanguagesForm(forms.Form):
    """What the clinic says of a service or a person in each other language, beside its own words."""

    use_required_attribute = False
    WHAT = {
        "name": _("Name"), "summary": _("In one line"), "description": _("Description"), "price_note": _("Price, in words"),
        "specialty": _("Specialty"), "about": _("About the person"),
    }  # fmt: skip

    def __init__(self, data: Any = None, *, row: Any) -> None:
        """``row``: a service or a practitioner. What it doesn't say in the clinic's own words is not asked for."""
        super().__init__(data)
        self.own = [(self.WHAT[name], getattr(row, name)) for name in row.SAID if getattr(row, name)]
        """The clinic's own words, with what they are."""
        self.groups: list[tuple[str, list[Any]]] = []
        """Each language with its fields, in the order of the page."""
        for language in row.said_languages():
            fields = dict(self._fields_in(language, row))
            self.fields.update(fields)
            self.groups.append((language, [self[name] for name in fields]))

    def _fields_in(self, language: str, row: Any) -> Iterator[tuple[str, forms.Field]]:
        limits, words = row.said_limits(), row.translations.get(language, {})
        in_words = get_language_info(language)["name_translated"]
        for name in row.SAID:
            if not getattr(row, name):
                continue
            short = limits[name] is not None
            yield f"{language}_{name}", forms.CharField(
                label=_("%(what)s, in %(language)s") % {"what": self.WHAT[name], "language": in_words},
                required=False, initial=words.get(name, ""), max_length=limits[name] or LONGEST,
                widget=forms.TextInput({"lang": language}) if short else forms.Textarea({"rows": 4, "lang": language}),
            )  # fmt: skip

    def said(self) -> dict[str, dict[str, str]]:
        """Return what was given, by language and field."""
        found: dict[str, dict[str, str]] = {}
        for name, text in self.cleaned_data.items():
            language, _line, field = name.partition("_")
            found.setdefault(language, {})[field] = text
        return found
