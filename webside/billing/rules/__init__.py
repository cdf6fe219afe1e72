"""Pure rules of billing. ``codes_for`` is registered as ``billing.codes``."""

from __future__ import annotations

from webside.billing.rules.codes_for import codes_for
from webside.billing.rules.facts import CodesAnswer, CodesFacts, Line, Rejection
from webside.billing.rules.transfers import is_free

__all__ = ["CodesAnswer", "CodesFacts", "Line", "Rejection", "codes_for", "is_free"]
