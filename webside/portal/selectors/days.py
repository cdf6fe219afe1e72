"""The day of a clinician or coach: visits, notes that wait for a signature, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from webside.chart.codes import EncounterStatus, NoteStatus
from webside.chart.models import Encounter
from webside.compliance.models import Licence
from webside.core import clock
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.core.rows import prepared
from webside.people import selectors as people
from webside.people.models import Practitioner
from webside.people.rules import age_on, full_name
from webside.portal import policies, rules
from webside.portal.codes import Readiness
from webside.portal.selectors.rows import Row, active_licences, rooms_of, rows_of
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import AppointmentStatus
from webside.scheduling.models import Appointment

DAYS_AHEAD = 7
NOTE_PARTS = ("subjective", "objective", "assessment", "plan")
#: What a day shows of an appointment. Whole rows of five tables would cost more than the rest of the page.
_SHOWN = (
    "tenant", "practitioner", "period", "status", "reason_text", "patient_state", "confirmed_at",
    "missed_reason", "missed_note",
    "patient__given", "patient__family", "patient__pronouns", "patient__birth_date", "service__name", "service__kind",
    "visit__status", "visit__waiting_since", "visit__admitted_at", "visit__stopped_by",
    *(f"visit__safe_start__{name}" for name in ("completed_at", "identity_document", "address_line", "city", "state",
                                                "phone")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnsignedNote:
    """A note that waits for its signature, and what is missing in it."""

    encounter_id: UUID
    started_at: datetime
    patient: str
    age: int
    service: str
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Beside:
    """A visit of a colleague to come, for which one is booked too."""

    start: datetime
    service: str
    whose: str


@dataclass(frozen=True, slots=True)
class Day:
    """What a clinician or coach has before them."""

    practitioner: Practitioner
    first: list[Row]
    running: list[Row]
    today: list[Row]
    later: list[Row]
    done: list[Row]
    beside: list[Beside]
    notes: list[UnsignedNote]
    to_sign: int
    licences: list[Licence]
    now: datetime

    @property
    def to_go(self) -> int:
        """How many visits are still to be held today."""
        return len(self._at_hand)

    @property
    def _at_hand(self) -> list[Row]:
        """Today's visits that are not over, in the order of harm: who waits, who is met now, who comes."""
        return [*self.first, *self.running, *self.today]

    @property
    def counts(self) -> tuple[int, int]:
        """How many wait now and how many are still to be seen, as :func:`at_hand` counts them."""
        waiting = sum(
            row.appointment.status == AppointmentStatus.CHECKED_IN and not (row.visit and row.visit.admitted_at)
            for row in self._at_hand
        )
        to_see = sum(
            row.appointment.status == AppointmentStatus.BOOKED and row.appointment.end > self.now
            for row in self._at_hand
        )
        return waiting, waiting + to_see

    @property
    def everything(self) -> int:
        """How much there is to do: visits of today and notes."""
        return self.to_go + len(self.notes)

    @property
    def cannot_start(self) -> int:
        """How many of today's visits may not start as things stand."""
        return sum(row.ready in (Readiness.NO_LICENCE, Readiness.STOPPED) for row in self._at_hand)

    @property
    def unsure(self) -> bool:
        """Whether a calendar that she keeps elsewhere can't be read, so that nobody knows whether these visits clash."""
        return any(row.appointment.unsure for row in [*self._at_hand, *self.later])  # type: ignore[attr-defined]

    @property
    def topics(self) -> str:
        """What the page listens to: the day itself and the rooms of the visits at hand."""
        return " ".join([f"day:{self.practitioner.id}", *rooms_of(self._at_hand)])

    @property
    def next(self) -> Row | None:
        """The visit that comes next: who waits the longest, else the next by time."""
        return next(iter([*self._at_hand, *self.later]), None)

    def row(self, appointment_id: UUID | None) -> Row | None:
        """Return the row of an appointment of this day, or the next one without an id."""
        if appointment_id is None:
            return self.next
        rows = [*self._at_hand, *self.later, *self.done]
        return next((row for row in rows if row.appointment.id == appointment_id), None)

    @property
    def ends_at(self) -> datetime | None:
        """When today's last visit ends."""
        return max((row.appointment.end for row in self._at_hand), default=None)


def at_hand(actor: Actor, tenant: Tenant) -> tuple[int, int]:
    """Return how many wait now and how many are still to be seen today, for who sees a day or the board."""
    if actor.user_id is None or not (policies.can_see_day(actor) or policies.can_see_board(actor)):
        return 0, 0
    now = clock.now()
    start, end = scheduling.midnights(now.astimezone(ZoneInfo(tenant.timezone)).date(), tenant.timezone)
    counted = _at_hand(actor=actor, before=start - timedelta(days=1), start=start, end=end, now=now)
    waiting, to_see = (counted[0]["waiting"], counted[0]["to_see"]) if counted else (0, 0)
    return waiting, waiting + to_see


@prepared
def _at_hand(
    actor: Actor, before: datetime, start: datetime, end: datetime, now: datetime
) -> QuerySet[Appointment, Any]:
    today = scheduling.appointments_for(actor).filter(scheduling.of_days_after(before, start, end))
    if actor.user_id is not None and policies.can_see_day(actor):
        today = today.filter(practitioner__user_id=actor.user_id)
    return (
        today.order_by()
        .values("tenant_id")
        .annotate(
            # Who has been let in waits no more.
            waiting=Count("id", filter=Q(status=AppointmentStatus.CHECKED_IN, visit__admitted_at=None)),
            to_see=Count("id", filter=Q(status=AppointmentStatus.BOOKED, period__endswith__gt=now)),
        )
        .values("waiting", "to_see")
    )


def day(actor: Actor, tenant: Tenant) -> Day | None:
    """Return the day of the practitioner that the actor is, or nothing for anybody else."""
    practitioner = people.practitioner_of(actor) if policies.can_see_day(actor) else None
    if practitioner is None:
        return None
    now = clock.now()
    zone = ZoneInfo(practitioner.timezone or tenant.timezone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = (midnight + timedelta(days=1, hours=2)).replace(hour=0)
    everything = _seen_ahead(
        actor=actor, practitioner=practitioner.id, before=midnight - timedelta(days=1), start=midnight,
        end=midnight + timedelta(days=DAYS_AHEAD), now=now, stale=now - scheduling.STALE_AFTER,
    )  # fmt: skip
    found = [each for each in everything if not each.beside]  # type: ignore[attr-defined]
    licences = active_licences([practitioner.id])
    notes, to_sign = unsigned_notes(practitioner, now)
    rows = rows_of(found, tenant, licences, now)
    rows.sort(key=lambda row: rules.harm_order(row.ready, row.since))
    today = [row for row in rows if row.appointment.start < tomorrow]
    return Day(
        practitioner=practitioner,
        first=[row for row in today if row.pressing],
        running=[row for row in today if row.ready is Readiness.IN_VISIT],
        today=[row for row in today if not row.pressing and not row.over and row.ready is not Readiness.IN_VISIT],
        later=[row for row in rows if row.appointment.start >= tomorrow and not row.over],
        done=[row for row in today if row.over and row.ready is not Readiness.CANCELLED],
        beside=[
            Beside(each.start, each.service.name, full_name(each.whose_given, each.whose_family, each.whose_prefix))  # type: ignore[attr-defined]
            for each in everything
            if each.beside and each.status == AppointmentStatus.BOOKED and each.end > now  # type: ignore[attr-defined]
        ],
        notes=notes,
        to_sign=to_sign,
        licences=licences,
        now=now,
    )


@prepared
def _seen_ahead(
    actor: Actor, practitioner: UUID, before: datetime, start: datetime, end: datetime, now: datetime, stale: datetime
) -> QuerySet[Appointment]:
    return (
        scheduling.with_clashes(scheduling.hers_of_days(actor, practitioner, before, start, end), now, stale)
        .select_related(None)  # the practitioner is at hand
        .select_related("patient", "service", "visit__safe_start")
        .only(*_SHOWN)
        .annotate(**{f"whose_{part}": F(f"practitioner__{part}") for part in ("given", "family", "prefix")})
    )


def unsigned_notes(practitioner: Practitioner, now: datetime) -> tuple[list[UnsignedNote], int]:
    """Return a practitioner's own notes that are not signed although the visit is over, the oldest first.

    And how many are not signed in all, with those of visits that go on: what *Notes* says beside it.
    """
    found = list(
        Encounter.objects.filter(practitioner=practitioner, note__status=NoteStatus.PRELIMINARY)
        .exclude(status=EncounterStatus.CANCELLED)
        .order_by("started_at")
        .values(
            "id", "started_at", "status", "patient__given", "patient__family", "patient__birth_date", "service__name",
            "service__documentation", *(f"note__{part}" for part in NOTE_PARTS),
        )
    )  # fmt: skip
    names = {
        "subjective": _("Subjective"),
        "objective": _("Objective"),
        "assessment": _("Assessment"),
        "plan": _("Plan"),
    }
    over = [
        UnsignedNote(
            encounter_id=row["id"],
            started_at=row["started_at"],
            patient=full_name(row["patient__given"], row["patient__family"]),
            age=age_on(row["patient__birth_date"], now.date()),
            service=row["service__name"],
            missing=[
                names[part]
                for part in NOTE_PARTS
                if part in row["service__documentation"] and not row[f"note__{part}"].strip()
            ],
        )
        for row in found
        if row["status"] == EncounterStatus.FINISHED
    ]
    return over, len(found)
