"""The words of the chart's modules, so that they can be translated (``ui.texts``). A test compares both."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

TEXTS: tuple[Any, ...] = (
    _("Nothing found"),
    _("on the patient’s list"),
    _("The search didn’t reach us. Type on to try again."),
    _("{number} found"),
)
