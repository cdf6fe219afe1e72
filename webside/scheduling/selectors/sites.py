"""Which sites may show a clinic's services and times in a frame of theirs. Anybody may know: browsers are told."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from webside.scheduling.models import BookingSite


def booking_sites() -> QuerySet[BookingSite]:
    """Return the sites that may, in the order of their names."""
    return BookingSite.objects.order_by("origin")


def booking_site(site_id: UUID) -> BookingSite | None:
    """Return one of them."""
    return BookingSite.objects.filter(id=site_id).first()
