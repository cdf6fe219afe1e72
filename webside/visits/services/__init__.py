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
from webside.visits.services.errors import (
    Incomplete,
    NeedsReason,
    NotAllowed,
    NotOffered,
    NotWithoutPatient,
    RoomFull,
    WrongStage,
)
from webside.visits.services.rooms import open_visit
from webside.visits.services.seats import (
    Asked,
    Taken,
    ask_again,
    ask_away,
    ask_in,
    let_in,
    part_without_patient,
    permit,
    remove,
    secret_hash,
    send_to_lobby,
    take_seat,
)
from webside.visits.services.stops import hand_over

__all__ = [
    "ANSWERS",
    "CHECK_IN_SOON",
    "VISIT_CONSENT",
    "Asked",
    "CheckIn",
    "Incomplete",
    "NeedsReason",
    "NotAllowed",
    "NotOffered",
    "NotWithoutPatient",
    "RoomFull",
    "Taken",
    "WrongStage",
    "admit",
    "answer_for_gate",
    "ask_again",
    "ask_away",
    "ask_in",
    "check_devices",
    "complete_safe_start",
    "confirm_identity",
    "end_visit",
    "fail_visit",
    "hand_over",
    "hold_visit",
    "let_in",
    "note_noshow",
    "open_visit",
    "part_without_patient",
    "permit",
    "remove",
    "save_safe_start",
    "secret_hash",
    "send_to_lobby",
    "standing_consent",
    "start_visit",
    "take_seat",
    "write_message",
]
