"""From a candidate to a line of the claim: every check is made, and every failing one is told."""

from __future__ import annotations

from collections.abc import Callable

from webside.billing.rules import tables
from webside.billing.rules.coverage import check_biller, check_coverage, check_patient
from webside.billing.rules.draft import Candidate, Draft, Findings, Ground, ground
from webside.billing.rules.medicare import check_medicare
from webside.billing.rules.modifiers import check_modifiers
from webside.billing.rules.place import check_place
from webside.core.dated import Confidence, Row

CHECKS: tuple[Callable[[Draft, Candidate, Findings], None], ...] = (
    check_coverage,
    check_biller,
    check_patient,
    check_place,
    check_medicare,
    check_modifiers,
)


def candidate_for(row: Row, *grounds: Ground, units: int = 1) -> Candidate:
    """Return the candidate of a row of codes that names its own billers and tag."""
    return Candidate(
        row=row,
        units=units,
        grounds=list(grounds),
        billers=tables.words(row, "billers"),
        tag=row.get("tag") or "",
    )


def settle(draft: Draft, candidate: Candidate) -> bool:
    """Check a candidate and take it into the answer. Return whether it became a line."""
    findings = Findings()
    for check in CHECKS:
        check(draft, candidate, findings)
    unconfirmed = {
        item.row.id: item.row
        for item in (*candidate.grounds, *findings.grounds)
        if item.row.confidence is Confidence.LOW
    }
    for row in unconfirmed.values():
        # Nobody has confirmed the row, so no money may rest on it.
        findings.refuse(row, "row.unconfirmed", "It rests on a row of rule data that nobody has confirmed.")
        draft.check(f"{candidate.code}: confirm {row.table} {row.id} at its source")
    return draft.close(candidate, findings)


def add_ons(draft: Draft, base: Candidate, minutes: int | None, fact: str) -> None:
    """Settle the codes that stand beside ``base`` from a certain time on, in whole units."""
    for row in tables.ADD_ONS.in_force(draft.day, base=base.code):
        first, unit = tables.number(row, "first_at"), tables.number(row, "unit_minutes")
        if first is None or unit is None:
            raise ValueError(f"{row.table} {row.id} names no minutes")
        code = str(row["code"])
        if minutes is None:
            draft.missing(fact)
            continue
        if minutes < first:
            text = f"Beside {base.code} it begins at {first} minutes in all; there were {minutes}."
            draft.reject(code, row, "time.below_minimum", text)
            continue
        units = 1 + (minutes - first) // unit
        text = f"{minutes} minutes in all: {units} × {unit} minutes beside {base.code}, the first at {first}."
        grounds = [ground(row, "time.add_on", text)]
        settle(draft, Candidate(row=row, units=units, grounds=grounds, billers=base.billers, tag=base.tag))
