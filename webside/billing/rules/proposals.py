"""Codes that somebody wants to bill: each that does not stand is refused, with its successor if there is one."""

from __future__ import annotations

from webside.billing.rules import tables
from webside.billing.rules.draft import Draft
from webside.billing.rules.timed import refuse_upcoming, reject_retired


def answer_proposals(draft: Draft) -> None:
    """Say of every proposed code that is no line why it is none."""
    settled = draft.codes() | {entry.code for entry in draft.rejected}
    for code in dict.fromkeys(draft.facts.proposed):
        if code not in settled:
            _refuse(draft, code)


def _refuse(draft: Draft, code: str) -> None:
    retired = tables.RETIRED.in_force(draft.day, code=code)
    if retired:
        for row in retired:
            reject_retired(draft, row)
        return
    add_on = tables.ADD_ONS.in_force(draft.day, code=code)
    if add_on:
        bases = ", ".join(row["base"] for row in add_on)
        draft.reject(code, add_on[0], "add_on.no_base", f"It stands only beside {bases}.")
        return
    for shelf in tables.CODE_SHELVES:
        for row in shelf.in_force(draft.day, code=code):
            draft.reject(code, row, "code.not_supported", "The facts as given do not lead to it.")
            return
    for shelf in tables.CODE_SHELVES:
        for row in shelf.upcoming(draft.day, code=code):
            refuse_upcoming(draft, row)
            return
    draft.reject(code, None, "code.unknown", "It is not among the codes that this rule knows.")
    draft.check(f"{code}: it is not among the codes that this rule knows")
