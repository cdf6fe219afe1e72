"""What billing asks before a note is signed. Nothing here stops care; it says what payment needs."""

from __future__ import annotations

from webside.billing import selectors
from webside.catalog import gates
from webside.catalog.codes import Kind
from webside.catalog.gates import Case, Finding, Moment
from webside.chart import selectors as chart
from webside.compliance.codes import ReasonCode
from webside.core.decisions import Reason


def insurance_checked(case: Case) -> Finding | None:
    """Whether somebody has confirmed the patient's cover."""
    encounter = chart.encounter_in(case)
    if encounter is None or not encounter.service.billing_service:
        return None
    coverage = selectors.coverage_in(case, encounter)
    if coverage is None:
        text = "No insurance on file: the clinic’s price list applies."
        reason = Reason(code="coverage.none", text=text, source="patient’s record")
        return Finding("insurance_checked", "payment", "warn", text, (reason,), (), True, None)
    if coverage.checked_at is None:
        text = f"Not checked: whether {coverage.payer.name} covers this visit. The claim can go without it."
        reason = Reason(code="coverage.not_checked", text=text, source="no answer of the payer is on file")
        fix = "Ask the payer before the claim leaves."
        return Finding("insurance_checked", "payment", "not_checked", text, (reason,), (fix,), True, None)
    text = f"{coverage.payer.name} confirmed on {coverage.checked_at:%B %-d, %Y}."
    return Finding("insurance_checked", "payment", "pass", text, (), (), True, None)


def code_supported(case: Case) -> Finding | None:
    """Whether what happened supports a code."""
    encounter = chart.encounter_in(case)
    if encounter is None or not encounter.service.billing_service:
        return None
    answer = selectors.preview(case, encounter)
    if answer.lines:
        named = ", ".join(f"{line.code} {' '.join(line.modifiers)}".strip() for line in answer.lines)
        text = f"What happened supports {named}."
        return Finding("code_supported", "payment", "pass", text, tuple(answer.lines[0].reasons), (), True, None)
    reasons = tuple(
        Reason(code=refused.reason, text=refused.text, source=refused.source) for refused in answer.rejected[:3]
    )
    text = reasons[0].text if reasons else "Nothing that happened gives a code."
    if reasons and reasons[0].code == ReasonCode.FACT_MISSING:
        text = f"No code yet. Not stated: {', '.join(selectors.in_words(answer.not_checked))}."
    return Finding("code_supported", "payment", "warn", text, reasons, (), True, None)


def register() -> None:
    """Register the gates of this app."""
    gates.register(
        "insurance_checked", insurance_checked, moments={Moment.SIGN}, kinds={Kind.TELEMEDICINE}, area="payment",
        overridable=True, title="Insurance",
    )  # fmt: skip
    gates.register(
        "code_supported", code_supported, moments={Moment.SIGN}, kinds={Kind.TELEMEDICINE}, area="payment",
        overridable=True, title="Code",
    )  # fmt: skip
