"""The waiting list: joining and leaving it, offering a time that is free, taking or declining it.

A time that is offered is held by a *pending* appointment of the offer's id, so that PostgreSQL's exclusion keeps it from
everybody else. It becomes her visit when she takes it; where she would move a visit that she has, that one is moved to
it instead, and the hold goes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from webside.audit.services import action, record
from webside.catalog.models import HealthcareService
from webside.catalog.policies import is_shown
from webside.compliance import services as compliance
from webside.core import clock, frames, timers
from webside.core.actor import Actor, ActorKind
from webside.core.locks import lock
from webside.fhirkit.services import write_version
from webside.outbox.services import publish
from webside.people.models import Patient, Practitioner
from webside.people.selectors import given_by
from webside.scheduling import policies, rules, selectors
from webside.scheduling.codes import AppointmentStatus, DayPart, OfferStatus, WaitlistStatus
from webside.scheduling.events import (
    AppointmentBooked,
    WaitlistJoined,
    WaitlistOffered,
    WaitlistOfferEnded,
    WaitlistOver,
)
from webside.scheduling.models import Appointment, WaitlistEntry, WaitlistLink, WaitlistOffer
from webside.scheduling.services.appointments import move_appointment
from webside.scheduling.services.booking import VisitorDetails, register_visitor, same_person
from webside.scheduling.services.errors import (
    CannotBook,
    CannotOffer,
    KeyReused,
    NotAllowed,
    OfferOver,
    WaitsAlready,
    WrongPlace,
)
from webside.scheduling.services.links import token_hash
from webside.scheduling.services.queue import in_words
from webside.scheduling.services.times import check_time, give_time, lock_people, nobody, period_of, save_if_free

OFFER_TIMER = "scheduling.waitlist.offer"
LINK_OUTLIVES_WAIT = timedelta(days=2)


# ------------------------------------------------------------------------------------------- joining and leaving


@action("scheduling.waitlist.join")
def join_waitlist(
    *,
    actor: Actor,
    patient: Patient,
    service: HealthcareService,
    state: str,
    timezone: str,
    until: date,
    notice_hours: int,
    weekdays: Iterable[int] = (),
    day_parts: Iterable[DayPart] = (),
    practitioner: Practitioner | None = None,
    appointment: Appointment | None = None,
    reason_text: str = "",
    idempotency_key: str,
    consent_scope: str = "",
    consent_words: str = "",
) -> WaitlistEntry:
    """Put somebody on the waiting list of a service; the same form again returns the same place and makes none.

    ``weekdays`` (0 is Monday) and ``day_parts`` that suit, on the wall clock of ``timezone``: none named, all do.
    ``until`` is the last day that suits, ``notice_hours`` how long before a visit she must know. ``appointment`` is a visit
    of hers that she would move to an earlier time. Raises :class:`NotAllowed`, :class:`KeyReused`,
    :class:`WaitsAlready`, :class:`GatesStop`, :class:`NobodyMay`.
    """
    lock(service)  # the second of two equal forms waits here, and then finds what the first one made
    known = _joined_with(idempotency_key)
    if known is not None:
        if known.patient_id != patient.id:
            raise KeyReused
        _note("scheduling.waitlist.join", actor, known, repeated=True)
        return known
    if not policies.can_join_waitlist(actor, patient, appointment) or not is_shown(actor, service):
        raise NotAllowed
    if appointment is not None and not _may_be_moved(actor, appointment, patient, service):
        raise NotAllowed
    held = WaitlistEntry.objects.filter(patient=patient, service=service, status=WaitlistStatus.WAITING).first()
    if held is not None:
        raise WaitsAlready(held)
    # An earlier time for a visit that her guardian asked for: that agreement stands, whoever presses.
    by_guardian = actor.is_guardian or (appointment is not None and appointment.by_guardian)
    _require_somebody(service, patient, state, practitioner, guardian=by_guardian)
    if consent_scope:
        compliance.give_consent(
            actor=actor, patient=patient, scope=consent_scope, given_by=given_by(actor, patient), words=consent_words
        )
    entry = WaitlistEntry.objects.create(
        patient=patient, service=service, practitioner=practitioner, appointment=appointment, state=state,
        timezone=timezone, weekdays=sorted(set(weekdays)), day_parts=[str(part) for part in day_parts],
        notice_hours=notice_hours, until=until, reason_text=reason_text.strip(), joined_by=actor.label,
        by_guardian=by_guardian, idempotency_key=idempotency_key,
    )  # fmt: skip
    _note("scheduling.waitlist.join", actor, entry)
    publish(WaitlistJoined(entry_id=entry.id))
    return entry


@action("scheduling.waitlist.join")
def join_waitlist_as_visitor(
    *, actor: Actor, details: VisitorDetails, service: HealthcareService, state: str, timezone: str, **joining: Any
) -> WaitlistEntry:
    """Register a person, take her consent and put her on the list: all of it, or nothing.

    As in ``book_as_visitor`` nobody is looked up by what a stranger types. ``joining`` is the rest of what
    :func:`join_waitlist` takes; raises what it raises.
    """
    lock(service)  # before anybody is registered: see join_waitlist
    known = _joined_with(joining["idempotency_key"])
    if known is not None:
        if not same_person(known.patient, details):
            raise KeyReused
        _note("scheduling.waitlist.join", actor, known, repeated=True)
        return known
    patient = register_visitor(actor, details, state, timezone)
    return join_waitlist(
        actor=actor, patient=patient, service=service, state=state, timezone=timezone, **joining
    )  # fmt: skip


def _joined_with(key: str) -> WaitlistEntry | None:
    return WaitlistEntry.objects.filter(idempotency_key=key).select_related("patient", "service").first()


def _may_be_moved(actor: Actor, appointment: Appointment, patient: Patient, service: HealthcareService) -> bool:
    """Whether a visit is this patient's, of this service, and the actor's to move."""
    same = appointment.patient_id == patient.id and appointment.service_id == service.id
    return same and selectors.can_still_change(appointment) and policies.can_change_appointment(actor, appointment)


def _require_somebody(
    service: HealthcareService, patient: Patient, state: str, practitioner: Practitioner | None, *, guardian: bool
) -> None:
    """Raise where nobody who gives a service (or who she wants it of) may see her there: she would wait for nothing."""
    offers = selectors.offers(service=service, state=state, at=clock.now(), patient=patient, guardian=guardian)
    asked = [offer for offer in offers if practitioner in (None, offer.practitioner)]
    if not any(offer.allowed for offer in asked):
        raise nobody(asked)


@action("scheduling.waitlist.leave")
def leave_waitlist(*, actor: Actor, entry: WaitlistEntry) -> WaitlistEntry:
    """Take somebody off the list at her own wish; what was held for her is free. Leaving twice changes nothing."""
    entry = _locked(entry)
    if not policies.can_change_wait(actor, entry):
        raise NotAllowed
    if entry.status == WaitlistStatus.WAITING:
        _end(entry, WaitlistStatus.LEFT)
    elif entry.status != WaitlistStatus.LEFT:
        raise WrongPlace(entry.status)
    _note("scheduling.waitlist.leave", actor, entry)
    return entry


@action("scheduling.waitlist.remove")
def remove_from_waitlist(*, actor: Actor, entry: WaitlistEntry, reason: str) -> WaitlistEntry:
    """Take somebody off the list, with a reason. Raises :class:`NotAllowed`, :class:`WrongPlace`, ``ReasonMissing``."""
    if not policies.can_offer_time(actor):
        raise NotAllowed
    words = in_words(reason)
    entry = _locked(entry)
    _require_waiting(entry)
    _end(entry, WaitlistStatus.REMOVED, words)
    _note("scheduling.waitlist.remove", actor, entry, reason=words)
    return entry


# ------------------------------------------------------------------------------------------------------ offering


@action("scheduling.waitlist.offer")
def offer_time(
    *, actor: Actor, entry: WaitlistEntry, practitioner: Practitioner, start: datetime
) -> WaitlistOffer:  # fmt: skip
    """Hold a free time for somebody who waits, and tell her. The gates are asked, as for a booking.

    Raises :class:`NotAllowed`, :class:`WrongPlace` for who waits no more or holds another offer, :class:`CannotOffer` at
    night or where there is too little time to answer, and what booking raises.
    """
    if not policies.can_offer_time(actor):
        raise NotAllowed
    lock_people(practitioner, entry.patient)
    entry = _locked(entry)
    _require_waiting(entry)
    if WaitlistOffer.objects.filter(entry=entry, status=OfferStatus.OPEN).exists():
        raise WrongPlace(OfferStatus.OPEN)
    until = selectors.hold_of(entry, start)
    if until is None:
        raise CannotOffer
    _check(actor, entry, practitioner, start)
    offer = WaitlistOffer(
        entry=entry, practitioner=practitioner, period=period_of(entry.service, start), offered_by=actor.label,
        offered_at=clock.now(), until=until,
    )  # fmt: skip
    hold = Appointment(
        id=offer.id, patient=entry.patient, practitioner=practitioner, service=entry.service,
        status=AppointmentStatus.PENDING, patient_state=entry.state, patient_timezone=entry.timezone,
        reason_text=entry.reason_text, booked_by=actor.label, by_guardian=entry.by_guardian,
        idempotency_key=f"offer:{offer.id.hex}",
    )  # fmt: skip
    give_time(hold, start)
    save_if_free(hold, entry.state)
    offer.save(force_insert=True)
    timers.set_timer(OFFER_TIMER, key=str(offer.id), due_at=until, payload={"offer_id": str(offer.id)})
    _note("scheduling.waitlist.offer", actor, entry, start=start.isoformat(), until=until.isoformat())
    publish(WaitlistOffered(offer_id=offer.id))
    return offer


def offer_next(*, entry_id: UUID) -> WaitlistOffer | None:
    """Look for a time for one who waits, and offer her the earliest that suits; nothing where there is none for her.

    Who is past her last day is told so, and waits no more.
    """
    actor = frames.current().actor
    entry = selectors.waitlist_entry(actor, entry_id)
    if entry is None or entry.status != WaitlistStatus.WAITING:
        return None
    now, had = clock.now(), entry.appointment
    seen = had is not None and had.status != AppointmentStatus.CANCELLED and selectors.standing(had) != "ahead"
    if seen or clock.today(entry.timezone) > entry.until:
        stop_looking(entry=entry, status=WaitlistStatus.BOOKED if seen else WaitlistStatus.OVER)
        return None
    look = rules.offering("offer_look", now.date())
    if look is not None:
        WaitlistEntry.objects.filter(id=entry.id).update(look_at=now + look)
    if any(each.status == OfferStatus.OPEN for each in entry.offers.all()):
        return None
    slot = selectors.suiting_slot(entry)
    if slot is None:
        return None
    try:
        return offer_time(actor=actor, entry=entry, practitioner=slot.practitioner, start=slot.start)
    except (CannotBook, CannotOffer, WrongPlace):
        return None  # somebody was faster, the gates say no, or it is night where she is: looked at again


@action("scheduling.waitlist.over")
def stop_looking(*, entry: WaitlistEntry, status: WaitlistStatus) -> None:
    """Look no more for somebody: her last day is over, and she is told that no time was found; or she had her visit."""
    entry = _locked(entry)
    if entry.status == WaitlistStatus.WAITING:
        _end(entry, status)
        if status is WaitlistStatus.OVER:
            publish(WaitlistOver(entry_id=entry.id))
    _note("scheduling.waitlist.over", frames.current().actor, entry, status=str(entry.status))


@action("scheduling.waitlist.follow")
def follow_booking(*, appointment: Appointment) -> None:
    """Let who has just booked a time herself be offered earlier ones only, to which that visit is moved."""
    found = WaitlistEntry.objects.filter(
        patient=appointment.patient, service=appointment.service, status=WaitlistStatus.WAITING
    ).exclude(appointment__status=AppointmentStatus.BOOKED)
    changed = found.update(appointment=appointment)
    record("scheduling.waitlist.follow", actor=frames.current().actor, target=appointment,
           patient_id=appointment.patient_id, changes={"places": changed})  # fmt: skip


def look_soon(*, after: timedelta | None = None) -> None:
    """Let the list be gone through: times may have become free."""
    at = clock.now() + (after or timedelta(0))
    WaitlistEntry.objects.filter(status=WaitlistStatus.WAITING, look_at__gt=at).update(look_at=at)


# ------------------------------------------------------------------------------------------------- her answer


@action("scheduling.waitlist.accept")
def accept_offer(*, actor: Actor, offer: WaitlistOffer) -> Appointment:
    """Take the time that is held: book it, or move the earlier visit to it. Taking it twice returns the same visit.

    The gates are asked again. Raises :class:`NotAllowed`, :class:`OfferOver`, and what booking raises.
    """
    lock_people(offer.practitioner, offer.entry.patient)
    entry, offer = _locked_offer(offer)
    if not policies.can_change_wait(actor, entry):
        raise NotAllowed
    if offer.status == OfferStatus.ACCEPTED:
        _note("scheduling.waitlist.accept", actor, entry, repeated=True)
        return _taken(entry, offer)
    if offer.status != OfferStatus.OPEN or offer.until <= clock.now():
        raise OfferOver
    hold = Appointment.objects.select_related("patient", "practitioner", "service").get(id=offer.id)
    had = entry.appointment
    if had is not None and selectors.can_still_change(had):
        appointment = _move(actor, entry, had, hold)
    else:
        appointment = _book(actor, entry, hold)
    _close(offer, OfferStatus.ACCEPTED)
    _end(entry, WaitlistStatus.BOOKED)
    _note("scheduling.waitlist.accept", actor, entry, start=offer.start.isoformat())
    return appointment


def _taken(entry: WaitlistEntry, offer: WaitlistOffer) -> Appointment:
    """Return the visit that came of an offer: what was held, or what was moved to it."""
    visits = Appointment.objects.select_related("patient", "practitioner", "service")
    return visits.filter(id=offer.id).first() or visits.get(id=entry.appointment_id)


def _book(actor: Actor, entry: WaitlistEntry, hold: Appointment) -> Appointment:
    """Let what was held become her visit."""
    # What a guardian agreed to was the visit that was to come earlier. It is gone: another one she hasn't asked for.
    guarded = actor.is_guardian or (entry.by_guardian and entry.appointment_id is None)
    _check(actor, entry, hold.practitioner, hold.start, moving=hold, guardian=guarded)
    hold.status, hold.booked_by, hold.by_guardian = AppointmentStatus.BOOKED, actor.label, guarded
    save_if_free(hold, entry.state)
    write_version(hold)
    record("scheduling.appointment.book", actor=actor, target=hold, patient_id=hold.patient_id,
           target_label=hold.service.name, ground="waiting list")  # fmt: skip
    publish(AppointmentBooked(appointment_id=hold.id))
    return hold


def _move(actor: Actor, entry: WaitlistEntry, appointment: Appointment, hold: Appointment) -> Appointment:
    """Let the visit that she has take the place of what was held for her."""
    if actor.kind is ActorKind.LINK:
        # The link is to her place on the list; the visit that hangs on it is hers too.
        actor = replace(actor, subject_id=appointment.id)
    hold.delete()
    return move_appointment(
        actor=actor,
        appointment=appointment,
        start=hold.start,
        practitioner=hold.practitioner,
        state=entry.state,
        timezone=entry.timezone, held=True, guardian=entry.by_guardian,
    )  # fmt: skip


@action("scheduling.waitlist.decline")
def decline_offer(*, actor: Actor, offer: WaitlistOffer) -> WaitlistEntry:
    """Leave the time to the next one; she stays on the list. Declining twice changes nothing.

    Raises :class:`NotAllowed`, and :class:`OfferOver` for one that was taken.
    """
    entry, offer = _locked_offer(offer)
    if not policies.can_change_wait(actor, entry):
        raise NotAllowed
    if offer.status == OfferStatus.ACCEPTED:
        raise OfferOver
    if offer.status == OfferStatus.OPEN:
        _release(offer, OfferStatus.DECLINED)
    _note("scheduling.waitlist.decline", actor, entry)
    return entry


@action("scheduling.waitlist.withdraw")
def withdraw_offer(*, actor: Actor, offer: WaitlistOffer, reason: str) -> None:
    """Take an offer back that may be taken no more, such as when a licence has ended meanwhile; she stays on the list."""
    entry, offer = _locked_offer(offer)
    if not policies.can_change_wait(actor, entry):
        raise NotAllowed
    if offer.status == OfferStatus.OPEN:
        _release(offer, OfferStatus.WITHDRAWN, reason)
    _note("scheduling.waitlist.withdraw", actor, entry, reason=reason)


@action("scheduling.waitlist.lapse")
def end_offer(*, offer_id: UUID) -> None:
    """Give a time free that was held and has run out; the timer asks whether that is still so."""
    entry, offer = _locked_offer(WaitlistOffer.objects.get(id=offer_id))
    if offer.status == OfferStatus.OPEN and offer.until <= clock.now():
        _release(offer, OfferStatus.LAPSED)
    _note("scheduling.waitlist.lapse", frames.current().actor, entry, status=str(offer.status))


# ------------------------------------------------------------------------------------------------------- links


def issue_waitlist_link(*, entry: WaitlistEntry, short: bool = False) -> str:
    """Make a link that opens somebody's place on the list, and what is offered there; return its token."""
    token = secrets.token_urlsafe(16 if short else 32)
    last = datetime.combine(entry.until, time.max, tzinfo=ZoneInfo(entry.timezone))
    WaitlistLink.objects.create(entry=entry, token_hash=token_hash(token), expires_at=last + LINK_OUTLIVES_WAIT)
    return token


@action("scheduling.waitlist.open")
def open_waitlist_link(*, actor: Actor, link: WaitlistLink, entry: WaitlistEntry) -> None:
    """Note that somebody opened a place on the list by the link of a message."""
    link.last_used_at = clock.now()
    link.save(update_fields=["last_used_at", "updated_at"])
    record("scheduling.waitlist.open", actor=actor, target=entry, patient_id=entry.patient_id,
           ground="link from a message")  # fmt: skip


# --------------------------------------------------------------------------------------------------- what is shared


def _locked(entry: WaitlistEntry) -> WaitlistEntry:
    """Lock an entry, then read it with its people."""
    lock(entry)
    return WaitlistEntry.objects.select_related("patient", "service", "practitioner", "appointment", "tenant").get(
        id=entry.id
    )


def _locked_offer(offer: WaitlistOffer) -> tuple[WaitlistEntry, WaitlistOffer]:
    """Lock the entry of an offer, then read both: whatever is done to an offer waits for its entry."""
    entry = _locked(offer.entry)
    return entry, WaitlistOffer.objects.select_related("practitioner").get(id=offer.id)


def _require_waiting(entry: WaitlistEntry) -> None:
    if entry.status != WaitlistStatus.WAITING:
        raise WrongPlace(entry.status)


def _check(
    actor: Actor,
    entry: WaitlistEntry,
    practitioner: Practitioner,
    start: datetime,
    moving: Appointment | None = None,
    *,
    guardian: bool | None = None,
) -> None:
    """Ask the gates, and whether the time is ahead and free, as a booking does."""
    present = actor.is_guardian or entry.by_guardian if guardian is None else guardian
    check_time(service=entry.service, practitioner=practitioner, patient=entry.patient, start=start, state=entry.state,
               moving=moving, guardian_present=present, limits=moving is None)  # fmt: skip


def _close(offer: WaitlistOffer, status: OfferStatus, reason: str = "") -> None:
    offer.status, offer.answered_at, offer.end_reason = status, clock.now(), reason[:200]
    offer.save()
    timers.cancel_timer(OFFER_TIMER, key=str(offer.id))


def _release(offer: WaitlistOffer, status: OfferStatus, reason: str = "") -> None:
    """End an offer and give its time free."""
    _close(offer, status, reason)
    Appointment.objects.filter(id=offer.id, status=AppointmentStatus.PENDING).delete()
    publish(WaitlistOfferEnded(offer_id=offer.id))


def _end(entry: WaitlistEntry, status: WaitlistStatus, reason: str = "") -> None:
    """Let somebody wait no more; what is still held for her is free."""
    for offer in WaitlistOffer.objects.filter(entry=entry, status=OfferStatus.OPEN):
        _release(offer, OfferStatus.WITHDRAWN, reason)
    entry.status, entry.ended_at, entry.end_reason = status, clock.now(), reason[:200]
    entry.save()


def _note(name: str, actor: Actor, entry: WaitlistEntry, *, reason: str = "", **changes: Any) -> None:
    """Write into the trail what was done with somebody's place on the list."""
    ground = "front desk" if policies.can_read_waitlist(actor) else ""
    if policies.waits_for_time(actor, entry):
        ground = "own place on the list"
    record(name, actor=actor, target=entry, patient_id=entry.patient_id, target_label=entry.service.name,
           ground=ground, reason=reason, changes=changes or None)  # fmt: skip
