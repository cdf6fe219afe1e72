"""The waiting list: who waits for a time that becomes free, what suits her, what she was offered."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import dropwhile
from uuid import UUID

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from webside.core import clock
from webside.core.actor import Actor
from webside.core.rows import prepared
from webside.notifications import selectors as notifications
from webside.notifications.codes import Channel, Choice
from webside.notifications.rules import channels
from webside.people import policies as people
from webside.people.codes import Scope
from webside.scheduling import policies, rules
from webside.scheduling.codes import AppointmentStatus, DayPart, OfferStatus, WaitlistStatus
from webside.scheduling.models import WaitlistEntry, WaitlistLink, WaitlistOffer
from webside.scheduling.rules import Wish
from webside.scheduling.selectors.slots import LOOK_AHEAD_DAYS, Slot, free_slots

WAITLIST = "scheduling.waitlist"
"""The round of the worker that offers times."""

NOTICES = (2, 24, 48)
"""How many hours before a visit somebody may want to know."""

LONGEST_WAIT_DAYS = 180

_WITH = ("tenant", "patient", "service", "practitioner", "appointment__practitioner")


def _read(entries: QuerySet[WaitlistEntry]) -> QuerySet[WaitlistEntry]:
    """Read entries with their people and what was offered, the latest offer first."""
    return entries.select_related(*_WITH).prefetch_related(_offers())


def _offers() -> Prefetch:
    return Prefetch("offers", queryset=WaitlistOffer.objects.select_related("practitioner").order_by("-offered_at"))


def waitlist_entry(actor: Actor, entry_id: UUID) -> WaitlistEntry | None:
    """Return one entry that the actor may see; nothing if there is none or they may not."""
    visible = policies.visible_waitlist_entries(actor, WaitlistEntry.objects.filter(id=entry_id))
    return _read(visible).first()


def waiting_list(actor: Actor) -> list[WaitlistEntry]:
    """Return everybody who waits, the longest wait first, for who may see the list."""
    if not policies.can_read_waitlist(actor):
        return []
    return list(_read(WaitlistEntry.objects.filter(status=WaitlistStatus.WAITING)).order_by("joined_at"))


def own_waits(actor: Actor) -> list[WaitlistEntry]:
    """Return for what the actor's patient waits, the longest wait first."""
    if actor.user_id is None:
        return []
    found = _own_waits(actor=actor)
    prefetch_related_objects(found, _offers())
    return found


@prepared
def _own_waits(actor: Actor) -> QuerySet[WaitlistEntry]:
    own = people.own(actor, Scope.APPOINTMENTS, by="patient__")
    visible = policies.visible_waitlist_entries(actor, WaitlistEntry.objects.filter(own))
    return visible.filter(status=WaitlistStatus.WAITING).select_related(*_WITH).order_by("joined_at")


def waitlist_link_by_hash(token_hash: bytes) -> WaitlistLink | None:
    """Return the link of this tenant with a token's hash."""
    return WaitlistLink.objects.filter(token_hash=token_hash).first()


def open_offer(entry: WaitlistEntry) -> WaitlistOffer | None:
    """Return the time that is held for somebody now."""
    now = clock.now()
    return next((each for each in entry.offers.all() if each.status == OfferStatus.OPEN and each.until > now), None)


def earlier_visit(entry: WaitlistEntry) -> datetime | None:
    """Return when the visit begins that somebody would move; nothing where she has none that can be moved."""
    had = entry.appointment
    return had.start if had is not None and had.status == AppointmentStatus.BOOKED else None


def wish_of(entry: WaitlistEntry) -> Wish:
    """Return what suits somebody, as the rules take it."""
    return Wish(
        zone=entry.timezone, until=entry.until, notice=timedelta(hours=entry.notice_hours),
        weekdays=frozenset(entry.weekdays), parts=frozenset(DayPart(part) for part in entry.day_parts),
        practitioner=entry.practitioner_id, before=earlier_visit(entry),
        refused=frozenset((each.practitioner_id, each.start) for each in entry.offers.all()),
    )  # fmt: skip


def suiting_slot(entry: WaitlistEntry) -> Slot | None:
    """Return the earliest time that suits somebody and that can be held for her now."""
    slots = {(each.start, each.practitioner.id): each for each in offerable(entry)}
    found = rules.first_suiting(wish_of(entry), slots, clock.now())
    return slots[found] if found else None


def offerable(entry: WaitlistEntry) -> list[Slot]:
    """Return the times of four weeks that can be held for somebody now, whether they suit or not.

    They are free, hers by the gates, beside no visit of hers, and far enough ahead for an answer. None while it is night
    where she is.
    """
    now, quiet = clock.now(), notifications.quiet_of(entry.patient, entry.tenant)
    if quiet.holds(now):
        return []
    # A visit that she would move to an earlier time is in the way of none.
    moving = entry.appointment if earlier_visit(entry) is not None else None
    free = free_slots(
        service=entry.service, state=entry.state, since=clock.now(), days=LOOK_AHEAD_DAYS,
        practitioner=entry.practitioner, patient=entry.patient, guardian=entry.by_guardian,
        free_for=entry.patient, moving=moving,
    )  # fmt: skip
    # What can be held at a moment can be held at each later one: only the first of them are asked.
    late = dropwhile(lambda slot: rules.held_until(now=now, start=slot.start, quiet=quiet, on=now.date()) is None, free)
    return list(late)


def hold_of(entry: WaitlistEntry, start: datetime) -> datetime | None:
    """Return until when a time would be held for somebody who is offered it now; nothing where it can't be."""
    now = clock.now()
    quiet = notifications.quiet_of(entry.patient, entry.tenant)
    return rules.held_until(now=now, start=start, quiet=quiet, on=now.date())


def is_night(entry: WaitlistEntry) -> bool:
    """Whether nothing can be offered to somebody now, since it is night where she is."""
    return notifications.quiet_of(entry.patient, entry.tenant).holds(clock.now())


def held_texts_wait(entry: WaitlistEntry) -> bool:
    """Whether the text that would tell somebody of a time that is held for her can't leave at present.

    Who has no address gets nothing but a text; others are told so where a text is one of the ways that she chose.
    """
    if not notifications.texts_wait(entry.tenant):
        return False
    patient = entry.patient
    if not patient.email:
        return bool(patient.phone)
    choice = Choice(notifications.preference_of(patient).changes)
    number = notifications.can_be_texted(patient, entry.tenant)
    return Channel.SMS in channels(Choice.BOTH if choice is Choice.NONE else choice, email=True, number=number)


def places_to_look_at() -> list[UUID]:
    """Return everybody who waits, the longest wait first, if it is time to look for any of them; else nobody."""
    found = list(
        WaitlistEntry.objects.filter(status=WaitlistStatus.WAITING).order_by("joined_at").values_list("id", "look_at")
    )
    now = clock.now()
    return [entry_id for entry_id, _ in found] if any(look_at <= now for _, look_at in found) else []
