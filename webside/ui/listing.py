"""Several words in one row of words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import get_language
from django.utils.translation import gettext as _

SOUNDS_LIKE_Y = re.compile(r"h?[iíy](?![eéaáoó])", re.IGNORECASE)
"""Before such a word Spanish says "e" for "y": "inglés e hindi", but "agua y hielo"."""


def listed(words: Iterable[object]) -> str:
    """Return "A", "A and B" or "A, B and C", in the language of the page; empty for nothing."""
    each = [str(word) for word in words]
    if len(each) < 2:
        return "".join(each)
    some, last = ", ".join(each[:-1]), each[-1]
    if (get_language() or "").startswith("es") and SOUNDS_LIKE_Y.match(last):
        return f"{some} e {last}"
    return _("%(some)s and %(last)s") % {"some": some, "last": last}
