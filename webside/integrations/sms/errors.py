"""The carrier's own numbers for what went wrong (Twilio's error and warning dictionary), in our words."""

from __future__ import annotations

from webside.notifications.codes import Reason

REASONS: dict[int, Reason] = {
    # Answered at once.
    20003: Reason.CREDENTIALS,
    20429: Reason.PACE,
    14107: Reason.PACE,
    21211: Reason.INVALID,
    21217: Reason.INVALID,
    21408: Reason.REFUSED,  # our account may not text this country
    21610: Reason.STOPPED,
    21612: Reason.UNREACHABLE,
    21614: Reason.LANDLINE,
    21617: Reason.TOO_LONG,
    # Said later, by a call back.
    30001: Reason.PACE,
    30003: Reason.UNREACHABLE,
    30004: Reason.FILTERED,
    30005: Reason.INVALID,
    30006: Reason.LANDLINE,
    30007: Reason.FILTERED,
    30008: Reason.UNREACHABLE,
    30034: Reason.FILTERED,  # the sending number is not registered (A2P 10DLC)
}


def reason_of(code: object) -> Reason:
    """Return our word for a code as it stands in an answer or a call back (a number, or its digits)."""
    text = str(code or "")
    return REASONS.get(int(text), Reason.REFUSED) if text.isdigit() else Reason.REFUSED
