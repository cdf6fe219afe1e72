"""Place of service: where the patient is, in the payer's words."""

from __future__ import annotations

from webside.billing.codes import PatientAt, PayerGroup, ServiceKind
from webside.billing.rules import tables
from webside.billing.rules.coverage import payer_name
from webside.billing.rules.draft import Candidate, Draft, Findings
from webside.core.dated import Row

ANY = "any"


def check_place(draft: Draft, candidate: Candidate, findings: Findings) -> None:
    """Choose the place of service. What is not telehealth keeps the clinician's usual place."""
    at = draft.facts.patient.at
    if draft.kind is ServiceKind.TELEHEALTH and at is None:
        findings.lack("patient.at")
        return
    row = _place(draft, at)
    pos = tables.POS.one(draft.day, pos=row["pos"]) if row else None
    if row is None or pos is None:
        findings.refuse(None, "place.unknown", "No place of service is known for this payer on that day.")
        return
    findings.pos = row["pos"]
    findings.support(row, "place.of_service", f"Place of service {row['pos']}: {pos['label']}.")
    if row.get("check"):
        findings.checks.append(f"place of service {row['pos']}: {payer_name(draft)} decides {row['check']}")


def _place(draft: Draft, at: PatientAt | None) -> Row | None:
    kind = draft.kind.value
    for payer, where in ((draft.payer, at), (draft.payer, ANY), (ANY, at), (ANY, ANY)):
        row = tables.PLACES.one(draft.day, payer=str(payer), kind=kind, at=where and str(where))
        if row is not None:
            return row
    return None


def is_medicare_telehealth(draft: Draft) -> bool:
    """Whether Medicare's own limits on telehealth apply (check-ins and monitoring are not telehealth)."""
    return draft.payer is PayerGroup.MEDICARE and draft.kind is ServiceKind.TELEHEALTH
