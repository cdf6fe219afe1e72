"""What a patient agrees to when she books."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webside.catalog.codes import Kind
from webside.compliance.models import Consent
from webside.people.models import Patient

CONSENT_SCOPES: Mapping[str, str] = MappingProxyType({Kind.TELEMEDICINE: "telehealth", Kind.TELECARE: "telecare"})
"""The consent that a kind of service asks for once; telehealth coaching asks for none."""


def has_consent(patient: Patient, scope: str) -> bool:
    """Whether a patient has agreed to a scope and not withdrawn it."""
    return Consent.objects.filter(patient=patient, scope=scope, status="active", visit_id=None).exists()
