"""The line of who waits to be seen now: who may see whom, in which order, and how long it may take.

The line is read as a whole, in a handful of queries that don't grow with it. What of it an actor may read, the functions
that take one decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from psycopg.types.range import TimestamptzRange

from webside.catalog import gates, law
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.catalog.models import HealthcareService, ServicePractitioner
from webside.catalog.policies import shown
from webside.compliance import selectors as compliance
from webside.compliance.selectors import OnRecord
from webside.core import clock, loops
from webside.core.actor import Actor
from webside.core.rows import first, prepared
from webside.people import policies as people
from webside.people.models import Patient, Practitioner
from webside.people.rules import age_on
from webside.scheduling import policies, registry, rules
from webside.scheduling.codes import IN_LINE, AppointmentStatus, QueueStatus, QueueTrouble, Urgency
from webside.scheduling.models import (
    Appointment,
    CallBack,
    QueueDuty,
    QueueEntry,
    QueueHours,
    QueueLink,
)
from webside.scheduling.rules import Before, Place, Range, Server, Span, WeeklyHours
from webside.scheduling.selectors.appointments import RUNS_ON
from webside.scheduling.selectors.consents import CONSENT_SCOPES

AHEAD = timedelta(hours=6)
"""Booked visits up to then are kept free of people from the line."""
URGENT_OF_LATE = timedelta(hours=2)
SCORED_FOR = timedelta(days=1)
"""The ranges of those called within this time are scored."""
MOST_ROWS = 500
RETURNS_WITHIN = timedelta(minutes=30)
"""Who has left may take that back, to the same place, for as long."""
OPEN_AFTERWARDS = timedelta(hours=24)
"""For which an entry that is over can still be looked at without an account."""
QUEUE_LINK_HOLDS = timedelta(hours=24)
WATCH = "scheduling.queue"
"""The loop that looks after the line."""


@dataclass(slots=True)
class Line:
    """The whole line of a clinic at one moment. ``waiting`` is in order; ``may`` says by entry who on duty may see her."""

    now: datetime
    entries: dict[UUID, QueueEntry] = field(default_factory=dict)
    duties: list[QueueDuty] = field(default_factory=list)
    gives: dict[UUID, set[UUID]] = field(default_factory=dict)
    waiting: list[Place] = field(default_factory=list)
    booked: dict[UUID, list[Span]] = field(default_factory=dict)
    runs_on: dict[UUID, datetime] = field(default_factory=dict)
    recent: list[tuple[UUID, float]] = field(default_factory=list)
    told: list[tuple[float, Range]] = field(default_factory=list)
    urgent_an_hour: float = 0.0
    record: OnRecord | None = None
    _asked: dict[tuple[Any, ...], bool] = field(default_factory=dict)
    _ranges: dict[UUID, Range | None] | None = None

    @property
    def practitioners(self) -> list[Practitioner]:
        """Who is on duty, by name."""
        return sorted((duty.practitioner for duty in self.duties), key=lambda who: (who.family, who.given))

    def with_status(self, *statuses: QueueStatus) -> list[QueueEntry]:
        """Return the entries that stand so, who has waited the longest first."""
        found = [entry for entry in self.entries.values() if entry.status in statuses]
        return sorted(found, key=lambda entry: entry.joined_at)

    @property
    def in_order(self) -> list[QueueEntry]:
        """Who waits, who is next first."""
        return [self.entries[place.id] for place in self.waiting]

    def claim_of(self, practitioner_id: UUID) -> QueueEntry | None:
        """Return whom somebody has called and not let go."""
        called = (entry for entry in self.entries.values() if entry.status == QueueStatus.CLAIMED)
        return next((entry for entry in called if entry.practitioner_id == practitioner_id), None)

    def may_see(
        self, practitioner: Practitioner, service: HealthcareService, patient: Patient | None, state: str,
        guardian: bool = False,
    ) -> bool:  # fmt: skip
        """Whether somebody on duty gives the service and the law lets them see this person there now.

        ``guardian``: whether a guardian stands in for her. What could not be checked is no. The gates are asked again,
        with the person's own consents, when she is called.
        """
        if practitioner.id not in self.gives.get(service.id, ()):
            return False
        age = age_on(patient.birth_date, self.now.date()) if patient is not None else None
        key = (practitioner.id, service.id, state, age, guardian)
        if key not in self._asked:
            self._asked[key] = _law_allows(
                practitioner, service, patient, state, self.now, self.record, guardian=guardian
            )
        return self._asked[key]

    def who_may(
        self, service: HealthcareService, patient: Patient | None, state: str, guardian: bool = False
    ) -> list[Practitioner]:
        """Return who on duty may see somebody, by name."""
        return [who for who in self.practitioners if self.may_see(who, service, patient, state, guardian)]

    def who_may_see(self, entry: QueueEntry) -> list[Practitioner]:
        """Return who on duty may see somebody in the line, by name."""
        return self.who_may(entry.service, entry.patient, entry.state, entry.by_guardian)

    def place(self, entry_id: UUID) -> int:
        """Return how many are before somebody who waits, as far as they wait for who may see her."""
        return rules.place_of(self.waiting, entry_id)

    def waiting_for(self, practitioner: Practitioner) -> list[QueueEntry]:
        """Return whom somebody may see, who is next first: before all others, whom the front desk chose for them."""
        mine = [place for place in self.waiting if practitioner.id in place.may]
        chosen = [place for place in mine if place.asked_for == practitioner.id]
        free = [place for place in mine if place.asked_for is None or place.asked_for not in place.may]
        return [self.entries[place.id] for place in [*chosen, *free]]

    def why_after(self, entry_id: UUID) -> tuple[QueueEntry, Before] | None:
        """Return who is just before somebody, and why; nothing for who is first."""
        index = next(number for number, place in enumerate(self.waiting) if place.id == entry_id)
        if index == 0:
            return None
        first, second = self.waiting[index - 1], self.waiting[index]
        why = rules.why_before(first, second, self.now.date())
        return (self.entries[first.id], why) if why else None

    @property
    def told_and_true(self) -> tuple[int, int]:
        """Return how many of those called within a day waited as long as they were told, and how many there were."""
        return rules.scored(self.told)

    def range_of(self, entry_id: UUID) -> Range | None:
        """Return between how many minutes from now somebody's turn should come; nothing where nobody can say."""
        if self._ranges is None:
            self._ranges = self._estimate(
                self.waiting, {place.id: self.entries[place.id].service for place in self.waiting}
            )
        return self._ranges.get(entry_id)

    def prospect(
        self, service: HealthcareService, patient: Patient | None, state: str, guardian: bool = False
    ) -> tuple[int, Range | None]:
        """Return how many would be before somebody who joined now, and her range."""
        may = frozenset(who.id for who in self.who_may(service, patient, state, guardian))
        own = Place(uuid4(), self.now, may=may)
        line = rules.in_order([*self.waiting, own], self.now.date())
        of = {place.id: self.entries[place.id].service for place in self.waiting} | {own.id: service}
        return rules.place_of(line, own.id), self._estimate(line, of).get(own.id)

    def _estimate(self, line: Sequence[Place], of: dict[UUID, HealthcareService]) -> dict[UUID, Range | None]:
        """Live through the rest of the day once for each service: their visits last differently, the line is one."""
        found: dict[UUID, Range | None] = {}
        on = self.now.date()
        for service in {service.id: service for service in of.values()}.values():
            minutes = [length for service_id, length in self.recent if service_id == service.id]
            ranges = rules.estimate(
                line, servers=self._servers(), visits=rules.lengths(minutes, service.duration_minutes, on),
                now=self.now, on=on, urgent_an_hour=self.urgent_an_hour,
            )  # fmt: skip
            found |= {place.id: ranges[place.id] for place in line if of[place.id].id == service.id}
        return found

    def _servers(self) -> list[Server]:
        servers = []
        for duty in self.duties:
            called = self.claim_of(duty.practitioner_id)
            since = called.claimed_at if called else self.runs_on.get(duty.practitioner_id)
            servers.append(
                Server(duty.practitioner_id, since, tuple(self.booked.get(duty.practitioner_id, ())), duty.until)
            )
        return servers


def _law_allows(
    practitioner: Practitioner, service: HealthcareService, patient: Patient | None, state: str, at: datetime,
    record: OnRecord | None, *, guardian: bool,
) -> bool:  # fmt: skip
    case = gates.Case(
        moment=gates.Moment.BOOK, at=at, service=service, patient=patient, practitioner=practitioner, state=state,
        facts={law.RECORD: record, "consents": frozenset(CONSENT_SCOPES.values()), "guardian_present": guardian},
    )  # fmt: skip
    if not state or record is None:
        return False
    if service.kind == Kind.TELEMEDICINE:
        return law.licence(case).outcome == "pass"
    finding = law.guardian(case)
    return finding is None or finding.outcome == "pass"


def line(now: datetime | None = None) -> Line:
    """Return the line of the frame's clinic. The caller decides what of it an actor may read."""
    now = now or clock.now()
    found = Line(now)
    statuses = (QueueStatus.WAITING, QueueStatus.CLAIMED, QueueStatus.UNANSWERED)
    rows = QueueEntry.objects.filter(status__in=statuses).select_related(
        "patient", "service", "practitioner", "asked_for"
    )
    found.entries = {entry.id: entry for entry in rows}
    _read_duties(found)
    _read_recent(found)
    found.waiting = rules.in_order(
        (
            Place(
                entry.id, entry.joined_at, Urgency(entry.urgency),
                frozenset(who.id for who in found.who_may_see(entry)), entry.asked_for_id,
            )
            for entry in found.entries.values()
            if entry.status == QueueStatus.WAITING
        ),
        now.date(),
    )  # fmt: skip
    return found


def _read_duties(found: Line) -> None:
    """Read who is on duty, what they give and when they have other visits; and what compliance has on record of them."""
    given = ServicePractitioner.objects.filter(practitioner=OuterRef("practitioner"), service__on_demand=True)
    held = Appointment.objects.exclude(registry.closed()).filter(
        Q(period__overlap=TimestamptzRange(found.now, found.now + AHEAD))
        | Q(status=AppointmentStatus.CHECKED_IN, period__startswith__gt=found.now - RUNS_ON),
        practitioner=OuterRef("practitioner"),
        status__in=[AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN],
    )
    span = JSONObject(id="id", start="period__startswith", end="period__endswith")
    duties: list[Any] = list(  # with two annotations that no type knows
        QueueDuty.objects.filter(ended_at=None)
        .select_related("practitioner")
        .annotate(given=ArraySubquery(given.values("service_id")), held=ArraySubquery(held.values(_span=span)))
        .order_by("started_at")
    )
    found.duties = duties
    for duty in duties:
        for service_id in duty.given:
            found.gives.setdefault(service_id, set()).add(duty.practitioner_id)
        for each in duty.held:
            if UUID(each["id"]) in found.entries:
                continue
            start, end = (datetime.fromisoformat(each[name]) for name in ("start", "end"))
            if end <= found.now:
                found.runs_on[duty.practitioner_id] = start
            else:
                found.booked.setdefault(duty.practitioner_id, []).append(Span(start, end))
    if found.duties:
        found.record = compliance.on_record([duty.practitioner for duty in found.duties])


def _read_recent(found: Line) -> None:
    """Read how long the last visits took, how many urgent people came of late, and how true the ranges of a day were."""
    most = rules.number("recent_visits", found.now.date()) or 0
    of_late = found.now - URGENT_OF_LATE
    rows = (
        QueueEntry.objects.filter(
            Q(status=QueueStatus.SEEN, ended_at__isnull=False, claimed_at__isnull=False)
            | Q(urgency=Urgency.URGENT, joined_at__gt=of_late)
            | Q(claimed_at__gt=found.now - SCORED_FOR)
        )
        .order_by(F("ended_at").desc(nulls_first=True))
        .values_list(
            "service_id", "status", "urgency", "joined_at", "claimed_at", "ended_at", "promised_low", "promised_high"
        )[:MOST_ROWS]
    )
    urgent = 0
    for service_id, status, urgency, joined_at, claimed_at, ended_at, low, high in rows:
        urgent += urgency == Urgency.URGENT and joined_at > of_late
        if status == QueueStatus.SEEN and claimed_at and len(found.recent) < most:
            found.recent.append((service_id, (ended_at - claimed_at) / timedelta(minutes=1)))
        if claimed_at and claimed_at > found.now - SCORED_FOR and high is not None:
            found.told.append(((claimed_at - joined_at) / timedelta(minutes=1), Range(low, high)))
    found.urgent_an_hour = urgent / (URGENT_OF_LATE / timedelta(hours=1))


# Hours


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether people may join the line of a service now: until when, or when it opens again (None: nobody knows)."""

    span: Span | None
    opens_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether people may join now."""
        return self.span is not None

    @property
    def closes_at(self) -> datetime | None:
        """When it closes; nothing while it is closed, nor where it never does."""
        return self.span.end if self.span and not self.day_and_night else None

    @property
    def day_and_night(self) -> bool:
        """Whether it is open all week."""
        return self.span is not None and self.span.end - self.span.start >= timedelta(weeks=1)


def openings(services: Iterable[HealthcareService], now: datetime) -> dict[UUID, Opening]:
    """Return whether the line of each of several services is open, by the service's id, in one query at most.

    None for those whose hours :func:`on_demand_services` has read.
    """
    wanted = {service.id: service for service in services if service.on_demand and service.active}
    read = {service.id: service.line_hours for service in wanted.values() if hasattr(service, "line_hours")}
    hours = {
        service_id: [
            WeeklyHours(
                row["weekday"], time.fromisoformat(row["starts_at"]), time.fromisoformat(row["ends_at"]), row["zone"]
            )
            for row in read.get(service_id, ())
        ]
        for service_id in wanted
    }
    if missing := wanted.keys() - read.keys():
        for row in QueueHours.objects.filter(service_id__in=missing):
            hours[row.service_id].append(WeeklyHours(row.weekday, row.starts_at, row.ends_at, row.timezone))
    return {service_id: Opening(*rules.opening(found, now)) for service_id, found in hours.items()}


def opening(service: HealthcareService, now: datetime) -> Opening:
    """Return whether the line of one service is open."""
    return openings([service], now).get(service.id, Opening(None, None))


def queue_hours_of(service: HealthcareService) -> QuerySet[QueueHours]:
    """Return the weekly hours of a service's line, from Monday."""
    return QueueHours.objects.filter(service=service).order_by("weekday", "starts_at")


# Entries


def queue_entries(actor: Actor) -> QuerySet[QueueEntry]:
    """Return the entries that the actor may see."""
    found = QueueEntry.objects.select_related("patient", "service", "practitioner", "asked_for")
    return policies.visible_queue_entries(actor, found)


def queue_entry(actor: Actor, entry_id: UUID) -> QueueEntry | None:
    """Return one entry that the actor may see; nothing if there is none or they may not."""
    return queue_entries(actor).filter(id=entry_id).first()


def own_entry(actor: Actor) -> QueueEntry | None:
    """Return where the actor herself is in line, by account or by her door."""
    if actor.user_id is None and actor.subject_id is None:
        return None
    return first(_own_entries(actor=actor))


@prepared
def _own_entries(actor: Actor) -> QuerySet[QueueEntry]:
    own = (
        Q(id=actor.subject_id)
        if actor.user_id is None
        else people.own(actor, *policies.SEEN_WITH, by="patient__") & shown(actor)
    )
    found = QueueEntry.objects.filter(own, status__in=IN_LINE)
    return found.select_related("patient", "service", "practitioner").order_by("-joined_at")


def hears_queue(actor: Actor, tenant_id: UUID) -> bool:
    """Whether the actor hears that the line has changed (nothing else is said): who works with it, and who is in it."""
    if actor.tenant_id != tenant_id:
        return False
    if policies.can_follow_queue(actor):
        return True
    recent = Q(ended_at=None) | Q(ended_at__gt=clock.now() - OPEN_AFTERWARDS)
    if actor.subject_id is not None:
        return QueueEntry.objects.filter(recent, id=actor.subject_id).exists()
    return QueueEntry.objects.filter(
        recent, people.own(actor, *policies.SEEN_WITH, by="patient__") & shown(actor)
    ).exists()


def is_of_the_line(appointment_id: UUID) -> bool:
    """Whether an appointment came of somebody's place in the line, and was given no time of its own since."""
    return QueueEntry.objects.filter(id=appointment_id).exclude(status=QueueStatus.BOOKED).exists()


def can_return(entry: QueueEntry) -> bool:
    """Whether somebody who is not waiting any more may come back to the same place."""
    # A room that was closed opens no more: who was in one asks for a new place.
    began = Appointment.objects.filter(id=entry.id).exclude(status=AppointmentStatus.WAITLIST)
    if entry.status in (QueueStatus.UNANSWERED, QueueStatus.CALLBACK):
        return not began.exists()
    return entry.status == QueueStatus.LEFT and entry.moved_on_at > clock.now() - RETURNS_WITHIN and not began.exists()


def queue_door_stands(entry_id: UUID) -> bool:
    """Whether a browser's door to an entry still stands: for a day after it is over."""
    recent = Q(ended_at=None) | Q(ended_at__gt=clock.now() - OPEN_AFTERWARDS)
    return QueueEntry.objects.filter(recent, id=entry_id).exists()


def queue_link_by_hash(token_hash: bytes) -> QueueLink | None:
    """Return the link of this tenant with a token's hash."""
    found = QueueLink.objects.filter(token_hash=token_hash)
    return found.select_related("entry__patient", "entry__service", "entry__practitioner").first()


def appointment_of(entry: QueueEntry) -> Appointment | None:
    """Return the appointment that came of an entry, if somebody has called her yet."""
    return Appointment.objects.select_related("patient", "practitioner", "service").filter(id=entry.id).first()


# Who takes people


def on_demand_services_of(practitioner: Practitioner) -> list[HealthcareService]:
    """Return what somebody gives to people who wait in line."""
    rows = ServicePractitioner.objects.filter(
        practitioner=practitioner, service__on_demand=True, service__active=True
    ).select_related("service")
    return [row.service for row in rows.order_by("service__position")]


def duty_of(practitioner: Practitioner) -> QueueDuty | None:
    """Return the duty that somebody is on now."""
    return QueueDuty.objects.filter(practitioner=practitioner, ended_at=None).first()


@dataclass(frozen=True, slots=True)
class Strip:
    """What a day says of the line: whether they take people now and until when, and how many wait for what they give."""

    duty: bool
    until: datetime | None
    waiting: int


def strip_of(practitioner: Practitioner) -> Strip | None:
    """Return what somebody's day says of the line, in one query; nothing for who gives nothing that people wait for."""
    row = _strip(practitioner=practitioner.id)[0]
    return Strip(row["on_duty"], row["on_until"], row["waiting"] or 0) if row["gives"] else None


@prepared
def _strip(practitioner: UUID) -> QuerySet[Practitioner, dict[str, Any]]:
    own = QueueDuty.objects.filter(practitioner=OuterRef("pk"), ended_at=None)
    given = ServicePractitioner.objects.filter(
        practitioner=OuterRef("pk"), service__on_demand=True, service__active=True
    )
    theirs = QueueEntry.objects.filter(status=QueueStatus.WAITING, service__practitioners=OuterRef("pk"))
    numbers = theirs.order_by().values("status").annotate(number=Count("pk")).values("number")
    return Practitioner.objects.filter(id=practitioner).values(
        gives=Exists(given), on_duty=Exists(own), on_until=Subquery(own.values("until")[:1]), waiting=Subquery(numbers)
    )  # fmt: skip


# The front desk


def call_backs(actor: Actor) -> QuerySet[CallBack]:
    """Return the calls that are still to be made, who asked first first."""
    if not policies.can_read_line(actor):
        return CallBack.objects.none()
    return (
        CallBack.objects.filter(closed_at=None).select_related("entry__patient", "entry__service").order_by("asked_at")
    )


def call_back(actor: Actor, call_back_id: UUID) -> CallBack | None:
    """Return one call that the actor may make; nothing if there is none or they may not."""
    return call_backs(actor).filter(id=call_back_id).first()


def troubles_of(found: Line, entry: QueueEntry, opened: Opening) -> list[QueueTrouble]:
    """Return what the board warns of about somebody who waits, the worst first."""
    now = found.now
    closing = rules.lasting("closing_warning", now.date())
    promised = entry.promised_high
    checks = {
        QueueTrouble.NOBODY_LICENSED: not found.who_may_see(entry),
        QueueTrouble.CLOSED: not opened.is_open,
        QueueTrouble.PROMISE_BROKEN: promised is not None and now > entry.joined_at + timedelta(minutes=promised),
        QueueTrouble.CLOSING: bool(closing and opened.closes_at and opened.closes_at - now <= closing),
    }
    return [trouble for trouble, is_so in checks.items() if is_so]


def on_demand_services(actor: Actor) -> QuerySet[HealthcareService]:
    """Return the services that people wait in line for, with the hours of their lines for :func:`openings`."""
    rows = QueueHours.objects.filter(service=OuterRef("pk")).order_by("weekday", "starts_at")
    row = JSONObject(weekday="weekday", starts_at="starts_at", ends_at="ends_at", zone="timezone")
    found = catalog.services(actor).filter(on_demand=True, active=True)
    return found.annotate(line_hours=ArraySubquery(rows.values(_row=row)))


def watch_age() -> float | None:
    """Return how many seconds ago somebody looked after the line; nothing where nobody ever has."""
    return next((pulse.age_seconds for pulse in loops.pulses() if pulse.name == WATCH), None)


def is_watched(age: float | None, now: datetime) -> bool:
    """Whether the line is looked after: a place or a range on a page may be old otherwise."""
    stale = rules.lasting("watch_stale", now.date())
    return age is not None and stale is not None and abs(age) <= stale.total_seconds()
