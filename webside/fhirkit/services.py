"""Writing versions, and reading what one said at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from webside.core import frames
from webside.core.crypto import keyring
from webside.fhirkit import registry
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.registry import ResourceHandler


def write_version(row: Any, *, deleted: bool = False) -> ResourceVersion:
    """Write the FHIR bytes of a row as its next version, in the current transaction; return that of its own resource.

    The row's app has registered how (``fhirkit.registry``). The caller holds the row locked or has
    just made it, so versions of one resource follow each other without a gap.
    """
    written = [_write(handler, row, deleted) for handler in registry.handlers_for(row)]
    return written[0]


def _write(handler: ResourceHandler, row: Any, deleted: bool) -> ResourceVersion:
    last = (
        ResourceVersion.objects.filter(resource_type=handler.resource_type, resource_id=row.pk)
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    version = (last or 0) + 1
    resource = {"resourceType": handler.resource_type, "id": str(row.pk), **handler.to_fhir(row)}
    resource["meta"] = {
        "versionId": str(version),
        "lastUpdated": row.updated_at.isoformat(timespec="milliseconds"),
        **resource.get("meta", {}),
    }
    body = orjson.dumps(resource)
    if handler.sealed:
        body = keyring().seal(body, place=_place(handler.resource_type, row.pk, version))
    return ResourceVersion.objects.create(
        resource_type=handler.resource_type,
        resource_id=row.pk,
        version=version,
        deleted=deleted,
        sealed=handler.sealed,
        body=body,
    )


def read_body(version: ResourceVersion) -> bytes:
    """Return the JSON bytes of a version, opened if they are sealed."""
    body = bytes(version.body)
    if not version.sealed:
        return body
    return keyring().open(body, place=_place(version.resource_type, version.resource_id, version.version))


def bodies_at(resource_type: str, ids: Iterable[UUID], at: datetime) -> dict[UUID, dict[str, Any]]:
    """Return what resources said at a time, by their ids; those that had no version by then are left out.

    The caller has checked that the actor may see them.
    """
    versions = ResourceVersion.objects.filter(
        resource_type=resource_type, resource_id__in=list(ids), created_at__lte=at
    )
    newest = versions.order_by("resource_id", "-version").distinct("resource_id")
    return {version.resource_id: orjson.loads(read_body(version)) for version in newest}


def _place(resource_type: str, resource_id: Any, version: int) -> str:
    return f"fhir.{frames.current_tenant_id()}.{resource_type}.{resource_id}.{version}"
