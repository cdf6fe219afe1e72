"""What anybody may see: the clinics of this installation, and the page of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.catalog.models import HealthcareService
from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.core.said import Said
from webside.people import selectors as people
from webside.people.codes import Gender
from webside.people.models import Practitioner
from webside.portal.selectors.rows import active_licences, in_force
from webside.scheduling import selectors as scheduling
from webside.scheduling.selectors import Opening, Slot


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
    timed = _timed(groups)
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
    timed = _timed(groups)
    slots = scheduling.next_free_for_all(services=timed, state="")
    givers = catalog.practitioners_for_all(timed)
    lines = scheduling.openings(timed, clock.now())
    everybody = Choice(timed, givers).people
    states = _states_of(everybody, tenant)
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
            {"person": person, "states": states.get(person.id, []), "speaks": people.spoken(person)}
            for person in sorted(everybody, key=lambda each: (each.prefix == "", each.family))
        ],
    )


def _timed(groups: Iterable[catalog.KindGroup]) -> list[HealthcareService]:
    """Return the services that are given at times: whoever wants telecare asks for it."""
    return [service for group in groups for service in group.services if service.kind != Kind.TELECARE]


def _states_of(people: Sequence[Practitioner], tenant: Tenant) -> dict[UUID, list[str]]:
    """Return the names of the states in which each of them has a licence today, by id."""
    today = clock.now().astimezone(ZoneInfo(tenant.timezone)).date()
    names = {state.code: state.name for state in scheduling.states(today)}
    found: dict[UUID, dict[str, None]] = {}
    for licence in active_licences(person.id for person in people):
        if in_force(licence, today):
            found.setdefault(licence.practitioner_id, {})[names.get(licence.state, licence.state)] = None
    return {practitioner_id: list(states) for practitioner_id, states in found.items()}


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom somebody looks for. What is empty is all the same to her; ``state`` is where she will be (a code)."""

    service: str = ""
    language: str = ""
    gender: str = ""
    state: str = ""

    def fits(self, person: Practitioner) -> bool:
        """Whether a practitioner is as she wishes; what nobody has said of a person fits no wish."""
        return self.language in ("", *person.languages) and self.gender in ("", person.gender)


@dataclass(frozen=True, slots=True)
class Given:
    """A service that somebody gives: the next free time, and whether one can wait in line for it now."""

    service: HealthcareService
    slot: Slot | None
    line: Opening | None


@dataclass(frozen=True, slots=True)
class Giver:
    """Somebody who gives care: in which states beside hers, in which languages, and what, the soonest first.

    ``services`` is empty for who may give none of them where she will be.
    """

    person: Practitioner
    states: list[str]
    speaks: list[str]
    services: list[Given]

    @property
    def soonest(self) -> Slot | None:
        """The next free time, whatever for."""
        return next((given.slot for given in self.services if given.slot), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gives care in a clinic, by service, and so what can be wished for: services, languages (code, name), genders."""

    services: list[HealthcareService]
    givers: dict[UUID, list[Practitioner]]

    @property
    def people(self) -> list[Practitioner]:
        """Everybody once."""
        return list({person.id: person for found in self.givers.values() for person in found}.values())

    @property
    def languages(self) -> list[tuple[str, str]]:
        """The languages that somebody speaks, by name."""
        spoken = {code: str(people.SPOKEN.get(code, code)) for person in self.people for code in person.languages}
        return sorted(spoken.items(), key=lambda each: each[1])

    @property
    def genders(self) -> list[Gender]:
        """Those that somebody has said, and that may be wished for."""
        return [each for each in (Gender.FEMALE, Gender.MALE) if any(one.gender == each for one in self.people)]


def people_there(actor: Actor) -> Choice:
    """Return who gives care in a clinic at times that can be booked."""
    services = _timed(catalog.services_by_kind(actor))
    return Choice(services, catalog.practitioners_for_all(services))


def people_that_fit(tenant: Tenant, choice: Choice, wish: Wish) -> list[Giver]:
    """Return who fits a wish, who has time soonest first; those who may not be seen where she will be without services."""
    wanted = [each for each in choice.services if wish.service in ("", str(each.id))]
    fitting = {
        person.id: person for service in wanted for person in choice.givers.get(service.id, []) if wish.fits(person)
    }
    states = _states_of(list(fitting.values()), tenant)
    lines = scheduling.openings(wanted, clock.now())
    offered: dict[UUID, list[Given]] = {}
    by_service = scheduling.next_of_each(services=wanted, state=wish.state)
    for service in wanted:
        for person, slot in by_service.get(service.id, []):
            offered.setdefault(person.id, []).append(Given(service, slot, lines.get(service.id)))
    found = [
        Giver(
            person, states.get(person.id, []), people.spoken(person),
            sorted(offered.get(person.id, []), key=lambda each: _soon(each.slot)),
        )
        for person in fitting.values()
    ]  # fmt: skip
    return sorted(found, key=lambda each: (_soon(each.soonest), each.person.family, each.person.given))


def _soon(slot: Slot | None) -> tuple[bool, float]:
    return (slot is None, slot.start.timestamp() if slot else 0.0)
