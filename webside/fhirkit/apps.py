"""The app ``fhirkit``."""

from __future__ import annotations

from django.apps import AppConfig


class FhirkitConfig(AppConfig):
    """FHIR R4: datatypes, registry, versioned store."""

    name = "webside.fhirkit"
