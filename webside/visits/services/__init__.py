"""Changing visits: check in, let in, hold, end; what the clinician answers for; what is said in the chat."""

from __future__ import annotations

from webside.visits.services.chat import write_message
from webside.visits.services.check_in import (
    ANSWERS,
    CHECK_IN_SOON,
    VISIT_CONSENT,
    CheckIn,
    check_devices,
    complete_safe_start,
    save_safe_start,
    standing_consent,
)
from webside.visits.services.clinician import (
    admit,
    answer_for_gate,
    confirm_identity,
    end_visit,
    fail_visit,
    hold_visit,
    note_noshow,
    start_visit,
)
from webside.visits.services.errors import Incomplete, NeedsReason, NotAllowed, NotOffered, WrongStage
from webside.visits.services.rooms import open_visit
from webside.visits.services.stops import hand_over

__all__ = [
    "ANSWERS",
    "CHECK_IN_SOON",
    "VISIT_CONSENT",
    "CheckIn",
    "Incomplete",
    "NeedsReason",
    "NotAllowed",
    "NotOffered",
    "WrongStage",
    "admit",
    "answer_for_gate",
    "check_devices",
    "complete_safe_start",
    "confirm_identity",
    "end_visit",
    "fail_visit",
    "hand_over",
    "hold_visit",
    "note_noshow",
    "open_visit",
    "save_safe_start",
    "standing_consent",
    "start_visit",
    "write_message",
]
