"""FHIR appointmentstatus, as far as we use it."""

from __future__ import annotations

from enum import StrEnum


class AppointmentStatus(StrEnum):
    """Where an appointment stands."""

    BOOKED = "booked"
    CHECKED_IN = "checked-in"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"


HOLDS_TIME = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN, AppointmentStatus.FULFILLED)
