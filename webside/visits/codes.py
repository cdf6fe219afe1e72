"""Where a visit's room stands."""

from __future__ import annotations

from enum import StrEnum


class VisitStatus(StrEnum):
    """From booked to done. ``waiting`` holds until both hear each other; ``stopped`` can be mended."""

    PLANNED = "planned"
    WAITING = "waiting"
    IN_PROGRESS = "in-progress"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


OVER = (VisitStatus.FINISHED, VisitStatus.FAILED)


class ParticipantRole(StrEnum):
    """Why somebody is in the room. The first two make the visit; the others are asked in."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    NURSE = "nurse"
    SPECIALIST = "specialist"
    INTERPRETER = "interpreter"
    FAMILY = "family"
    PRESENTER = "presenter"
    OBSERVER = "observer"


MAIN = (ParticipantRole.PATIENT, ParticipantRole.CLINICIAN)
"""The two sides of a visit: between them it takes place, and its minutes are counted."""


class Relation(StrEnum):
    """What a member of the family, or who is near to it, is to the patient."""

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    GUARDIAN = "guardian"
    CARER = "carer"
    FRIEND = "friend"
    OTHER = "other"


class Grade(StrEnum):
    """How sound or picture was over a call. ``unknown``: nothing was measured, or no row says what is good."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


class Advice(StrEnum):
    """What somebody can do better next time, from how a call went."""

    NEARER = "nearer"
    LINE = "line"
    DELAY = "delay"
    PICTURE = "picture"


class SeatStage(StrEnum):
    """Which page somebody who was asked in is on."""

    LOBBY = "lobby"
    ROOM = "room"
    REMOVED = "removed"
    ENDED = "ended"


class LinkStanding(StrEnum):
    """Whether the link of an invitation still seats somebody, or why not."""

    OPEN = "open"
    TAKEN = "taken"
    REVOKED = "revoked"
    EXPIRED = "expired"
    OVER = "over"


class HandOverOutcome(StrEnum):
    """What became of a visit that was to go to a colleague; empty while nobody has answered."""

    TAKEN = "taken"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    OVER = "over"


class Busy(StrEnum):
    """Whether a colleague could take somebody now."""

    FREE = "free"
    WITH_SOMEBODY = "with-somebody"
    SOON = "soon"


class EndReason(StrEnum):
    """Why a room was closed. Only ``completed`` can lead to a code."""

    COMPLETED = "completed"
    TECHNICAL = "technical"
    NOSHOW = "noshow"


class AudioReason(StrEnum):
    """Why there was no picture (the words of ``billing.codes``)."""

    PATIENT_CANNOT = "patient_cannot"
    PATIENT_DECLINES = "patient_declines"
    TECHNICAL = "technical"


class PlaceKind(StrEnum):
    """Where the patient is (the words of ``billing.codes``)."""

    HOME = "home"
    CLINIC = "clinic"
    OTHER = "other"


class SiteKind(StrEnum):
    """What a place is that helps with visits (the words of ``billing``'s ``site_fees.csv``)."""

    CLINIC = "clinic"
    HEALTH_CENTER = "health_center"
    HOSPITAL = "hospital"
    MENTAL_HEALTH = "mental_health"
    NURSING_HOME = "nursing_home"
    SCHOOL = "school"
    OTHER = "other"


class Kit(StrEnum):
    """What stands ready in a room from which somebody is helped to have a visit."""

    EXAM_CAMERA = "exam_camera"
    STETHOSCOPE = "stethoscope"
    OTOSCOPE = "otoscope"
    DERMATOSCOPE = "dermatoscope"
    BLOOD_PRESSURE = "blood_pressure"
    OXIMETER = "oximeter"
    THERMOMETER = "thermometer"
    GLUCOSE = "glucose"
    SCALE = "scale"
    ECG = "ecg"
    SPIROMETER = "spirometer"


class PresenterRole(StrEnum):
    """What somebody is who sits beside a patient at a place that helps with visits."""

    NURSE = "nurse"
    ASSISTANT = "assistant"
    AIDE = "aide"
    TEACHER = "teacher"
    OTHER = "other"


class DeviceVerdict(StrEnum):
    """How a visit can be held from the patient's place (``static/visits/visits-device-check.js``)."""

    VIDEO = "video"
    LOW_VIDEO = "low_video"
    AUDIO_ONLY = "audio_only"
    PHONE = "phone"


class LineTest(StrEnum):
    """What the test of a line said (``networkWordOf`` in ``static/visits/visits-device-check.js``)."""

    WORKS = "works"
    LOW = "low"
    UNMEASURED = "unmeasured"
    SLOW = "slow"
    SOUND = "sound"
    RELAY_REFUSED = "relay-refused"
    RELAY_BLOCKED = "relay-blocked"
    OFFLINE = "offline"


BAD_LINES = (LineTest.SLOW, LineTest.SOUND, LineTest.RELAY_REFUSED, LineTest.RELAY_BLOCKED, LineTest.OFFLINE)
"""Lines on which a picture is not to be hoped for."""


class Shape(StrEnum):
    """What somebody draws on a picture."""

    PEN = "pen"
    ARROW = "arrow"


class Ink(StrEnum):
    """What it is drawn with: a colour and a kind of line, so that whoever sees no colours tells them apart."""

    YELLOW = "yellow"
    BLUE = "blue"
    RED = "red"


class Stage(StrEnum):
    """Which page a visit is on for the people in it."""

    CANCELLED = "cancelled"
    CHECK_IN = "check-in"
    STOPPED = "stopped"
    WAITING = "waiting"
    ROOM = "room"
    ENDED = "ended"


class PhoneState(StrEnum):
    """Where a phone call of a visit stands.

    ``asked``: the carrier has not been told yet; ``asking``: it wants a code or a key.
    """

    ASKED = "asked"
    RINGING = "ringing"
    ASKING = "asking"
    LOBBY = "lobby"
    ROOM = "room"
    ENDED = "ended"


class PhonePlace(StrEnum):
    """Where somebody who calls belongs: nobody comes from the lobby into the room by herself."""

    LOBBY = "lobby"
    ROOM = "room"
    GONE = "gone"


class PhoneWhy(StrEnum):
    """Why a phone call ended, or never came about."""

    HUNG_UP = "hung-up"
    SENT_AWAY = "sent-away"
    OVER = "over"
    WRONG_CODE = "wrong-code"
    TOO_MANY = "too-many"
    EARLY = "early"
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    REFUSED = "refused"
    AWAY = "away"
    LOST = "lost"


class Step(StrEnum):
    """What a patient does before she is let in, in this order."""

    DEVICES = "devices"
    ANSWERS = "answers"
    AGREEMENT = "agreement"
    WAITING = "waiting"


class VoiceAnswer(StrEnum):
    """Whether somebody lets her voice be written down for who reads it; empty while she hasn't said."""

    AGREED = "agreed"
    DECLINED = "declined"


WITHIN = frozenset(["captions", "chat", "code", "picture", "seats"])
"""Hints of what happens in the room: who comes and goes, writes, shows. A patient outside is told none of them."""

FOLLOW_UP_DAYS = (7, 14, 21, 28)
"""After how many days a clinician proposes to meet again: whole weeks, so that it is the same day of the week.

No more than ``scheduling`` books ahead: what can't be booked yet would be forgotten."""
