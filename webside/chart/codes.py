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


class SummaryPart(StrEnum):
    """What the patient takes home: fields of the note that are written for her."""

    IN_SHORT = "patient_summary"
    YOU_DO = "patient_instructions"
    WE_DO = "clinic_actions"
    GET_HELP = "warning_signs"


class DecisionMaking(StrEnum):
    """Levels of medical decision-making (the words of ``billing.codes``)."""

    STRAIGHTFORWARD = "straightforward"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class ListCode(StrEnum):
    """The lists that are confirmed with the patient."""

    ALLERGIES = "allergies"
    MEDICATIONS = "medications"
    PROBLEMS = "problems"


class ReadingSource(StrEnum):
    """How somebody who typed a vital sign knows it: nobody measured it through Webside."""

    SAID = "said"
    """Said aloud by the patient or who is with her."""
    SHOWN = "shown"
    """Read off her own device in the picture."""
    MEASURED = "measured"
    """Measured by who typed it, or by a colleague."""


class EmptyReason(StrEnum):
    """FHIR list-empty-reason: somebody asked, and there is nothing."""

    NIL_KNOWN = "nilknown"


class Criticality(StrEnum):
    """FHIR allergy-intolerance-criticality."""

    HIGH = "high"
    LOW = "low"
    UNKNOWN = "unable-to-assess"


class ClinicalStatus(StrEnum):
    """FHIR condition-clinical and allergyintolerance-clinical, as far as we use them."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    RESOLVED = "resolved"


class MedicationStatus(StrEnum):
    """FHIR medication-statement-status, as far as we use it."""

    ACTIVE = "active"
    STOPPED = "stopped"


class PlanStatus(StrEnum):
    """FHIR request-status, as far as we use it: a plan holds, has done its work, or was given up."""

    ACTIVE = "active"
    COMPLETED = "completed"
    REVOKED = "revoked"


class StepStatus(StrEnum):
    """Where a step of a plan stands (FHIR care-plan-activity-status, as far as we use it)."""

    OPEN = "scheduled"
    DONE = "completed"
    GIVEN_UP = "cancelled"


class OwnerKind(StrEnum):
    """Who a step belongs to: somebody who works here, the patient, or who acts for her."""

    STAFF = "staff"
    PATIENT = "patient"
    DELEGATE = "delegate"


class StepTime(StrEnum):
    """Until when a step is to be done: no day, a day, or so many days before or after what the plan turns on."""

    NONE = ""
    BY = "by"
    BEFORE = "before"
    AFTER = "after"


class PlanChangeKind(StrEnum):
    """What was changed in a plan."""

    MADE = "made"
    ADDED = "added"
    STEP = "step"
    MOVED = "moved"
    DONE = "done"
    GIVEN_UP = "given-up"
    REOPENED = "reopened"
    DAY = "day"
    TAKEN_OVER = "taken-over"
    AGREED = "agreed"
    CLOSED = "closed"


class TransferKind(StrEnum):
    """What a visit turned into."""

    EMERGENCY = "emergency"
    IN_PERSON = "in-person"


class Destination(StrEnum):
    """Where somebody is to be seen in person."""

    EMERGENCY_DEPARTMENT = "emergency-department"
    URGENT_CARE = "urgent-care"
    OUR_CLINIC = "our-clinic"
    OWN_DOCTOR = "own-doctor"


class HowSoon(StrEnum):
    """How soon she is to be there."""

    NOW = "now"
    TODAY = "today"
    TOMORROW = "tomorrow"
    DAYS = "days"


class Travel(StrEnum):
    """How she gets there."""

    AMBULANCE = "ambulance"
    DRIVEN = "driven"
    TAXI = "taxi"
    ON_FOOT = "on-foot"
    DRIVES = "drives"


class Caller(StrEnum):
    """Who called for help."""

    CLINICIAN = "clinician"
    PATIENT = "patient"
    NEARBY = "nearby"
    STAFF = "staff"


class TransferOutcome(StrEnum):
    """What became of it; empty while nobody knows. ``mistake``: it was pressed by mistake, and counts for nothing."""

    ARRIVED = "arrived"
    NOT_GONE = "not-gone"
    NOT_NEEDED = "not-needed"
    UNKNOWN = "unknown"
    MISTAKE = "mistake"


class AheadStanding(StrEnum):
    """Whether a link that was sent ahead shows a sheet, or why not. ``tried``: the code was wrong too many times."""

    OPEN = "open"
    OVER = "over"
    ENDED = "ended"
    TRIED = "tried"
