"""Pictures of the record, for who opens the chart."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from webside.audit.services import record
from webside.chart import selectors
from webside.chart.views._doors import refuse
from webside.core import files

ALONE = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""The policy of a file that is opened by itself: it runs nothing and fetches nothing."""


@never_cache
@require_GET
def content(request: HttpRequest, slug: str, patient_id: UUID, document_id: UUID) -> HttpResponse:
    """Give a picture, as something to save; ``small`` gives the little one that the chart shows."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.document(actor, document_id)
    if found is None or found.patient_id != patient_id:
        refuse(request, "chart.document.read", "Document", document_id)
    small = found.preview if "small" in request.GET else None
    record(
        "chart.document.preview" if small else "chart.document.read", actor=actor, target=found, patient_id=patient_id,
        ground=selectors.ground_for(actor, patient_id),
    )  # fmt: skip
    kind = "image/jpeg" if small else found.content_type
    response = HttpResponse(files.read(small or found.content), content_type=kind)
    name = files.name_for(f"picture-{found.taken_at.date().isoformat()}", kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = ALONE
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
