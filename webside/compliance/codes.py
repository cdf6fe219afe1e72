"""The words of compliance: what facts may say and what answers are coded with."""

from __future__ import annotations

from enum import StrEnum


class ServiceKind(StrEnum):
    """What a service is, which decides the checks that it brings."""

    TELEMEDICINE = "telemedicine"
    TELEHEALTH = "telehealth"
    TELECARE = "telecare"


class Gate(StrEnum):
    """One check of a service; ``gates.yaml`` says what each kind of service demands of it."""

    PLACE = "place"
    PROFESSION = "profession"
    LICENCE = "licence"
    CREDENTIAL = "credential"
    EXCLUSION = "exclusion"
    CONSENT = "consent"
    GUARDIAN = "guardian"
    PRESCRIBING = "prescribing"


class Demand(StrEnum):
    """What a kind of service asks of a gate."""

    REQUIRED = "required"
    IF_GIVEN = "if_given"
    NOT_NEEDED = "not_needed"
    REFUSED = "refused"


class Modality(StrEnum):
    """How a service is held."""

    VIDEO = "video"
    AUDIO_ONLY = "audio_only"
    CHAT = "chat"
    ASYNCHRONOUS = "asynchronous"
    MONITORING = "monitoring"
    GROUP = "group"
    IN_PERSON = "in_person"


class Profession(StrEnum):
    """What the person who gives the service is; ``nurse`` is RN and LPN."""

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


class LicenceType(StrEnum):
    """What kind of authority a licence row stands for. A licence got through IMLC is a full one."""

    FULL = "full"
    COMPACT_PRIVILEGE = "compact_privilege"
    TELEHEALTH_REGISTRATION = "telehealth_registration"


class LicenceStatus(StrEnum):
    """A licence's standing with its board."""

    ACTIVE = "active"
    PROBATION = "probation"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    LAPSED = "lapsed"


class Compact(StrEnum):
    """Licence compacts. IMLC is known so that the answer can say that it gives no privilege."""

    NLC = "NLC"
    PSYPACT = "PSYPACT"
    PT = "PT"
    CC = "CC"
    ASLP = "ASLP"
    OT = "OT"
    SW = "SW"
    IMLC = "IMLC"


class CompactFact(StrEnum):
    """What a state has done about a compact; see the head of ``compact_states.csv``."""

    ENACTED = "enacted"
    MEMBER = "member"
    PRIVILEGES_LIVE = "privileges_live"
    MULTISTATE_LICENCE_LIVE = "multistate_licence_live"
    ISSUING = "issuing"
    INCOMING = "incoming"
    PRINCIPAL = "principal"


class SchemePath(StrEnum):
    """Ways for a clinician from another state; only the first two are authorities."""

    REGISTRATION = "registration"
    SPECIAL_LICENCE = "special_licence"
    EXCEPTION = "exception"
    RECIPROCITY = "reciprocity"


class Prescribes(StrEnum):
    """Whether a profession may prescribe; a credential may only narrow it."""

    NO = "no"
    ASK_STATE = "ask_state"
    YES = "yes"
    AS_PROFESSION = "as_profession"


class Schedule(StrEnum):
    """Schedules of controlled medicines (21 U.S.C. 812); ``none`` is not controlled."""

    I = "I"  # noqa: E741 - the law's own name
    II = "II"
    III = "III"
    IV = "IV"
    V = "V"
    NONE = "none"


class StateEffect(StrEnum):
    """What a state's rule for controlled medicines at a distance does."""

    BAR = "bar"
    IN_PERSON = "in_person"
    FOLLOWS_FEDERAL = "follows_federal"
    NOTE = "note"
    NONE_KNOWN = "none_known"


class Circumstance(StrEnum):
    """What someone states about a prescription of a controlled medicine."""

    COVERING_PRACTITIONER = "covering_practitioner"
    DEA_REGISTERED_SITE = "dea_registered_site"
    WITH_DEA_PRACTITIONER = "with_dea_practitioner"
    VA_PATIENT = "va_patient"
    BUPRENORPHINE_FOR_OUD = "buprenorphine_for_opioid_use_disorder"
    AT_HOME = "at_home"
    VIDEO_DECLINED_OR_IMPOSSIBLE = "video_declined_or_impossible"
    CHRONIC_PAIN = "chronic_pain"
    SEEN_BY_VIDEO_WITHIN_90_DAYS = "seen_by_video_within_90_days"
    PSYCHIATRIC_DISORDER = "psychiatric_disorder"
    HOSPITAL_INPATIENT = "hospital_inpatient"
    HOSPICE = "hospice"
    NURSING_HOME_RESIDENT = "nursing_home_resident"
    STATE_EXCEPTION = "state_exception"


class ReasonCode(StrEnum):
    """Codes of the answer's reasons. :data:`PASSING` are good news; every other one refuses."""

    STATE_KNOWN = "state.known"
    STATE_UNKNOWN = "state.unknown"
    FACT_MISSING = "fact.missing"
    GATE_NOT_CHECKED = "gate.not_checked"
    PROFESSION_CLINICAL = "profession.clinical"
    PROFESSION_NOT_CLINICAL = "profession.not_clinical"
    PROFESSION_CONTRADICTED = "profession.contradicted"
    LICENCE_VALID = "licence.valid"
    LICENCE_NOT_NEEDED = "licence.not_needed"
    LICENCE_MISSING = "licence.missing"
    LICENCE_EXPIRED = "licence.expired"
    LICENCE_NOT_STARTED = "licence.not_started"
    LICENCE_INACTIVE = "licence.inactive"
    COMPACT_NOT_MEMBER = "compact.not_member"
    COMPACT_NOT_FOR_PROFESSION = "compact.not_for_profession"
    COMPACT_NO_PRIVILEGE = "compact.no_privilege"
    REGISTRATION_NOT_COVERED = "registration.not_covered"
    REGISTRATION_UNCONFIRMED = "registration.unconfirmed"
    REGISTRATION_REMOTE_ONLY = "registration.remote_only"
    CREDENTIAL_VALID = "credential.valid"
    CREDENTIAL_EXPIRED = "credential.expired"
    CLINICIAN_NOT_EXCLUDED = "clinician.not_excluded"
    CLINICIAN_EXCLUDED = "clinician.excluded"
    CONSENT_GIVEN = "consent.given"
    CONSENT_MISSING = "consent.missing"
    GUARDIAN_NOT_NEEDED = "guardian.not_needed"
    GUARDIAN_PRESENT = "guardian.present"
    GUARDIAN_MISSING = "guardian.missing"
    PRESCRIBING_PRESCRIBER = "prescribing.prescriber"
    PRESCRIBING_NOT_CONTROLLED = "prescribing.not_controlled"
    PRESCRIBING_PATHWAY = "prescribing.pathway"
    PRESCRIBING_PATHWAY_ENDING = "prescribing.pathway_ending"
    PRESCRIBING_STATE_RULE = "prescribing.state_rule"
    PRESCRIBING_NOT_ALLOWED = "prescribing.not_allowed"


PASSING = frozenset(
    {
        ReasonCode.STATE_KNOWN,
        ReasonCode.PROFESSION_CLINICAL,
        ReasonCode.LICENCE_VALID,
        ReasonCode.LICENCE_NOT_NEEDED,
        ReasonCode.CREDENTIAL_VALID,
        ReasonCode.CLINICIAN_NOT_EXCLUDED,
        ReasonCode.CONSENT_GIVEN,
        ReasonCode.GUARDIAN_NOT_NEEDED,
        ReasonCode.GUARDIAN_PRESENT,
        ReasonCode.PRESCRIBING_PRESCRIBER,
        ReasonCode.PRESCRIBING_NOT_CONTROLLED,
        ReasonCode.PRESCRIBING_PATHWAY,
        ReasonCode.PRESCRIBING_PATHWAY_ENDING,
        ReasonCode.PRESCRIBING_STATE_RULE,
    }
)
"""Reasons that say that a gate passed (or, for the last but three, warn about it)."""


class PrivateTopic(StrEnum):
    """Care to which states let minors agree alone. A service may be about one (``catalog``'s ``privacy_topic``)."""

    STI = "sti"
    CONTRACEPTION = "contraception"
    PRENATAL = "prenatal"
    MENTAL_HEALTH = "mental_health"
    SUBSTANCE_USE = "substance_use"
