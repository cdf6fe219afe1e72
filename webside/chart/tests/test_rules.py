"""The pure decisions: vital signs, what is searched, how hard a text is to read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webside.chart.rules import diagnosis_words as words
from webside.chart.rules import vitals
from webside.chart.rules.reading import reading_grade, syllables
from webside.core.dated import BadData, load

ON = date(2026, 11, 25)


def ask(*readings: tuple[str, str, str]) -> vitals.VitalsAnswer:
    return vitals.vitals_plausible(
        vitals.VitalsFacts(
            on=ON, readings=[vitals.Reading(key=key, ucum=ucum, value=Decimal(value)) for key, ucum, value in readings]
        )
    )


@pytest.mark.parametrize(
    ("reading", "allowed", "unusual"),
    [
        (("systolic", "mm[Hg]", "131"), True, False),
        (("systolic", "mm[Hg]", "39"), False, False),
        (("systolic", "mm[Hg]", "40"), True, True),
        (("systolic", "mm[Hg]", "300"), True, True),
        (("systolic", "mm[Hg]", "1310"), False, False),
        (("body_temp", "[degF]", "98.6"), True, False),
        (("body_temp", "Cel", "98.6"), False, False),  # degrees Fahrenheit typed as Celsius
        (("body_temp", "Cel", "37"), True, False),
        (("body_temp", "[degF]", "37"), False, False),
        (("weight", "kg", "85"), True, False),
        (("weight", "[lb_av]", "187.2"), True, False),
        (("spo2", "%", "101"), False, False),
        (("glucose", "mmol/L", "172"), False, False),  # mg/dL typed as mmol/L
        (("glucose", "mg/dL", "172"), True, False),
        (("mood", "1", "5"), False, False),
        (("weight", "st", "13"), False, False),
    ],
)
def test_what_cannot_be_true_is_refused_and_the_unusual_is_said(
    reading: tuple[str, str, str], allowed: bool, unusual: bool
) -> None:
    answer = ask(reading)
    assert answer.allowed is allowed
    assert bool(answer.unusual) is unusual
    assert all(finding.source and finding.text and finding.key == reading[0] for finding in answer.impossible)


def test_the_upper_pressure_is_above_the_lower_one() -> None:
    assert ask(("systolic", "mm[Hg]", "80"), ("diastolic", "mm[Hg]", "79")).impossible[0].code == "vital.crossed"
    assert ask(("systolic", "mm[Hg]", "90"), ("diastolic", "mm[Hg]", "80")).allowed
    assert ask(("diastolic", "mm[Hg]", "80")).allowed


def terms(text: str) -> list[tuple[tuple[str, ...], ...]]:
    return [term.alternatives for term in words.parse(text, ON).terms]


def test_lay_words_abbreviations_and_beginnings_are_understood() -> None:
    assert terms("t2 diab high sug") == [
        (("t2*",), ("type", "2")),
        (("diab*",),),
        (("high*", "sug*"), ("hyperglycemia",)),
    ]
    assert ("hypertension",) in terms("HTN")[0]
    assert ("type", "2", "diabetes") in terms("t2dm")[0]  # though T2D.M has the form of a code
    assert terms("Ménière") == [(("meniere*",),)]
    assert terms("type 2") == [(("type*",),), (("2",),)]  # 2 is not the beginning of 20


@pytest.mark.parametrize(
    ("typed", "code"),
    [("E11.65", "E11.65"), ("e1165", "E11.65"), ("i10", "I10"), ("E11.", "E11"), ("S72.001A", "S72.001A")],
)
def test_a_code_is_looked_for_by_its_beginning(typed: str, code: str) -> None:
    assert words.parse(typed, ON).code == code


@given(st.text(max_size=60))
def test_whatever_is_typed_becomes_only_words(text: str) -> None:
    search = words.parse(text, ON)
    assert all(character.isalnum() or character == "." for character in search.code)
    for term in search.terms:
        for alternative in words.lexemes(term):
            assert all(word.removesuffix("*").isalnum() for word in alternative)


def test_the_patient_reads_plain_words() -> None:
    assert words.in_plain_words("E11.65", "…", ON) == "Type 2 diabetes with high blood sugar"
    assert words.in_plain_words("E11.621", "…", ON) == "Type 2 diabetes"
    assert words.in_plain_words("Q99.9", "Chromosomal abnormality, unspecified", ON) == (
        "Chromosomal abnormality, unspecified"
    )


def test_plain_words_are_plain() -> None:
    for row in load(words.DATA / "plain_words.csv").rows:
        assert "unspecified" not in row["words"]
        assert len(row["words"].split()) <= 12, row.id


def test_the_reading_grade_tells_plain_from_hard() -> None:
    plain = reading_grade("Take two tablets with dinner. Measure your sugar each morning. Call us if you feel sick.")
    hard = reading_grade(
        "Pharmacological intensification necessitates periodic laboratory surveillance of renal function parameters."
    )
    assert plain is not None and hard is not None
    assert plain < 6 < 12 < hard
    assert reading_grade("Rest.") is None
    assert [syllables(word) for word in ("take", "table", "medicine", "sugar")] == [1, 2, 3, 2]


def test_a_broken_row_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "vitals.csv"
    path.write_text("id,key,source,confidence\nx,weight,,high\n", encoding="utf-8")
    with pytest.raises(BadData):
        load(path)
