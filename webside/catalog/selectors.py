"""Reading what a clinic offers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from webside.catalog import policies
from webside.catalog.codes import Kind
from webside.catalog.models import GateOverride, HealthcareService, ServicePractitioner
from webside.core.actor import Actor
from webside.core.said import Said, base
from webside.people.models import Practitioner


@dataclass(frozen=True, slots=True)
class KindGroup:
    """The services of one kind, in the clinic's order."""

    kind: Kind
    services: list[HealthcareService]


def services(actor: Actor) -> QuerySet[HealthcareService]:
    """Return the services that the actor may see, in the clinic's order."""
    return policies.visible_services(actor, HealthcareService.objects.all())


def service(actor: Actor, service_id: UUID) -> HealthcareService | None:
    """Return one service, or nothing."""
    return services(actor).filter(id=service_id).first()


def services_by_kind(actor: Actor) -> list[KindGroup]:
    """Return what the clinic offers now, by kind; a kind without a service is left out."""
    found = list(services(actor).filter(active=True))
    groups = [KindGroup(kind, [service for service in found if service.kind == kind]) for kind in Kind]
    return [group for group in groups if group.services]


def practitioners_for(service: HealthcareService) -> list[Practitioner]:
    """Return who gives a service, by name. Whether they may do so in a state is for the gates to say."""
    return practitioners_for_all([service]).get(service.id, [])


def practitioners_for_all(services: list[HealthcareService]) -> dict[UUID, list[Practitioner]]:
    """Return who gives each of several services, by the service's id, in one query."""
    rows = (
        ServicePractitioner.objects.filter(service__in=services, practitioner__active=True)
        .select_related("practitioner")
        .order_by("practitioner__family", "practitioner__given")
    )
    result: dict[UUID, list[Practitioner]] = {}
    for row in rows:
        result.setdefault(row.service_id, []).append(row.practitioner)
    return result


def price_said(service: HealthcareService) -> Said:
    """Return the price as patients read it, in their language where the clinic says it in it."""
    if service.price_note:
        return service.said("price_note")
    return Said(amount_text(service.price_cents), base(get_language() or settings.LANGUAGE_CODE))


def price_text(service: HealthcareService) -> str:
    """Return the price as staff read it: the clinic's own words, else the amount, else "Ask us"."""
    if service.price_note:
        return service.price_note
    return amount_text(service.price_cents)


def price_line(service: HealthcareService) -> str:
    """Return price and length as one line: "$75 · 20 minutes". A price that says the length already stands alone."""
    price, minutes = price_text(service), service.duration_minutes
    if re.search(rf"\b{minutes} min", price):
        return price
    return f"{price} · {ngettext('%d minute', '%d minutes', minutes) % minutes}"


def amount_text(cents: int | None) -> str:
    """Return an amount of US dollars: "$75", "$32.50", "Free", "Ask us" for none."""
    if cents is None:
        return _("Ask us")
    if cents == 0:
        return _("Free")
    dollars = Decimal(cents) / 100
    return f"${dollars:,.0f}" if cents % 100 == 0 else f"${dollars:,.2f}"


def overrides(actor: Actor) -> QuerySet[GateOverride]:
    """Return the overrides that the actor may see, the newest first."""
    return policies.visible_overrides(actor, GateOverride.objects.select_related("patient").order_by("-at"))


def overrides_of(subject_id: UUID) -> list[GateOverride]:
    """Return what was overridden for one visit or encounter, in order. The caller has guarded the subject."""
    return list(GateOverride.objects.filter(subject_id=subject_id).order_by("at"))
