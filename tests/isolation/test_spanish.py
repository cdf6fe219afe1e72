"""Every page and paper that is open to patients, to who acts for them and to guests speaks Spanish to who reads it.

What the clinic or a person has typed stays as it was typed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from tests.isolation.expectations import ACTING, GUESTS, PATIENTS, ROWS
from tests.isolation.matrix import Answer, Matrix
from webside.testing.spanish import left_in_english

TYPED = (
    "Online care", "Wellness coach", "at home", "You can stop at any time. It doesn’t change the care you get from us.",
)  # fmt: skip
"""What the clinic has typed in the world of the matrix, and is a text of ours too."""
OF_NO_PATIENT = {"ui:pattern-list", "ui:pattern-detail"}
"""Open to anybody, and for who builds pages."""


def _read(answer: Answer) -> str:
    """Return what a person reads: the words of a page without its markup, those of a PDF, a file as it is."""
    words = answer.words
    text = words if isinstance(words, str) else words.decode("utf-8", "replace")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        text = re.sub(r"<(script|style)\b.*?</\1>", "\n", text, flags=re.DOTALL)
        # What is marked as English is: the clinic's own words, and where a rule comes from.
        text = re.sub(r'<(\w+)\b[^>]*\blang="en"[^>]*>.*?</\1>', "\n", text, flags=re.DOTALL)
        names = re.findall(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
        text = unescape("\n".join([re.sub(r"<[^>]+>", "\n", text), *names]))
    return text


@pytest.mark.parametrize("name", f"{GUESTS} {PATIENTS} {ACTING}".split())
def test_whatever_she_may_open_is_in_spanish(matrix: Matrix, name: str) -> None:
    """Shown failing with a consent named by the code of its scope: *Telehealth*."""
    clinic = matrix.world.larkspur
    wrong = []
    read = 0
    for row in ROWS:
        if row.allowed.get("GET", {}).get(name) != 200 or row.route in OF_NO_PATIENT:
            continue
        asked = replace(row, headers=row.headers | {"Accept-Language": "es"})
        answer = matrix.ask(name, "GET", asked, at=clinic, things=clinic.things)
        assert answer.status == 200, f"{name} {row}: {answer.status}"
        kind = answer.headers.get("Content-Type", "")
        if not kind.startswith(("text/html", "application/pdf", "text/calendar")):
            continue
        read += 1
        if left := left_in_english(_read(answer), but=TYPED):
            wrong.append(f"{name} {row}: {left}")

    assert wrong == [], "\n".join(wrong)
    assert read > 10, "so few pages can't be all"
