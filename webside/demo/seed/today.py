"""Today's appointments, made fresh at each start."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from webside.core import clock
from webside.demo.seed.clinic import Demo, key_of
from webside.notifications import services as notifications
from webside.notifications.codes import Choice
from webside.scheduling import selectors as times
from webside.scheduling import services as scheduling
from webside.scheduling.models import Appointment
from webside.visits import services as visits

SOON = timedelta(minutes=7)
AT_HAND = timedelta(minutes=45)
SLACK = timedelta(minutes=3)
STILL_RUNNING = timedelta(hours=2)
REMINDER = "telehealth-1-day"
DAYS_AHEAD = 7  # a coach is off on some days, and nobody but the doctors is on call


def book_today(demo: Demo) -> list[str]:
    """Let Liz see Dr. Chen in about ten minutes, and the others later; what passed unused is moved."""
    now = clock.now()
    said = []
    liz = _book(
        demo, "liz", "maya", "Diabetes video visit", after=now + SOON,
        reason="My morning sugars used to be around 140. Now they’re 170 or more and I haven’t changed what I eat.",
    )  # fmt: skip
    if liz is not None:
        there = liz.start.astimezone(ZoneInfo(liz.patient_timezone))
        said.append(f"Liz Moreno sees Dr. Chen at {there:%H:%M} in New York")
    _book(demo, "rosa", "maya", "Same-day video visit", after=now + timedelta(minutes=70),
          reason="The uneven pulse again, since this morning")  # fmt: skip
    _book(demo, "theo", "daniel", "Same-day video visit", after=now + timedelta(minutes=35),
          reason="Is the inhaler working?")  # fmt: skip
    coaching = _book(
        demo, "liz", "priya", "Wellness coaching", after=now + timedelta(hours=26), reason="How the walks went"
    )
    if coaching is not None:
        _remind(demo, coaching)
        _wait(demo, coaching)
    return said


def _remind(demo: Demo, coaching: Appointment) -> None:
    """Let Liz, who in the demo is awake at any hour, find a reminder on her telephone; there is one for each time."""
    notifications.change_preference(
        actor=demo.actor("liz"), patient=demo.patients["liz"], reminders=Choice.BOTH, changes=Choice.EMAIL,
        quiet_from=time(0), quiet_until=time(0),
    )  # fmt: skip
    scheduling.send_reminder(appointment_id=coaching.id, sequence=coaching.sequence, step=REMINDER)


def _wait(demo: Demo, coaching: Appointment) -> None:
    """Let Liz be on the waiting list for an earlier time; she wants to know so long before that there is none."""
    with suppress(scheduling.WaitsAlready):
        scheduling.join_waitlist(
            actor=demo.machine, patient=coaching.patient, service=coaching.service, state=coaching.patient_state,
            timezone=coaching.patient_timezone, until=clock.now().date() + timedelta(days=14), notice_hours=48,
            appointment=coaching, idempotency_key=key_of(f"wait-{coaching.id}-{coaching.start.isoformat()}"),
        )  # fmt: skip


def _book(demo: Demo, patient: str, by: str, service: str, *, after: datetime, reason: str) -> Appointment | None:
    """Book the first free time after a moment, or move to it what these two have booked and let pass.

    One in whose room somebody is stays as it is, and one that begins about as long after ``after`` as it would anew: each
    start finds the day as the first one did.
    """
    who, practitioner, what = demo.patients[patient], demo.practitioners[by], demo.services[service]
    known = (
        Appointment.objects.filter(patient=who, practitioner=practitioner, service=what)
        .filter(Q(status="booked") | Q(status="checked-in", period__startswith__gte=clock.now() - STILL_RUNNING))
        .select_related("patient", "practitioner", "service")
        .order_by("-period")
        .first()
    )
    slots = times.free_slots(
        service=what, state=who.state, since=after, days=DAYS_AHEAD, practitioner=practitioner, patient=who
    )
    latest = max([after + AT_HAND, *(slot.start for slot in slots[:1])])
    if known is not None and (known.status == "checked-in" or after - SLACK <= known.start <= latest):
        return known
    for slot in slots[:6]:
        try:
            if known is not None:
                return scheduling.move_appointment(actor=demo.machine, appointment=known, start=slot.start)
            appointment = scheduling.book_appointment(
                actor=demo.machine, patient=who, service=what, practitioner=practitioner, start=slot.start,
                state=who.state, timezone=who.timezone, reason_text=reason,
                idempotency_key=key_of(f"{patient}-{by}-{slot.start.isoformat()}"),
            )  # fmt: skip
        except scheduling.CannotBook:
            continue  # she has something else then
        visits.open_visit(appointment=appointment)
        return appointment
    return None
