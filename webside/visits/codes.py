"""Where a visit's room stands."""

from __future__ import annotations

from enum import StrEnum


class VisitStatus(StrEnum):
    """From booked to done."""

    PLANNED = "planned"
    WAITING = "waiting"
    IN_PROGRESS = "in-progress"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


class ParticipantRole(StrEnum):
    """Whose side somebody is on in the room."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
