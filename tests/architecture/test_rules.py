"""Rules hold no fact about the world: states, codes, thresholds and dates stand in dated rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

WEBSIDE = Path(__file__).resolve().parents[2] / "webside"
RULES = sorted({*WEBSIDE.glob("*/rules.py"), *WEBSIDE.glob("*/rules/**/*.py")})

DAYS = {"date", "datetime", "time", "timedelta", "Decimal"}
HARMLESS = {-1, 0, 1}
A_CODE = re.compile(
    r"""
      ^[A-Z]{2}$                                # a state, a country, a modifier
    | ^\d{2}$                                   # a place of service, a modifier
    | \b\d{4}[0-9FTU]\b | \b[A-Z]\d{4}\b        # CPT, HCPCS
    | ^[A-TV-Z]\d[0-9A-Z]$ | \b[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b  # ICD-10-CM
    | \b\d{3,7}-\d\b                            # LOINC
    | \b\d{4}-\d\d-\d\d\b | \b(?:19|20)\d\d\b   # a date, a year
    """,
    re.VERBOSE,
)

ALLOWED = {
    ("billing/rules/facts.py", "2"): "a state is written with two letters",
    ("billing/rules/validate.py", "2"): "rows are compared in pairs",
    ("chart/rules/confirmation.py", "12"): "a year has twelve months",
    ("chart/rules/diagnosis_words.py", "2"): "where the place of a code's dot is",
    (
        "chart/rules/diagnosis_words.py",
        "3",
    ): "how an ICD-10-CM code is written; and the shortest beginning to search by",
    ("chart/rules/diagnosis_words.py", "8"): "how many typed words one search takes",
    ("chart/rules/reading.py", "5"): "the formula says nothing of fewer words",
    ("chart/rules/reading.py", "0.39"): "the published formula",
    ("chart/rules/reading.py", "11.8"): "the published formula",
    ("chart/rules/reading.py", "15.59"): "the published formula",
    ("compliance/rules/facts.py", "'2026-03-02'"): "how a day is written, in the schema's example",
    ("portal/rules.py", "2"): "the last of three places in a list",
    ("scheduling/rules/estimate.py", "2"): "the mean of a log-normal length: the half of its variance",
    ("scheduling/rules/estimate.py", "100"): "percent",
    ("scheduling/rules/estimate.py", "timedelta(hours=1)"): "an hour",
    ("scheduling/rules/estimate.py", "timedelta(minutes=1)"): "a minute",
    ("scheduling/rules/on_call.py", "timedelta(days=1)"): "a day",
    ("scheduling/rules/on_call.py", "timedelta(weeks=1)"): "a week: what comes each week comes again after it",
    ("scheduling/rules/series.py", "12"): "a year has twelve months",
    ("scheduling/rules/series.py", "2"): "fortnightly is every second week",
    ("scheduling/rules/series.py", "7"): "a week has seven days",
    ("scheduling/rules/series.py", "timedelta(weeks=1)"): "a week",
    ("scheduling/rules/times.py", "timedelta(days=1)"): "a day",
    ("scheduling/rules/times.py", "timedelta(weeks=1)"): "weekly hours come again within it",
    ("scheduling/rules/times.py", "timedelta(minutes=1)"): "the step in which a skipped hour is walked back",
    ("scheduling/rules/times.py", "timedelta(weeks=26)"): "half a year: the other side of summer time",
    ("scheduling/rules/times.py", "2"): "the day after, without the end of a range",
    ("scheduling/rules/sites.py", "443"): "the usual port of https",
    ("scheduling/rules/sites.py", "80"): "the usual port of http",
    ("scheduling/rules/times.py", "7"): "a week has seven days",
    ("scheduling/rules/times.py", "60"): "an hour has sixty minutes, a minute sixty seconds",
    ("triage/rules/chooser.py", "100"): "a whole has a hundred percent",
    ("triage/rules/tables.py", "8"): "how many days' words are kept at hand",
    ("triage/rules/words.py", "2"): "the second of two; two letters that were swapped",
    ("triage/rules/words.py", "20000"): "how many folded words are kept at hand",
    ("visits/rules/minutes.py", "60"): "a minute has sixty seconds",
    ("visits/rules/report.py", "60"): "a minute has sixty seconds",
    ("visits/rules/report.py", "100"): "a share in percent",
    ("portal/rules.py", "100"): "a share in percent",
}
"""What may stand in a rule, each with its reason: how things are written and counted, never what is judged by."""


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _hidden(value: object) -> bool:
    if isinstance(value, str):
        return A_CODE.search(value) is not None
    return isinstance(value, int | float) and value not in HARMLESS


def facts_in(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, literal) of each fact about the world that code holds; words of docstrings count for nothing."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call) and _called(node) in DAYS:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if any(isinstance(each, ast.Constant) and each.value != 0 for each in given):
            yield node.lineno, ast.unparse(node)
            return
    if isinstance(node, ast.Constant) and _hidden(node.value):
        yield node.lineno, repr(node.value)
    # A format such as ``:02`` says how wide a number is written.
    inside = [node.value] if isinstance(node, ast.FormattedValue) else ast.iter_child_nodes(node)
    for child in inside:
        yield from facts_in(child)


def _found() -> dict[tuple[str, str], int]:
    return {
        (str(path.relative_to(WEBSIDE)), literal): line
        for path in RULES
        for line, literal in facts_in(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_no_state_code_threshold_or_date_stands_in_a_rule() -> None:
    found = _found()
    assert {key: line for key, line in found.items() if key not in ALLOWED} == {}
    assert ALLOWED.keys() - found.keys() == set(), "allowed, and no longer there"


@pytest.mark.parametrize(
    ("planted", "literal"),
    [
        ("MONTHS_GOOD = 12", "12"),
        ("def old(months):\n    return months >= 12", "12"),
        ("WARM = 37.5", "37.5"),
        ("def holds(hours=-3):\n    return hours", "3"),
        ("if state in ('NJ', here): pass", "'NJ'"),
        ("CODE = '99213'", "'99213'"),
        ("CODE = f'{code} or G2012'", "' or G2012'"),
        ("POS = '02'", "'02'"),
        ("SUGAR = 'E11.65'", "'E11.65'"),
        ("PRESSURE = '8480-6'", "'8480-6'"),
        ("SINCE = '2026-01-01'", "'2026-01-01'"),
        ("SINCE = date(2026, 1, 1)", "date(2026, 1, 1)"),
        ("HOLDS = timedelta(minutes=60)", "timedelta(minutes=60)"),
        ("HOLDS = datetime.timedelta(hours=1)", "datetime.timedelta(hours=1)"),
        ("LEAST = Decimal('1.5')", "Decimal('1.5')"),
    ],
)
def test_a_planted_fact_is_found(planted: str, literal: str) -> None:
    assert [found for _line, found in facts_in(ast.parse(planted))] == [literal]


@pytest.mark.parametrize(
    "harmless",
    [
        "'''Since 2026-01-01, 12 months.'''",
        "total = 0",
        "last = rows[-1]",
        "gap = timedelta(0)",
        "kind = 'stop'",
        "x = True",
        "f'{hour:02}'",
    ],
)
def test_what_is_no_fact_is_let_pass(harmless: str) -> None:
    assert list(facts_in(ast.parse(harmless))) == []
