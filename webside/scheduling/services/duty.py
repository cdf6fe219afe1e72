"""Who takes people from the line now: switched on by themselves, kept by their open page, ended when that is gone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from webside.accounts import selectors as accounts
from webside.accounts.models import User
from webside.accounts.registry import RENEWED
from webside.audit.services import action, record
from webside.catalog.models import HealthcareService
from webside.core import clock, frames
from webside.core.actor import Actor, system
from webside.people.models import Practitioner
from webside.scheduling import policies, rules, selectors
from webside.scheduling.codes import DutyEnd, QueueStatus
from webside.scheduling.models import QueueDuty, QueueEntry, QueueHours
from webside.scheduling.rules import WeeklyHours
from webside.scheduling.services.errors import HoursOverlap, NotAllowed, NotOnDuty
from webside.scheduling.services.queue import give_time_back, has_begun, locked_entry, note, tell_queue, wait_again


@action("scheduling.duty.start")
def go_on_duty(*, actor: Actor, practitioner: Practitioner, until: datetime | None = None) -> QueueDuty:
    """Take people from the line from now on, until ``until`` at the latest. Again sets the end anew.

    Raises :class:`NotAllowed`, and :class:`NotOnDuty` for who gives nothing that people wait in line for.
    """
    if not policies.can_take_from_line(actor, practitioner):
        raise NotAllowed
    if not selectors.on_demand_services_of(practitioner):
        raise NotOnDuty
    now = clock.now()
    duty = selectors.duty_of(practitioner)
    if duty is None:
        try:
            with transaction.atomic():
                duty = QueueDuty.objects.create(practitioner=practitioner, started_at=now, seen_at=now, until=until)
        except IntegrityError:  # pressed twice at once
            duty = QueueDuty.objects.get(practitioner=practitioner, ended_at=None)
    duty.until, duty.seen_at = until, now
    duty.save()
    record("scheduling.duty.start", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"until": until.isoformat() if until else ""})  # fmt: skip
    tell_queue()
    return duty


def keep_on_duty(*, actor: Actor, practitioner: Practitioner) -> bool:
    """Note that their page is open; return whether they are on duty. No act: what is done every half minute isn't noted."""
    if not policies.can_take_from_line(actor, practitioner):
        raise NotAllowed
    return bool(QueueDuty.objects.filter(practitioner=practitioner, ended_at=None).update(seen_at=clock.now()))


@action("scheduling.duty.end")
def go_off_duty(*, actor: Actor, practitioner: Practitioner) -> int:
    """Take no more people; return how many wait whom nobody else on duty may see: they are told at once.

    Raises :class:`NotAllowed`. Who isn't on duty changes nothing.
    """
    if not policies.can_take_from_line(actor, practitioner):
        raise NotAllowed
    duty = selectors.duty_of(practitioner)
    if duty is not None:
        end_duty(duty, DutyEnd.SWITCHED_OFF)
    alone = sum(not place.may for place in selectors.line().waiting)
    record("scheduling.duty.end", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"why": str(DutyEnd.SWITCHED_OFF), "left_waiting": alone})  # fmt: skip
    return alone


def end_duty(duty: QueueDuty, why: DutyEnd) -> None:
    """End a duty, whoever says so; whom they were chosen for may be seen by others again."""
    duty.ended_at, duty.end_reason = clock.now(), why
    duty.save()
    QueueEntry.objects.filter(asked_for_id=duty.practitioner_id, status=QueueStatus.WAITING).update(asked_for=None)
    tell_queue()


@action("scheduling.duty.end")
def end_duty_by_itself(*, duty: QueueDuty, why: DutyEnd) -> None:
    """End a duty whose time is over, whose page is gone, or who has signed out.

    Whoever is gone lets nobody in: whom they called, and who has not begun with them, waits again at her place.
    """
    end_duty(duty, why)
    if why in (DutyEnd.PAGE_GONE, DutyEnd.SIGNED_OUT):
        _put_back(duty.practitioner_id)
    record("scheduling.duty.end", actor=frames.current().actor, target=duty.practitioner,
           target_label=duty.practitioner.display_name, changes={"why": str(why)})  # fmt: skip


def _put_back(practitioner_id: UUID) -> None:
    for held in QueueEntry.objects.filter(practitioner_id=practitioner_id, status=QueueStatus.CLAIMED):
        entry = locked_entry(held)
        if entry.status != QueueStatus.CLAIMED or has_begun(entry):
            continue
        give_time_back(entry)
        wait_again(entry)
        note("scheduling.queue.release", frames.current().actor, entry, reason="Who called her is gone.")


def end_duties_of_user(user_id: UUID, reason: str) -> None:
    """End the duties of somebody who has signed out or may no longer come in, in each of their clinics."""
    user = User.objects.filter(id=user_id).first()
    if reason == RENEWED or user is None:
        return
    for membership in accounts.memberships_of(user):
        with frames.begin(tenant_id=membership.tenant_id, actor=system("sign-out", membership.tenant_id)):
            for duty in QueueDuty.objects.filter(practitioner__user_id=user_id, ended_at=None).select_related(
                "practitioner"
            ):
                end_duty_by_itself(duty=duty, why=DutyEnd.SIGNED_OUT)


def duty_is_over(duty: QueueDuty, now: datetime, *, with_somebody: bool) -> DutyEnd | None:
    """Return why a duty ends now, if it does. Who is with somebody isn't silent: their page is that of the visit."""
    if duty.until is not None and duty.until <= now:
        return DutyEnd.TIME_OVER
    silence = rules.lasting("duty_silence", now.date())
    if silence is not None and not with_somebody and now - duty.seen_at > silence:
        return DutyEnd.PAGE_GONE
    return None


@action("scheduling.queue.set-hours")
def set_queue_hours(*, actor: Actor, service: HealthcareService, hours: list[WeeklyHours]) -> None:
    """Say when people may join the line of a service; replaces what was said. No hours: it is never open.

    Raises :class:`NotAllowed`, and :class:`HoursOverlap` for hours that share time.
    """
    if not policies.can_set_queue_hours(actor):
        raise NotAllowed
    today = clock.now().date()
    for number, one in enumerate(hours):
        if rules.clash(one, hours[:number], today=today):
            raise HoursOverlap(None)
    QueueHours.objects.filter(service=service).delete()
    QueueHours.objects.bulk_create(
        QueueHours(tenant_id=frames.current_tenant_id(), service=service, weekday=one.weekday, starts_at=one.starts_at,
                   ends_at=one.ends_at, timezone=one.timezone)
        for one in hours
    )  # fmt: skip
    record("scheduling.queue.set-hours", actor=actor, target=service, target_label=service.name, changes={
        "hours": [f"{one.weekday} {one.starts_at:%H:%M}-{one.ends_at:%H:%M} {one.timezone}" for one in hours],
    })  # fmt: skip
    tell_queue()
