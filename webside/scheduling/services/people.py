"""Booking somebody beside the patient and the practitioner: a colleague, whose time is held too, or somebody from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from webside.audit.services import action, record
from webside.catalog import gates
from webside.core import clock
from webside.core.actor import Actor
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Practitioner
from webside.scheduling import policies, rules, selectors
from webside.scheduling.codes import AS_COLLEAGUE, FROM_OUTSIDE, TREATS, PersonRelation, PersonRole
from webside.scheduling.events import PersonBooked, PersonRemoved
from webside.scheduling.models import Appointment, BookedPerson
from webside.scheduling.services.errors import (
    ColleagueBusy,
    ColleagueMayNot,
    NotAllowed,
    NoWay,
    TooManyPeople,
    WrongStatus,
)
from webside.scheduling.services.times import broken_constraint, lock_people, locked


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the clinic who is to be booked, and as what."""

    practitioner: Practitioner
    role: PersonRole


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody from outside who is to be booked; without a name an interpreter whom the clinic has still to find."""

    role: PersonRole
    name: str = ""
    relation: PersonRelation | None = None
    email: str = ""
    phone: str = ""
    language: str = ""
    interprets: str = ""


@action("scheduling.person.add")
def add_person(*, actor: Actor, appointment: Appointment, who: Colleague | Guest) -> BookedPerson:
    """Book one more person for an appointment that is booked; a colleague who is already is added once.

    Raises :class:`NotAllowed`, :class:`WrongStatus` once the patient is there or it is over, :class:`TooManyPeople`,
    :class:`ColleagueBusy`, :class:`ColleagueMayNot`, :class:`NoWay` where nothing would reach somebody from outside, and
    :class:`ValueError` for what names nobody.
    """
    lock_people(appointment.practitioner, others=[who.practitioner] if isinstance(who, Colleague) else [])
    appointment = locked(appointment)
    if not selectors.is_open_for_people(appointment):
        raise WrongStatus(appointment.status)
    person = put_in(actor, appointment, who)
    write_version(appointment)
    return person


def put_in(actor: Actor, appointment: Appointment, who: Colleague | Guest, *, booking: bool = False) -> BookedPerson:
    """Book one more person; the caller has locked the people and the appointment, and writes its version.

    ``booking``: it is being booked, so that whoever may book for the patient may bring somebody; a visitor has no door yet.
    """
    _require_may(actor, appointment, who, booking)
    known = selectors.colleagues_of(appointment) if isinstance(who, Colleague) else []
    person = next(
        (each for each in known if isinstance(who, Colleague) and each.practitioner == who.practitioner), None
    )
    if person is None:
        if who.role is PersonRole.INTERPRETER and (isinstance(who, Colleague) or who.name.strip()):
            _fulfil_wish(actor, appointment)
        _require_room(appointment)
        person = BookedPerson(appointment=appointment, role=who.role, added_by=actor.label)
        if isinstance(who, Colleague):
            require_free([who], appointment)
            person.practitioner = who.practitioner
        else:
            _describe(person, who)
        try:
            with transaction.atomic():
                person.save()
        except IntegrityError as error:
            if broken_constraint(error) != "held_time_free" or person.practitioner is None:
                raise
            raise ColleagueBusy([person.practitioner]) from None
        publish(PersonBooked(person_id=person.id))
    record("scheduling.person.add", actor=actor, target=appointment, patient_id=appointment.patient_id,
           target_label=person.shown_name, changes={"role": who.role.value})  # fmt: skip
    return person


def _require_may(actor: Actor, appointment: Appointment, who: Colleague | Guest, booking: bool) -> None:
    colleague = isinstance(who, Colleague)
    may = policies.can_book_colleague if colleague else policies.can_bring
    if not (booking and not colleague) and not may(actor, appointment):
        raise NotAllowed
    if who.role not in (AS_COLLEAGUE if colleague else FROM_OUTSIDE):
        raise ValueError("nobody comes as this")
    if isinstance(who, Colleague) and who.practitioner.id == appointment.practitioner_id:
        raise ValueError("it is with them already")


def _fulfil_wish(actor: Actor, appointment: Appointment) -> None:
    """An interpreter is found: nobody has to be looked for any more."""
    for each in selectors.people_of(appointment):
        if each.is_wish:
            take_off(actor, each)


def _require_room(appointment: Appointment) -> None:
    """Raise :class:`TooManyPeople` beyond the most of a booking; those who were taken off again count for letters sent."""
    today = clock.now().date()
    everybody = BookedPerson.objects.filter(appointment=appointment)
    most, ever = rules.number("most_people", today) or 0, rules.number("most_people_ever", today) or 0
    if everybody.filter(removed_at=None).count() >= most or everybody.count() >= ever:
        raise TooManyPeople(most)


def _describe(person: BookedPerson, who: Guest) -> None:
    """Write down who comes from outside; raise where that is nobody, or nothing would reach them."""
    person.name, person.interprets = " ".join(who.name.split()), " ".join(who.interprets.split())
    if (who.role is PersonRole.FAMILY) is (who.relation is None):
        raise ValueError("family has a relation, and nobody else")
    if not person.name:
        if who.role is not PersonRole.INTERPRETER or not person.interprets:
            raise ValueError("nobody is named")
        return
    if not (who.email or who.phone):
        raise NoWay
    person.relation = who.relation.value if who.relation else ""
    person.email, person.phone, person.language = who.email.strip(), who.phone.strip(), who.language


def require_free(colleagues: Iterable[Colleague], appointment: Appointment) -> None:
    """Raise :class:`ColleagueBusy` with all who have something else then, and :class:`ColleagueMayNot` for who may not treat.

    Of those who treat the gates are asked, for the time of the visit and where the patient will be. Whether a child has her
    guardian with her is asked of the booking and the check-in, not of each colleague.
    """
    everybody = list(colleagues)
    busy = selectors.not_free(
        [each.practitioner for each in everybody], selectors.blocked_by(appointment), besides=appointment
    )
    if busy:
        raise ColleagueBusy(busy)
    for each in everybody:
        if each.role not in TREATS:
            continue
        stops = gates.stops(
            gates.ask(
                gates.Case(
                    moment=gates.Moment.BOOK, at=appointment.start, service=appointment.service,
                    patient=appointment.patient, practitioner=each.practitioner, state=appointment.patient_state,
                    facts={"guardian_present": True},
                )
            )
        )  # fmt: skip
        if stops:
            raise ColleagueMayNot(each.practitioner, stops)


def require_all_free(appointment: Appointment) -> None:
    """Raise what :func:`require_free` raises for the colleagues who are booked already, at the time that it has now."""
    booked = [
        Colleague(each.practitioner, PersonRole(each.role))
        for each in selectors.colleagues_of(appointment)
        if each.practitioner is not None and each.practitioner_id != appointment.practitioner_id
    ]
    require_free(booked, appointment)


@action("scheduling.person.remove")
def remove_person(*, actor: Actor, appointment: Appointment, person: BookedPerson) -> BookedPerson:
    """Take somebody off a booking: her time is free, her link opens nothing, and she is told. Twice changes nothing.

    Raises :class:`NotAllowed`, and :class:`WrongStatus` once the patient is there: then it is done in the visit.
    """
    appointment = locked(appointment)
    person.refresh_from_db()
    if not policies.can_take_off(actor, appointment, person):
        raise NotAllowed
    if person.removed_at is None:
        if not selectors.is_open_for_people(appointment):
            raise WrongStatus(appointment.status)
        take_off(actor, person)
        write_version(appointment)
        publish(PersonRemoved(person_id=person.id))
    record("scheduling.person.remove", actor=actor, target=appointment, patient_id=appointment.patient_id,
           target_label=person.shown_name)  # fmt: skip
    return person


def take_off(actor: Actor, person: BookedPerson) -> None:
    """Let somebody be booked no more; whoever calls tells them and writes the version."""
    person.removed_at, person.removed_by = clock.now(), actor.label
    person.save()


def take_her_place(actor: Actor, appointment: Appointment) -> None:
    """Whoever has become an appointment's practitioner is not booked beside herself (the caller saves and locks)."""
    for each in selectors.colleagues_of(appointment):
        if each.practitioner_id == appointment.practitioner_id:
            take_off(actor, each)


def with_them(practitioner: Practitioner, people: Sequence[Colleague | Guest]) -> list[Practitioner]:
    """Return whose time a booking asks for beside its practitioner's."""
    asked = [each.practitioner for each in people if isinstance(each, Colleague)]
    return [each for each in asked if each.id != practitioner.id]
