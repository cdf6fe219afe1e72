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
    """Whose side somebody is on in the room."""

    PATIENT = "patient"
    CLINICIAN = "clinician"


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


class DeviceVerdict(StrEnum):
    """How a visit can be held from the patient's place (``static/visits/visits-device-check.js``)."""

    VIDEO = "video"
    LOW_VIDEO = "low_video"
    AUDIO_ONLY = "audio_only"
    PHONE = "phone"


class Stage(StrEnum):
    """Which page a visit is on for the people in it."""

    CANCELLED = "cancelled"
    CHECK_IN = "check-in"
    STOPPED = "stopped"
    WAITING = "waiting"
    ROOM = "room"
    ENDED = "ended"


class Step(StrEnum):
    """What a patient does before she is let in, in this order."""

    DEVICES = "devices"
    ANSWERS = "answers"
    AGREEMENT = "agreement"
    WAITING = "waiting"
