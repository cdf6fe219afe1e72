"""Words that stand in the data of one clinic and nowhere else.

Each text that somebody could spill carries a word of its own, so that a leak also says what leaked.
"""

from __future__ import annotations

BIRDS = {"larkspur": "zebrafinch", "northgate": "nightjar"}
"""The bird of each clinic: it is part of every canary of that clinic."""

KINDS = (
    "name", "address", "nearby", "reason", "cancelled", "subjective", "plan", "instructions", "addendum",
    "diagnosis", "allergy", "medicine", "chat", "override", "signer", "timeoff", "staff", "colleague", "file",
    "text", "guest", "wrong", "shared", "calendar", "ical", "goal", "handing", "sent",
)  # fmt: skip


def canary(slug: str, kind: str) -> str:
    """Return the word that stands in this kind of text at this clinic."""
    if kind not in KINDS:
        raise KeyError(kind)
    return f"{kind}{BIRDS[slug]}"


def found_in(text: bytes | str, slug: str) -> set[str]:
    """Return the kinds of a clinic's canaries that a text holds, in whatever case."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    low = plain.casefold()
    if BIRDS[slug] not in low:
        return set()
    return {kind for kind in KINDS if canary(slug, kind) in low} or {"?"}
