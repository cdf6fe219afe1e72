"""What somebody reads of the clinic's words in their language, and what may be kept of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from webside.catalog.models import HealthcareService
from webside.core.said import Said, changed, cleaned, said
from webside.people.models import Practitioner

SAID = {"es": {"name": "Videoconsulta"}}
LIMITS = {"name": 20, "description": None}


@pytest.mark.parametrize(
    ("own", "field", "language", "answer"),
    [
        ("Video visit", "name", "es", Said("Videoconsulta", "es")),
        ("Video visit", "name", "es-mx", Said("Videoconsulta", "es")),
        ("Video visit", "name", "es_MX", Said("Videoconsulta", "es")),
        ("Video visit", "name", "en", Said("Video visit", "en")),
        ("Video visit", "name", "fr", Said("Video visit", "en")),
        ("Video visit", "name", "", Said("Video visit", "en")),
        ("Twenty minutes", "summary", "es", Said("Twenty minutes", "en")),
        ("", "name", "es", Said("", "en")),
    ],
)
def test_who_reads_a_language_reads_what_is_said_in_it(own: str, field: str, language: str, answer: Said) -> None:
    assert said(own, SAID, field, language=language, at_home="en-us") == answer


def test_what_is_empty_is_not_kept() -> None:
    given = {"es": {"name": "  Videoconsulta ", "description": " \n"}}
    assert cleaned(given, languages=["es"], limits=LIMITS) == {"es": {"name": "Videoconsulta"}}
    assert cleaned({"es": {"name": " "}}, languages=["es"], limits=LIMITS) == {}
    assert cleaned({"es": {"name": f" {'x' * 20} "}}, languages=["es"], limits=LIMITS) == {"es": {"name": "x" * 20}}
    assert cleaned({"es": {"description": "x" * 5000}}, languages=["es"], limits=LIMITS)


@pytest.mark.parametrize(
    "given",
    [
        {"fr": {"name": "Visite"}},
        {"es": {"kind": "telehealth"}},
        {"es": {"name": "x" * 21}},
        {"es": {"name": 7}},
        {"es": {"name": None}},
    ],
)
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(ValueError):
        cleaned(given, languages=["es"], limits=LIMITS)


def test_what_differs_is_told_by_language_and_field() -> None:
    assert changed(SAID, SAID) == {}
    assert changed({}, SAID) == {"es": {"name": {"was": "", "is": "Videoconsulta"}}}
    assert changed(SAID, {}) == {"es": {"name": {"was": "Videoconsulta", "is": ""}}}


def test_rows_say_their_words_in_the_language_that_is_on() -> None:
    service = HealthcareService(name="Video visit", summary="Twenty minutes", translations=SAID)
    assert service.said("name") == Said("Video visit", "en")
    with translation.override("es"):
        assert service.said("name") == Said("Videoconsulta", "es")
        assert service.said("summary") == Said("Twenty minutes", "en")
        assert service.said("name", "en") == Said("Video visit", "en")
    assert str(service) == "Video visit", "staff read the clinic's own words"
    with pytest.raises(ValueError, match="kind"):
        service.said("kind")


def test_limits_are_those_of_the_fields() -> None:
    assert HealthcareService.said_limits() == {"name": 80, "summary": 160, "description": None, "price_note": 120}
    assert Practitioner.said_limits() == {"specialty": 80, "about": None}
    assert Practitioner.said_languages() == ("es",)
    with pytest.raises(ValueError, match="too long"):
        Practitioner.cleaned_translations({"es": {"specialty": "x" * 81}})
