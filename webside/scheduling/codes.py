"""FHIR appointmentstatus, as far as we use it, and the words of the line of who waits to be seen now."""

from __future__ import annotations

from datetime import time
from enum import StrEnum


class AppointmentStatus(StrEnum):
    """Where an appointment stands."""

    PENDING = "pending"
    BOOKED = "booked"
    CHECKED_IN = "checked-in"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    WAITLIST = "waitlist"


HOLDS_TIME = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN, AppointmentStatus.FULFILLED)

TAKES_TIME = (*HOLDS_TIME, AppointmentStatus.PENDING)
"""What keeps a practitioner's time from others: also what is held for somebody until she has answered an offer."""

NO_APPOINTMENT = (AppointmentStatus.WAITLIST, AppointmentStatus.PENDING)
"""What is nobody's visit yet, or no more: back in the line, or only offered."""


class PersonRole(StrEnum):
    """Why somebody is booked beside the patient and the practitioner."""

    SPECIALIST = "specialist"
    NURSE = "nurse"
    INTERPRETER = "interpreter"
    FAMILY = "family"
    OTHER = "other"


AS_COLLEAGUE = (PersonRole.SPECIALIST, PersonRole.NURSE, PersonRole.INTERPRETER)
"""As what a colleague of the clinic is booked."""

FROM_OUTSIDE = (PersonRole.FAMILY, PersonRole.INTERPRETER, PersonRole.OTHER)
"""As what somebody from outside is booked."""

TREATS = (PersonRole.SPECIALIST,)
"""Who treats the patient too: of these the gates are asked, as of the practitioner. The others help whoever treats."""


class PersonRelation(StrEnum):
    """What a member of the family, or who is near to it, is to the patient."""

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    GUARDIAN = "guardian"
    CARER = "carer"
    FRIEND = "friend"
    OTHER = "other"


class PersonNews(StrEnum):
    """What is told to somebody who is booked beside the two."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REMOVED = "removed"
    REMINDER = "reminder"


class Urgency(StrEnum):
    """How soon somebody in the line should be seen, the least first."""

    ROUTINE = "routine"
    SOON = "soon"
    URGENT = "urgent"


class QueueStatus(StrEnum):
    """Where somebody stands who asked to be seen now."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    UNANSWERED = "unanswered"
    CALLBACK = "callback"
    SEEN = "seen"
    LEFT = "left"
    REMOVED = "removed"
    NOSHOW = "noshow"
    BOOKED = "booked"


IN_LINE = (QueueStatus.WAITING, QueueStatus.CLAIMED, QueueStatus.UNANSWERED, QueueStatus.CALLBACK)
"""Who is still to be seen or called: a person has one such entry in a clinic."""


class DutyEnd(StrEnum):
    """Why somebody takes no more people from the line."""

    SWITCHED_OFF = "switched-off"
    TIME_OVER = "time-over"
    SIGNED_OUT = "signed-out"
    PAGE_GONE = "page-gone"


class CallWindow(StrEnum):
    """When somebody would like to be called."""

    SOON = "soon"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NEXT_DAY = "next-day"


class CallOutcome(StrEnum):
    """What became of a call-back."""

    REACHED = "reached"
    NOT_REACHED = "not-reached"
    CLOSED = "closed"
    IN_LINE_AGAIN = "in-line-again"


class QueueTrouble(StrEnum):
    """What the board warns of, the worst first."""

    NOBODY_LICENSED = "nobody-licensed"
    CLOSED = "closed"
    PROMISE_BROKEN = "promise-broken"
    UNANSWERED = "unanswered"
    CLOSING = "closing"


class Confirmed(StrEnum):
    """How it became known that the patient means to come."""

    TEXT = "text"
    LINK = "link"
    PAGE = "page"
    DESK = "desk"


class Missed(StrEnum):
    """Why a visit did not take place at its time."""

    PATIENT = "patient"
    TECHNICAL = "technical"
    CLINICIAN = "clinician"
    LATE_CANCEL = "late-cancel"
    OTHER = "other"


class DayPart(StrEnum):
    """A part of a day on the wall clock: before noon, until five, from five on."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


NOON = time(12)
EVENING = time(17)
"""When the afternoon begins, and the evening."""


class Every(StrEnum):
    """How often a visit comes again."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


REST_CANCELLED = "the rest of a series"
"""Why a visit was cancelled together with others: they are told of in one letter."""


class WaitlistStatus(StrEnum):
    """Where somebody stands who waits for a time that becomes free."""

    WAITING = "waiting"
    BOOKED = "booked"
    LEFT = "left"
    REMOVED = "removed"
    OVER = "over"


class OfferStatus(StrEnum):
    """What became of a time that was offered to somebody on the waiting list."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class CalendarTrouble(StrEnum):
    """Why another calendar could not be read."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    GONE = "gone"
    REFUSED = "refused"
    SERVER = "server"
    NOT_A_CALENDAR = "not-a-calendar"
    TOO_BIG = "too-big"
    INSIDE = "inside"
    UNREADABLE = "unreadable"
    SEALED = "sealed"


class OnCallWhy(StrEnum):
    """What was left undone, so that who is on call is reached."""

    HELP = "help"
    HAND_OVER = "hand-over"
    LINE = "line"
