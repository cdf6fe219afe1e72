"""What anybody may see: the clinics of this installation, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.core.said import Said
from webside.people.models import Practitioner
from webside.portal.selectors.rows import active_licences, in_force
from webside.scheduling import selectors as scheduling
from webside.scheduling.selectors import Opening


def tenants() -> QuerySet[Tenant]:
    """Return the clinics of this installation that are open, by name."""
    return Tenant.objects.filter(active=True).order_by("name")


@dataclass(frozen=True, slots=True)
class Offered:
    """A service on the public page: its price, the next free time, and whether one can wait in line for it now."""

    service: Any
    price: Said
    next: Any
    people: list[Practitioner]
    line: Opening | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """A service with its price and its next free times."""

    service: Any
    price: Said
    times: list[Any]


TIMES_OF_EACH = 3
"""So many next times of each service a frame shows: there is no room for more, and the rest is one press away."""


def times_for_site(actor: Actor, state: str) -> list[tuple[Kind, list[Timed]]]:
    """Return what a clinic offers, by kind, with the next times for who is in ``state`` (empty: whoever she may be)."""
    groups = catalog.services_by_kind(actor)
    timed = [service for group in groups for service in group.services if service.kind != Kind.TELECARE]
    times = scheduling.next_times_for_all(services=timed, state=state, number=TIMES_OF_EACH)
    return [
        (
            group.kind,
            [Timed(each, catalog.price_said(each), times.get(each.id, [])) for each in group.services],
        )
        for group in groups
    ]


@dataclass(frozen=True, slots=True)
class Clinic:
    """What anybody may see of a clinic."""

    kinds: list[tuple[Kind, list[Offered]]]
    people: list[dict[str, Any]]


def clinic(actor: Actor, tenant: Tenant) -> Clinic:
    """Return the public page of a clinic: services by kind, and the people who give them."""
    groups = catalog.services_by_kind(actor)
    timed = [service for group in groups for service in group.services if service.kind != Kind.TELECARE]
    slots = scheduling.next_free_for_all(services=timed, state="")
    givers = catalog.practitioners_for_all(timed)
    lines = scheduling.openings(timed, clock.now())
    everybody = list({person.id: person for found in givers.values() for person in found}.values())
    today = clock.now().astimezone(ZoneInfo(tenant.timezone)).date()
    states: dict[UUID, list[str]] = {}
    for licence in active_licences(person.id for person in everybody):
        if in_force(licence, today):
            states.setdefault(licence.practitioner_id, []).append(licence.state)
    names = {state.code: state.name for state in scheduling.states(today)}
    return Clinic(
        kinds=[
            (
                group.kind,
                [
                    Offered(
                        service,
                        catalog.price_said(service),
                        slots.get(service.id),
                        givers.get(service.id, []),
                        lines.get(service.id),
                    )
                    for service in group.services
                ],
            )
            for group in groups
        ],
        people=[
            {
                "person": person,
                "states": [names.get(code, code) for code in dict.fromkeys(states.get(person.id, []))],
            }
            for person in sorted(everybody, key=lambda each: (each.prefix == "", each.family))
        ],
    )
