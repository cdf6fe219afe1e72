"""Reading visits. The first argument is the actor, unless the caller has guarded the visit already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from webside.catalog import gates
from webside.catalog.gates import Case, Finding, Moment
from webside.chart.models import Encounter
from webside.chart.registry import Whereabouts
from webside.compliance import selectors as compliance
from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import first, prepared
from webside.people import selectors as people
from webside.people.models import Patient, Practitioner
from webside.people.rules import age_on
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment
from webside.scheduling.selectors import Slot, State
from webside.visits import policies, rules
from webside.visits.codes import MAIN, OVER, DeviceVerdict, HandOverOutcome, ParticipantRole, Stage, Step, VisitStatus
from webside.visits.models import ChatMessage, CodeCheck, HandOver, Participant, QualitySample, SafeStart, Visit
from webside.visits.rules import CallFacts
from webside.visits.selectors.phone import phone_moves, talked
from webside.visits.selectors.sites import kind_name, presenter_name
from webside.visits.selectors.team import apart, meets_since, team_meetings

PRESENT = timedelta(seconds=15)
"""A socket that has not been heard of for this long is gone, even if nobody could say so."""
NO_VISIT = (AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW, AppointmentStatus.WAITLIST)
"""Of an appointment whose room nobody goes into; who is back in line waits there, not here."""
LEAD = timedelta(minutes=2)
"""The next time offered to somebody who is already there begins no sooner than this."""


def visits(actor: Actor) -> QuerySet[Visit]:
    """Return the visits that the actor may see, the earliest first."""
    return policies.visible_visits(actor, _visits())


def _visits() -> QuerySet[Visit]:
    checks = Participant.objects.filter(visit=OuterRef("pk"), role=ParticipantRole.PATIENT)
    asked = HandOver.objects.filter(visit=OuterRef("pk"), answered_at=None)
    return (
        Visit.objects.select_related(
            "appointment__patient", "appointment__practitioner", "appointment__service", "safe_start__consent"
        )
        .annotate(
            patient_check=Subquery(checks.values("device_check")[:1]),
            is_handed_over=Exists(asked),
            meets_since=meets_since(),
        )
        .order_by("appointment__period")
    )


def visit(actor: Actor, visit_id: UUID) -> Visit | None:
    """Return one visit that the actor may see; nothing if there is none or they may not."""
    return first(_seen_by(actor=actor, visit=visit_id))


@prepared
def _seen_by(actor: Actor, visit: UUID) -> QuerySet[Visit]:
    return visits(actor).filter(id=visit).order_by()


def hears(actor: Actor, visit_id: UUID) -> bool:
    """Whether the actor may hear of a visit. All pages ask at once when a server is back, so it reads no more than this."""
    return policies.audible_visits(actor, Visit.objects.filter(id=visit_id)).exists()


def by_id(visit_id: UUID) -> Visit:
    """Return a visit with its people; raise ``Visit.DoesNotExist``. The caller asks the policies."""
    found = first(_one(visit=visit_id))
    if found is None:
        raise Visit.DoesNotExist
    return found


@prepared
def _one(visit: UUID) -> QuerySet[Visit]:
    return _visits().filter(id=visit).order_by()


def visit_for(appointment: Appointment) -> Visit | None:
    """Return the room of an appointment, if it has been opened yet; it has the appointment's id."""
    return first(_of(appointment=appointment.id))


@prepared
def _of(appointment: UUID) -> QuerySet[Visit]:
    return _visits().filter(appointment=appointment).order_by()


def visits_for(appointments: list[Appointment]) -> dict[UUID, Visit]:
    """Return the rooms of several appointments by the appointment's id, in one query."""
    return {found.appointment_id: found for found in _visits().filter(appointment__in=appointments)}


def safe_start_of(visit: Visit) -> SafeStart | None:
    """Return the safe start of a visit, as far as it has been filled in."""
    return getattr(visit, "safe_start", None)


def participants(visit: Visit) -> dict[ParticipantRole, Participant]:
    """Return both sides of a visit; who was asked in besides is :func:`seats_of`'s."""
    return {ParticipantRole(found.role): found for found in _both_sides(visit=visit.id)}


@prepared
def _both_sides(visit: UUID) -> QuerySet[Participant]:
    return Participant.objects.filter(visit=visit, role__in=MAIN)


def patients_seat(visit_id: UUID) -> Participant | None:
    """Return the seat of the patient in a visit, which has the id of its appointment; nothing before it was opened."""
    return Participant.objects.filter(visit_id=visit_id, role=ParticipantRole.PATIENT).first()


def attends(actor: Actor) -> str:
    """Return who sits on the patient's side, as the other side reads it; empty where it is the patient herself."""
    behalf = actor.on_behalf
    if behalf is None:
        return ""
    relation = people.relation_name(behalf.relation)
    return f"{actor.label} ({relation}), for {behalf.name}" if relation else f"{actor.label}, for {behalf.name}"


def is_here(participant: Participant | None) -> bool:
    """Whether somebody has a page of the visit open now."""
    return bool(
        participant and participant.socket_id and participant.seen_at and clock.now() - participant.seen_at <= PRESENT
    )


def patient_verdict(visit: Visit) -> DeviceVerdict | None:
    """Return what the patient's device check said when the visit was read, if she had one."""
    if hasattr(visit, "patient_check"):
        check = visit.patient_check
    else:
        seat = patients_seat(visit.id)
        check = seat.device_check if seat else None
    return DeviceVerdict(check["verdict"]) if check else None


def is_back_in_line(visit: Visit) -> bool:
    """Whether the patient waits in line again: nobody sees her at present (``scheduling`` keeps the line)."""
    return visit.appointment.status == AppointmentStatus.WAITLIST


def stage_of(visit: Visit) -> Stage:
    """Return which page a visit is on."""
    start = safe_start_of(visit)
    return rules.stage(
        cancelled=visit.appointment.status in NO_VISIT,
        status=VisitStatus(visit.status),
        checked_in=start is not None and start.completed_at is not None,
        admitted=visit.admitted_at is not None,
    )


# The patient's way in


@dataclass(frozen=True, slots=True)
class WayIn:
    """How far a patient is on her way into a visit: the steps that are ``done``, and the ``next`` one."""

    done: frozenset[Step]
    next: Step


STEP_NAMES: dict[Step, Promise] = {
    Step.DEVICES: gettext_lazy("Camera and sound"),
    Step.ANSWERS: gettext_lazy("Your answers"),
    Step.AGREEMENT: gettext_lazy("Your agreement"),
    Step.WAITING: gettext_lazy("Waiting room"),
}


STEP_PAGES: dict[Step, tuple[str, str]] = {
    Step.DEVICES: ("visits:visit-prepare", ""),
    Step.ANSWERS: ("visits:visit-check-in", ""),
    Step.AGREEMENT: ("visits:visit-check-in", "#q-agree"),
    Step.WAITING: ("visits:visit-waiting", ""),
}
"""The page on which each step is done, and the part of it."""


def way_in(visit: Visit) -> WayIn:
    """Return how far the patient is; see :class:`WayIn`."""
    stage = stage_of(visit)
    done = rules.steps_done(stage=stage, devices=patient_verdict(visit) is not None, answers=_has_answered(visit))
    return WayIn(done, rules.next_step(done, stage=stage))


def check_in_opens(visit: Visit) -> datetime | None:
    """Return when a patient is asked to check in. What she says of her place sooner would be too old at the visit.

    Nothing where no row says for how long a place holds: then it is open at once.
    """
    return rules.check_in_opens(visit.appointment.start)


def unanswered(start: SafeStart) -> list[str]:
    """Return the questions of a safe start that must be answered and are not; its agreement isn't among them.

    The ZIP code may be missing, but not be wrong: what is saved as it is typed may be half of one.
    """
    answered = {
        "identity_confirmed": start.identity_confirmed,
        "location": start.location,
        "address_line": start.address_line,
        "city": start.city,
        "state": start.state,
        "postal_code": not start.postal_code or rules.is_zip(start.postal_code),
        "alone": start.alone is not None,
        "nearby_name": start.alone is not False or start.nearby_name,
        "presenter_role": start.site_id is None or start.alone is not False or start.presenter_role,
    }
    return [name for name, answer in answered.items() if not answer]


def _has_answered(visit: Visit) -> bool:
    start = safe_start_of(visit)
    if start is None or unanswered(start):
        return False
    return not rules.place_is_old(start.place_said_at, clock.now())


# What the gates say


def judged_at(visit: Visit) -> datetime:
    """Return the moment by which a visit is judged: its beginning, once it has begun, else now.

    A licence that ends at midnight doesn't end the visit that began before; a warning says so
    (:func:`ends_during`).
    """
    return visit.started_at or visit.admitted_at or clock.now()


ROOM = "visits.room"
"""Name of the fact of ``Case`` that holds the visit it is about, read by this module."""


def room_of(case: Case) -> Visit | None:
    """Return the visit that a case is about, with its safe start, read once for all gates that ask.

    Nothing where there is none. Its people and its service are those of the case, and aren't read again.
    """
    visit_id = case.visit_id
    if visit_id is None:
        return None

    return case.once(ROOM, lambda: first(_as_it_went(visit=visit_id)))


@prepared
def _as_it_went(visit: UUID) -> QuerySet[Visit]:
    found = Visit.objects.select_related("safe_start", "follow_up__appointment").annotate(
        call_sums=_call_sums(), phone_moves=phone_moves(), taken_over_at=_taken_over(), met=team_meetings()
    )
    return found.filter(id=visit).order_by()


def case_of(
    visit: Visit, *, at: datetime | None = None, state: str = "", practitioner: Practitioner | None = None,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> Case:  # fmt: skip
    """Return what the gates are asked when somebody joins a visit.

    ``state``: the place, if it is another one than was said in the safe start. ``practitioner``: who would go on with it.
    """
    appointment = visit.appointment
    start = safe_start_of(visit)
    return Case(
        moment=Moment.JOIN,
        at=at or judged_at(visit),
        service=appointment.service,
        patient=appointment.patient,
        practitioner=practitioner or appointment.practitioner,
        state=state or (start.state if start else ""),
        visit_id=visit.id,
        encounter_id=visit.encounter_id,
        facts={ROOM: visit, "guardian_present": start.guardian_present if start else None, **facts},
    )


def came_with_guardian(visit: Visit) -> bool:
    """Whether somebody's guardian checked her in: a child is brought, and comes again as she came."""
    start = safe_start_of(visit)
    return start is not None and bool(start.guardian_present)


def join_findings(visit: Visit, *, at: datetime | None = None) -> list[Finding]:
    """Return what the gates find for a visit."""
    return gates.ask(case_of(visit, at=at))


def ends_during(visit: Visit, findings: list[Finding]) -> list[Finding]:
    """Return what held when a visit began and holds no more, since midnight has passed where the patient is."""
    now = clock.now()
    if visit.admitted_at is None or not _midnight_between(visit, judged_at(visit), now):
        return []
    stopped = {finding.gate for finding in gates.stops(findings)}
    return [
        finding
        for finding in gates.stops(join_findings(visit, at=now))
        if finding.gate not in stopped and finding.outcome == "stop" and finding.area == "law"
    ]


def _midnight_between(visit: Visit, began: datetime, now: datetime) -> bool:
    start = safe_start_of(visit)
    place = scheduling.state(start.state, now.date()) if start else None
    zones = place.zones if place else (visit.appointment.patient_timezone,)
    return any(began.astimezone(ZoneInfo(zone)).date() != now.astimezone(ZoneInfo(zone)).date() for zone in zones)


def barring(findings: list[Finding]) -> list[Finding]:
    """Return what stands in the way and can't be answered for by the clinician: it stops the visit."""
    return [finding for finding in gates.stops(findings) if not finding.overridable]


def to_answer_for(findings: list[Finding]) -> list[Finding]:
    """Return what stands in the way until the clinician gives a reason."""
    return [finding for finding in gates.stops(findings) if finding.overridable]


# The place


def states() -> list[State]:
    """Return the states where a person may be now."""
    return scheduling.states(clock.now().date())


def state_name(code: str) -> str:
    """Return the name of a state, or the code itself."""
    found = scheduling.state(code, clock.now().date())
    return found.name if found else code


def home_of(actor: Actor, visit: Visit) -> dict[str, str]:
    """Return the patient's address on file, in the fields of a safe start; empty when there is none.

    Empty too for whoever shows a link alone: where she lives is not told to a forwarded e-mail. She types it, and so
    still sees on her card what an ambulance would be told.
    """
    patient = visit.appointment.patient
    if actor.only_by_link or not patient.address_line or not patient.state:
        return {}
    home = {name: getattr(patient, name) for name in ("address_line", "city", "state")}
    return home | {"postal_code": patient.postal_code if rules.is_zip(patient.postal_code) else ""}


@dataclass(frozen=True, slots=True)
class EmergencyCard:
    """What 911 must hear (the fields of ``ui``'s emergency card).

    ``town`` is where 911 must be asked for; it goes with ``address``. ``record_address`` and ``record_phone`` stand in
    the record and were not said for this visit; they are empty where she has said where she is, or which number to call.
    ``site``: the place that helps with the visit, and its kind, as they were when she checked in; where she gave no
    number, ``phone`` is ``site_phone``.
    """

    name: str
    age: int | None
    address: str
    said_at: datetime | None
    phone: str
    nearby: str
    clinician: str
    town: str = ""
    record_address: str = ""
    record_phone: str = ""
    site: str = ""
    site_phone: str = ""


def emergency_card(visit: Visit, start: SafeStart | None = None) -> EmergencyCard:
    """Return the emergency card as far as it is known; what is missing stays empty and is shown as missing."""
    patient = visit.appointment.patient
    start = start or safe_start_of(visit)
    address = _address_line(start) if start else ""
    phone = start.phone or start.site_phone if start else ""
    return EmergencyCard(
        name=patient.full_name,
        age=age_on(patient.birth_date, clock.now().date()),
        address=address,
        said_at=start.place_said_at if start else None,
        phone=phone,
        nearby=_who_is_near(start) if start else "",
        clinician=visit.appointment.practitioner.display_name,
        town=", ".join(part for part in (start.city, start.state) if part) if start and address else "",
        record_address="" if address else _address_line(patient),
        record_phone="" if phone else patient.phone,
        site=f"{start.site_name} ({kind_name(start.site_kind)})" if start and start.site_name else "",
        site_phone=start.site_phone if start else "",
    )


def _who_is_near(start: SafeStart) -> str:
    parts = (start.nearby_name, presenter_name(start.presenter_role), start.nearby_phone)
    return ", ".join(part for part in parts if part)


def whereabouts_in(encounter_id: UUID) -> Whereabouts | None:
    """Return where the patient of an encounter is, as she said it at check-in. For a lower app."""
    visit = _visits().select_related("safe_start").filter(encounter_id=encounter_id).first()
    if visit is None:
        return None
    card = emergency_card(visit)
    return Whereabouts(
        address=card.address, town=card.town, said_at=card.said_at, phone=card.phone, nearby=card.nearby,
        record_address=card.record_address, record_phone=card.record_phone,
    )  # fmt: skip


def _address_line(place: SafeStart | Patient) -> str:
    """Return an address as one line; nothing while there is no street, for nobody could be sent there."""
    town = " ".join(part for part in (place.city, place.state, place.postal_code) if part)
    return ", ".join(part for part in (place.address_line, town) if part) if place.address_line else ""


# The line and the colleague


@dataclass(frozen=True, slots=True)
class Line:
    """Where a waiting patient stands: ``before`` people wait and were booked earlier, ``busy``: one is inside."""

    before: int
    busy: bool


def line(visit: Visit) -> Line:
    """Return who is before a patient with the same practitioner."""
    others = Visit.objects.filter(appointment__practitioner_id=visit.appointment.practitioner_id).exclude(id=visit.id)
    since = clock.now() - timedelta(hours=12)
    # What was cancelled, or went back to the line, leaves its visit waiting: nobody is there any more.
    rows = others.filter(
        waiting_since__gte=since, status__in=[VisitStatus.WAITING, VisitStatus.IN_PROGRESS],
        appointment__status__in=[AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN],
    )  # fmt: skip
    before = 0
    busy = False
    for admitted_at, period, met_since in rows.values_list("admitted_at", "appointment__period", meets_since()):
        if admitted_at is not None or met_since is not None:
            busy = True
        elif period.lower < visit.appointment.start:
            before += 1
    return Line(before, busy)


def colleague_for(visit: Visit) -> Slot | None:
    """Return the next free time of a colleague who may treat the patient where she is, or nothing."""
    appointment = visit.appointment
    start = safe_start_of(visit)
    if start is None or not start.state:
        return None
    free = scheduling.free_slots(
        service=appointment.service, state=start.state, since=clock.now() + LEAD, days=scheduling.BOOKABLE_DAYS,
        patient=appointment.patient, guardian=came_with_guardian(visit),
        free_for=appointment.patient, moving=appointment,
    )  # fmt: skip
    return next((slot for slot in free if slot.practitioner.id != appointment.practitioner_id), None)


def other_times(visit: Visit, count: int = 3) -> list[Slot]:
    """Return the practitioner's own next times for the state that the visit was booked for."""
    appointment = visit.appointment
    return scheduling.free_slots(
        service=appointment.service, state=appointment.patient_state, since=clock.now() + LEAD,
        days=scheduling.BOOKABLE_DAYS, practitioner=appointment.practitioner,
        free_for=appointment.patient, moving=appointment,
    )[:count]  # fmt: skip


def has_begun(appointment: Appointment) -> bool:
    """Whether the visit of an appointment has an encounter and isn't over; one that was stopped may go elsewhere."""
    begun = Visit.objects.filter(appointment_id=appointment.id, encounter_id__isnull=False)
    return begun.exclude(status__in=[*OVER, VisitStatus.STOPPED]).exists()


# Talk and numbers


def chat_of(visit: Visit, seat: Participant | None = None, role: ParticipantRole | None = None) -> list[ChatMessage]:
    """Return what was written and sent in a visit, in order; see :func:`lines_of`."""
    return list(lines_of(visit, seat, role))


def lines_of(
    visit: Visit, seat: Participant | None = None, role: ParticipantRole | None = None
) -> QuerySet[ChatMessage]:
    """Return the lines of a visit's chat; to who was asked in (``seat``), only since she was last let in.

    ``role``: on whose side somebody reads it. The patient is shown nothing that the team wrote without her.
    """
    lines = ChatMessage.objects.filter(visit=visit).select_related("author", "file").order_by("sent_at", "id")
    if ParticipantRole.PATIENT in (role, seat.role if seat is not None else None):
        return lines.filter(apart=False)
    if seat is not None and seat.role not in MAIN:
        if seat.admitted_at is None:
            return lines.none()
        lines = lines.filter(Q(sent_at__gte=seat.admitted_at) | Q(author=seat))
    return lines


def _call_sums() -> ArraySubquery:
    """Return seconds of sound and picture by side, as one array beside a visit: what the two heard of each other.

    What somebody who was asked in hears, or is heard of, makes no minute of the visit.
    """
    between = QualitySample.objects.filter(
        Q(peer=None) | Q(peer__role__in=MAIN), participant__visit=OuterRef("pk"), participant__role__in=MAIN
    )
    sums = between.order_by().values("participant__role")
    row = JSONObject(role="participant__role", sound=Sum("sound_seconds"), picture=Sum("picture_seconds"))
    return ArraySubquery(sums.annotate(_row=row).values("_row"))


def _taken_over() -> Subquery:
    """Return beside a visit since when its practitioner goes on with what a colleague began; her minutes begin there."""
    taken = HandOver.objects.filter(visit=OuterRef("pk"), outcome=HandOverOutcome.TAKEN).order_by("-answered_at")
    return Subquery(taken.values("answered_at")[:1])


def call_facts(visit: Visit) -> CallFacts:
    """Return what happened in a visit's call, from what both sides reported. See ``rules.call_facts``."""
    sums, moves = getattr(visit, "call_sums", None), getattr(visit, "phone_moves", None)
    taken, met = getattr(visit, "taken_over_at", None), getattr(visit, "met", ())
    if sums is None or moves is None:
        found = Visit.objects.filter(id=visit.id).values_list(
            _call_sums(), phone_moves(), _taken_over(), team_meetings()
        )
        sums, moves, taken, met = found.get()
    began = max(visit.started_at, taken) if visit.started_at and taken else visit.started_at
    return rules.call_facts(
        rules.summed((ParticipantRole(row["role"]), row["sound"], row["picture"]) for row in sums),
        on=(visit.started_at or clock.now()).date(),
        failed=visit.status == VisitStatus.FAILED,
        began=began,
        ended=visit.ended_at or (clock.now() if visit.started_at else None),
        audio_reason=visit.audio_reason,
        phone=talked(visit, moves),
        apart=apart(visit, met),
    )


def call_facts_of(visit_id: UUID) -> CallFacts | None:
    """Return :func:`call_facts` of a visit by its id, or nothing. The caller has guarded the visit's encounter."""
    found = (
        Visit.objects.annotate(
            call_sums=_call_sums(), phone_moves=phone_moves(), taken_over_at=_taken_over(), met=team_meetings()
        )
        .filter(id=visit_id)
        .first()
    )
    return call_facts(found) if found else None


def code_checks(visit: Visit) -> dict[ParticipantRole, str]:
    """Return what each side said when it compared the verification code with the other: same, different or empty."""
    said = CodeCheck.objects.filter(participant__visit=visit, participant__role__in=MAIN, peer__role__in=MAIN)
    found = dict(said.values_list("participant__role", "result"))
    return {role: found.get(role, "") for role in participants(visit)}


def signed_encounter(visit: Visit) -> Encounter | None:
    """Return the encounter of a visit once its note is signed: then there is a summary to read."""
    if visit.encounter_id is None:
        return None
    return Encounter.objects.filter(id=visit.encounter_id, note__signed_at__isnull=False).first()


def consent_withdrawn(visit: Visit) -> datetime | None:
    """Return when the patient took back her agreement to this visit, if she did."""
    start = safe_start_of(visit)
    return start.consent.withdrawn_at if start is not None and start.consent is not None else None


def licensed_state_names(visit: Visit) -> set[str]:
    """Return the names of the states where the visit's practitioner holds a licence now."""
    held = compliance.licensed_states(visit.appointment.practitioner, clock.now().date())
    return {state_name(code) for code in held}
