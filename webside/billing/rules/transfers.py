"""What becomes of the charge when a visit turned into an emergency or into care in person."""

from __future__ import annotations

from webside.billing.codes import Service, TransferEffect
from webside.billing.rules import tables
from webside.billing.rules.coverage import payer_name
from webside.billing.rules.draft import Draft, spoken
from webside.billing.rules.facts import CodesAnswer, CodesFacts
from webside.core.dated import Confidence, Row

NO_CHARGE = "transfer.no_charge"
BUNDLED = "transfer.bundled"
OTHER = "other"


def follow_transfer(draft: Draft) -> None:
    """Take lines away where the payer counts them to the visit in person, and say what only a person can look at."""
    turned = draft.facts.turned_into
    if turned is None or draft.facts.connected is False:
        return
    row = _row(draft)
    what = spoken([str(turned)])
    if row is None:
        draft.check(f"The visit turned into: {what}. No rule is known for {payer_name(draft)} on that day.")
        return
    text = f"The visit turned into: {what}. {_sentence(row)}"
    match TransferEffect(row["effect"]):
        case TransferEffect.NO_CHARGE:
            draft.reject(NO_CHARGE, row, NO_CHARGE, text)
        case TransferEffect.LOOK:
            _look(draft, row, what)
        case TransferEffect.BUNDLED_IF_SEEN:
            _bundle(draft, row, text)


def is_free(facts: CodesFacts, answer: CodesAnswer) -> bool:
    """Whether somebody who pays herself is asked for nothing: no visit came about, or it turned into something else."""
    return facts.connected is False or any(refused.reason == NO_CHARGE for refused in answer.rejected)


def _sentence(row: Row) -> str:
    text = str(row["text"])
    return f"{text[:1].upper()}{text[1:]}."


def _row(draft: Draft) -> Row | None:
    service = draft.name if draft.name is Service.CHECK_IN else OTHER
    rows = tables.TRANSFERS.in_force(draft.day, payer=str(draft.payer), service=str(service))
    return next((row for row in rows if str(draft.facts.turned_into) in tables.words(row, "turned_into")), None)


def _look(draft: Draft, row: Row, what: str) -> None:
    unsure = "; nobody has confirmed this" if row.confidence is Confidence.LOW else ""
    draft.check(f"The visit turned into: {what}. To be looked at: {row['text']} [{row.citation}{unsure}]")


def _bundle(draft: Draft, row: Row, text: str) -> None:
    """Take the lines away once she was seen; before that is known, say what it hangs on. Who didn't go changes nothing."""
    seen = draft.facts.seen_within_a_day
    if seen is None:
        draft.missing("seen_within_a_day")
        draft.check(f"If the patient was seen there: {text} [{row.citation}]")
    elif seen:
        for line in draft.lines:
            draft.reject(line.code, row, BUNDLED, text)
        draft.lines.clear()
