"""Free times: of one service, near a moment, the next of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import BooleanField, F, UUIDField, Value
from psycopg.types.range import TimestamptzRange

from webside.catalog import selectors as catalog
from webside.catalog.models import HealthcareService
from webside.compliance.selectors import OnRecord
from webside.core import clock
from webside.people.models import Patient, Practitioner
from webside.scheduling import rules
from webside.scheduling.codes import TAKES_TIME
from webside.scheduling.models import Appointment, Availability, AvailabilityException, BusyTime, HeldTime
from webside.scheduling.rules import Span, WeeklyHours
from webside.scheduling.selectors.hours import as_rule
from webside.scheduling.selectors.offering import Offer, law_record, offers_of

BOOKABLE_DAYS = 14
LOOK_AHEAD_DAYS = 28
NEAREST = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be booked. Moments in UTC."""

    practitioner: Practitioner
    start: datetime
    end: datetime


def length_of(service: HealthcareService) -> timedelta:
    """Return how long a visit of a service lasts."""
    return timedelta(minutes=service.duration_minutes)


def free_slots(
    *,
    service: HealthcareService,
    state: str,
    since: datetime,
    days: int,
    practitioner: Practitioner | None = None,
    patient: Patient | None = None,
    guardian: bool = False,
    offered: Sequence[Offer] | None = None,
    free_for: Patient | None = None,
    moving: Appointment | None = None,
) -> list[Slot]:
    """Return the free times for a service within ``days`` days from ``since``, in order.

    Only of practitioners whom the gates let treat a patient in ``state``, judged at the beginning and
    at the end of the days; where the two differ (a licence that ends between), at each slot's day.
    ``guardian``: whether a guardian stands in for the patient. ``offered`` is what :func:`offers` returned for the same page.
    Times at which ``free_for`` has another visit than ``moving`` are left out: nobody is shown what would be refused.
    """
    if offered is not None:
        record = next((offer.record for offer in offered), None)
        candidates = [offer.practitioner for offer in offered if practitioner in (None, offer.practitioner)]
    else:
        candidates = [practitioner] if practitioner else catalog.practitioners_for(service)
        record = law_record(candidates, state, patient)
    until = since + timedelta(days=days)
    since = max(since, clock.now())
    if until <= since:
        return []

    def allowed(people: Sequence[Practitioner], at: datetime) -> dict[UUID, bool]:
        found = offers_of(service, people, state, at, patient, record, guardian=guardian)
        return {offer.practitioner.id: offer.allowed for offer in found}

    first, last = allowed(candidates, since), allowed(candidates, until)
    possible = [person for person in candidates if first[person.id] or last[person.id]]
    result = []
    for person, spans in _free_spans(possible, since, until, service, free_for, moving).items():
        changes = first[person.id] != last[person.id]
        may = _Allowed(service, person, state, record, patient, guardian)
        result += [Slot(person, span.start, span.end) for span in spans if not changes or may.on(span.start)]
    return sorted(result, key=lambda slot: (slot.start, slot.practitioner.family))


def nearest_slots(
    *,
    service: HealthcareService,
    state: str,
    start: datetime,
    besides: Practitioner | None = None,
    patient: Patient | None = None,
    moving: Appointment | None = None,
) -> list[Slot]:
    """Return a few free times near ``start``, of everybody who may; ``besides`` leaves one person out.

    Times at which ``patient`` has another visit than ``moving`` are left out.
    """
    slots = free_slots(
        service=service, state=state, since=start - timedelta(days=1), days=BOOKABLE_DAYS, free_for=patient,
        moving=moving,
    )  # fmt: skip
    by_span: dict[Span, Slot] = {}
    for slot in slots:
        if besides is None or slot.practitioner.id != besides.id:
            by_span.setdefault(Span(slot.start, slot.end), slot)
    return [by_span[span] for span in rules.nearest(list(by_span), start, NEAREST)]


def next_free(
    *,
    service: HealthcareService,
    state: str,
    since: datetime | None = None,
    offered: Sequence[Offer] | None = None,
    free_for: Patient | None = None,
    moving: Appointment | None = None,
) -> Slot | None:
    """Return the next free time for a service in a state, or nothing within four weeks.

    ``offered`` is what :func:`offers` returned for the same page. For such a page ``free_for`` and ``moving`` are
    as in :func:`free_slots`.
    """
    if offered is not None:
        found = free_slots(
            service=service, state=state, since=since or clock.now(), days=LOOK_AHEAD_DAYS, offered=offered,
            free_for=free_for, moving=moving,
        )  # fmt: skip
        return next(iter(found), None)
    return next_free_for_all(services=[service], state=state, since=since)[service.id]


def next_free_for_all(
    *, services: Sequence[HealthcareService], state: str, since: datetime | None = None
) -> dict[UUID, Slot | None]:
    """Return the next free time of each of several services, by the service's id.

    The number of queries grows neither with the services nor with the people who give them.
    """
    found = next_times_for_all(services=services, state=state, since=since, number=1)
    return {service_id: next(iter(times), None) for service_id, times in found.items()}


def next_times_for_all(
    *, services: Sequence[HealthcareService], state: str, number: int, since: datetime | None = None
) -> dict[UUID, list[Slot]]:
    """Return the next ``number`` free times of each of several services, by the service's id, in order.

    Each time is there once, whoever gives it. The number of queries grows neither with the services nor with the people
    who give them.
    """
    givers, facts, record = _ahead(services, state, since)
    result: dict[UUID, list[Slot]] = {}
    for service in services:
        earliest = sorted(
            (
                Slot(person, span.start, span.end)
                for person in givers.get(service.id, [])
                for span in facts.first_free(person, service, number)
            ),
            key=lambda slot: slot.start,
        )
        times: dict[datetime, Slot] = {}
        for slot in earliest:
            if len(times) == number:
                break
            if slot.start not in times and all(
                offer.allowed for offer in offers_of(service, [slot.practitioner], state, slot.start, record=record)
            ):
                times[slot.start] = slot
        result[service.id] = list(times.values())
    return result


def next_of_each(
    *, services: Sequence[HealthcareService], state: str
) -> dict[UUID, list[tuple[Practitioner, Slot | None]]]:
    """Return, by the service's id, everybody who may give it to somebody in ``state``, with the next free time of each.

    Without a state the law is not asked. ``None`` is nothing free within four weeks. The number of queries grows neither
    with the services nor with the people who give them.
    """
    givers, facts, record = _ahead(services, state)
    result: dict[UUID, list[tuple[Practitioner, Slot | None]]] = {}
    for service in services:
        for person in givers.get(service.id, []):
            may = _Allowed(service, person, state, record)
            first = next(iter(facts.first_free(person, service, 1)), None)
            if first is not None and not may.on(first.start):  # a licence that begins later, say
                first = next((span for span in facts.free(person, service) if may.on(span.start)), None)
            if first is not None or may.on(facts.since):
                slot = Slot(person, first.start, first.end) if first else None
                result.setdefault(service.id, []).append((person, slot))
    return result


@dataclass(frozen=True, slots=True)
class _Allowed:
    """Whether the gates let somebody give a service to a patient in a state: asked once for each day."""

    service: HealthcareService
    person: Practitioner
    state: str
    record: OnRecord | None
    patient: Patient | None = None
    guardian: bool = False
    days: dict[date, bool] = field(default_factory=dict)

    def on(self, at: datetime) -> bool:
        """Return whether they may at a moment, as at the first one of that day that was asked."""
        day = at.date()
        if day not in self.days:
            found = offers_of(
                self.service, [self.person], self.state, at, self.patient, self.record, guardian=self.guardian
            )
            self.days[day] = all(offer.allowed for offer in found)
        return self.days[day]


def _ahead(
    services: Sequence[HealthcareService], state: str, since: datetime | None = None
) -> tuple[dict[UUID, list[Practitioner]], _Facts, OnRecord | None]:
    """Read once who gives these services, their hours of the next four weeks, and what the law asks about them."""
    since = max(since or clock.now(), clock.now())
    givers = catalog.practitioners_for_all(list(services))
    everybody = list({person.id: person for people in givers.values() for person in people}.values())
    facts = _Facts.load(everybody, since, since + timedelta(days=LOOK_AHEAD_DAYS))
    return givers, facts, law_record(everybody, state, None)


@dataclass(frozen=True, slots=True)
class _Facts:
    """Hours, exceptions, booked time, and what other calendars block, of several practitioners between two moments."""

    since: datetime
    until: datetime
    hours: dict[UUID, list[WeeklyHours]]
    extra: dict[UUID, list[Span]]
    off: dict[UUID, list[Span]]
    busy: dict[UUID, list[Span]]
    given: dict[tuple[UUID, UUID], list[datetime]]
    """When visits begin, by practitioner and service."""
    hers: list[Span] = field(default_factory=list)
    """When the patient has visits, or a time is held for her."""

    @classmethod
    def load(
        cls,
        practitioners: Iterable[Practitioner],
        since: datetime,
        until: datetime,
        without: Appointment | None = None,
        patient: Patient | None = None,
        moving: Appointment | None = None,
    ) -> _Facts:
        """Read them in two queries, with when ``patient`` has visits.

        ``without`` leaves one appointment out, ``moving`` leaves it out of the patient's only.
        """
        ids = [person.id for person in practitioners]
        facts = cls(since, until, {}, {}, {}, {}, {})
        if not ids:
            return facts
        for row in Availability.objects.filter(practitioner_id__in=ids):
            facts.hours.setdefault(row.practitioner_id, []).append(as_rule(row))
        # A slot reaches beyond the moment at which it begins, what stays free around it before that, and the visits of a
        # calendar day count together: a day is longer than any of these.
        window = TimestamptzRange(since - timedelta(days=1), until + timedelta(days=1))
        exceptions = AvailabilityException.objects.filter(practitioner_id__in=ids, period__overlap=window)
        booked = Appointment.objects.filter(
            practitioner_id__in=ids, period__overlap=window, status__in=[status.value for status in TAKES_TIME]
        )
        if without is not None:
            booked = booked.exclude(id=without.id)
        elsewhere = BusyTime.objects.filter(practitioner_id__in=ids, period__overlap=window)
        beside = HeldTime.objects.filter(practitioner_id__in=ids, blocked__overlap=window).exclude(
            practitioner_id=F("appointment__practitioner_id")
        )
        if without is not None:
            beside = beside.exclude(appointment_id=without.id)
        # What is off, what is extra and what is taken are one kind of fact, a stretch of time: one query.
        nothing = Value(None, output_field=UUIDField()), Value(0), Value(0)
        unsaid = Value(None, output_field=BooleanField())
        stretches = exceptions.values_list("practitioner_id", "period", "available", *nothing).union(
            booked.values_list(
                "practitioner_id", "period", unsaid, "service_id", "minutes_before", "minutes_after",
            ),
            elsewhere.values_list("practitioner_id", "period", unsaid, *nothing),
            beside.values_list("practitioner_id", "blocked", unsaid, *nothing),
            all=True,
        )  # fmt: skip
        if patient is not None and patient.id is not None:
            hers = Appointment.objects.filter(patient=patient, period__overlap=window, status__in=TAKES_TIME)
            if moving is not None:
                hers = hers.exclude(id=moving.id)
            stretches = stretches.union(
                hers.values_list(Value(None, output_field=UUIDField()), "period", unsaid, *nothing), all=True
            )
        kinds = {True: facts.extra, False: facts.off, None: facts.busy}
        for practitioner_id, period, available, service_id, before, after in stretches:
            if practitioner_id is None:
                facts.hers.append(Span(period.lower, period.upper))
                continue
            around = Span(period.lower - timedelta(minutes=before), period.upper + timedelta(minutes=after))
            kinds[available].setdefault(practitioner_id, []).append(around)
            if service_id is not None:
                facts.given.setdefault((practitioner_id, service_id), []).append(period.lower)
        return facts

    def free(
        self,
        person: Practitioner,
        service: HealthcareService,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limits: bool = True,
    ) -> list[Span]:
        """Return one person's free slots of a service, in all of the time or in a part of it.

        Without ``limits`` neither the notice, nor how far ahead, nor the number of a day is asked.
        """
        since, until = since or self.since, until or self.until
        hours = self.hours.get(person.id, ())
        zone = person.timezone or next((block.timezone for block in hours), "UTC")
        full: frozenset[date] = frozenset()
        if limits:
            now = clock.now()
            since = max(since, now + timedelta(minutes=service.notice_minutes))
            if service.furthest_days is not None:
                until = min(until, now + timedelta(days=service.furthest_days))
            full = rules.full_days(self.given.get((person.id, service.id), ()), service.most_a_day, zone)
        return rules.free_slots(
            hours=hours,
            extra=self.extra.get(person.id, ()),
            off=self.off.get(person.id, ()),
            busy=self.busy.get(person.id, ()),
            since=since,
            until=until,
            length=length_of(service),
            before=timedelta(minutes=service.minutes_before),
            after=timedelta(minutes=service.minutes_after),
            full=full,
            zone=zone,
        )

    def first_free(self, person: Practitioner, service: HealthcareService, number: int) -> list[Span]:
        """Return one person's first ``number`` free slots; most are found within a day or two."""
        since, found = self.since, list[Span]()
        while since < self.until and len(found) < number:
            until = min(since + timedelta(days=2), self.until)
            found += self.free(person, service, since=since, until=until)
            since = until
        return found[:number]


def _free_spans(
    practitioners: Sequence[Practitioner],
    since: datetime,
    until: datetime,
    service: HealthcareService,
    patient: Patient | None,
    moving: Appointment | None,
) -> dict[Practitioner, list[Span]]:
    facts = _Facts.load(practitioners, since, until, patient=patient, moving=moving)
    return {
        person: [span for span in facts.free(person, service) if not any(span.overlaps(visit) for visit in facts.hers)]
        for person in practitioners
    }


def is_offered(
    *,
    service: HealthcareService,
    practitioner: Practitioner,
    start: datetime,
    moving: Appointment | None = None,
    limits: bool = True,
) -> bool:
    """Whether a practitioner gives a service and has a free slot that begins exactly at ``start``.

    ``moving`` is an appointment whose own time counts as free. Without ``limits`` only that is asked: neither the
    service's notice, nor how far ahead, nor how many a day.
    """
    if not any(person.id == practitioner.id for person in catalog.practitioners_for(service)):
        return False
    facts = _Facts.load([practitioner], start, start + length_of(service), without=moving)
    return any(span.start == start for span in facts.free(practitioner, service, limits=limits))
