"""Booking, moving, cancelling; links; hours."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.types.range import TimestamptzRange

from webside.audit.services import action, record
from webside.catalog import gates
from webside.catalog.models import HealthcareService
from webside.compliance import services as compliance
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner
from webside.people.services import register_patient
from webside.realtime.services import push_on_commit
from webside.scheduling import policies, selectors
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentMoved,
)
from webside.scheduling.models import Appointment, AppointmentLink, Availability, AvailabilityException
from webside.scheduling.selectors import Slot

LINK_OUTLIVES_VISIT = timedelta(hours=24)
REGISTRATION_TRIES = 6


class NotAllowed(PermissionError):
    """The actor may not do this."""


class CannotBook(Exception):
    """This time can't be booked. ``nearest`` are free times near it, the earliest first."""

    def __init__(self, nearest: Sequence[Slot] = ()) -> None:
        super().__init__(type(self).__name__)
        self.nearest = list(nearest)


class SlotTaken(CannotBook):
    """Somebody else took it, or it was never offered."""


class SlotPassed(CannotBook):
    """It began while the form was open."""


class PatientBusy(CannotBook):
    """The patient has another appointment at that time."""


class GatesStop(CannotBook):
    """The gates say no. ``findings`` say why; ``nearest`` are times of colleagues who may."""

    def __init__(self, findings: Sequence[gates.Finding], nearest: Sequence[Slot] = ()) -> None:
        super().__init__(nearest)
        self.findings = list(findings)


class WrongStatus(Exception):
    """The appointment is not in a state in which this can be done (it is cancelled, over, missed)."""


class KeyReused(ValueError):
    """The idempotency key belongs to somebody else's booking."""


class AlreadyBooked(Exception):
    """They have it: the same form was sent before with another time, or an older page of theirs booked this very visit.

    ``appointment`` is what was booked then.
    """

    def __init__(self, appointment: Appointment) -> None:
        super().__init__("AlreadyBooked")
        self.appointment = appointment


@dataclass(frozen=True, slots=True)
class VisitorDetails:
    """What a person without an account tells us about herself when she books."""

    given: str
    family: str
    birth_date: date
    email: str
    phone: str


@action("scheduling.appointment.book")
def book_appointment(
    *,
    actor: Actor,
    patient: Patient,
    service: HealthcareService,
    practitioner: Practitioner,
    start: datetime,
    state: str,
    timezone: str,
    reason_text: str = "",
    idempotency_key: str,
    consents: frozenset[str] = frozenset(),
) -> Appointment:
    """Book a time; the same key again returns the same appointment and books nothing.

    ``start`` is aware; ``state`` is where the patient will be (two letters), ``timezone`` her IANA
    zone; ``consents`` are scopes that she agrees to with this booking. Raises :class:`NotAllowed`,
    :class:`SlotPassed`, :class:`GatesStop`, :class:`SlotTaken`, :class:`PatientBusy`,
    :class:`KeyReused`, :class:`AlreadyBooked`.
    """
    known = _booked_with(idempotency_key)
    if known is not None:
        if known.patient_id != patient.id:
            raise KeyReused
        return _booked_before(actor, known, practitioner, start)
    if not policies.can_book_for(actor, patient):
        raise NotAllowed
    _lock(practitioner, patient)
    _refuse_again(service, practitioner, start, patient=patient)
    _check_time(service=service, practitioner=practitioner, patient=patient, start=start, state=state,
                consents=consents)  # fmt: skip
    appointment = Appointment(
        patient=patient,
        practitioner=practitioner,
        service=service,
        period=_period(service, start),
        patient_state=state,
        patient_timezone=timezone,
        reason_text=reason_text.strip(),
        booked_by=actor.label,
        idempotency_key=idempotency_key,
    )
    try:
        _save_if_free(appointment, state)
    except CannotBook:
        # The same form, sent twice at once: the other request was a moment faster.
        twin = _booked_with(idempotency_key)
        if twin is None or twin.patient_id != patient.id:
            raise
        return _booked_before(actor, twin, practitioner, start)
    write_version(appointment)
    _note_booking(actor, appointment)
    publish(AppointmentBooked(appointment_id=appointment.id))
    return appointment


def _note_booking(actor: Actor, appointment: Appointment, *, repeated: bool = False) -> None:
    record("scheduling.appointment.book", actor=actor, target=appointment, patient_id=appointment.patient_id,
           target_label=appointment.service.name, changes={"repeated": True} if repeated else None)  # fmt: skip


def _booked_before(actor: Actor, known: Appointment, practitioner: Practitioner, start: datetime) -> Appointment:
    if known.start != start or known.practitioner_id != practitioner.id:
        raise AlreadyBooked(known)
    _note_booking(actor, known, repeated=True)
    return known


@action("scheduling.appointment.book")
def book_as_visitor(
    *,
    actor: Actor,
    details: VisitorDetails,
    service: HealthcareService,
    practitioner: Practitioner,
    start: datetime,
    state: str,
    timezone: str,
    reason_text: str = "",
    idempotency_key: str,
    consent_scope: str = "",
) -> Appointment:
    """Register a person, take her consent and book for her: all of it, or nothing.

    Nobody is looked up by what a stranger types: a visitor is always a new patient, and the clinic
    joins records later. The same key with the same person again returns the same appointment; with
    another person it raises :class:`KeyReused`. Raises what :func:`book_appointment` raises.
    """
    # Before anything is made: the second of two equal forms waits here and then finds what the first one booked.
    _lock(practitioner)
    known = _booked_with(idempotency_key)
    if known is None:
        if actor.kind is ActorKind.LINK:
            _refuse_again(service, practitioner, start, id=actor.subject_id)
        return book_with_consent(
            actor=actor, patient=_register(actor, details, state, timezone), service=service,
            practitioner=practitioner, start=start, state=state, timezone=timezone, reason_text=reason_text,
            idempotency_key=idempotency_key, consent_scope=consent_scope,
        )  # fmt: skip
    if not _same_person(known.patient, details):
        raise KeyReused
    return _booked_before(actor, known, practitioner, start)


def _register(actor: Actor, details: VisitorDetails, state: str, timezone: str) -> Patient:
    """Register a visitor; the next record number may be taken by another registration at the same moment."""
    for attempt in range(1, REGISTRATION_TRIES + 1):
        try:
            with transaction.atomic():
                return register_patient(
                    actor=actor, given=details.given, family=details.family, birth_date=details.birth_date,
                    email=details.email, phone=details.phone, state=state, timezone=timezone,
                    user_id=actor.user_id if not actor.is_staff else None,
                )  # fmt: skip
        except IntegrityError as error:
            if _constraint(error) != "patient_record_number_once" or attempt == REGISTRATION_TRIES:
                raise
    raise AssertionError("unreachable")


def _same_person(patient: Patient, details: VisitorDetails) -> bool:
    return (patient.given, patient.family, patient.birth_date, patient.email) == (
        details.given.strip(), details.family.strip(), details.birth_date, details.email.strip().lower(),
    )  # fmt: skip


@action("scheduling.appointment.book")
def book_with_consent(*, actor: Actor, patient: Patient, consent_scope: str = "", **booking: Any) -> Appointment:
    """Take the patient's consent for ``consent_scope`` (if any) and book, both or neither.

    ``booking`` is the rest of what :func:`book_appointment` takes; raises what it raises.
    """
    if consent_scope and _booked_with(booking["idempotency_key"]) is None:
        compliance.give_consent(actor=actor, patient=patient, scope=consent_scope, given_by=patient.full_name)
    return book_appointment(actor=actor, patient=patient, consents=frozenset({consent_scope} - {""}), **booking)


@action("scheduling.appointment.move")
def move_appointment(
    *,
    actor: Actor,
    appointment: Appointment,
    start: datetime,
    practitioner: Practitioner | None = None,
    state: str = "",
    timezone: str = "",
) -> Appointment:
    """Give an appointment another time, with the same person or a colleague; ask the gates again.

    One that has not begun: booked, or checked in. A check-in was for the old time and person: it is
    booked again and the check-in is done anew. Links sent before stop working; the message about the
    new time brings a new one. Raises :class:`NotAllowed`, :class:`WrongStatus` and what booking raises.
    """
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    practitioner = practitioner or appointment.practitioner
    _lock(practitioner, appointment.patient)
    appointment = _locked(appointment)
    if appointment.status not in (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN):
        raise WrongStatus(appointment.status)
    state = state or appointment.patient_state
    _check_time(service=appointment.service, practitioner=practitioner, patient=appointment.patient, start=start,
                state=state, moving=appointment)  # fmt: skip
    was = {"start": appointment.start.isoformat(), "practitioner": str(appointment.practitioner_id)}
    if appointment.status == AppointmentStatus.CHECKED_IN:
        was["status"] = AppointmentStatus.CHECKED_IN.value
        appointment.status = AppointmentStatus.BOOKED
    appointment.practitioner = practitioner
    appointment.period = _period(appointment.service, start)
    appointment.patient_state = state
    appointment.patient_timezone = timezone or appointment.patient_timezone
    appointment.sequence += 1
    _save_if_free(appointment, state)
    _revoke_links(appointment)
    write_version(appointment)
    record("scheduling.appointment.move", actor=actor, target=appointment, patient_id=appointment.patient_id,
           changes={"was": was})  # fmt: skip
    publish(AppointmentMoved(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.cancel")
def cancel_appointment(*, actor: Actor, appointment: Appointment, reason: str = "") -> Appointment:
    """Cancel; its time is free again and its links stop working. Cancelling twice changes nothing.

    Raises :class:`NotAllowed`, and :class:`WrongStatus` if the visit has begun or is over.
    """
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    appointment = _locked(appointment)
    if appointment.status == AppointmentStatus.CANCELLED:
        record("scheduling.appointment.cancel", actor=actor, target=appointment, patient_id=appointment.patient_id,
               changes={"repeated": True})  # fmt: skip
        return appointment
    if appointment.status not in (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN):
        raise WrongStatus(appointment.status)
    appointment.status = AppointmentStatus.CANCELLED
    appointment.cancelled_at = clock.now()
    appointment.cancellation_reason = reason.strip()[:160]
    appointment.sequence += 1
    appointment.save()
    _revoke_links(appointment)
    write_version(appointment)
    record("scheduling.appointment.cancel", actor=actor, target=appointment, patient_id=appointment.patient_id)
    publish(AppointmentCancelled(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.restore")
def restore_appointment(*, actor: Actor, appointment: Appointment) -> Appointment:
    """Take a cancellation back, if its time is still ahead and free. Sent as a booking again.

    Raises :class:`NotAllowed`, :class:`WrongStatus` and what booking raises.
    """
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    _lock(appointment.practitioner, appointment.patient)
    appointment = _locked(appointment)
    if appointment.status != AppointmentStatus.CANCELLED:
        raise WrongStatus(appointment.status)
    _check_time(service=appointment.service, practitioner=appointment.practitioner, patient=appointment.patient,
                start=appointment.start, state=appointment.patient_state)  # fmt: skip
    appointment.status = AppointmentStatus.BOOKED
    appointment.cancelled_at = None
    appointment.cancellation_reason = ""
    appointment.sequence += 1
    _save_if_free(appointment, appointment.patient_state)
    write_version(appointment)
    record("scheduling.appointment.restore", actor=actor, target=appointment, patient_id=appointment.patient_id)
    publish(AppointmentBooked(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.noshow")
def mark_noshow(*, actor: Actor, appointment: Appointment) -> Appointment:
    """Note that the patient did not come. Only after it should have begun."""
    if not policies.can_run_appointment(actor, appointment):
        raise NotAllowed
    appointment = _locked(appointment)
    if appointment.status != AppointmentStatus.BOOKED or appointment.start > clock.now():
        raise WrongStatus(appointment.status)
    _set_status(appointment, AppointmentStatus.NOSHOW)
    record("scheduling.appointment.noshow", actor=actor, target=appointment, patient_id=appointment.patient_id)
    publish(AppointmentMissed(appointment_id=appointment.id))
    return appointment


@action("scheduling.appointment.check-in")
def check_in_appointment(*, actor: Actor, appointment: Appointment) -> Appointment:
    """Note that the patient is here (in the waiting room). Again changes nothing."""
    if not policies.can_check_in(actor, appointment):
        raise NotAllowed
    appointment = _locked(appointment)
    if appointment.status == AppointmentStatus.BOOKED:
        _set_status(appointment, AppointmentStatus.CHECKED_IN)
    elif appointment.status not in (AppointmentStatus.CHECKED_IN, AppointmentStatus.FULFILLED):
        raise WrongStatus(appointment.status)
    record("scheduling.appointment.check-in", actor=actor, target=appointment, patient_id=appointment.patient_id)
    return appointment


@action("scheduling.appointment.fulfil")
def fulfil_appointment(*, actor: Actor, appointment: Appointment) -> Appointment:
    """Note that the visit took place. Again changes nothing."""
    if not policies.can_run_appointment(actor, appointment):
        raise NotAllowed
    appointment = _locked(appointment)
    if appointment.status in (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN):
        _set_status(appointment, AppointmentStatus.FULFILLED)
    elif appointment.status != AppointmentStatus.FULFILLED:
        raise WrongStatus(appointment.status)
    record("scheduling.appointment.fulfil", actor=actor, target=appointment, patient_id=appointment.patient_id)
    return appointment


def _set_status(appointment: Appointment, status: AppointmentStatus) -> None:
    appointment.status = status
    appointment.save()
    write_version(appointment)


# Links


def token_hash(token: str) -> bytes:
    """Return what is kept of a link's token."""
    return hashlib.sha256(token.encode()).digest()


@action("scheduling.link.issue")
def issue_link(*, appointment: Appointment) -> str:
    """Make a link that opens an appointment without a password; return its token, which is not kept.

    It works until 24 hours after the appointment's end, or until it is moved or cancelled.
    """
    token = secrets.token_urlsafe(32)
    AppointmentLink.objects.create(
        appointment=appointment,
        token_hash=token_hash(token),
        expires_at=appointment.end + LINK_OUTLIVES_VISIT,
    )
    record("scheduling.link.issue", actor=frames.current().actor, target=appointment,
           patient_id=appointment.patient_id)  # fmt: skip
    return token


@action("scheduling.link.open")
def open_link(*, actor: Actor, link: AppointmentLink) -> None:
    """Note that somebody opened an appointment by its link."""
    link.last_used_at = clock.now()
    link.save(update_fields=["last_used_at", "updated_at"])
    record("scheduling.link.open", actor=actor, target=link.appointment, patient_id=link.appointment.patient_id,
           ground="link from an e-mail")  # fmt: skip


def _revoke_links(appointment: Appointment) -> None:
    AppointmentLink.objects.filter(appointment=appointment, revoked_at=None).update(revoked_at=clock.now())


# Hours


@action("scheduling.hours.add")
def add_hours(
    *,
    actor: Actor,
    practitioner: Practitioner,
    weekday: int,
    starts_at: time,
    ends_at: time,
    timezone: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Availability:
    """Add weekly hours in wall-clock time of ``timezone``; ``weekday`` is 0 for Monday."""
    if not policies.can_change_hours(actor, practitioner):
        raise NotAllowed
    hours = Availability.objects.create(
        practitioner=practitioner, weekday=weekday, starts_at=starts_at, ends_at=ends_at, timezone=timezone,
        valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip
    record("scheduling.hours.add", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"weekday": weekday, "from": f"{starts_at:%H:%M}", "to": f"{ends_at:%H:%M}",
                    "timezone": timezone})  # fmt: skip
    return hours


@action("scheduling.hours.remove")
def remove_hours(*, actor: Actor, hours: Availability) -> None:
    """Take weekly hours away. What is booked in them stays booked."""
    if not policies.can_change_hours(actor, hours.practitioner):
        raise NotAllowed
    record("scheduling.hours.remove", actor=actor, target=hours.practitioner,
           target_label=hours.practitioner.display_name,
           changes={"weekday": hours.weekday, "from": f"{hours.starts_at:%H:%M}",
                    "to": f"{hours.ends_at:%H:%M}"})  # fmt: skip
    hours.delete()


@action("scheduling.exception.add")
def add_exception(
    *, actor: Actor, practitioner: Practitioner, start: datetime, end: datetime, available: bool = False,
    reason: str = "",
) -> AvailabilityException:  # fmt: skip
    """Add a stretch of time off or, with ``available``, of extra time. What is booked in it stays booked."""
    if not policies.can_change_hours(actor, practitioner):
        raise NotAllowed
    if end <= start:
        raise ValueError("it ends before it begins")
    exception = AvailabilityException.objects.create(
        practitioner=practitioner, period=TimestamptzRange(start, end), available=available, reason=reason.strip()
    )
    record("scheduling.exception.add", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"from": start.isoformat(), "to": end.isoformat(), "available": available})  # fmt: skip
    return exception


@action("scheduling.exception.remove")
def remove_exception(*, actor: Actor, exception: AvailabilityException) -> None:
    """Take time off, or extra time, away again."""
    if not policies.can_change_hours(actor, exception.practitioner):
        raise NotAllowed
    record("scheduling.exception.remove", actor=actor, target=exception.practitioner,
           target_label=exception.practitioner.display_name,
           changes={"from": exception.period.lower.isoformat(),
                    "to": exception.period.upper.isoformat()})  # fmt: skip
    exception.delete()


# What booking, moving and restoring share


def _booked_with(key: str) -> Appointment | None:
    return Appointment.objects.filter(idempotency_key=key).select_related("patient", "practitioner", "service").first()


def _refuse_again(service: HealthcareService, practitioner: Practitioner, start: datetime, **whose: Any) -> None:
    """Raise :class:`AlreadyBooked` when ``whose`` have this very visit: they went back to a page with a new key."""
    held = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN)
    own = Appointment.objects.filter(
        service=service, practitioner=practitioner, period__startswith=start, status__in=held, **whose
    )
    if (appointment := own.select_related("patient", "practitioner", "service").first()) is not None:
        raise AlreadyBooked(appointment)


def _lock(practitioner: Practitioner, patient: Patient | None = None) -> None:
    """Let bookings of the same people wait for each other, practitioner first.

    The exclusion constraints decide all the same; but two that insert at once wait for each other's
    row, and PostgreSQL would end that as a deadlock after a second.
    """
    lock(practitioner)
    if patient is not None:
        lock(patient)


def _locked(appointment: Appointment) -> Appointment:
    lock(appointment)
    return Appointment.objects.select_related("patient", "practitioner", "service").get(id=appointment.id)


def _period(service: HealthcareService, start: datetime) -> TimestamptzRange:
    return TimestamptzRange(start, start + selectors.length_of(service))


def _check_time(
    *,
    service: HealthcareService,
    practitioner: Practitioner,
    patient: Patient,
    start: datetime,
    state: str,
    consents: frozenset[str] = frozenset(),
    moving: Appointment | None = None,
) -> None:
    near = partial(selectors.nearest_slots, service=service, state=state, start=start, patient=patient, moving=moving)
    if start <= clock.now():
        raise SlotPassed(near())
    findings = gates.ask(
        gates.Case(
            moment=gates.Moment.BOOK, at=start, service=service, patient=patient, practitioner=practitioner,
            state=state, facts={"consents": consents},
        )
    )  # fmt: skip
    stops = gates.stops(findings)
    if stops:
        raise GatesStop(stops, near(besides=practitioner))
    if not selectors.is_offered(service=service, practitioner=practitioner, start=start, moving=moving):
        raise SlotTaken(near())


def _constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint that PostgreSQL says was broken."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)


_CONSTRAINTS: dict[str | None, type[CannotBook]] = {
    "appointment_patient_free": PatientBusy,
    "appointment_practitioner_free": SlotTaken,
    "appointment_idempotent": SlotTaken,
}


def _save_if_free(appointment: Appointment, state: str) -> None:
    try:
        with transaction.atomic():
            appointment.save()
    except IntegrityError as error:
        constraint = _constraint(error)
        if constraint not in _CONSTRAINTS:
            raise
        near = selectors.nearest_slots(
            service=appointment.service, state=state, start=appointment.start, patient=appointment.patient,
            moving=appointment,
        )  # fmt: skip
        raise _CONSTRAINTS[constraint](near) from None


def tell_lists(*practitioner_ids: UUID) -> None:
    """Hint to the days of these practitioners, and to the board of the frame's clinic, that a visit of theirs changed."""
    for practitioner_id in dict.fromkeys(practitioner_ids):
        push_on_commit(f"day:{practitioner_id}", "changed")
    push_on_commit(f"tenant:{frames.current_tenant_id()}", "changed")
