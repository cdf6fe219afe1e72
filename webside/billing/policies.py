"""Who notes who pays, and who sees and reviews claims."""

from __future__ import annotations

from django.db.models import QuerySet

from webside.billing.models import Claim
from webside.core.actor import Actor, Role


def visible_claims(actor: Actor, claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """Billers see the tenant's claims; nobody else does here."""
    return claims if actor.has(Role.BILLER) else claims.none()


def can_add_coverage(actor: Actor) -> bool:
    """The front desk and billers note who pays for a patient."""
    return actor.has(Role.COORDINATOR, Role.BILLER)


def can_review_claims(actor: Actor) -> bool:
    """Billers review claims and ask clinicians."""
    return actor.has(Role.BILLER)
