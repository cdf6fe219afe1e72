"""Value sets of the chart (FHIR codes verbatim)."""

from __future__ import annotations

from enum import StrEnum


class EncounterStatus(StrEnum):
    """FHIR encounter-status, as far as we use it."""

    IN_PROGRESS = "in-progress"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class NoteStatus(StrEnum):
    """FHIR composition-status: a draft is preliminary, a signed note final."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


class ConditionCategory(StrEnum):
    """FHIR condition-category."""

    PROBLEM = "problem-list-item"
    DIAGNOSIS = "encounter-diagnosis"


class NotePart(StrEnum):
    """The four parts of a note."""

    SUBJECTIVE = "subjective"
    OBJECTIVE = "objective"
    ASSESSMENT = "assessment"
    PLAN = "plan"


class DecisionMaking(StrEnum):
    """How complex the decision was, as the clinician states it (the words of ``billing.codes``)."""

    STRAIGHTFORWARD = "straightforward"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
