"""What home pages show, put together from the apps below. The first argument is the actor."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webside.audit.sentences import sentence
from webside.catalog import selectors as catalog
from webside.catalog.codes import Kind
from webside.chart.codes import EncounterStatus, ListCode, NoteStatus
from webside.chart.models import AllergyIntolerance, Condition, Encounter, List, MedicationStatement, Observation
from webside.chart.rules import vitals
from webside.compliance import selectors as compliance
from webside.compliance.models import Consent, Licence
from webside.core import clock
from webside.core.actor import Actor, ActorKind
from webside.core.models import Tenant
from webside.notifications import selectors as notifications
from webside.outbox import selectors as outbox
from webside.people import selectors as people
from webside.people.models import Patient, Practitioner
from webside.portal import policies, rules
from webside.portal.codes import OVER, PRESSING, Readiness
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.forms import parse_slot, slot_value
from webside.scheduling.models import Appointment
from webside.ui import when

DAYS_AHEAD = 7
JOIN_BEFORE = timedelta(minutes=30)
MOST_FOLLOWED = 10
ASKED_CONSENT = {Kind.TELEMEDICINE: "telehealth", Kind.TELECARE: "telecare"}


def where(name: str, *args: Any) -> str:
    """Return the address of a page, or an empty text where its app isn't switched on."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def visit_of(appointment: Appointment) -> Any:
    """Return the room of an appointment, if it has been made."""
    try:
        return appointment.visit
    except ObjectDoesNotExist:
        return None


def safe_start_of(visit: Any) -> Any:
    """Return what was answered before a visit, if anything was."""
    try:
        return visit.safe_start if visit is not None else None
    except ObjectDoesNotExist:
        return None


def age(born: date, on: date) -> int:
    """Return somebody's age in whole years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


# ---------------------------------------------------------------------------------------- the day


TONES = {
    Readiness.STOPPED: "danger",
    Readiness.NO_LICENCE: "danger",
    Readiness.WAITING_READY: "success",
    Readiness.CHECKED_IN: "success",
    Readiness.WAITING_CHECK_IN: "warning",
    Readiness.LATE: "warning",
    Readiness.NO_CONSENT: "warning",
    Readiness.IN_VISIT: "info",
    Readiness.FAILED: "danger",
    Readiness.MISSED: "warning",
    Readiness.DONE: "success",
    Readiness.EXPECTED: "muted",
    Readiness.CANCELLED: "muted",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment of a list, with how ready it is."""

    appointment: Appointment
    visit: Any
    ready: Readiness
    since: datetime
    age: int
    licensed: str = ""

    @property
    def tone(self) -> str:
        """The tone of its state."""
        return TONES[self.ready]

    @property
    def text(self) -> str:
        """Its state in words."""
        state = self.appointment.patient_state
        minutes = max(0, round((clock.now() - self.since).total_seconds() / 60))
        waited = ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes} if minutes else _("just now")
        return {
            Readiness.STOPPED: _("Stopped: %(why)s") % {"why": self.stopped_by or _("a check said no")},
            Readiness.NO_LICENCE: _("Can’t start: no licence for %(state)s") % {"state": state},
            Readiness.WAITING_READY: _("In waiting room, ready, %(time)s") % {"time": waited},
            Readiness.WAITING_CHECK_IN: _("In waiting room, check-in not done, %(time)s") % {"time": waited},
            Readiness.IN_VISIT: _("Visit is running"),
            Readiness.LATE: _("Not here yet, %(time)s late") % {"time": waited},
            Readiness.NO_CONSENT: _("Consent missing, asked at check-in"),
            Readiness.CHECKED_IN: _("Checked in"),
            Readiness.EXPECTED: _("Expected"),
            Readiness.DONE: _("Done"),
            Readiness.FAILED: _("The call failed, nothing is charged"),
            Readiness.MISSED: _("Did not come"),
            Readiness.CANCELLED: _("Cancelled"),
        }[self.ready]

    @property
    def stopped_by(self) -> str:
        """What stopped it, in the words of the first reason."""
        found = self.visit.stopped_by if self.visit is not None else None
        if isinstance(found, dict):
            found = found.get("reasons") or found.get("findings") or found.get("stops") or []
        first = found[0] if isinstance(found, list) and found else None
        return str(first.get("text", "")) if isinstance(first, dict) else ""

    @property
    def pressing(self) -> bool:
        """Whether somebody sits there and waits."""
        return self.ready in PRESSING

    @property
    def over(self) -> bool:
        """Whether nothing is left to do at the appointed time."""
        return self.ready in OVER

    @property
    def room_url(self) -> str:
        """Where the clinician meets the patient."""
        slug = self.appointment.tenant.slug
        if self.visit is None:
            return ""
        return where("visits:visit-room", slug, self.visit.id)

    @property
    def at_hand(self) -> bool:
        """Whether the visit is about to begin, or somebody is there already."""
        near = self.appointment.start - clock.now() < JOIN_BEFORE
        return not self.over and (near or self.pressing or self.ready is Readiness.IN_VISIT)

    @property
    def url(self) -> str:
        """The page of the appointment."""
        return where("scheduling:appointment-detail", self.appointment.tenant.slug, self.appointment.id)


def _rows(found: Iterable[Appointment], tenant: Tenant, licences: list[Licence], now: datetime) -> list[Row]:
    appointments = list(found)
    consents = set(
        Consent.objects.filter(
            patient_id__in={each.patient_id for each in appointments},
            status="active",
            scope__in=set(ASKED_CONSENT.values()),
        ).values_list("patient_id", "scope")
    )
    by_person: dict[UUID, list[Licence]] = {}
    for licence in licences:
        by_person.setdefault(licence.practitioner_id, []).append(licence)
    rows = []
    for each in appointments:
        each.tenant = tenant  # every row is of this tenant: no query for its slug
        visit = visit_of(each)
        start = safe_start_of(visit)
        day = each.start.astimezone(ZoneInfo(tenant.timezone)).date()
        licensed = {
            licence.state
            for licence in by_person.get(each.practitioner_id, [])
            if licence.period_start <= day and (licence.period_end is None or day <= licence.period_end)
        }
        asked = ASKED_CONSENT.get(Kind(each.service.kind))
        facts = rules.VisitFacts(
            start=each.start,
            appointment=each.status,
            visit=visit.status if visit is not None else "",
            checked_in=bool(start and start.completed_at),
            state=each.patient_state,
            licensed=licensed if each.service.kind == Kind.TELEMEDICINE else None,
            consent=(each.patient_id, asked) in consents if asked else None,
        )
        ready = rules.readiness(facts, now)
        since = visit.waiting_since if visit is not None and visit.waiting_since and ready in PRESSING else each.start
        rows.append(Row(each, visit, ready, since, age(each.patient.birth_date, day), ", ".join(sorted(licensed))))
    return rows


def _rooms(rows: Iterable[Row]) -> list[str]:
    # One socket carries twelve topics; the visits that come first are those where something happens.
    return [f"visit-news:{row.visit.id}" for row in rows if row.visit is not None][:MOST_FOLLOWED]


def _licences(practitioner_ids: Iterable[UUID]) -> list[Licence]:
    return list(Licence.objects.filter(practitioner_id__in=set(practitioner_ids), status="active").order_by("state"))


@dataclass(frozen=True, slots=True)
class UnsignedNote:
    """A note that waits for its signature, and what is missing in it."""

    encounter: Encounter
    missing: list[str]
    age: int


@dataclass(frozen=True, slots=True)
class Day:
    """What a clinician or coach has before them."""

    practitioner: Practitioner
    first: list[Row]
    today: list[Row]
    later: list[Row]
    done: list[Row]
    notes: list[UnsignedNote]
    licences: list[Licence]
    now: datetime

    @property
    def to_go(self) -> int:
        """How many visits are still to be held today."""
        return len(self.first) + len(self.today)

    @property
    def everything(self) -> int:
        """How much there is to do: visits of today and notes."""
        return self.to_go + len(self.notes)

    @property
    def cannot_start(self) -> int:
        """How many of today's visits may not start as things stand."""
        return sum(row.ready in (Readiness.NO_LICENCE, Readiness.STOPPED) for row in [*self.first, *self.today])

    @property
    def topics(self) -> str:
        """What the page listens to: the day itself and the rooms of the visits at hand."""
        return " ".join([f"day:{self.practitioner.id}", *_rooms([*self.first, *self.today])])

    @property
    def next(self) -> Row | None:
        """The visit that comes next: who waits the longest, else the next by time."""
        return next(iter([*self.first, *self.today, *self.later]), None)

    def row(self, appointment_id: UUID | None) -> Row | None:
        """Return the row of an appointment of this day, or the next one without an id."""
        if appointment_id is None:
            return self.next
        rows = [*self.first, *self.today, *self.later, *self.done]
        return next((row for row in rows if row.appointment.id == appointment_id), None)

    @property
    def ends_at(self) -> datetime | None:
        """When today's last visit ends."""
        return max((row.appointment.end for row in [*self.first, *self.today]), default=None)


NOTE_PARTS = ("subjective", "objective", "assessment", "plan")


def at_hand(actor: Actor, tenant: Tenant) -> tuple[int, int]:
    """Return how many wait now and how many are still to be seen today, for who sees a day or the board."""
    if actor.user_id is None or not (policies.can_see_day(actor) or policies.can_see_board(actor)):
        return 0, 0
    today = scheduling.day_for(actor, clock.now().astimezone(ZoneInfo(tenant.timezone)).date(), tenant.timezone)
    if policies.can_see_day(actor):
        today = today.filter(practitioner__user_id=actor.user_id)
    counted = today.order_by().aggregate(
        waiting=Count("id", filter=Q(status=AppointmentStatus.CHECKED_IN)),
        to_see=Count("id", filter=Q(status=AppointmentStatus.BOOKED, period__endswith__gt=clock.now())),
    )
    return counted["waiting"], counted["waiting"] + counted["to_see"]


def day(actor: Actor, tenant: Tenant) -> Day | None:
    """Return the day of the practitioner that the actor is, or nothing for anybody else."""
    practitioner = people.practitioner_of(actor) if policies.can_see_day(actor) else None
    if practitioner is None:
        return None
    now = clock.now()
    zone = ZoneInfo(practitioner.timezone or tenant.timezone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = (midnight + timedelta(days=1, hours=2)).replace(hour=0)
    found = (
        scheduling.appointments_for(actor)
        .filter(
            practitioner=practitioner,
            period__startswith__gte=midnight,
            period__startswith__lt=midnight + timedelta(days=DAYS_AHEAD),
        )
        .select_related("visit__safe_start")
    )
    licences = _licences([practitioner.id])
    rows = _rows(found, tenant, licences, now)
    rows.sort(key=lambda row: rules.harm_order(row.ready, row.since))
    today = [row for row in rows if row.appointment.start < tomorrow]
    return Day(
        practitioner=practitioner,
        first=[row for row in today if row.pressing or row.ready is Readiness.IN_VISIT],
        today=[row for row in today if not row.pressing and not row.over and row.ready is not Readiness.IN_VISIT],
        later=[row for row in rows if row.appointment.start >= tomorrow and not row.over],
        done=[row for row in today if row.over and row.ready is not Readiness.CANCELLED],
        notes=unsigned_notes(practitioner, now),
        licences=licences,
        now=now,
    )


def unsigned_notes(practitioner: Practitioner, now: datetime) -> list[UnsignedNote]:
    """Return a practitioner's own notes that are not signed although the visit is over, the oldest first."""
    found = (
        Encounter.objects.filter(practitioner=practitioner, status=EncounterStatus.FINISHED)
        .filter(Q(note=None) | Q(note__status=NoteStatus.PRELIMINARY))
        .select_related("patient", "service", "note")
        .order_by("started_at")
    )
    names = {
        "subjective": _("Subjective"),
        "objective": _("Objective"),
        "assessment": _("Assessment"),
        "plan": _("Plan"),
    }
    result = []
    for encounter in found:
        note = getattr(encounter, "note", None)
        wanted = [part for part in NOTE_PARTS if part in encounter.service.documentation]
        missing = [names[part] for part in wanted if not (note and getattr(note, part).strip())]
        result.append(UnsignedNote(encounter, missing, age(encounter.patient.birth_date, now.date())))
    return result


@dataclass(frozen=True, slots=True)
class Brief:
    """What must be known before a visit."""

    patient: Patient
    allergy_checks: list[dict[str, str]]
    allergies: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    medications: list[dict[str, Any]]
    vitals: list[dict[str, Any]]


def brief(row: Row, licences: list[Licence]) -> Brief:
    """Return what a practitioner must know before their own visit ``row``, in one query.

    The caller records the reading of the chart.
    """
    of_patient = {"patient": OuterRef("pk")}
    patient = Patient.objects.annotate(
        gone_through=ArraySubquery(
            List.objects.filter(**of_patient, code=ListCode.ALLERGIES).values(
                row=JSONObject(at="confirmed_at", empty="empty_reason")
            )
        ),
        known_allergies=ArraySubquery(
            AllergyIntolerance.objects.filter(**of_patient, clinical_status="active")
            .order_by("substance")
            .values(row=JSONObject(name="substance", note="reaction", level="criticality"))
        ),
        known_problems=ArraySubquery(
            Condition.objects.filter(**of_patient, clinical_status="active", category="problem-list-item")
            .order_by("position", "display")
            .values(row=JSONObject(name="display", code="code"))
        ),
        known_medications=ArraySubquery(
            MedicationStatement.objects.filter(**of_patient, status="active")
            .order_by("medication")
            .values(row=JSONObject(name="medication", note="dosage"))
        ),
        known_vitals=ArraySubquery(
            Observation.objects.filter(**of_patient, status="final")
            .order_by("code", "-effective_at")
            .distinct("code")
            .values(row=JSONObject(name="display", value="value", unit="unit", on="effective_at"))
        ),
    ).get(id=row.appointment.patient_id)
    shown = {ucum: unit for sign in vitals.signs(clock.now().date()) for ucum, unit in sign.units}
    return Brief(
        patient=patient,
        allergy_checks=_allergy_check(patient.known_allergies, patient.gone_through),
        allergies=patient.known_allergies,
        problems=patient.known_problems,
        medications=patient.known_medications,
        vitals=[
            {**vital, "unit": shown.get(vital["unit"], vital["unit"]), "on": datetime.fromisoformat(vital["on"])}
            for vital in patient.known_vitals
        ],
    )


def checks(row: Row, licences: list[Licence]) -> list[dict[str, str]]:
    """Return what the law and the check-in say about a visit. Nothing of the chart."""
    return [*_law_checks(row, licences), *_start_checks(row)]


def _law_checks(row: Row, licences: list[Licence]) -> list[dict[str, str]]:
    if row.appointment.service.kind != Kind.TELEMEDICINE:
        return [{"tone": "success", "text": _("Coaching: no licence needed, no diagnosis, no claim")}]
    state = row.appointment.patient_state
    held = [licence for licence in licences if licence.state == state]
    if row.ready is Readiness.NO_LICENCE or not held:
        return [{"tone": "danger", "text": _("No licence for %(state)s on that day") % {"state": state}}]
    until = max((licence.period_end for licence in held if licence.period_end), default=None)
    if until is None:
        return [{"tone": "success", "text": _("Licence for %(state)s, no end set") % {"state": state}}]
    soon = until - row.appointment.start.date() < timedelta(days=30)
    text = _("Licence for %(state)s to %(day)s") % {"state": state, "day": until.isoformat()}
    return [{"tone": "warning" if soon else "success", "text": text}]


def _start_checks(row: Row) -> list[dict[str, str]]:
    start = safe_start_of(row.visit)
    if start is None or not start.completed_at:
        text = _("Check-in not done yet: who, where now, call-back number, consent")
        return [{"tone": "muted", "text": text}]
    checks = [
        {"tone": "success", "text": _("Identity seen on a document")}
        if start.identity_document
        else {"tone": "warning", "text": _("Identity not seen on a document")}
    ]
    place = ", ".join(part for part in (start.address_line, start.city, start.state) if part)
    checks.append(
        {"tone": "success", "text": _("Is at %(place)s") % {"place": place}}
        if place
        else {"tone": "danger", "text": _("Address now is not known")}
    )
    if not start.phone:
        checks.append({"tone": "warning", "text": _("No call-back number")})
    return checks


def _allergy_check(allergies: list[dict[str, Any]], confirmed: list[dict[str, Any]]) -> list[dict[str, str]]:
    if not confirmed:
        text = _("Allergy list was never confirmed") if allergies else _("No allergies are written down: ask")
        return [{"tone": "warning", "text": text}]
    on = datetime.fromisoformat(confirmed[0]["at"]).date()
    months = round((clock.now().date() - on).days / 30)
    if months < 12:
        return [{"tone": "success", "text": _("Allergy list confirmed %(day)s") % {"day": on.isoformat()}}]
    text = ngettext(
        "Allergy list last confirmed %(n)d month ago", "Allergy list last confirmed %(n)d months ago", months
    )
    return [{"tone": "warning", "text": text % {"n": months}}]


# -------------------------------------------------------------------------------------- the board


@dataclass(frozen=True, slots=True)
class Board:
    """Today at the front desk."""

    rows: list[Row]
    now: datetime
    shown: str = ""
    able: dict[str, str] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Row]:
        """Who sits in the waiting room, the longest first."""
        return [row for row in self.rows if row.pressing]

    @property
    def longest(self) -> int:
        """Minutes of the longest wait."""
        waits = ((self.now - row.since).total_seconds() / 60 for row in self.waiting)
        return max(0, round(max(waits, default=0)))

    def count(self, *ready: Readiness) -> int:
        """How many rows are in one of these states."""
        return sum(row.ready in ready for row in self.rows)

    @property
    def topics(self) -> str:
        """What the board listens to: the clinic and the rooms of the visits at hand."""
        tenant = [f"tenant:{row.appointment.tenant_id}" for row in self.rows[:1]]
        return " ".join([*tenant, *_rooms(row for row in self.rows if not row.over)])

    @property
    def visible(self) -> list[Row]:
        """The rows of the chosen view."""
        return [row for row in self.rows if _in_view(row, self.shown)]


def _in_view(row: Row, view: str) -> bool:
    if view == "waiting":
        return row.pressing
    if view == "attention":
        return row.tone in ("danger", "warning") and not row.over
    if view == "over":
        return row.over
    return True


def board(actor: Actor, tenant: Tenant, shown: str = "") -> Board | None:
    """Return today's appointments of the whole clinic, or nothing for who may not see them."""
    if not policies.can_see_board(actor):
        return None
    now = clock.now()
    today = now.astimezone(ZoneInfo(tenant.timezone)).date()
    found = list(scheduling.day_for(actor, today, tenant.timezone).select_related("visit__safe_start"))
    licences = list(
        Licence.objects.filter(status="active", practitioner__active=True)
        .select_related("practitioner")
        .order_by("practitioner__family")
    )
    rows = _rows(found, tenant, licences, now)
    rows.sort(key=lambda row: rules.harm_order(row.ready, row.since))
    able: dict[str, list[str]] = {}
    for licence in licences:
        if licence.period_start <= today and (licence.period_end is None or today <= licence.period_end):
            able.setdefault(licence.state, []).append(licence.practitioner.display_name)
    names = {state: ", ".join(dict.fromkeys(people_)) for state, people_ in able.items()}
    return Board(rows=rows, now=now, shown=shown, able=names)


def find_patients(actor: Actor, words: str, limit: int = 12) -> list[Patient]:
    """Return patients by the beginning of their names, record number, phone or birth date (YYYY-MM-DD)."""
    found: QuerySet[Patient] = people.visible_patients(actor)
    for word in words.split()[:4]:
        match = Q(family__istartswith=word) | Q(given__istartswith=word) | Q(record_number__iexact=word)
        digits = "".join(letter for letter in word if letter.isdigit())
        if len(digits) >= 4:
            match |= Q(phone__contains=digits) | Q(phone__endswith=digits[-4:])
        with suppress(ValueError):  # a name, not a day
            match |= Q(birth_date=date.fromisoformat(word))
        found = found.filter(match)
    return list(found[:limit])


@dataclass(frozen=True, slots=True)
class PhoneOffer:
    """What can be offered to a patient on the phone: where she will be, the times there, what she must agree to."""

    state: str
    zone: str
    states: list[scheduling.State]
    slots: list[scheduling.Slot]
    scope: str
    consent_text: str

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The times as the slot picker draws them, by day."""
        now = when.local(clock.now(), self.zone)
        days: dict[str, list[dict[str, str]]] = {}
        for slot in self.slots:
            here = when.local(slot.start, self.zone)
            days.setdefault(capfirst(when.day(here, now)), []).append(
                {
                    "value": slot_value(slot.start, slot.practitioner.id),
                    "time": when.clock_time(here),
                    "who": slot.practitioner.display_name,
                }
            )
        return [{"title": title, "slots": found} for title, found in days.items()]


def picked(service: Any, value: str) -> tuple[datetime, Practitioner] | None:
    """Return when and with whom a form's value says, if that person gives the service. Booking asks whether it is free."""
    parsed = parse_slot(value)
    person = next((each for each in catalog.practitioners_for(service) if parsed and each.id == parsed[1]), None)
    return (parsed[0], person) if parsed and person else None


PHONE_DAYS = 3
PHONE_SLOTS = 18


def phone_offer(*, patient: Patient, service: Any, tenant: Tenant, state: str | None) -> PhoneOffer:
    """Return what can be offered for a service; ``state`` is where the patient says she will be, else where she lives."""
    states = scheduling.states(clock.now().date())
    known = {each.code: each for each in states}
    code = state if state in known else patient.state if patient.state in known else ""
    home = patient.timezone if patient.timezone and code == patient.state else ""
    zone = home or (known[code].zones[0] if code else tenant.timezone)
    slots = (
        scheduling.free_slots(service=service, state=code, since=clock.now(), days=PHONE_DAYS, patient=patient)
        if code
        else []
    )
    scope = ASKED_CONSENT.get(Kind(service.kind), "")
    if scope and Consent.objects.filter(patient=patient, scope=scope, status="active").exists():
        scope = ""
    text = compliance.current_text(scope) if scope else None
    return PhoneOffer(code, zone, states, slots[:PHONE_SLOTS], scope, text.body if text else "")


# ------------------------------------------------------------------------------------ the patient


@dataclass(frozen=True, slots=True)
class Home:
    """What a patient sees first."""

    patient: Patient
    next: Appointment | None
    visit: Any
    tasks: list[dict[str, str]]
    action: tuple[str, str]
    upcoming: list[Appointment]
    past: list[Encounter]
    consents: list[Consent]


def home(actor: Actor, tenant: Tenant) -> Home | None:
    """Return the home of the patient that the actor is, or nothing for anybody else."""
    patient = people.patient_of(actor)
    if patient is None:
        return None
    now = clock.now()
    upcoming = list(
        scheduling.upcoming_for(actor, now).filter(patient=patient).select_related("visit__safe_start")[:20]
    )
    for each in upcoming:
        each.tenant = tenant
    following = upcoming[0] if upcoming else None
    visit = visit_of(following) if following else None
    checked = _device_checked(visit)
    past = (
        Encounter.objects.filter(patient=patient, status=EncounterStatus.FINISHED)
        .select_related("service", "practitioner", "note")
        .order_by("-started_at")[:6]
    )
    tasks = _tasks(following, visit, checked, tenant) if following else []
    return Home(
        patient=patient,
        next=following,
        visit=visit,
        tasks=tasks,
        action=_action(following, visit, checked, tenant, now),
        upcoming=upcoming[1:],
        past=list(past),
        consents=list(
            Consent.objects.filter(patient=patient, status="active", visit_id=None)
            .select_related("text")
            .order_by("given_at")
        ),
    )


def _device_checked(visit: Any) -> bool:
    if visit is None:
        return False
    return any(side.role == "patient" and side.device_check for side in visit.participants.all())


def _tasks(appointment: Appointment, visit: Any, checked: bool, tenant: Tenant) -> list[dict[str, str]]:
    start = safe_start_of(visit)
    done = bool(start and start.completed_at)
    if visit is None:
        return []
    prepare = where("visits:visit-prepare", tenant.slug, visit.id)
    check_in = where("visits:visit-check-in", tenant.slug, visit.id)
    return [
        {
            "name": _("Camera, sound and network"),
            "state": "done" if checked else "now",
            "url": "" if checked else prepare,
            "note": "" if checked else _("1 minute"),
        },
        {
            "name": _("Check in"),
            "state": "done" if done else ("now" if checked else "todo"),
            "url": "" if done else check_in,
            "note": "" if done else _("2 minutes"),
        },
    ]


def _action(
    appointment: Appointment | None, visit: Any, checked: bool, tenant: Tenant, now: datetime
) -> tuple[str, str]:
    """Return the one button: where it leads and what it says."""
    if appointment is None:
        return where("portal:clinic", tenant.slug), _("Find a time")
    if visit is not None:
        start = safe_start_of(visit)
        if visit.status == "in-progress":
            return where("visits:visit-room", tenant.slug, visit.id), _("Go back to your visit")
        if start and start.completed_at:
            return where("visits:visit-waiting", tenant.slug, visit.id), _("Go to the waiting room")
        if now >= appointment.start - JOIN_BEFORE:
            return where("visits:visit-check-in", tenant.slug, visit.id), _("Check in and join")
        if not checked:
            return where("visits:visit-prepare", tenant.slug, visit.id), _("Check camera and sound")
    return where("scheduling:appointment-detail", tenant.slug, appointment.id), _("See your visit")


def own_patient(actor: Actor) -> Patient | None:
    """Return the patient that the actor is, if any."""
    return people.patient_of(actor)


@dataclass(frozen=True, slots=True)
class Access:
    """One line of who looked at a record."""

    at: datetime
    who: str
    roles: str
    what: str
    why: str
    refused: bool
    times: int = 1

    def same_as(self, other: Access) -> bool:
        """Whether two lines say the same of the same hour."""
        near = abs(self.at - other.at) < timedelta(hours=1)
        return near and (self.who, self.what, self.why, self.refused) == (
            other.who, other.what, other.why, other.refused,
        )  # fmt: skip


def record_access(actor: Actor, *, limit: int = 100) -> list[Access]:
    """Return who looked at, or changed, the record of the patient that the actor is: others only, newest first.

    What Webside does by itself is left out; what repeats within the hour stands once with its number."""
    found = compliance.audit_of_patient(actor).exclude(actor_id=actor.user_id)
    rows: list[Access] = []
    for event in found.order_by("-at", "-sequence")[:limit]:
        roles = _("by a link sent to you") if event.actor_kind == ActorKind.LINK else event.actor_roles
        row = Access(
            at=event.at,
            who=event.actor_label,
            roles=roles,
            what=sentence(event.action),
            why=event.ground,
            refused=event.outcome != "0",
        )
        if rows and rows[-1].same_as(row):
            rows[-1] = replace(rows[-1], times=rows[-1].times + 1)
        else:
            rows.append(row)
    return rows


def tenants() -> QuerySet[Tenant]:
    """Return the clinics of this installation that are open, by name."""
    return Tenant.objects.filter(active=True).order_by("name")


def own_consent(actor: Actor, consent_id: UUID) -> Consent | None:
    """Return a consent that the actor gave for themselves and that still holds."""
    patient = people.patient_of(actor)
    if patient is None:
        return None
    return Consent.objects.filter(id=consent_id, patient=patient, status="active").first()


# --------------------------------------------------------------------------------- the public page


@dataclass(frozen=True, slots=True)
class Offered:
    """A service on the public page: its price and the next free time, in words for visitors."""

    service: Any
    price: str
    next: Any
    people: list[Practitioner]


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
    everybody = list({person.id: person for found in givers.values() for person in found}.values())
    today = clock.now().astimezone(ZoneInfo(tenant.timezone)).date()
    states: dict[UUID, list[str]] = {}
    for licence in _licences(person.id for person in everybody):
        if licence.period_start <= today and (licence.period_end is None or today <= licence.period_end):
            states.setdefault(licence.practitioner_id, []).append(licence.state)
    names = {state.code: state.name for state in scheduling.states(today)}
    return Clinic(
        kinds=[
            (
                group.kind,
                [
                    Offered(service, catalog.price_text(service), slots.get(service.id), givers.get(service.id, []))
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


# ----------------------------------------------------------------------------------- the installation


def administration(actor: Actor) -> dict[str, int] | None:
    """Return what an administrator should look at: counts of what went wrong."""
    if not policies.can_see_administration(actor) or actor.tenant_id is None:
        return None
    sent = notifications.counts(actor)
    return {
        "failed": sent["failed"],
        "queued": sent["queued"],
        "dead": outbox.dead_deliveries(actor.tenant_id).count(),
    }
