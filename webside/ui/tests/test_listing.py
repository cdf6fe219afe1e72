"""Several words in one row of words."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from webside.ui.listing import listed


@pytest.mark.parametrize(
    ("language", "words", "said"),
    [
        ("en", [], ""),
        ("en", ["Ann"], "Ann"),
        ("en", ["Ann", "Bo"], "Ann and Bo"),
        ("en", ["Ann", "Bo", "Cy"], "Ann, Bo and Cy"),
        ("es", ["inglés", "español"], "inglés y español"),
        ("es", ["inglés", "hindi"], "inglés e hindi"),
        ("es", ["español", "inglés"], "español e inglés"),
        ("es", ["agua", "hielo"], "agua y hielo"),
        ("es", ["Oregón", "Iowa"], "Oregón y Iowa"),
        ("es", ["Oregón", "Idaho"], "Oregón e Idaho"),
    ],
)
def test_words_stand_in_one_row(language: str, words: list[str], said: str) -> None:
    with override(language):
        assert listed(words) == said
