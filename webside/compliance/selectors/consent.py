"""What patients agreed to and took back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from webside.compliance.models import Consent, ConsentText
from webside.core import clock
from webside.core.actor import Actor
from webside.people.models import Patient


def current_text(scope: str) -> ConsentText | None:
    """Return the words that people agree to today."""
    today = clock.now().date()
    return (
        ConsentText.objects.filter(scope=scope, effective_from__lte=today)
        .order_by("-effective_from", "-version")
        .first()
    )


CONSENT_FILTERS = ("everything", "standing", "visit", "withdrawn")


def consents_of(patient: Patient) -> QuerySet[Consent]:
    """Return what a patient agreed to and took back, newest first."""
    return Consent.objects.filter(patient=patient).select_related("text").order_by("-given_at")


def consents(actor: Actor, chosen: str = "everything") -> QuerySet[Consent]:
    """Return consents of the clinic's patients, newest first: all, standing ones, of one visit, taken back."""
    found = Consent.objects.select_related("patient", "text").order_by("-given_at", "-id")
    if chosen == "standing":
        return found.filter(status="active", visit_id=None)
    if chosen == "visit":
        return found.filter(status="active").exclude(visit_id=None)
    if chosen == "withdrawn":
        return found.exclude(withdrawn_at=None)
    return found


def consents_after(found: QuerySet[Consent], last_id: UUID | None) -> QuerySet[Consent]:
    """Return what follows a consent in the order of :func:`consents`."""
    last = Consent.objects.filter(id=last_id).first() if last_id else None
    if last is None:
        return found
    return found.filter(Q(given_at__lt=last.given_at) | Q(given_at=last.given_at, id__lt=last.id))


def consent_counts() -> dict[str, int]:
    """Return how many consents each filter has."""
    return {
        name: int(number or 0)
        for name, number in Consent.objects.aggregate(
            everything=Count("id"),
            standing=Count("id", filter=Q(status="active", visit_id=None)),
            visit=Count("id", filter=Q(status="active", visit_id__isnull=False)),
            withdrawn=Count("id", filter=Q(withdrawn_at__isnull=False)),
        ).items()
    }


def consents_withdrawn(*, within_days: int = 30) -> int:
    """Return how many consents were taken back in the last days."""
    return Consent.objects.filter(withdrawn_at__gte=clock.now() - timedelta(days=within_days)).count()
