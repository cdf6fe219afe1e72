"""The words of the modules of the line, so that they can be translated (``ui.texts``). A test compares both."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

TEXTS: tuple[Any, ...] = (_("It is your turn."),)
