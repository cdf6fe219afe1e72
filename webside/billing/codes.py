"""The words of billing: who pays, what was done, and how a payer looks at a code.

These are the vocabularies that the facts and the data files share. A code, a threshold or a date of
a payer is never one of them: those stand in ``data/``.
"""

from __future__ import annotations

from enum import StrEnum


class Payer(StrEnum):
    """The nine kinds of payer (``data/payers.csv`` maps each to a :class:`PayerGroup`)."""

    MEDICARE = "medicare"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICAID = "medicaid"
    MEDICAID_MCO = "medicaid_mco"
    COMMERCIAL = "commercial"
    TRICARE = "tricare"
    VA_CCN = "va_ccn"
    WORKERS_COMP = "workers_comp"
    SELF_PAY = "self_pay"


class PayerGroup(StrEnum):
    """The four sets of rules by which a payer is judged."""

    MEDICARE = "medicare"
    MEDICAID = "medicaid"
    COMMERCIAL = "commercial"
    SELF_PAY = "self_pay"


class Service(StrEnum):
    """What was done for the patient."""

    VISIT = "visit"
    CHECK_IN = "check_in"
    E_VISIT = "e_visit"
    E_CONSULT = "e_consult"
    PSYCHOTHERAPY = "psychotherapy"
    RPM_SETUP = "rpm_setup"
    RPM_MONTH = "rpm_month"
    EDUCATION_GROUP = "education_group"
    SMOKING = "smoking"
    COACHING = "coaching"


class ServiceKind(StrEnum):
    """How payers see a service: telehealth, another service without a meeting, or no claim at all."""

    TELEHEALTH = "telehealth"
    VIRTUAL = "virtual"
    NONE = "none"


class PatientAt(StrEnum):
    """Where the patient is during the service. ``other`` is anywhere that is not a home or a clinic."""

    HOME = "home"
    CLINIC = "clinic"
    OTHER = "other"


class Modality(StrEnum):
    """Picture and sound, or sound alone."""

    VIDEO = "video"
    AUDIO = "audio"


class AudioReason(StrEnum):
    """Why a visit was by sound alone. ``technical``: the picture failed on the patient's side."""

    PATIENT_CANNOT = "patient_cannot"
    PATIENT_DECLINES = "patient_declines"
    TECHNICAL = "technical"


class DecisionMaking(StrEnum):
    """Complexity of medical decision-making, from least to most."""

    STRAIGHTFORWARD = "straightforward"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Profession(StrEnum):
    """Profession of the clinician (a credential may refine it: ``data/professions.csv``)."""

    PHYSICIAN = "physician"
    NURSE = "nurse"
    NURSE_PRACTITIONER = "nurse_practitioner"
    PHYSICIAN_ASSISTANT = "physician_assistant"
    PSYCHOLOGIST = "psychologist"
    COUNSELOR = "counselor"
    SOCIAL_WORKER = "social_worker"
    PHYSICAL_THERAPIST = "physical_therapist"
    OCCUPATIONAL_THERAPIST = "occupational_therapist"
    SPEECH_THERAPIST = "speech_therapist"
    DIETITIAN = "dietitian"
    PHARMACIST = "pharmacist"
    DIABETES_EDUCATOR = "diabetes_educator"
    COACH = "coach"


class Coverage(StrEnum):
    """What a group of payers does with a code."""

    PAYABLE = "payable"
    PAYER_SPECIFIC = "payer_specific"
    STATE = "state"
    OTHER_CODE = "other_code"
    BUNDLED = "bundled"
    NOT_PAYABLE = "not_payable"


class Requirement(StrEnum):
    """What a group of payers wants of a modifier."""

    REQUIRED = "required"
    REQUIRED_UNLESS_PAYER_ROW = "required_unless_payer_row"
    NOT_NEEDED = "not_needed"
    MUST_NOT = "must_not"
    STATE_CONFIG = "state_config"


class SiteFeeOf(StrEnum):
    """Who has a fee for the place where the patient sits."""

    OF_SITE = "of_site"
    NONE = "none"
    NOT_CHECKED = "not_checked"


class WindowStatus(StrEnum):
    """How the law for Medicare telehealth stands on a day."""

    IN_FORCE = "in_force"
    IN_FORCE_RETROACTIVE = "in_force_retroactive"
    PERMANENT_LAW = "permanent_law"


class TurnedInto(StrEnum):
    """What a visit turned into: an emergency, or care in person and where. Only ``our_clinic`` is who bills."""

    EMERGENCY = "emergency"
    EMERGENCY_DEPARTMENT = "emergency_department"
    URGENT_CARE = "urgent_care"
    OUR_CLINIC = "our_clinic"
    OWN_DOCTOR = "own_doctor"


class TransferEffect(StrEnum):
    """What that does to the charge."""

    BUNDLED_IF_SEEN = "bundled_if_seen"
    LOOK = "look"
    NO_CHARGE = "no_charge"


class ClaimState(StrEnum):
    """How far a draft claim is, as the biller's list shows it."""

    TO_REVIEW = "to-review"
    REVIEWED = "reviewed"
    NOTHING = "nothing"
