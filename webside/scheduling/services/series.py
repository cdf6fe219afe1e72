"""Visits that come again and again: booked all or none, cancelled one by one or all the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from webside.audit.services import action, record
from webside.catalog.models import HealthcareService
from webside.compliance import services as compliance
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner
from webside.people.selectors import given_by
from webside.scheduling import policies, selectors
from webside.scheduling.codes import REST_CANCELLED, Every
from webside.scheduling.events import SeriesBooked, SeriesCancelled
from webside.scheduling.models import Appointment, AppointmentSeries
from webside.scheduling.services.appointments import cancel_appointment
from webside.scheduling.services.booking import book_appointment
from webside.scheduling.services.errors import CannotBook, KeyReused, NotAllowed, SeriesStopped, WrongStatus


@action("scheduling.series.book")
def book_series(
    *,
    actor: Actor,
    patient: Patient,
    service: HealthcareService,
    times: Sequence[tuple[datetime, Practitioner]],
    every: Every,
    state: str,
    timezone: str,
    reason_text: str = "",
    idempotency_key: str,
    consent_scope: str = "",
    consent_words: str = "",
) -> AppointmentSeries:
    """Book several times in one go, all of them or none; the same form again returns the same series.

    ``times`` are the dates that somebody has looked at, each with whom. Each one's gates and slot are asked. Raises
    :class:`NotAllowed`, :class:`KeyReused`, and :class:`SeriesStopped` with the date that can't be booked and why.
    """
    if not policies.can_book_series(actor, patient):
        raise NotAllowed
    # In one order, whoever books: two that want the same people wait for each other and never in a ring.
    for practitioner in sorted({who.id: who for _, who in times}.values(), key=lambda who: who.id):
        lock(practitioner)
    lock(patient)
    known = AppointmentSeries.objects.filter(idempotency_key=idempotency_key).first()
    if known is not None:
        if known.patient_id != patient.id:
            raise KeyReused
        record("scheduling.series.book", actor=actor, target=known, patient_id=patient.id, changes={"repeated": True})
        return known
    if not 1 < len(times) <= selectors.MOST_TIMES or len({start for start, _ in times}) != len(times):
        raise ValueError("a series has several different times, and not too many")
    if consent_scope:
        compliance.give_consent(
            actor=actor, patient=patient, scope=consent_scope, given_by=given_by(actor, patient), words=consent_words
        )
    series = AppointmentSeries.objects.create(
        patient=patient, service=service, every=every, booked_by=actor.label, idempotency_key=idempotency_key
    )
    for number, (start, practitioner) in enumerate(sorted(times, key=lambda each: each[0])):
        try:
            book_appointment(
                actor=actor, patient=patient, service=service, practitioner=practitioner, start=start, state=state,
                timezone=timezone, reason_text=reason_text, idempotency_key=f"{series.id.hex}-{number}",
                consents=frozenset({consent_scope} - {""}), series=series,
            )  # fmt: skip
        except CannotBook as refusal:
            raise SeriesStopped(start, refusal) from None
    record("scheduling.series.book", actor=actor, target=series, patient_id=patient.id, target_label=service.name,
           changes={"visits": len(times), "every": every})  # fmt: skip
    publish(SeriesBooked(series_id=series.id))
    return series


@action("scheduling.series.cancel")
def cancel_rest(*, actor: Actor, appointment: Appointment) -> list[Appointment]:
    """Cancel a visit of a series and all later ones that have not begun; again finds none. Raises :class:`NotAllowed`."""
    if not policies.can_change_appointment(actor, appointment):
        raise NotAllowed
    if appointment.series_id is None:
        raise WrongStatus(appointment.status)
    series = AppointmentSeries(id=appointment.series_id)
    lock(series)
    found = [each for each in selectors.later_in_series(appointment) if policies.can_change_appointment(actor, each)]
    if found:
        for each in found:
            cancel_appointment(actor=actor, appointment=each, reason=REST_CANCELLED)
        publish(SeriesCancelled(appointment_id=found[0].id))
    record("scheduling.series.cancel", actor=actor, target=series, patient_id=appointment.patient_id,
           changes={"visits": len(found)})  # fmt: skip
    return found
