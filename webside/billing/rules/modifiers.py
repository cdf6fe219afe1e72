"""Modifiers that tell the modality of a telehealth service."""

from __future__ import annotations

from webside.billing.codes import Requirement, ServiceKind
from webside.billing.rules import tables
from webside.billing.rules.coverage import payer_name
from webside.billing.rules.draft import Candidate, Draft, Findings, spoken
from webside.billing.rules.medicare import BEHAVIOURAL
from webside.billing.rules.place import ANY
from webside.core.dated import Row


def check_modifiers(draft: Draft, candidate: Candidate, findings: Findings) -> None:
    """Add what the payer's rows ask for; say so where they ask for nothing."""
    if draft.kind is not ServiceKind.TELEHEALTH:
        return
    if draft.modality is None:
        # The code stands, but nobody can say whether the claim must tell that there was no picture.
        findings.missing.append("video_minutes")
        return
    for modifier, row in _rows(draft, candidate).items():
        _apply(draft, findings, modifier, row)


def _rows(draft: Draft, candidate: Candidate) -> dict[str, Row]:
    """Return the row that decides for each modifier: *must not* first, then the more special."""
    tags = [ANY]
    if draft.scope == BEHAVIOURAL:
        tags.insert(0, BEHAVIOURAL)
    if candidate.tag:
        tags.insert(0, candidate.tag)
    chosen: dict[str, Row] = {}
    for payer in (draft.payer, ANY):
        for row in tables.MODIFIERS.in_force(draft.day, payer=str(payer), modality=str(draft.modality)):
            if row["applies_to"] not in tags:
                continue
            rival = chosen.get(row["modifier"])
            if rival is None or _weight(row, tags) < _weight(rival, tags):
                chosen[row["modifier"]] = row
    return chosen


def _weight(row: Row, tags: list[str]) -> tuple[bool, int]:
    return (Requirement(row["requirement"]) is not Requirement.MUST_NOT, tags.index(row["applies_to"]))


def _apply(draft: Draft, findings: Findings, modifier: str, row: Row) -> None:
    requirement = Requirement(row["requirement"])
    what = f"{modifier} ({row['label']})"
    plain = draft.payer_row is not None and draft.payer_row["modifiers"] == "no"
    if requirement is Requirement.REQUIRED or (requirement is Requirement.REQUIRED_UNLESS_PAYER_ROW and not plain):
        findings.modifiers.append(modifier)
        findings.support(row, "modifier.required", f"Modifier {what} is asked for.")
    elif requirement is Requirement.REQUIRED_UNLESS_PAYER_ROW and draft.payer_row is not None:
        findings.support(draft.payer_row, "modifier.not_needed", f"The payer's row asks for no modifier {what}.")
    elif requirement is Requirement.NOT_NEEDED:
        findings.support(row, "modifier.not_needed", f"Modifier {what} is not needed.")
    elif requirement is Requirement.MUST_NOT:
        findings.support(row, "modifier.must_not", f"Modifier {what} must not stand: the code says it itself.")
    elif requirement is Requirement.STATE_CONFIG:
        if draft.facts.patient.state is None:
            findings.missing.append("patient.state")
        findings.checks.append(
            f"modifier: {payer_name(draft)} decides whether it wants {modifier}, another or none for "
            f"{spoken([str(draft.modality)])} [{row.citation}]"
        )
