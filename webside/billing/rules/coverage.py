"""Who may bill a code, for whom, and whether this group of payers takes it."""

from __future__ import annotations

from webside.billing.codes import Coverage, PayerGroup
from webside.billing.rules import tables
from webside.billing.rules.draft import Candidate, Draft, Findings, spoken
from webside.core.dated import Row

REFUSED = {
    Coverage.NOT_PAYABLE: ("code.not_payable", "{payer} does not pay it."),
    Coverage.BUNDLED: ("code.bundled", "{payer} pays it only within other services, never by itself."),
    Coverage.OTHER_CODE: ("code.other_code", "{payer} uses another code for this."),
}


def coverage_of(draft: Draft, row: Row) -> Coverage:
    """Return what this draft's group of payers does with the code of a row."""
    return Coverage(row[draft.payer])


def payer_name(draft: Draft) -> str:
    """Return the group of payers as a person reads it."""
    if draft.payer is PayerGroup.MEDICAID and draft.facts.patient.state:
        return f"Medicaid of {draft.facts.patient.state}"
    return {PayerGroup.COMMERCIAL: "A commercial payer"}.get(draft.payer, draft.payer.capitalize())


def check_coverage(draft: Draft, candidate: Candidate, findings: Findings) -> None:
    """See whether the payer takes the code at all."""
    row = candidate.row
    coverage = coverage_of(draft, row)
    if coverage in REFUSED:
        reason, text = REFUSED[coverage]
        findings.refuse(row, reason, text.format(payer=payer_name(draft)))
        return
    findings.support(row, "code.in_force", f"{candidate.code} ({row['label']}) is in force on {draft.day}.")
    if coverage is Coverage.PAYER_SPECIFIC:
        findings.checks.append(f"{candidate.code}: whether this payer pays it (plans differ)")
    if coverage is Coverage.STATE:
        if draft.facts.patient.state is None:
            findings.missing.append("patient.state")
        findings.checks.append(f"{candidate.code}: {payer_name(draft)} decides whether it pays this code")
    if row.get("check"):
        findings.checks.append(f"{candidate.code}: {row['check']}")


def check_biller(draft: Draft, candidate: Candidate, findings: Findings) -> None:
    """See whether this profession may bill the code, and whether Medicare knows the profession."""
    profession = draft.facts.clinician.profession
    if profession is None:
        findings.lack("clinician.profession")
        return
    spelled = spoken([profession])
    if draft.profession is None:
        findings.refuse(None, "biller.unknown", f"Nothing is known of what a {spelled} may bill on that day.")
        return
    biller = draft.profession["class"]
    if biller not in candidate.billers:
        findings.refuse(candidate.row, "biller.not_allowed", f"A {spelled} cannot bill it.")
        return
    findings.support(draft.profession, "biller.allowed", f"A {spelled} may bill it.")
    if draft.payer is PayerGroup.MEDICARE:
        enrolment = tables.ENROLMENT.one(draft.day, **{"class": biller})
        if enrolment is None:
            findings.refuse(None, "biller.not_enrolled", f"Medicare does not pay a {spelled} on that day.")
            return
        findings.support(enrolment, "biller.enrolled", f"Medicare knows the {spelled} as a profession that it pays.")
        if enrolment.get("check"):
            findings.checks.append(f"{candidate.code}: {enrolment['check']}")


def check_patient(draft: Draft, candidate: Candidate, findings: Findings) -> None:
    """See whether the code is for this patient.

    An earlier visit is something that a person can look up: where it is not told, the line stays
    and ``patient.new`` is named as not checked. (A visit's code depends on it: see ``visits``.)
    """
    if candidate.row.get("patient") != "established":
        return
    if draft.facts.patient.new is None:
        findings.missing.append("patient.new")
    elif draft.facts.patient.new:
        findings.refuse(candidate.row, "patient.not_established", "It is for established patients only.")
