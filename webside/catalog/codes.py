"""Kinds and modalities of services."""

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
