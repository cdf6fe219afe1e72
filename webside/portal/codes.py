"""Words for how ready a visit is."""

from __future__ import annotations

from enum import StrEnum


class Readiness(StrEnum):
    """What stands between now and a visit, the most pressing first."""

    STOPPED = "stopped"
    WAITING_READY = "waiting-ready"
    WAITING_CHECK_IN = "waiting-check-in"
    IN_VISIT = "in-visit"
    LATE = "late"
    NO_LICENCE = "no-licence"
    NO_CONSENT = "no-consent"
    CHECKED_IN = "checked-in"
    EXPECTED = "expected"
    DONE = "done"
    FAILED = "failed"
    MISSED = "missed"
    CANCELLED = "cancelled"


PRESSING = (Readiness.STOPPED, Readiness.WAITING_READY, Readiness.WAITING_CHECK_IN)
"""Somebody sits there and waits."""

OVER = (Readiness.DONE, Readiness.FAILED, Readiness.MISSED, Readiness.CANCELLED)


class By(StrEnum):
    """By what the figures of visits are put together."""

    WEEK = "week"
    DAY = "day"
    SERVICE = "service"
    CLINICIAN = "clinician"


WEEKS = (4, 13, 26)
"""How far back the figures of visits look, in weeks."""
