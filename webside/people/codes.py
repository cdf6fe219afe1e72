"""Value sets of people (FHIR codes verbatim)."""

from __future__ import annotations

from enum import StrEnum


class Gender(StrEnum):
    """FHIR administrative-gender."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"
