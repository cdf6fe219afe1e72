"""Reading times and appointments. What is free is public; appointments ask the actor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, QuerySet, Value
from psycopg.types.range import TimestamptzRange

from webside.catalog import gates, law
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.catalog.models import HealthcareService
from webside.compliance import selectors as compliance
from webside.compliance.models import Consent, ConsentText, Licence
from webside.compliance.rules.tables import table
from webside.compliance.selectors import OnRecord
from webside.core import clock
from webside.core.actor import Actor
from webside.people.models import Patient, Practitioner
from webside.scheduling import policies, rules
from webside.scheduling.codes import HOLDS_TIME, AppointmentStatus
from webside.scheduling.models import Appointment, AppointmentLink, Availability, AvailabilityException
from webside.scheduling.rules import Span, WeeklyHours

CONSENT_SCOPES: Mapping[str, str] = MappingProxyType({Kind.TELEMEDICINE: "telehealth", Kind.TELECARE: "telecare"})
"""The consent that a kind of service asks for once; telehealth coaching asks for none."""
ABOUT_LICENCES = ("licence.", "compact.", "registration.")
"""How the codes of the law's reasons begin that are about an authority in a state."""
BOOKABLE_DAYS = 14
LOOK_AHEAD_DAYS = 28
NEAREST = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be booked. Moments in UTC."""

    practitioner: Practitioner
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether a practitioner may give a service in a state, and what the gates said.

    ``record`` is what compliance has on record about everybody asked, so that it is read once for a page.
    """

    practitioner: Practitioner
    findings: list[gates.Finding] = field(default_factory=list)
    record: OnRecord | None = None

    @property
    def allowed(self) -> bool:
        """Whether nothing stands in the way of booking."""
        return not gates.stops(self.findings)

    @property
    def why_not(self) -> list[gates.Finding]:
        """What stands in the way."""
        return gates.stops(self.findings)


@dataclass(frozen=True, slots=True)
class State:
    """A place where a person may be, with the clocks that run there."""

    code: str
    name: str
    zones: tuple[str, ...]


def states(on: date) -> list[State]:
    """Return the states and territories where a person may be, by name."""
    rows = [row for row in table("jurisdictions").in_force(on) if row["country"] == "US"]
    return sorted((State(row["state"], row["name"], tuple(row["zones"])) for row in rows), key=lambda state: state.name)


def state(code: str, on: date) -> State | None:
    """Return the state with a two-letter code, or nothing."""
    return next((state for state in states(on) if state.code == code), None)


def length_of(service: HealthcareService) -> timedelta:
    """Return how long a visit of a service lasts."""
    return timedelta(minutes=service.duration_minutes)


def consent_text(scope: str, on: date) -> ConsentText | None:
    """Return the words of a consent that are in force on a day."""
    return (
        ConsentText.objects.filter(scope=scope, effective_from__lte=on).order_by("-effective_from", "-version").first()
    )


def has_consent(patient: Patient, scope: str) -> bool:
    """Whether a patient has agreed to a scope and not withdrawn it."""
    return Consent.objects.filter(patient=patient, scope=scope, status="active", visit_id=None).exists()


def offers(*, service: HealthcareService, state: str, at: datetime, patient: Patient | None = None) -> list[Offer]:
    """Return everybody who gives a service, with what the gates say for a patient in ``state`` at ``at``.

    The person's consent is taken as given: the booking form asks for it, and the booking asks the
    gates again with what was really given. Without a state the gates are not asked.
    """
    people = catalog.practitioners_for(service)
    return _offers(service, people, state, at, patient, _on_record(people, state, patient))


def _on_record(people: Sequence[Practitioner], state: str, patient: Patient | None) -> OnRecord | None:
    """Read once what the gates of law ask about all of them; nothing where they are not asked."""
    return compliance.on_record(people, patient) if state and people else None


def _offers(
    service: HealthcareService,
    practitioners: Sequence[Practitioner],
    state: str,
    at: datetime,
    patient: Patient | None = None,
    record: OnRecord | None = None,
) -> list[Offer]:
    if not state:
        return [Offer(practitioner) for practitioner in practitioners]
    consents = frozenset(scope for kind, scope in CONSENT_SCOPES.items() if kind == service.kind)
    record = record or _on_record(practitioners, state, patient)
    return [
        Offer(
            practitioner,
            gates.ask(
                gates.Case(
                    moment=gates.Moment.BOOK,
                    at=at,
                    service=service,
                    patient=patient,
                    practitioner=practitioner,
                    state=state,
                    facts={"consents": consents, law.RECORD: record},
                )
            ),
            record,
        )
        for practitioner in practitioners
    ]


def free_slots(
    *,
    service: HealthcareService,
    state: str,
    since: datetime,
    days: int,
    practitioner: Practitioner | None = None,
    patient: Patient | None = None,
    offered: Sequence[Offer] | None = None,
) -> list[Slot]:
    """Return the free times for a service within ``days`` days from ``since``, in order.

    Only of practitioners whom the gates let treat a patient in ``state``, judged at the beginning and
    at the end of the days; where the two differ (a licence that ends between), at each slot's day.
    ``offered`` is what :func:`offers` returned for the same page.
    """
    if offered is not None:
        record = next((offer.record for offer in offered), None)
        candidates = [offer.practitioner for offer in offered if practitioner in (None, offer.practitioner)]
    else:
        candidates = [practitioner] if practitioner else catalog.practitioners_for(service)
        record = _on_record(candidates, state, patient)
    until = since + timedelta(days=days)
    since = max(since, clock.now())
    if until <= since:
        return []

    def allowed(people: Sequence[Practitioner], at: datetime) -> dict[UUID, bool]:
        found = _offers(service, people, state, at, patient, record)
        return {offer.practitioner.id: offer.allowed for offer in found}

    first, last = allowed(candidates, since), allowed(candidates, until)
    possible = [person for person in candidates if first[person.id] or last[person.id]]
    length = length_of(service)
    result = []
    for person, spans in _free_spans(possible, since, until, length).items():
        changes = first[person.id] != last[person.id]
        by_day: dict[date, bool] = {}
        for span in spans:
            if changes:
                day = span.start.date()
                if day not in by_day:
                    by_day[day] = allowed([person], span.start)[person.id]
                if not by_day[day]:
                    continue
            result.append(Slot(person, span.start, span.end))
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
    slots = free_slots(service=service, state=state, since=start - timedelta(days=1), days=BOOKABLE_DAYS)
    taken = _visits_of(patient, moving) if patient is not None and patient.id is not None else []
    by_span: dict[Span, Slot] = {}
    for slot in slots:
        span = Span(slot.start, slot.end)
        if (besides is None or slot.practitioner.id != besides.id) and not any(span.overlaps(each) for each in taken):
            by_span.setdefault(span, slot)
    return [by_span[span] for span in rules.nearest(list(by_span), start, NEAREST)]


def _visits_of(patient: Patient, besides: Appointment | None) -> list[Span]:
    """Return when a patient has visits."""
    held = Appointment.objects.filter(patient=patient, status__in=HOLDS_TIME)
    return [Span(each.start, each.end) for each in (held.exclude(id=besides.id) if besides is not None else held)]


def next_free(
    *, service: HealthcareService, state: str, since: datetime | None = None, offered: Sequence[Offer] | None = None
) -> Slot | None:
    """Return the next free time for a service in a state, or nothing within four weeks.

    ``offered`` is what :func:`offers` returned for the same page.
    """
    if offered is not None:
        found = free_slots(
            service=service, state=state, since=since or clock.now(), days=LOOK_AHEAD_DAYS, offered=offered
        )
        return next(iter(found), None)
    return next_free_for_all(services=[service], state=state, since=since)[service.id]


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service as the clinic's page shows it."""

    service: HealthcareService
    price: str
    next_free: Slot | None


@dataclass(frozen=True, slots=True)
class OfferedKind:
    """The services of one kind."""

    kind: Kind
    services: list[OfferedService]


def offered_services(actor: Actor, *, state: str = "") -> list[OfferedKind]:
    """Return what the clinic offers by kind, with price and the next free time in ``state``.

    Drawn by ``scheduling/_services.html`` (as ``offered``; with ``zone``). Without a state the next
    free time is anybody's.
    """
    groups = catalog.services_by_kind(actor)
    bookable = [one for group in groups if group.kind != Kind.TELECARE for one in group.services]
    free = next_free_for_all(services=bookable, state=state)
    return [
        OfferedKind(
            group.kind,
            [OfferedService(one, catalog.price_text(one), free.get(one.id)) for one in group.services],
        )
        for group in groups
    ]


def next_free_for_all(
    *, services: Sequence[HealthcareService], state: str, since: datetime | None = None
) -> dict[UUID, Slot | None]:
    """Return the next free time of each of several services, by the service's id.

    The number of queries grows neither with the services nor with the people who give them.
    """
    since = max(since or clock.now(), clock.now())
    givers = catalog.practitioners_for_all(list(services))
    everybody = list({person.id: person for people in givers.values() for person in people}.values())
    facts = _Facts.load(everybody, since, since + timedelta(days=LOOK_AHEAD_DAYS))
    record = _on_record(everybody, state, None)
    result: dict[UUID, Slot | None] = {}
    for service in services:
        length = length_of(service)
        result[service.id] = None
        earliest = sorted(
            (
                Slot(person, first.start, first.end)
                for person in givers.get(service.id, [])
                if (first := facts.first_free(person, length))
            ),
            key=lambda slot: slot.start,
        )
        for slot in earliest:
            if all(offer.allowed for offer in _offers(service, [slot.practitioner], state, slot.start, record=record)):
                result[service.id] = slot
                break
    return result


@dataclass(frozen=True, slots=True)
class _Facts:
    """Hours, exceptions and booked time of several practitioners between two moments."""

    since: datetime
    until: datetime
    hours: dict[UUID, list[WeeklyHours]]
    extra: dict[UUID, list[Span]]
    off: dict[UUID, list[Span]]
    busy: dict[UUID, list[Span]]

    @classmethod
    def load(
        cls,
        practitioners: Iterable[Practitioner],
        since: datetime,
        until: datetime,
        without: Appointment | None = None,
    ) -> _Facts:
        """Read them in two queries; ``without`` leaves one appointment out."""
        ids = [person.id for person in practitioners]
        facts = cls(since, until, {}, {}, {}, {})
        if not ids:
            return facts
        for row in Availability.objects.filter(practitioner_id__in=ids):
            facts.hours.setdefault(row.practitioner_id, []).append(
                WeeklyHours(row.weekday, row.starts_at, row.ends_at, row.timezone, row.valid_from, row.valid_to)
            )
        # A slot that begins just before ``until`` reaches beyond it; a day is longer than any slot.
        window = TimestamptzRange(since, until + timedelta(days=1))
        exceptions = AvailabilityException.objects.filter(practitioner_id__in=ids, period__overlap=window)
        booked = Appointment.objects.filter(
            practitioner_id__in=ids, period__overlap=window, status__in=[status.value for status in HOLDS_TIME]
        )
        if without is not None:
            booked = booked.exclude(id=without.id)
        # What is off, what is extra and what is booked are one kind of fact, a stretch of time: one query.
        stretches = exceptions.values_list("practitioner_id", "period", "available").union(
            booked.values_list("practitioner_id", "period", Value(None, output_field=BooleanField())), all=True
        )
        kinds = {True: facts.extra, False: facts.off, None: facts.busy}
        for practitioner_id, period, available in stretches:
            kinds[available].setdefault(practitioner_id, []).append(Span(period.lower, period.upper))
        return facts

    def free(
        self, person: Practitioner, length: timedelta, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[Span]:
        """Return one person's free slots of a length, in all of the time or in a part of it."""
        return rules.free_slots(
            hours=self.hours.get(person.id, ()),
            extra=self.extra.get(person.id, ()),
            off=self.off.get(person.id, ()),
            busy=self.busy.get(person.id, ()),
            since=since or self.since,
            until=until or self.until,
            length=length,
        )

    def first_free(self, person: Practitioner, length: timedelta) -> Span | None:
        """Return one person's first free slot; most are found within a day or two."""
        since = self.since
        while since < self.until:
            until = min(since + timedelta(days=2), self.until)
            if found := self.free(person, length, since=since, until=until):
                return found[0]
            since = until
        return None


def _free_spans(
    practitioners: Sequence[Practitioner], since: datetime, until: datetime, length: timedelta
) -> dict[Practitioner, list[Span]]:
    facts = _Facts.load(practitioners, since, until)
    return {person: facts.free(person, length) for person in practitioners}


def is_offered(
    *, service: HealthcareService, practitioner: Practitioner, start: datetime, moving: Appointment | None = None
) -> bool:
    """Whether a practitioner gives a service and has a free slot that begins exactly at ``start``.

    ``moving`` is an appointment whose own time counts as free.
    """
    if not any(person.id == practitioner.id for person in catalog.practitioners_for(service)):
        return False
    length = length_of(service)
    facts = _Facts.load([practitioner], start, start + length, without=moving)
    return any(span.start == start for span in facts.free(practitioner, length))


def appointments_for(actor: Actor) -> QuerySet[Appointment]:
    """Return the appointments that the actor may see, the earliest first."""
    return policies.visible_appointments(
        actor, Appointment.objects.select_related("patient", "practitioner", "service").order_by("period")
    )


def appointment(actor: Actor, appointment_id: UUID) -> Appointment | None:
    """Return one appointment that the actor may see; nothing if there is none or they may not."""
    return appointments_for(actor).filter(id=appointment_id).first()


def upcoming_for(actor: Actor, now: datetime) -> QuerySet[Appointment]:
    """Return what is booked and not over, the earliest first."""
    return appointments_for(actor).filter(
        status__in=[AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN], period__endswith__gt=now
    )


def day_for(actor: Actor, day: date, zone: str) -> QuerySet[Appointment]:
    """Return the appointments that begin on a calendar day of a zone, cancelled ones too."""
    start, end = (datetime.combine(day + timedelta(days=days), time(0), tzinfo=ZoneInfo(zone)) for days in (0, 1))
    return appointments_for(actor).filter(period__startswith__gte=start, period__startswith__lt=end)


def holds_time(appointment: Appointment) -> bool:
    """Whether an appointment is booked, under way or was held."""
    return appointment.status in HOLDS_TIME


def standing(appointment: Appointment) -> str:
    """Return where an appointment stands for people: ahead, now, over, cancelled or missed."""
    if appointment.status == AppointmentStatus.CANCELLED:
        return "cancelled"
    if appointment.status == AppointmentStatus.NOSHOW:
        return "missed"
    now = clock.now()
    if appointment.status == AppointmentStatus.FULFILLED or appointment.end <= now:
        return "over"
    return "now" if appointment.start <= now or appointment.status == AppointmentStatus.CHECKED_IN else "ahead"


def can_still_change(appointment: Appointment) -> bool:
    """Whether an appointment can be moved or cancelled: booked and not begun."""
    return appointment.status == AppointmentStatus.BOOKED and appointment.start > clock.now()


def may_be_noshow(appointment: Appointment) -> bool:
    """Whether it can be noted that nobody came."""
    return appointment.status == AppointmentStatus.BOOKED and appointment.start <= clock.now()


def link_standing(link: AppointmentLink) -> str:
    """Return whether a link works: "open", or why not: "moved", "cancelled", "over", "expired"."""
    if link.appointment.status == AppointmentStatus.CANCELLED:
        return "cancelled"
    if link.revoked_at is not None:
        return "moved"
    if link.expires_at <= clock.now():
        return "expired"
    if link.appointment.status == AppointmentStatus.NOSHOW:
        return "over"
    return "open"


def link_by_hash(token_hash: bytes) -> AppointmentLink | None:
    """Return the link of this tenant with a token's hash."""
    return (
        AppointmentLink.objects.filter(token_hash=token_hash)
        .select_related("appointment__patient", "appointment__practitioner", "appointment__service")
        .first()
    )


def exceptions_of(practitioner: Practitioner, now: datetime) -> QuerySet[AvailabilityException]:
    """Return time off and extra time that is not over, the earliest first."""
    return AvailabilityException.objects.filter(practitioner=practitioner, period__endswith__gt=now).order_by("period")


def exception(exception_id: UUID) -> AvailabilityException | None:
    """Return one stretch of time off or extra time. Who may change it, a policy says."""
    return AvailabilityException.objects.select_related("practitioner").filter(id=exception_id).first()


def hours_of(practitioner: Practitioner) -> QuerySet[Availability]:
    """Return the weekly hours of a practitioner, from Monday."""
    return Availability.objects.filter(practitioner=practitioner).order_by("weekday", "starts_at")


# What is booked with somebody whose licence ends


def _booked_later(practitioner_ids: Iterable[UUID], states_: Iterable[str], since: datetime) -> QuerySet[Appointment]:
    return (
        Appointment.objects.filter(
            practitioner_id__in=set(practitioner_ids),
            patient_state__in=set(states_),
            status__in=[AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN],
            service__kind=Kind.TELEMEDICINE,
            period__startswith__gte=since,
        )
        .select_related("patient", "practitioner", "service")
        .order_by("period")
    )


def booked_beyond(licences: Iterable[Licence]) -> dict[UUID, int]:
    """Return by licence how many visits its practitioner has ahead in its state after its last day there.

    In one query. Licences without such a visit are left out. See ``compliance.registry``.
    """
    now = clock.now()
    ends = {each: end for each in licences if (end := compliance.ends_at(each)) is not None}
    if not ends:
        return {}
    found = _booked_later(
        (each.practitioner_id for each in ends), (each.state for each in ends), max(now, min(ends.values()))
    )
    counts: dict[UUID, int] = {}
    for practitioner_id, state_, period in found.values_list("practitioner_id", "patient_state", "period"):
        for licence, end in ends.items():
            if (licence.practitioner_id, licence.state) == (practitioner_id, state_) and period.lower >= end:
                counts[licence.id] = counts.get(licence.id, 0) + 1
    return counts


def lacking_licence(practitioner: Practitioner, state_: str) -> list[Appointment]:
    """Return the visits ahead of a practitioner in a state that the law does not let them hold, the earliest first.

    The gate of licences is asked about each, at its own time: another licence or a compact may carry it.
    """
    found = list(_booked_later([practitioner.id], [state_], clock.now()))
    record = compliance.on_record([practitioner]) if found else None
    return [each for each in found if _stopped_by_licence(each, record)]


def _stopped_by_licence(appointment: Appointment, record: OnRecord | None) -> bool:
    finding = law.licence(
        gates.Case(
            moment=gates.Moment.BOOK, at=appointment.start, service=appointment.service, patient=appointment.patient,
            practitioner=appointment.practitioner, state=appointment.patient_state, facts={law.RECORD: record},
        )
    )  # fmt: skip
    return finding.outcome == "stop" and any(reason.code.startswith(ABOUT_LICENCES) for reason in finding.reasons)
