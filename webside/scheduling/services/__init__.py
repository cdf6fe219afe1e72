"""Booking, moving, cancelling; links; hours."""

from __future__ import annotations

from webside.scheduling.services.appointments import (
    cancel_appointment,
    check_in_appointment,
    fulfil_appointment,
    mark_noshow,
    move_appointment,
    restore_appointment,
    tell_lists,
)
from webside.scheduling.services.booking import VisitorDetails, book_appointment, book_as_visitor, book_with_consent
from webside.scheduling.services.errors import (
    AlreadyBooked,
    CannotBook,
    GatesStop,
    HoursOver,
    HoursOverlap,
    KeyReused,
    NotAllowed,
    PatientBusy,
    SlotPassed,
    SlotTaken,
    WrongStatus,
)
from webside.scheduling.services.hours import (
    add_exception,
    add_hours,
    add_week,
    end_hours,
    remove_exception,
    reopen_hours,
)
from webside.scheduling.services.links import close_link, issue_link, open_link, token_hash

__all__ = [
    "AlreadyBooked",
    "CannotBook",
    "GatesStop",
    "HoursOver",
    "HoursOverlap",
    "KeyReused",
    "NotAllowed",
    "PatientBusy",
    "SlotPassed",
    "SlotTaken",
    "VisitorDetails",
    "WrongStatus",
    "add_exception",
    "add_hours",
    "add_week",
    "book_appointment",
    "book_as_visitor",
    "book_with_consent",
    "cancel_appointment",
    "check_in_appointment",
    "close_link",
    "end_hours",
    "fulfil_appointment",
    "issue_link",
    "mark_noshow",
    "move_appointment",
    "open_link",
    "remove_exception",
    "reopen_hours",
    "restore_appointment",
    "tell_lists",
    "token_hash",
]
