"""When people of the demo work: hours as a clinic has them, extra time so that the demo lives at any hour, who is on call."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from webside.core import clock, frames
from webside.core.models import Tenant
from webside.demo.people import EVERYBODY
from webside.demo.seed.clinic import Demo
from webside.people.models import Practitioner
from webside.scheduling import selectors as times
from webside.scheduling import services as scheduling
from webside.scheduling.models import Availability, AvailabilityException, OnCallStretch

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = range(6)
WEEKDAYS = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)


@dataclass(frozen=True, slots=True)
class Shift:
    """The same hours on some days of the week, on the person's own clock."""

    days: tuple[int, ...]
    starts: time
    ends: time

    def holds(self, here: datetime) -> bool:
        """Whether a moment, on the person's clock, lies in it."""
        return here.weekday() in self.days and self.starts <= here.time() < self.ends


WEEKS: dict[str, tuple[Shift, ...]] = {
    "maya": (Shift(WEEKDAYS, time(8), time(12)), Shift(WEEKDAYS, time(13), time(17)), Shift((TUESDAY,), time(18), time(20))),
    "daniel": (Shift(WEEKDAYS, time(9), time(13)), Shift(WEEKDAYS, time(14), time(18)), Shift((SATURDAY,), time(9), time(12))),
    "priya": (
        Shift((MONDAY, TUESDAY, THURSDAY), time(9), time(17)), Shift((WEDNESDAY,), time(12), time(20)),
        Shift((SATURDAY,), time(9), time(12)),
    ),
    "mallory": (Shift(WEEKDAYS, time(9), time(17)),),
}  # fmt: skip

EXTRA = "Extra hours"
EXTRA_PEOPLE = ("maya", "daniel")
EXTRA_FOR = timedelta(hours=6)
EXTRA_LEFT = timedelta(hours=3)
"""As soon as less is left, it is renewed: whoever tries the demo finds a free time within the next half hour."""
WEEK = timedelta(weeks=1)
ON_CALL_WEEKS = 12
ON_CALL = (
    ("maya", MONDAY, time(8), timedelta(days=4, hours=9)),
    ("daniel", FRIDAY, time(17), timedelta(days=2, hours=15)),
)
"""Who is on call: from which day and time of a week, for how long; so there is always somebody."""


def keep_weekly_hours(demo: Demo, key: str, practitioner: Practitioner) -> None:
    """Give somebody their weekly hours, if they have none; a demo made before this had them open day and night."""
    endless = Availability.objects.filter(practitioner=practitioner, starts_at=time(0), ends_at=time(0))
    today = clock.today(practitioner.timezone)
    for hours in endless.filter(valid_to=None).select_related("practitioner"):
        scheduling.end_hours(actor=demo.machine, hours=hours, last_day=today - timedelta(days=1))
    if times.hours_of(practitioner, today).exists():
        return
    for shift in WEEKS[key]:
        for weekday in shift.days:
            scheduling.add_hours(
                actor=demo.machine, practitioner=practitioner, weekday=weekday, starts_at=shift.starts,
                ends_at=shift.ends, timezone=practitioner.timezone,
            )  # fmt: skip


def keep_extra_time(demo: Demo, practitioner: Practitioner) -> bool:
    """Let somebody work from this hour on, as extra time beside their weekly hours; return whether it was renewed.

    The two doctors may treat in different states, so each works for their own.
    """
    now = clock.now()
    extra = AvailabilityException.objects.filter(practitioner=practitioner, available=True, reason=EXTRA)
    if any(each.period.lower <= now and each.period.upper - now >= EXTRA_LEFT for each in extra):
        return False
    for each in extra.select_related("practitioner"):
        scheduling.remove_exception(actor=demo.machine, exception=each)
    # From the full hour: the times of extra and of weekly hours then begin at the same minutes.
    hour = now.replace(minute=0, second=0, microsecond=0)
    scheduling.add_exception(
        actor=demo.machine, practitioner=practitioner, start=hour, end=hour + EXTRA_FOR, available=True, reason=EXTRA
    )
    return True


def renew_extra_time() -> int:
    """Renew who works extra, in a demo that runs for days; return of how many (a loop of the worker)."""
    tenant = Tenant.objects.filter(slug="larkspur").first()
    if tenant is None:
        return 0
    demo = Demo(tenant, users={})
    addresses = [somebody.email for somebody in EVERYBODY if somebody.key in EXTRA_PEOPLE]
    with frames.begin(tenant_id=tenant.id, actor=demo.machine):
        doctors = Practitioner.objects.filter(user__email__in=addresses)
        return sum(keep_extra_time(demo, doctor) for doctor in doctors)


def plan_on_call(demo: Demo) -> None:
    """Let the front desk plan who is on call for some weeks, unless it is planned; what people have changed stays."""
    now = clock.now()
    if OnCallStretch.objects.filter(period__startswith__gt=now + 2 * WEEK).exists():
        return
    here = now.astimezone(ZoneInfo(demo.tenant.timezone)).replace(tzinfo=None)
    for key, weekday, begins, length in ON_CALL:
        starts = datetime.combine(here.date() + timedelta(days=weekday - here.weekday()), begins)
        while starts + length <= here:
            starts += WEEK
        with suppress(scheduling.OnCallAlready):
            scheduling.plan_on_call(
                actor=demo.actor("grace"), practitioner=demo.practitioners[key], starts=starts, ends=starts + length,
                weeks=ON_CALL_WEEKS,
            )  # fmt: skip


def working_morning(key: str, practitioner: Practitioner, moment: datetime) -> datetime:
    """Return ten o'clock on the person's clock, on the day of a moment or the last working day before it."""
    day = moment.astimezone(ZoneInfo(practitioner.timezone)).replace(hour=10, minute=0, second=0, microsecond=0)
    while not any(shift.holds(day) for shift in WEEKS[key] if SATURDAY not in shift.days):
        day -= timedelta(days=1)
    return day
