"""Words of the trail."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing was done (FHIR AuditEvent.action: C, R, U, D, E)."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class Outcome(StrEnum):
    """How it ended (FHIR AuditEvent.outcome)."""

    SUCCESS = "0"
    REFUSED = "4"
    FAILED = "8"
