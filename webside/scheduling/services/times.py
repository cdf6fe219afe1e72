"""What booking, moving and restoring share: whether a time may be taken, and taking it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from psycopg.types.range import TimestamptzRange

from webside.catalog import gates
from webside.catalog.models import HealthcareService
from webside.core import clock
from webside.core.locks import lock
from webside.people.models import Patient, Practitioner
from webside.scheduling import rules, selectors
from webside.scheduling.models import Appointment
from webside.scheduling.selectors import Offer
from webside.scheduling.services.errors import (
    BusyElsewhere,
    CannotBook,
    ColleagueBusy,
    GatesStop,
    NobodyMay,
    PatientBusy,
    SlotPassed,
    SlotTaken,
)


def lock_people(
    practitioner: Practitioner, patient: Patient | None = None, *, others: Iterable[Practitioner] = ()
) -> None:
    """Let bookings of the same people wait for each other, practitioners first; ``others`` are colleagues who are booked too.

    The exclusion constraints decide all the same; but two that insert at once wait for each other's
    row, and PostgreSQL would end that as a deadlock after a second. Of several practitioners always in the same order.
    """
    for each in sorted({practitioner, *others}, key=lambda person: person.id):
        lock(each)
    if patient is not None:
        lock(patient)


def locked(appointment: Appointment) -> Appointment:
    """Lock an appointment, then read it with its people and service."""
    lock(appointment)
    return Appointment.objects.select_related("patient", "practitioner", "service").get(id=appointment.id)


def period_of(service: HealthcareService, start: datetime) -> TimestamptzRange:
    """Return the time that a visit of a service takes from ``start``."""
    return TimestamptzRange(start, start + selectors.length_of(service))


def give_time(appointment: Appointment, start: datetime) -> None:
    """Give an appointment the time of its service from ``start``, and what stays free around it by now (the caller saves)."""
    service = appointment.service
    appointment.period = period_of(service, start)
    appointment.minutes_before, appointment.minutes_after = service.minutes_before, service.minutes_after


def check_time(
    *,
    service: HealthcareService,
    practitioner: Practitioner,
    patient: Patient,
    start: datetime,
    state: str,
    consents: frozenset[str] = frozenset(),
    moving: Appointment | None = None,
    guardian_present: bool | None = None,
    limits: bool = True,
    reach: int = 0,
) -> None:
    """Raise the :class:`CannotBook` that says why a time can't be booked, as far as reading can tell.

    Without ``limits`` the service's notice, reach and number of a day are not asked: the time is hers already, or what a
    clinician hands over can't wait. ``reach``: so many days ahead, where pages look further than four weeks.
    """
    near = partial(selectors.nearest_slots, service=service, state=state, start=start, patient=patient, moving=moving)
    if start <= clock.now():
        raise SlotPassed(near())
    if start > clock.now() + timedelta(days=reach or selectors.LOOK_AHEAD_DAYS + 1):
        # No page offers it. The nearest times are those of today, not of the year that was sent.
        raise SlotTaken(near(start=clock.now()))
    findings = gates.ask(
        gates.Case(
            moment=gates.Moment.BOOK, at=start, service=service, patient=patient, practitioner=practitioner,
            state=state, facts={"consents": consents, "guardian_present": guardian_present},
        )
    )  # fmt: skip
    stops = gates.stops(findings)
    if stops:
        raise GatesStop(stops, near(besides=practitioner))
    if not selectors.is_offered(service=service, practitioner=practitioner, start=start, moving=moving, limits=limits):
        span = rules.Span(start, start + selectors.length_of(service))
        raise (BusyElsewhere if selectors.is_busy_elsewhere(practitioner, span) else SlotTaken)(near())


def nobody(offers: Sequence[Offer]) -> GatesStop | NobodyMay:
    """Return why nobody may see somebody: what is missing of her own, where that is all; else that nobody may see her there.

    That a child comes without a guardian is her own, though the gate of the licence says it.
    """
    for offer in offers:
        about_her = offer.why_not and all(finding.gate != "licence" for finding in offer.why_not)
        if about_her or offer.lacks_guardian:
            return GatesStop(offer.why_not)
    return NobodyMay()


def broken_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint that PostgreSQL says was broken."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)


_CONSTRAINTS: dict[str | None, type[CannotBook]] = {
    "appointment_patient_free": PatientBusy,
    "appointment_practitioner_free": SlotTaken,
    "appointment_idempotent": SlotTaken,
}


def save_if_free(appointment: Appointment, state: str) -> None:
    """Save an appointment; raise :class:`SlotTaken`, :class:`PatientBusy` or :class:`ColleagueBusy` where somebody was faster."""
    try:
        with transaction.atomic():
            appointment.save()
    except IntegrityError as error:
        constraint = broken_constraint(error)
        if constraint not in _CONSTRAINTS and constraint != "held_time_free":
            raise
        near = selectors.nearest_slots(
            service=appointment.service, state=state, start=appointment.start, patient=appointment.patient,
            moving=appointment,
        )  # fmt: skip
        if constraint in _CONSTRAINTS:
            raise _CONSTRAINTS[constraint](near) from None
        # Her time is held with an appointment of a colleague's, or a colleague's who is booked for this one.
        booked = [each.practitioner for each in selectors.colleagues_of(appointment) if each.practitioner is not None]
        busy = selectors.not_free(
            [appointment.practitioner, *booked], selectors.blocked_by(appointment), besides=appointment
        )
        if not busy or appointment.practitioner in busy:
            raise SlotTaken(near) from None
        raise ColleagueBusy(busy, near) from None
