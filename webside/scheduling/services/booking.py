"""Booking: for a patient, with her consent, and for a visitor without an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from webside.audit.services import action, record
from webside.catalog.models import HealthcareService
from webside.catalog.policies import is_shown
from webside.compliance import services as compliance
from webside.core.actor import Actor, ActorKind
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner
from webside.people.selectors import given_by
from webside.people.services import register_patient
from webside.scheduling import policies
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.events import AppointmentBooked
from webside.scheduling.models import Appointment, AppointmentSeries
from webside.scheduling.selectors import SERIES_DAYS
from webside.scheduling.services.errors import AlreadyBooked, CannotBook, KeyReused, NotAllowed
from webside.scheduling.services.people import Colleague, Guest, put_in, with_them
from webside.scheduling.services.times import broken_constraint, check_time, give_time, lock_people, save_if_free

REGISTRATION_TRIES = 6


@dataclass(frozen=True, slots=True)
class VisitorDetails:
    """What a person without an account tells us about herself when she books; ``language`` is that of our messages to her."""

    given: str
    family: str
    birth_date: date
    email: str
    phone: str
    language: str = "en"


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
    series: AppointmentSeries | None = None,
    people: Sequence[Colleague | Guest] = (),
) -> Appointment:
    """Book a time; the same key again returns the same appointment and books nothing.

    ``start`` is aware; ``state`` is where the patient will be (two letters), ``timezone`` her IANA
    zone; ``consents`` are scopes that she agrees to with this booking; ``series`` is what it is one of;
    ``people`` are booked with it, all or nothing.
    Raises :class:`NotAllowed`, :class:`SlotPassed`, :class:`GatesStop`, :class:`SlotTaken`, :class:`PatientBusy`,
    :class:`KeyReused`, :class:`AlreadyBooked`, and for ``people`` what ``add_person`` raises.
    """
    known = _booked_with(idempotency_key)
    if known is not None:
        if known.patient_id != patient.id:
            raise KeyReused
        return _booked_before(actor, known, practitioner, start)
    if not policies.can_book_for(actor, patient) or not is_shown(actor, service):
        raise NotAllowed
    lock_people(practitioner, patient, others=with_them(practitioner, people))
    _refuse_again(service, practitioner, start, patient=patient)
    check_time(service=service, practitioner=practitioner, patient=patient, start=start, state=state,
               consents=consents, guardian_present=actor.is_guardian or None,
               reach=SERIES_DAYS if series is not None else 0)  # fmt: skip
    appointment = Appointment(
        patient=patient,
        practitioner=practitioner,
        service=service,
        series=series,
        patient_state=state,
        patient_timezone=timezone,
        reason_text=reason_text.strip(),
        booked_by=actor.label,
        by_guardian=actor.is_guardian,
        idempotency_key=idempotency_key,
    )
    give_time(appointment, start)
    try:
        save_if_free(appointment, state)
    except CannotBook:
        # The same form, sent twice at once: the other request was a moment faster.
        twin = _booked_with(idempotency_key)
        if twin is None or twin.patient_id != patient.id:
            raise
        return _booked_before(actor, twin, practitioner, start)
    for each in people:
        put_in(actor, appointment, each, booking=True)
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
    consent_words: str = "",
    people: Sequence[Colleague | Guest] = (),
) -> Appointment:
    """Register a person, take her consent and book for her: all of it, or nothing.

    Nobody is looked up by what a stranger types: a visitor is always a new patient, and the clinic
    joins records later. The same key with the same name and address again returns the same appointment; with
    others it raises :class:`KeyReused`. No answer depends on the date of birth: it is what opens a summary for who
    holds a link, and here it could be guessed at without an end. Raises what :func:`book_appointment` raises.
    """
    # Before anything is made: the second of two equal forms waits here and then finds what the first one booked.
    lock_people(practitioner)
    known = _booked_with(idempotency_key)
    if known is None:
        if actor.kind is ActorKind.LINK:
            # Her door leads to this very visit. Who books in the browser of somebody else has nobody's visit yet.
            own = {f"patient__{name}": value for name, value in named(details).items()}
            _refuse_again(service, practitioner, start, id=actor.subject_id, **own)
        return book_with_consent(
            actor=actor, patient=register_visitor(actor, details, state, timezone), service=service,
            practitioner=practitioner, start=start, state=state, timezone=timezone, reason_text=reason_text,
            idempotency_key=idempotency_key, consent_scope=consent_scope, consent_words=consent_words, people=people,
        )  # fmt: skip
    if not same_person(known.patient, details):
        raise KeyReused
    return _booked_before(actor, known, practitioner, start)


def register_visitor(actor: Actor, details: VisitorDetails, state: str, timezone: str) -> Patient:
    """Register a visitor; the next record number may be taken by another registration at the same moment."""
    for attempt in range(1, REGISTRATION_TRIES + 1):
        try:
            with transaction.atomic():
                return register_patient(
                    actor=actor, given=details.given, family=details.family, birth_date=details.birth_date,
                    email=details.email, phone=details.phone, state=state, timezone=timezone,
                    language=details.language, user_id=actor.user_id if not actor.is_staff else None,
                )  # fmt: skip
        except IntegrityError as error:
            if broken_constraint(error) != "patient_record_number_once" or attempt == REGISTRATION_TRIES:
                raise
    raise AssertionError("unreachable")


def named(details: VisitorDetails) -> dict[str, str]:
    """Return what tells two who share a browser apart, as the record keeps it: never the date of birth."""
    return {
        "given": details.given.strip(),
        "family": details.family.strip(),
        "email": details.email.strip().lower(),
    }


def same_person(patient: Patient, details: VisitorDetails) -> bool:
    return all(getattr(patient, name) == value for name, value in named(details).items())


@action("scheduling.appointment.book")
def book_with_consent(
    *, actor: Actor, patient: Patient, consent_scope: str = "", consent_words: str = "", **booking: Any
) -> Appointment:
    """Take the patient's consent for ``consent_scope`` (if any) and book, both or neither.

    ``consent_words`` names what stood above the box that she ticked: see ``compliance.services.give_consent``.

    ``booking`` is the rest of what :func:`book_appointment` takes; raises what it raises.
    """
    if consent_scope and _booked_with(booking["idempotency_key"]) is None:
        compliance.give_consent(
            actor=actor, patient=patient, scope=consent_scope, given_by=given_by(actor, patient), words=consent_words
        )
    return book_appointment(actor=actor, patient=patient, consents=frozenset({consent_scope} - {""}), **booking)


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
