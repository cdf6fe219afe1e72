"""What becomes of a time that is wanted again and again: which dates are free, and what lies near those that aren't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from webside.catalog import gates
from webside.catalog.models import HealthcareService
from webside.core import clock
from webside.people.models import Patient, Practitioner
from webside.scheduling import rules
from webside.scheduling.codes import HOLDS_TIME, REST_CANCELLED, AppointmentStatus, Every
from webside.scheduling.models import Appointment
from webside.scheduling.rules import Span
from webside.scheduling.selectors.offering import law_record, offers_of
from webside.scheduling.selectors.slots import NEAREST, Slot, free_slots

MOST_TIMES = 12
SERIES_DAYS = 200
"""So far ahead visits of a series are booked: a time that is agreed for half a year is no time of a page."""

NEAR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a series: the time that was wanted, ``slot`` if it is free for her, else ``why`` not and what is ``near``.

    ``why``: taken (or never offered), busy (she has another visit), gates (``findings`` say why), far.
    """

    wanted: datetime
    slot: Slot | None = None
    why: str = ""
    findings: list[gates.Finding] = field(default_factory=list)
    near: list[Slot] = field(default_factory=list)


def occurrences(
    *,
    service: HealthcareService,
    practitioner: Practitioner,
    patient: Patient,
    state: str,
    zone: str,
    first: datetime,
    every: Every,
    count: int,
    guardian: bool = False,
) -> list[Occurrence]:
    """Return each date of a series with whether it can be booked; every date's gates are asked for its own day.

    ``guardian``: whether a guardian stands in for the patient.
    """
    wanted = rules.series(first, zone, every, count)
    last = min(wanted[-1], clock.now() + timedelta(days=SERIES_DAYS))
    since = max(wanted[0] - NEAR, clock.now())
    days = max((last - since).days, 0) + NEAR.days + 1
    free = free_slots(service=service, state=state, since=since, days=days, patient=patient, guardian=guardian)
    held = Appointment.objects.filter(patient=patient, status__in=HOLDS_TIME, period__endswith__gt=since)
    hers = [Span(period.lower, period.upper) for period in held.values_list("period", flat=True)]
    open_for_her = [each for each in free if not any(Span(each.start, each.end).overlaps(visit) for visit in hers)]
    at = {(each.start, each.practitioner.id): each for each in free}
    record = law_record([practitioner], state, patient)
    found = []
    for moment in wanted:
        if moment > clock.now() + timedelta(days=SERIES_DAYS):
            found.append(Occurrence(moment, why="far"))
            continue
        [offer] = offers_of(service, [practitioner], state, moment, patient, record, guardian=guardian)
        near = _near(open_for_her, moment)
        slot = at.get((moment, practitioner.id))
        if not offer.allowed:
            found.append(Occurrence(moment, why="gates", findings=offer.why_not, near=near))
        elif slot is None:
            found.append(Occurrence(moment, why="taken", near=near))
        elif slot not in open_for_her:
            found.append(Occurrence(moment, why="busy", near=near))
        else:
            found.append(Occurrence(moment, slot=slot))
    return found


def _near(slots: Sequence[Slot], wanted: datetime) -> list[Slot]:
    by_span: dict[Span, Slot] = {}
    for each in slots:
        if abs(each.start - wanted) <= NEAR:
            by_span.setdefault(Span(each.start, each.end), each)
    return [by_span[span] for span in rules.nearest(list(by_span), wanted, NEAREST)]


def later_in_series(appointment: Appointment) -> list[Appointment]:
    """Return the visits of the same series that begin with this one or later and can still be cancelled."""
    if appointment.series_id is None:
        return []
    return list(
        Appointment.objects.filter(
            series_id=appointment.series_id, status=AppointmentStatus.BOOKED, period__startswith__gte=appointment.start,
            period__startswith__gt=clock.now(),
        )
        .select_related("patient", "practitioner", "service")
        .order_by("period")
    )  # fmt: skip


def visits_in_series(series_id: UUID) -> list[Appointment]:
    """Return the booked visits of a series, the earliest first. The caller asks the policies."""
    found = Appointment.objects.filter(series_id=series_id, status=AppointmentStatus.BOOKED)
    return list(found.select_related("patient", "practitioner", "service", "tenant").order_by("period"))


def cancelled_with(appointment_id: UUID) -> list[Appointment]:
    """Return the visits that were cancelled together with the first of them, the earliest first; none once that is on again."""
    first = Appointment.objects.filter(id=appointment_id).first()
    if first is None or first.series_id is None or first.cancelled_at is None:
        return []
    found = Appointment.objects.filter(
        series_id=first.series_id, status=AppointmentStatus.CANCELLED, cancellation_reason=REST_CANCELLED,
        period__startswith__gte=first.start, cancelled_at__gte=first.cancelled_at,
    )  # fmt: skip
    return list(found.select_related("patient", "practitioner", "service", "tenant").order_by("period"))
