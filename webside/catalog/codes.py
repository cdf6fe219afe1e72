"""Kinds and modalities of services, and the needs that they answer."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a service is. Its kind brings its gates."""

    TELEMEDICINE = "telemedicine"
    TELEHEALTH = "telehealth"
    TELECARE = "telecare"


class Modality(StrEnum):
    """How a service is given (the words of ``compliance.may_treat``)."""

    VIDEO = "video"
    AUDIO_ONLY = "audio_only"
    CHAT = "chat"
    ASYNCHRONOUS = "asynchronous"
    MONITORING = "monitoring"
    GROUP = "group"
    IN_PERSON = "in_person"


class ScreenSharing(StrEnum):
    """Who may show a screen in a visit of a service: everybody whose seat allows it, those who work here, or nobody."""

    EVERYBODY = "everybody"
    STAFF = "staff"
    NOBODY = "nobody"


class Need(StrEnum):
    """What somebody comes for (the words of ``triage.choose_service``). A service answers one or several."""

    URGENT_CARE = "urgent_care"
    PRIMARY_CARE = "primary_care"
    MENTAL_HEALTH = "mental_health"
    PHYSICAL_THERAPY = "physical_therapy"
    PHARMACY = "pharmacy"
    NUTRITION = "nutrition"
    COACHING = "coaching"
    SMOKING = "smoking"
    EDUCATION = "education"
    SUPPORT_GROUP = "support_group"
    MONITORING = "monitoring"
    HOME_SAFETY = "home_safety"
    ALARM = "alarm"
    BILLING_HELP = "billing_help"
    TECHNICAL_HELP = "technical_help"
