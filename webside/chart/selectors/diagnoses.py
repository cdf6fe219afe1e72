"""The diagnoses of an encounter, and finding one in ICD-10-CM."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection

from webside.chart.codes import ClinicalStatus, ConditionCategory
from webside.chart.models import Condition, DiagnosisCode, Encounter
from webside.chart.rules import diagnosis_words
from webside.core import clock
from webside.core.dated import load
from webside.people.models import Patient

FOUND_AT_MOST = 12
BROADEST = 1500


def diagnoses_of(encounter: Encounter) -> list[Condition]:
    """Return the diagnoses of an encounter in their order."""
    return list(Condition.objects.filter(encounter=encounter).order_by("position", "created_at"))


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnosis that was found; ``on_list`` when it is one of the patient's own problems."""

    code: str
    display: str
    on_list: bool


_SEARCH = """
    SELECT code, display FROM (
        SELECT code, display, weight FROM chart_diagnosiscode WHERE billable AND {condition} LIMIT {broadest}
    ) found ORDER BY weight DESC, length(display), code LIMIT {limit}
"""


def search_diagnoses(text: str, *, patient: Patient | None = None, limit: int = FOUND_AT_MOST) -> list[Found]:
    """Return billable ICD-10-CM codes for what was typed: the patient's own problems first, then the usual ones.

    ``text`` is the beginning of a code or words ("t2 diab high sug"). Nothing typed gives the problems.
    """
    search = diagnosis_words.parse(text, clock.now().date())
    own = _own_problems(patient)
    if search.empty:
        return [Found(code, display, True) for code, display in own.items()][:limit]
    condition, parameters = _condition(search)
    if not condition:
        return []
    with connection.cursor() as cursor:
        matching_own: dict[str, str] = {}
        if own:
            cursor.execute(
                f"SELECT code, display FROM chart_diagnosiscode WHERE code = ANY(%s) AND {condition}",  # noqa: S608 - own constants, values are parameters
                [list(own), *parameters],
            )
            matching_own = dict(cursor.fetchall())
        query = _SEARCH.format(condition=condition, broadest=BROADEST, limit=limit + len(matching_own))
        cursor.execute(query, parameters)
        others = [Found(code, display, False) for code, display in cursor.fetchall() if code not in matching_own]
    mine = [Found(code, matching_own[code], True) for code in own if code in matching_own]
    return [*mine, *others][:limit]


def _own_problems(patient: Patient | None) -> dict[str, str]:
    if patient is None:
        return {}
    rows = Condition.objects.filter(
        patient=patient, category=ConditionCategory.PROBLEM, clinical_status=ClinicalStatus.ACTIVE
    ).exclude(code="")
    return dict(rows.order_by("position", "created_at").values_list("code", "display"))


def _condition(search: diagnosis_words.Search) -> tuple[str, list[str]]:
    """Return the WHERE of a search and its parameters. The words were checked letter by letter."""
    if search.code:
        return "code LIKE %s", [f"{search.code}%"]
    parts = []
    for term in search.terms:
        alternatives = [
            " & ".join(f"{word[:-1]}:*" if word.endswith("*") else word for word in words)
            for words in diagnosis_words.lexemes(term)
        ]
        if alternatives:
            parts.append("(" + " | ".join(f"({alternative})" for alternative in alternatives) + ")")
    if not parts:
        return "", []
    query = " & ".join(parts)
    # Both: as typed, and with English endings taken off. The table's vectors hold both as well.
    return "search @@ (to_tsquery('simple', %s) || to_tsquery('english', %s))", [query, query]


def diagnosis_code(code: str) -> DiagnosisCode | None:
    """Return one code of the table."""
    return DiagnosisCode.objects.filter(code=code.strip().upper()).first()


def not_billable(codes: Iterable[str]) -> list[str]:
    """Return those codes that stand in the table as groups: a claim needs one below them."""
    return sorted(DiagnosisCode.objects.filter(code__in=list(codes), billable=False).values_list("code", flat=True))


def release_on(day: date) -> str | None:
    """Return the name of the installed ICD-10-CM release that is the one for a day."""
    row = load(diagnosis_words.DATA / "icd10cm_releases.csv").one(day)
    return str(row["label"]) if row else None


def newest_release_label() -> str:
    """Return the name of the newest installed release of ICD-10-CM."""
    rows = load(diagnosis_words.DATA / "icd10cm_releases.csv").rows
    return str(max(rows, key=lambda row: row.effective_from)["label"])
