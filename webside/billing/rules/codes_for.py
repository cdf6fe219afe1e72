"""The rule ``billing.codes``: what may be billed for what happened?"""

from __future__ import annotations

from collections.abc import Callable

from webside.billing.codes import PayerGroup, Service, ServiceKind
from webside.billing.rules import monitoring, tables
from webside.billing.rules.draft import FACTS_SOURCE, Draft
from webside.billing.rules.facts import CodesAnswer, CodesFacts, Rejection
from webside.billing.rules.proposals import answer_proposals
from webside.billing.rules.timed import e_consult, timed
from webside.billing.rules.transfers import follow_transfer
from webside.billing.rules.visits import visit
from webside.core.dated import Row
from webside.core.decisions import rule

ROUTES: dict[Service, Callable[[Draft], None]] = {
    Service.VISIT: visit,
    Service.CHECK_IN: timed,
    Service.E_VISIT: timed,
    Service.E_CONSULT: e_consult,
    Service.PSYCHOTHERAPY: timed,
    Service.SMOKING: timed,
    Service.EDUCATION_GROUP: timed,
    Service.RPM_SETUP: monitoring.setup,
    Service.RPM_MONTH: monitoring.month,
}


@rule("billing.codes", facts=CodesFacts, answer=CodesAnswer)
def codes_for(facts: CodesFacts) -> CodesAnswer:
    """What may be billed for what happened.

    In: what happened, on which day, for which payer (:class:`CodesFacts`). Out: lines with their
    grounds, refused codes, warnings, and what was not checked (:class:`CodesAnswer`). Nothing is
    raised: missing facts are named, and a day for which no rule is known gives no line.
    Sources stand in the rows of ``data/``; ``docs/reference/rules/billing.codes.md`` explains them.
    """
    lacking = [name for name in ("payer", "service") if getattr(facts, name) is None]
    if facts.payer is None or facts.service is None:
        return _nothing(f"No code can be chosen without {', '.join(lacking)}.", "fact.missing", lacking)
    service = tables.SERVICES.one(facts.on, service=str(facts.service))
    payer = tables.PAYERS.one(facts.on, payer=str(facts.payer))
    if service is None or payer is None:
        return _nothing("Nothing is known of this payer or service on that day.", "day.unknown", [])
    draft = Draft(facts=facts, service=service, payer=PayerGroup(payer["group"]))
    if payer.get("flag"):
        draft.warn(f"{payer['flag']} [{payer.citation}]")
    _read_parties(draft)
    if not _is_barred(draft):
        ROUTES[draft.name](draft)
    follow_transfer(draft)
    answer_proposals(draft)
    _say_limits(draft)
    return draft.answer()


def _nothing(text: str, reason: str, lacking: list[str]) -> CodesAnswer:
    refused = Rejection(code=reason, reason=reason, text=text, source=FACTS_SOURCE)
    return CodesAnswer(lines=[], rejected=[refused], warnings=[], not_checked=lacking)


def _read_parties(draft: Draft) -> None:
    """Look up what the clinician may be billed as, and what the payer's contract asks for."""
    clinician = draft.facts.clinician
    if clinician.profession is not None:
        known = tables.PROFESSIONS.in_force(draft.day, profession=str(clinician.profession))
        by_credential = {row.get("credential"): row for row in known}
        draft.profession = by_credential.get(clinician.credential) or by_credential.get(None)
    rows = tables.PAYER_ROWS.in_force(draft.day, payer=str(draft.payer))
    named = draft.facts.payer_row
    if named is None:
        draft.payer_row = next((row for row in rows if row["is_default"] == "yes"), None)
    else:
        draft.payer_row = next((row for row in rows if row["row"] == named), None)


def _is_barred(draft: Draft) -> bool:
    """Name everything that leaves nothing to bill, whatever the service."""
    bars: list[tuple[str, Row | None, str]] = []
    if draft.facts.connected is False:
        bars.append(("service.not_connected", None, "Patient and clinician were not connected: nothing took place."))
    if draft.kind is ServiceKind.NONE:
        bars.append(("service.not_billable", draft.service, str(draft.service["refusal"])))
    if draft.payer is PayerGroup.SELF_PAY:
        text = "The patient pays: the clinic's price list applies, and no code goes to a payer."
        bars.append(("payer.self_pay", draft.service, text))
    if draft.facts.payer_row is not None and draft.payer_row is None and draft.payer is PayerGroup.COMMERCIAL:
        draft.missing("payer_row")
        bars.append(("payer_row.unknown", None, "The row named for this payer is not known on that day."))
    for reason, row, text in bars:
        draft.reject(reason, row, reason, text)
    if draft.facts.payer_row is not None and draft.payer not in (PayerGroup.COMMERCIAL, PayerGroup.SELF_PAY):
        draft.warn("A payer's row was named; it counts for commercial payers only and changed nothing.")
    return bool(bars)


def _say_limits(draft: Draft) -> None:
    """Say where the answer rests on rows that nobody confirmed for the day, or lacks the CPT pack."""
    if draft.lines and not tables.CHECKED.in_force(draft.day):
        draft.check(f"rule data: not confirmed for {draft.day}")
    if not tables.cpt_in_use():
        draft.check("rule data: the CPT pack is not loaded (the operator states no licence), so its codes are missing")
