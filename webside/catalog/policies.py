"""Who may see services, change them, and go past a gate."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from webside.catalog.models import GateOverride, HealthcareService
from webside.core.actor import Actor, ActorKind, Role


def visible_services(actor: Actor, services: QuerySet[HealthcareService]) -> QuerySet[HealthcareService]:
    """What a clinic offers is public; what it no longer offers is for its staff."""
    return services if actor.is_staff else services.filter(active=True)


def can_change_services(actor: Actor) -> bool:
    """Administrators, and Webside itself when it sets a clinic up."""
    return actor.kind is ActorKind.SYSTEM or actor.has(Role.ADMINISTRATOR)


def can_set_limits(actor: Actor) -> bool:
    """Who keeps the calendar says how a service is booked and who shows a screen in it: front desk and administrators."""
    return can_change_services(actor) or actor.has(Role.COORDINATOR)


def can_override_gate(actor: Actor) -> bool:
    """Only who gives care, as a signed-in person: a reason needs somebody who answers for it."""
    return actor.user_id is not None and actor.has(Role.CLINICIAN, Role.COACH)


def visible_overrides(actor: Actor, overrides: QuerySet[GateOverride]) -> QuerySet[GateOverride]:
    """Compliance sees all overrides; a clinician sees their own; nobody else sees any."""
    if actor.has(Role.COMPLIANCE):
        return overrides
    if actor.user_id is not None and actor.has(Role.CLINICIAN, Role.COACH):
        return overrides.filter(by_id=actor.user_id)
    return overrides.none()


def shown(actor: Actor, by: str = "service__") -> Q:
    """Which rows, by the way to their service, may be shown to who acts for a minor; everything to everybody else."""
    hidden = actor.on_behalf.hidden if actor.on_behalf is not None else frozenset[str]()
    return ~Q(**{f"{by}privacy_topic__in": sorted(hidden)}) if hidden else Q()


def is_shown(actor: Actor, service: HealthcareService) -> bool:
    """The same as :func:`shown`, for a service that is at hand."""
    return actor.on_behalf is None or not service.privacy_topic or service.privacy_topic not in actor.on_behalf.hidden
