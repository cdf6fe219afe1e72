"""What is booked with somebody whose licence ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from webside.catalog import gates, law
from webside.catalog.codes import Kind
from webside.compliance import selectors as compliance
from webside.compliance.models import Licence
from webside.compliance.selectors import OnRecord
from webside.core import clock
from webside.people.models import Practitioner
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment

ABOUT_LICENCES = ("licence.", "compact.", "registration.")
"""How the codes of the law's reasons begin that are about an authority in a state."""


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
