"""``compliance.may_treat``: the examples of its page, and what must hold of every question."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webside.compliance.codes import (
    PASSING,
    Circumstance,
    Compact,
    LicenceStatus,
    LicenceType,
    Modality,
    Profession,
    ReasonCode,
    Schedule,
    ServiceKind,
)
from webside.compliance.rules import tables
from webside.compliance.tests.examples import (
    PAGE,
    RULE,
    STATES,
    Example,
    all_examples,
    ask,
    facts,
    licence,
    page_examples,
    refusing,
)
from webside.core import dated, decisions
from webside.core.dated import Confidence, Row, Table, ended

CONTRACT_CODES = {
    "licence.missing",
    "licence.expired",
    "licence.not_started",
    "licence.inactive",
    "licence.not_needed",
    "compact.not_member",
    "consent.missing",
    "guardian.missing",
    "credential.expired",
    "clinician.excluded",
    "prescribing.not_allowed",
    "profession.not_clinical",
    "state.unknown",
    "fact.missing",
}


@pytest.mark.parametrize("example", all_examples(), ids=str)
def test_example(example: Example) -> None:
    answer = ask(example.facts)

    assert refusing(answer) == example.refused_by
    assert answer.allowed is example.allowed
    for words in example.not_checked:
        assert any(words in line for line in answer.not_checked), (words, answer.not_checked)


def test_the_page_has_examples_of_every_code() -> None:
    examples = page_examples()
    assert len(examples) >= 60
    assert len({example.name for example in examples}) == len(examples)
    seen = {reason.code for example in examples for reason in ask(example.facts).reasons}
    # What refuses for want of a row happens on no day that the data know; its test is below.
    assert set(ReasonCode) - seen == {ReasonCode.GATE_NOT_CHECKED}
    assert seen >= CONTRACT_CODES


def test_the_page_explains_every_refusing_code() -> None:
    explained = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", PAGE.read_text().partition("## Codes")[2].partition("##")[0]))
    assert explained == set(ReasonCode) - PASSING


def test_a_time_that_is_written_differently_is_the_same_time() -> None:
    answers = [
        ask(facts(on=on))
        for on in ("2027-01-01T23:30:00-05:00", "2027-01-02T04:30:00Z", "2027-01-02T13:30:00+09:00", "2027-01-01")
    ]
    assert all(answer == answers[0] for answer in answers)


def test_null_is_a_medicine_that_is_not_controlled() -> None:
    answer = ask({**facts(), "prescribing": {"schedule": None}})
    assert answer.allowed
    assert "prescribing.not_controlled" in {reason.code for reason in answer.reasons}


def test_null_is_no_prescription_and_a_null_fact_is_missing() -> None:
    assert ask({**facts(), "prescribing": None}) == ask(facts())
    base = facts()
    assert ask({**base, "patient": {**base["patient"], "age": None}}) == ask(facts(patient={"age": None}))


def test_the_end_of_the_flexibility_is_announced_in_time() -> None:
    def codes(on: str) -> set[str]:
        asked = ask(facts(on=on, prescribing={"schedule": "II", "in_person_before": False}))
        return {reason.code for reason in asked.reasons}

    assert ReasonCode.PRESCRIBING_PATHWAY_ENDING not in codes("2026-10-31")
    assert ReasonCode.PRESCRIBING_PATHWAY_ENDING in codes("2026-11-01")
    assert ReasonCode.PRESCRIBING_PATHWAY_ENDING not in codes("2027-01-01")


def test_fixes_name_the_quicker_ways() -> None:
    elsewhere = {"licences": ["@full CO"], "home_state": "CO"}

    def fixes(state: str, **clinician: Any) -> str:
        return " ".join(ask(facts(clinician={**elsewhere, **clinician}, patient={"state": state})).fixes)

    assert "telehealth registration of Florida" in fixes("FL")
    assert "Interstate Medical Licensure Compact" in fixes("FL")
    assert "Interstate Medical Licensure Compact" not in fixes("FL", home_state="CT")  # no state of principal licence
    assert "Interstate Medical Licensure Compact" not in fixes("NY")
    assert "Interstate Medical Licensure Compact" not in fixes("CO", licences=[])  # at home there is nothing quicker
    assert "reciprocity with MD and VA" in fixes("DC")
    assert "Ohio: telemedicine certificate" not in fixes("OH")  # unconfirmed: never advised
    assert "registration" not in fixes("FL", profession="coach")


def test_an_allowed_answer_needs_no_fix_and_a_refusal_has_one() -> None:
    for example in all_examples():
        answer = ask(example.facts)
        assert bool(answer.fixes) is not answer.allowed, example.name


@pytest.mark.parametrize("gate", tables.table("gates").rows, ids=lambda row: row.id)
def test_a_gate_that_has_no_row_refuses(gate: Row) -> None:
    asked = facts(service={"kind": gate["kind"]}, patient={"consents": ["telehealth", "telecare"]})
    assert ask(asked).allowed
    with ended(gate):
        answer = ask(asked)
    assert not answer.allowed
    assert "gate.not_checked" in refusing(answer)
    assert any(gate["gate"] in line for line in answer.not_checked)


@contextmanager
def unsure(row_id: str) -> Iterator[None]:
    """Judge as if nobody had confirmed the row ``row_id``."""

    def load(path: Path) -> Table:
        table = dated.load(path)
        rows = [replace(row, confidence=Confidence.LOW) if row.id == row_id else row for row in table.rows]
        return Table(table.name, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "load", load)
        tables.table.cache_clear()
        yield
    tables.table.cache_clear()


@pytest.mark.parametrize(
    ("row_id", "profession", "words", "state"),
    [
        ("NLC", "nurse", "NLC TX", "FL"),
        ("NLC-FL-incoming", "nurse", "NLC TX", "FL"),
        ("NLC-TX-issuing", "nurse", "NLC TX", "FL"),
        ("PSYPACT-FL-member", "psychologist", "PSYPACT TX", "FL"),
        ("CC-AZ-member", "counselor", "CC AZ", "AZ"),
        ("CC-AZ-privileges_live", "counselor", "CC AZ", "AZ"),
        ("FL-registration", "physician", "registration FL", "FL"),
    ],
)
def test_a_row_of_low_confidence_gives_no_authority(row_id: str, profession: str, words: str, state: str) -> None:
    question = facts(clinician={"profession": profession, "licences": [f"@{words}"]}, patient={"state": state})
    assert ask(question).allowed
    with unsure(row_id):
        answer = ask(question)
    assert not answer.allowed
    assert any(row_id in line for line in answer.not_checked)
    assert ask(question).allowed


@pytest.mark.parametrize("row_id", ["active", "flexibility-2026", "telemedicine-licence", "telemedicine-consent"])
def test_a_gate_does_not_pass_on_a_row_of_low_confidence(row_id: str) -> None:
    question = facts(prescribing={"schedule": "II", "in_person_before": False})
    assert ask(question).allowed
    with unsure(row_id):
        assert not ask(question).allowed


def test_messages_to_someone_who_was_examined_leave_no_doubt() -> None:
    def doubts(established: bool, in_person_before: bool) -> bool:
        asked = facts(
            service={"modality": "chat"},
            patient={"established": established},
            prescribing={"schedule": "none", "in_person_before": in_person_before},
        )
        return any("questionnaire" in line for line in ask(asked).not_checked)

    assert doubts(established=False, in_person_before=False)
    assert not doubts(established=True, in_person_before=False)
    assert not doubts(established=False, in_person_before=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"on": "yesterday"}, "on"),
        ({"on": "2026-02-30"}, "on"),
        ({"on": 20260302}, "on"),
        ({"colour": "red"}, "colour"),
        ({"patient": {"county": "Kings"}}, "county"),
        ({"patient": {"age": -1}}, "age"),
        ({"patient": {"age": "44"}}, "age"),
        ({"service": {"kind": "telepathy"}}, "kind"),
        ({"service": {"modality": "fax"}}, "modality"),
        ({"clinician": {"profession": "wizard"}}, "profession"),
        ({"clinician": {"credentialed_until": "soon"}}, "credentialed_until"),
        ({"prescribing": {"schedule": "VI"}}, "schedule"),
        ({"prescribing": {"circumstances": ["sunshine"]}}, "circumstances"),
    ],
)
def test_facts_of_another_form_are_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(decisions.InvalidFacts, match=named):
        decisions.parse(RULE, json.dumps(facts(**change)))


def test_on_is_always_given() -> None:
    with pytest.raises(decisions.InvalidFacts, match="on"):
        decisions.parse(RULE, json.dumps(facts(on=None)))


def test_the_schema_names_every_field_of_the_contract() -> None:
    schema = json.dumps(decisions.get(RULE).schema())
    for field in ("on", "licences", "from", "home_state", "credentialed_until", "consents", "in_person_before"):
        assert f'"{field}"' in schema
    for field in ("allowed", "reasons", "fixes", "not_checked"):
        assert f'"{field}"' in schema


def test_a_thousand_questions_take_little_time() -> None:
    lines = [json.dumps(example.facts) for example in page_examples()]
    lines = (lines * (1000 // len(lines) + 1))[:1000]
    start = time.perf_counter()
    for line in lines:
        msgspec.json.encode(decisions.ask(RULE, decisions.parse(RULE, line)))
    assert time.perf_counter() - start < 2


def test_no_state_date_or_threshold_stands_in_the_rules() -> None:
    """Law is data: a literal of the code may be a word of its own vocabulary, never a fact about the world."""
    states = set(STATES) | {row["name"] for row in tables.table("jurisdictions").rows}
    states |= {row["country"] for row in tables.table("countries").rows}
    for path in Path(tables.__file__).parent.glob("*.py"):
        docstrings = set()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                docstrings.add(node.value)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or node in docstrings:
                continue
            if isinstance(node.value, str):
                words = set(re.findall(r"[\w-]+", node.value))
                assert node.value not in states, (path.name, node.value)
                # The one example of the schema is how a date is written, and judges nothing.
                dates = {word for word in words if re.fullmatch(r"\d{4}-\d\d-\d\d", word)}
                assert not dates or path.name == "facts.py", (path.name, node.value)
            elif isinstance(node.value, int) and not isinstance(node.value, bool):
                assert node.value == 0, (path.name, node.value)


# ---- what must hold of every question

days = st.dates(date(2024, 1, 1), date(2028, 1, 1))
state_codes = st.sampled_from([*STATES, "ZZ"])
licences = st.fixed_dictionaries(
    {},
    optional={
        "state": state_codes,
        "type": st.sampled_from([*LicenceType]).map(str),
        "compact": st.sampled_from([*Compact]).map(str),
        "status": st.sampled_from([*LicenceStatus]).map(str),
        "from": days.map(str),
        "to": days.map(str),
    },
)
questions = st.fixed_dictionaries(
    {
        "on": st.one_of(
            days.map(str),
            st.datetimes(timezones=st.timezones(), allow_imaginary=False).map(lambda moment: moment.isoformat()),
        )
    },
    optional={
        "service": st.fixed_dictionaries(
            {}, optional={"kind": st.sampled_from([*ServiceKind]), "modality": st.sampled_from([*Modality])}
        ),
        "clinician": st.fixed_dictionaries(
            {},
            optional={
                "profession": st.sampled_from([*Profession]),
                "credential": st.sampled_from(["MD", "LPN", "CNS", "MFT", "nonsense", ""]),
                "licences": st.lists(licences, max_size=3),
                "home_state": state_codes,
                "credentialed_until": days.map(str),
                "excluded": st.booleans(),
            },
        ),
        "patient": st.fixed_dictionaries(
            {},
            optional={
                "country": st.sampled_from(["US", "CA"]),
                "state": state_codes,
                "age": st.integers(0, 110),
                "guardian_present": st.booleans(),
                "consents": st.lists(st.sampled_from(["telehealth", "telecare"])),
                "established": st.booleans(),
            },
        ),
        "prescribing": st.fixed_dictionaries(
            {},
            optional={
                "schedule": st.sampled_from([*Schedule, None]),
                "in_person_before": st.booleans(),
                "circumstances": st.lists(st.sampled_from([*Circumstance])),
            },
        ),
    },
)
likely = st.builds(
    lambda day, state, kind, modality, profession, age, words: facts(
        on=str(day),
        service={"kind": kind, "modality": modality},
        clinician={"profession": profession, "licences": [f"@{words} {state}"]},
        patient={"state": state, "age": age, "consents": ["telehealth", "telecare"]},
    ),
    days,
    st.sampled_from(STATES),
    st.sampled_from([*ServiceKind]),
    st.sampled_from([*Modality]),
    st.sampled_from([*Profession]),
    st.integers(0, 90),
    st.sampled_from(["full", "registration", "NLC", "PSYPACT", "CC"]),
)
"""Questions that are often allowed; the ones above hardly ever are."""
mixed = st.one_of(questions, likely)


@settings(deadline=None, max_examples=300)
@given(mixed)
def test_every_answer_has_reasons_with_sources_and_agrees_with_them(question: dict[str, Any]) -> None:
    answer = ask(question)
    assert answer.reasons or not answer.allowed
    for reason in answer.reasons:
        assert reason.code in set(ReasonCode)
        assert reason.text.strip()
        assert reason.source.strip()
        assert "None" not in reason.text
    assert answer.allowed is (not refusing(answer))
    assert len(set(answer.not_checked)) == len(answer.not_checked)
    assert ask(question) == answer


@settings(deadline=None, max_examples=200)
@given(mixed)
def test_an_excluded_clinician_gives_nothing(question: dict[str, Any]) -> None:
    question = {**question, "clinician": {**question.get("clinician", {}), "excluded": True}}
    assert not ask(question).allowed


@settings(deadline=None, max_examples=200)
@given(mixed)
def test_one_more_good_licence_never_turns_yes_into_no(question: dict[str, Any]) -> None:
    before = ask(question)
    clinician = question.get("clinician", {})
    state = question.get("patient", {}).get("state", "NY")
    good = licence(f"full {state}", **{"from": "0001-01-01", "to": "9999-12-31"})
    richer = {**question, "clinician": {**clinician, "licences": [*clinician.get("licences", []), good]}}
    after = ask(richer)
    assert after.allowed or not before.allowed
    on_licence = {code for code in refusing(after) if code.startswith(("licence.", "compact.", "registration."))}
    assert not on_licence


@settings(deadline=None, max_examples=200)
@given(likely, st.data())
def test_what_is_unknown_is_never_fine(question: dict[str, Any], data: st.DataObject) -> None:
    """Taking a fact away never makes a refused question allowed."""
    before = ask(question)
    part = data.draw(st.sampled_from(["service", "clinician", "patient"]))
    name = data.draw(st.sampled_from(sorted(question[part])))
    if name == "credentialed_until" and question["service"]["kind"] != ServiceKind.TELEMEDICINE:
        return  # judged where it is given: a clinic need not credential its coaches and responders
    poorer = {**question, part: {key: value for key, value in question[part].items() if key != name}}
    after = ask(poorer)
    assert before.allowed or not after.allowed


@settings(deadline=None, max_examples=200)
@given(likely, st.sampled_from(sorted(set(Circumstance))))
def test_without_a_licence_where_the_patient_is_there_is_no_telemedicine(
    question: dict[str, Any], circumstance: Circumstance
) -> None:
    question = {
        **question,
        "service": {"kind": "telemedicine", "modality": "video"},
        "clinician": {**question["clinician"], "licences": []},
        "prescribing": {"schedule": "IV", "in_person_before": True, "circumstances": [circumstance]},
    }
    assert "licence.missing" in refusing(ask(question))


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(STATES), st.dates(date(2026, 1, 1), date(2026, 12, 30)), st.integers(0, 23))
def test_a_moment_is_allowed_only_if_a_day_that_it_may_be_is(state: str, day: date, hour: int) -> None:
    """A licence for one day only: the moment counts if that is the local day in every part of the state."""
    zones = tables.table("jurisdictions").by_id[state]["zones"]
    one_day = {"@": f"full {state}", "from": str(day), "to": str(day)}
    on = f"{day}T{hour:02}:30:00+00:00"
    local = {datetime.fromisoformat(on).astimezone(ZoneInfo(zone)).date() for zone in zones}
    answer = ask(facts(on=on, clinician={"licences": [one_day]}, patient={"state": state}))
    assert answer.allowed is (local == {day})
    whole = ask(facts(on=str(day + timedelta(days=1)), clinician={"licences": [one_day]}, patient={"state": state}))
    assert refusing(whole) == {"licence.expired"}
