"""What somebody says that she needs."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST = 2000


class NeedForm(forms.Form):
    """A person's own words."""

    text = forms.CharField(
        label=_("What is going on?"),
        max_length=LONGEST,
        error_messages={
            "required": _("Say in a few words what you need."),
            "max_length": _("Say it in fewer words: a few sentences are enough."),
        },
        widget=forms.Textarea({"rows": 3}),
    )
