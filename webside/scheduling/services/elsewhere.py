"""Calendars that practitioners keep elsewhere: taken in, read by the worker, removed; and what they block here.

Reading is three steps, so that nobody waits in a transaction for another server: a calendar is claimed and that is
committed, it is read, what was found is kept. Whoever dies between leaves a claim that runs out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.types.range import TimestamptzRange

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.core.crypto import Unreadable
from webside.core.locks import lock
from webside.core.models import Tenant
from webside.outbox.services import publish
from webside.people.models import Practitioner
from webside.scheduling import policies, selectors
from webside.scheduling.codes import CalendarTrouble
from webside.scheduling.events import HoursChanged
from webside.scheduling.models import Appointment, BusyTime, OtherCalendar
from webside.scheduling.services.appointments import tell_lists
from webside.scheduling.services.errors import KnownAlready, NotAllowed, TooManyCalendars

EVERY = timedelta(minutes=15)
WHOLE_EVERY = timedelta(hours=12)
"""So often it is read whole, though it says that nothing is new: time goes on, and what comes again comes nearer."""
LEASE = timedelta(minutes=3)
"""How long a calendar is left to who claimed it: longer than reading it may take."""
LONGEST_PAUSE = timedelta(hours=1)
SINCE = timedelta(days=1)
"""So far back it is read: what was this morning is still of this day."""
AHEAD = timedelta(days=selectors.SERIES_DAYS + 7)
"""As far ahead as anything can be booked, and a week."""
MOST_CALENDARS = 5

Stretch = tuple[datetime, datetime]


@action("scheduling.calendar.add")
def add_calendar(*, actor: Actor, practitioner: Practitioner, address: str, name: str = "") -> OtherCalendar:
    """Let a practitioner's calendar elsewhere block her hours here; it is read within a minute.

    ``address`` is its private address (https). Raises :class:`NotAllowed`, :class:`KnownAlready`, :class:`TooManyCalendars`.
    """
    if not policies.can_keep_calendars(actor, practitioner):
        raise NotAllowed
    lock(practitioner)
    calendar = OtherCalendar(
        practitioner=practitioner, name=name.strip(), host=urlsplit(address).hostname or "", added_by=actor.label
    )
    calendar.address = address
    known = OtherCalendar.objects.filter(practitioner=practitioner).defer("address_sealed")
    if any(bytes(each.digest) == bytes(calendar.digest) for each in known):
        raise KnownAlready
    if len(known) >= MOST_CALENDARS:
        raise TooManyCalendars
    calendar.save()
    _note("scheduling.calendar.add", actor, calendar)
    return calendar


@action("scheduling.calendar.remove")
def remove_calendar(*, actor: Actor, calendar: OtherCalendar) -> None:
    """Forget a calendar with its address and all that it blocked."""
    practitioner = calendar.practitioner
    if not policies.can_keep_calendars(actor, practitioner):
        raise NotAllowed
    lock(practitioner)
    _note("scheduling.calendar.remove", actor, calendar)
    BusyTime.objects.filter(calendar_id=calendar.id).delete()
    OtherCalendar.objects.filter(id=calendar.id).delete()
    publish(HoursChanged(practitioner_id=practitioner.id))
    tell_lists(practitioner.id)


@action("scheduling.calendar.ask")
def read_soon(*, actor: Actor, calendar: OtherCalendar) -> None:
    """Let a calendar be read whole within a minute."""
    if not policies.can_keep_calendars(actor, calendar.practitioner):
        raise NotAllowed
    OtherCalendar.objects.filter(id=calendar.id).update(look_at=clock.now(), whole_at=None)
    _note("scheduling.calendar.ask", actor, calendar)


def _note(name: str, actor: Actor, calendar: OtherCalendar, **changes: object) -> None:
    practitioner = calendar.practitioner
    record(name, actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"calendar": str(calendar.id), "host": calendar.host, **changes})  # fmt: skip


# ------------------------------------------------------------------------------------------- for the worker


@dataclass(frozen=True, slots=True)
class Claim:
    """A calendar that is ours to read: where, what was known of it, and what is asked of it. ``trouble``: it can't be."""

    calendar_id: UUID
    since: datetime
    until: datetime
    zone: str
    people: tuple[str, ...]
    address: str = ""
    etag: str = ""
    last_modified: str = ""
    trouble: CalendarTrouble | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. ``trouble``: nothing was; ``unchanged``: it is as it was. ``ours``: by what may be a visit of ours."""

    trouble: CalendarTrouble | None = None
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""
    periods: list[Stretch] = field(default_factory=list)
    ours: dict[UUID, list[Stretch]] = field(default_factory=dict)
    unclear: int = 0


def claim_calendars(*, most: int) -> list[Claim]:
    """Claim the calendars whose turn it is; nobody else reads them until the claim has run out."""
    now = clock.now()
    due = [each.id for each in selectors.calendars_to_read(most)]
    rows = list(OtherCalendar.objects.select_for_update(skip_locked=True).filter(id__in=due, look_at__lte=now))
    if not rows:
        return []
    OtherCalendar.objects.filter(id__in=[each.id for each in rows]).update(look_at=now + LEASE)
    people = {
        each.id: each
        for each in Practitioner.objects.select_related("user").filter(id__in=[row.practitioner_id for row in rows])
    }
    zone = Tenant.objects.get(id=frames.current_tenant_id()).timezone
    return [_claim(row, people[row.practitioner_id], zone, now) for row in rows]


def _claim(row: OtherCalendar, practitioner: Practitioner, zone: str, now: datetime) -> Claim:
    addresses = {practitioner.email, practitioner.user.email if practitioner.user else ""} - {""}
    asked = Claim(
        row.id, now - SINCE, now + AHEAD, practitioner.timezone or zone, tuple(each.lower() for each in addresses)
    )
    try:
        address = row.address
    except Unreadable:
        return replace(asked, trouble=CalendarTrouble.SEALED)
    if row.whole_at is None or now - row.whole_at > WHOLE_EVERY:
        return replace(asked, address=address)
    return replace(asked, address=address, etag=row.etag, last_modified=row.last_modified)


def keep_reading(*, actor: Actor, claim: Claim, reading: Reading) -> None:
    """Keep what was read of a claimed calendar; nothing where it was removed meanwhile.

    What can't be read blocks as it did. Whoever books one of these hours waits until this is done, or it for them.
    """
    calendar = OtherCalendar.objects.select_related("practitioner").filter(id=claim.calendar_id).first()
    if calendar is None:
        return
    lock(calendar.practitioner)
    rows = OtherCalendar.objects.select_related("practitioner").filter(id=claim.calendar_id)
    calendar = rows.select_for_update(of=("self",)).first()
    if calendar is None:
        return
    now = clock.now()
    if reading.trouble is not None:
        _note_failure(actor, calendar, reading.trouble, now)
        return
    # A page that is open shows what its reader waits for: that it was read for the first time, at last, or as she asked.
    awaited = calendar.failing_since is not None or calendar.whole_at is None
    if calendar.failing_since is not None:
        _note("scheduling.calendar.again", actor, calendar, failed_since=calendar.failing_since.isoformat())
    calendar.read_at, calendar.failing_since, calendar.trouble, calendar.failures = now, None, "", 0
    calendar.look_at = now + EVERY
    if not reading.unchanged:
        calendar.whole_at, calendar.unclear = now, reading.unclear
        calendar.etag, calendar.last_modified = reading.etag, reading.last_modified
        awaited = _keep_busy(actor, calendar, claim, reading) or awaited
    calendar.save()
    if awaited:
        tell_lists(calendar.practitioner_id)


def _note_failure(actor: Actor, calendar: OtherCalendar, trouble: CalendarTrouble, now: datetime) -> None:
    if calendar.failing_since is None or calendar.trouble != trouble:
        _note("scheduling.calendar.fail", actor, calendar, trouble=trouble.value)
    calendar.failing_since = calendar.failing_since or now
    calendar.trouble = trouble
    calendar.look_at = now + min(LONGEST_PAUSE, timedelta(minutes=2 ** min(calendar.failures + 1, 10)))
    calendar.failures += 1
    calendar.save()
    tell_lists(calendar.practitioner_id)


def _keep_busy(actor: Actor, calendar: OtherCalendar, claim: Claim, reading: Reading) -> bool:
    """Let a calendar block what it says from now on, and no more; return whether that is anything else than before."""
    said = set(reading.periods) | _not_of_here(calendar, reading)
    there = {
        (period.lower, period.upper): row_id
        for row_id, period in BusyTime.objects.filter(
            calendar=calendar, period__endswith__gt=claim.since
        ).values_list("id", "period")
    }  # fmt: skip
    gone, new = set(there) - said, said - set(there)
    if not gone and not new:
        return False
    BusyTime.objects.filter(id__in=[there[each] for each in gone]).delete()
    BusyTime.objects.bulk_create(
        [
            BusyTime(
                tenant_id=calendar.tenant_id, calendar=calendar, practitioner=calendar.practitioner,
                period=TimestamptzRange(*each),
            )
            for each in sorted(new)
        ]
    )  # fmt: skip
    _note("scheduling.calendar.read", actor, calendar, new=len(new), gone=len(gone))
    if gone:
        publish(HoursChanged(practitioner_id=calendar.practitioner_id))
    return True


def _not_of_here(calendar: OtherCalendar, reading: Reading) -> set[Stretch]:
    """Return what came from a Webside, but is no visit of hers in this clinic: one in another clinic blocks."""
    known = Appointment.objects.filter(id__in=list(reading.ours), practitioner=calendar.practitioner)
    here = set(known.values_list("id", flat=True))
    return {each for appointment_id, spans in reading.ours.items() if appointment_id not in here for each in spans}
