"""The versioned store: every version of every resource, as the bytes that were written."""

from __future__ import annotations

from django.db import models

from webside.core.models import TenantModel


class ResourceVersion(TenantModel):
    """One version of one FHIR resource. Written once, never changed.

    ``body`` holds the UTF-8 JSON; it is sealed (``sealed``) when its resource is one that is
    encrypted at rest.
    """

    resource_type = models.CharField(max_length=40)
    resource_id = models.UUIDField()
    version = models.PositiveIntegerField()
    deleted = models.BooleanField(default=False)
    sealed = models.BooleanField(default=False)
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "resource_type", "resource_id", "version"], name="resource_version_once"
            )
        ]
