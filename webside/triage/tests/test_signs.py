"""The signs of danger to tick: each asked in both languages, each meaning what to do."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from webside.core.dated import Row, ended, load
from webside.scheduling import registry
from webside.scheduling.codes import Urgency
from webside.triage.codes import Action, Language
from webside.triage.rules.signs import signs, ticked
from webside.triage.rules.tables import DATA, FILES

ENDED = (DATA / FILES["signs"],)
DAY = date(2026, 12, 1)


@pytest.mark.parametrize("row", [row for path in ENDED for row in load(path).rows], ids=lambda row: row.id)
def test_each_row_is_asked_and_means_what_to_do(row: Row) -> None:
    for language in Language:
        (sign,) = ticked([row["sign"]], DAY, language)
        assert sign.asks and sign.why and sign.now and sign.source
    with ended(row):
        assert ticked([row["sign"]], DAY, Language.ENGLISH) == []
        assert row["sign"] not in {each.name for each in signs(DAY, Language.ENGLISH)}


def test_the_most_urgent_is_first_and_a_strange_name_means_nothing() -> None:
    found = ticked(["baby", "harm", "chest", "nonsense"], DAY, Language.ENGLISH)
    assert [each.action for each in found] == [Action.CALL_911, Action.CRISIS_988, Action.ED_NOW]
    assert ticked(["none"], DAY, Language.ENGLISH) == []


def test_what_is_ticked_is_said_to_her_in_her_language_and_to_the_clinic_in_its_own() -> None:
    with translation.override("es"):
        (found,) = registry.screened("", ["chest", "none"])
        assert "infarto" in found.text and "Llame al 911" in found.text
        assert dict(registry.asked_signs())["chest"].startswith("Dolor")
    assert found.danger and found.urgency is Urgency.URGENT
    assert found.reason == "Pain, pressure or tightness in the chest"
    assert registry.screened("", []) == [] == registry.screened("", ["none"])


def test_words_and_ticks_are_both_read() -> None:
    found = registry.screened("I want to kill myself", ["chest"])
    assert {each.title for each in found} == {"Call 911 now", "Call or text 988 now"}
