"""Who is on call: planned, given to a colleague, taken back; reached when what others were asked is left undone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from webside.accounts.selectors import emails_of, users_of
from webside.audit.services import action, record
from webside.core import clock, frames, timers
from webside.core.actor import Actor, Role
from webside.core.locks import lock
from webside.core.models import Tenant
from webside.notifications.codes import MessageKind
from webside.notifications.services import push_to_users, send_email, send_sms
from webside.outbox.services import publish
from webside.people.models import Practitioner
from webside.scheduling import policies, rules, selectors
from webside.scheduling.codes import OnCallWhy
from webside.scheduling.events import OnCallChanged, OnCallUncovered
from webside.scheduling.models import OnCallGap, OnCallHours, OnCallStretch, QueueEntry
from webside.scheduling.rules import Span, WeeklyHours
from webside.scheduling.services.errors import HoursOverlap, NotAllowed, OnCallAlready, StretchOver

GAP_TIMER = "scheduling.on-call.gap"
"""Its key is the clinic's id: when to look next whether somebody is on call in its hours."""
LINE_TIMER = "scheduling.on-call.line"
"""Its key is the clinic's id. While it is set, who is on call has been told of a line that nobody looks after."""
STILL_NEWS = timedelta(minutes=30)
"""A push or a text that comes later than this calls somebody to what others have done."""
_LEAST = timedelta(hours=1)
"""Between two messages about one line, though a row has ended: a telephone that rings without an end is put away."""


# Planning


@action("scheduling.on-call.plan")
def plan_on_call(
    *, actor: Actor, practitioner: Practitioner, starts: datetime, ends: datetime, weeks: int = 1, phone: str = ""
) -> list[OnCallStretch]:
    """Let somebody be on call from ``starts`` to ``ends`` by the clinic's clock (naive), ``weeks`` weeks in a row: all or none.

    The same again is what is there. Raises :class:`NotAllowed`, ``rules.NotAStretch``, :class:`StretchOver` for what is over
    already, and :class:`OnCallAlready` for who is on call in a part of it.
    """
    if not policies.can_plan_on_call(actor, practitioner):
        raise NotAllowed
    now, clinic = clock.now(), _clinic()
    spans = rules.stretches(starts, ends, clinic.timezone, weeks=weeks, on=now.date())
    if spans[0].end <= now:
        raise StretchOver
    lock(practitioner)
    planned = [_plan(actor, practitioner, span, phone.strip()) for span in spans]
    record("scheduling.on-call.plan", actor=actor, target=practitioner, target_label=practitioner.display_name,
           changes={"from": spans[0].start.isoformat(), "to": spans[0].end.isoformat(), "weeks": weeks})  # fmt: skip
    _tell_person(actor, planned[0])
    look_for_gaps()
    return planned


def _plan(actor: Actor, practitioner: Practitioner, span: Span, phone: str) -> OnCallStretch:
    """Keep one stretch, or find it. The database refuses one that shares time with another, whoever plans it meanwhile."""
    period = TimestamptzRange(span.start, span.end)
    there = _clashing(practitioner, period)
    if there is not None:
        if (there.start, there.end, there.phone) == (span.start, span.end, phone):
            return there
        raise OnCallAlready(there)
    return OnCallStretch.objects.create(
        practitioner=practitioner, period=period, phone=phone, planned_by=actor.label, planner_id=actor.user_id
    )


def _clashing(practitioner: Practitioner, period: TimestamptzRange) -> OnCallStretch | None:
    found = OnCallStretch.objects.filter(practitioner=practitioner, removed_at=None, period__overlap=period)
    return found.order_by("period").first()


@action("scheduling.on-call.remove")
def remove_stretch(*, actor: Actor, stretch: OnCallStretch) -> OnCallStretch:
    """Take a stretch out of the plan, or let one that runs end now; it stays on record. Twice is once.

    Raises :class:`NotAllowed`, and :class:`StretchOver` for one that has ended: that somebody was on call then stays so.
    """
    stretch = _locked(stretch)
    if not policies.can_remove_stretch(actor, stretch):
        raise NotAllowed
    if stretch.removed_at is None:
        now = clock.now()
        if stretch.end <= now:
            raise StretchOver
        _end(actor, stretch, now)
        _tell_person(actor, stretch)
        look_for_gaps()
    _note("scheduling.on-call.remove", actor, stretch)
    return stretch


def _own_ahead(actor: Actor, stretch: OnCallStretch) -> OnCallStretch:
    """Lock one's own stretch, which isn't over. Raises :class:`NotAllowed`, :class:`StretchOver`."""
    stretch = _locked(stretch)
    if not policies.can_offer_stretch(actor, stretch):
        raise NotAllowed
    _require_ahead(stretch)
    return stretch


@action("scheduling.on-call.offer")
def offer_stretch(*, actor: Actor, stretch: OnCallStretch) -> OnCallStretch:
    """Offer one's own stretch to colleagues. Until one takes it, nothing changes.

    Raises :class:`NotAllowed`, :class:`StretchOver`.
    """
    stretch = _own_ahead(actor, stretch)
    if stretch.offered_at is None:
        stretch.offered_at = clock.now()
        stretch.save()
    _note("scheduling.on-call.offer", actor, stretch)
    return stretch


@action("scheduling.on-call.confirm")
def confirm_stretch(*, actor: Actor, stretch: OnCallStretch) -> OnCallStretch:
    """Say yes to one's own stretch, so that who planned it knows. Twice is once. She is reached without it as well.

    Raises :class:`NotAllowed`, :class:`StretchOver`.
    """
    stretch = _own_ahead(actor, stretch)
    if stretch.confirmed_at is None:
        stretch.confirmed_at = clock.now()
        stretch.save()
    _note("scheduling.on-call.confirm", actor, stretch)
    return stretch


@action("scheduling.on-call.withdraw")
def withdraw_stretch(*, actor: Actor, stretch: OnCallStretch) -> OnCallStretch:
    """Keep what was offered. Raises :class:`NotAllowed`, :class:`StretchOver`."""
    stretch = _own_ahead(actor, stretch)
    stretch.offered_at = None
    stretch.save()
    _note("scheduling.on-call.withdraw", actor, stretch)
    return stretch


@action("scheduling.on-call.take")
def take_stretch(*, actor: Actor, stretch: OnCallStretch, practitioner: Practitioner, phone: str = "") -> OnCallStretch:
    """Be on call instead of a colleague who offered it; what has passed of it stays theirs. Twice is once.

    Raises :class:`NotAllowed`, :class:`StretchOver` where it is over or a colleague was faster, and :class:`OnCallAlready`.
    """
    # Whoever plans for the taker waits for the same lock.
    lock(practitioner)
    stretch = _locked(stretch)
    mine = stretch.practitioner_id == practitioner.id and stretch.taken_from_id is not None
    if mine and policies.can_offer_stretch(actor, stretch):
        _note("scheduling.on-call.take", actor, stretch)
        return stretch
    if stretch.offered_at is None and policies.can_plan_on_call(actor, practitioner):
        raise StretchOver
    if not policies.can_take_stretch(actor, stretch, practitioner):
        raise NotAllowed
    _require_ahead(stretch)
    now = clock.now()
    rest = TimestamptzRange(max(stretch.start, now), stretch.end)
    if (there := _clashing(practitioner, rest)) is not None:
        raise OnCallAlready(there)
    taken = OnCallStretch.objects.create(
        practitioner=practitioner, period=rest, phone=phone.strip(), planned_by=actor.label, planner_id=actor.user_id,
        taken_from=stretch.practitioner,
    )  # fmt: skip
    _end(actor, stretch, now)
    _tell_person(actor, stretch)
    look_for_gaps()
    _note("scheduling.on-call.take", actor, taken)
    return taken


def _end(actor: Actor, stretch: OnCallStretch, now: datetime) -> None:
    """Let a stretch end now, or take it out where it hasn't begun: that somebody was on call until now stays so."""
    stretch.offered_at = None
    if stretch.start < now:
        stretch.period = TimestamptzRange(stretch.start, now)
    else:
        stretch.removed_at, stretch.removed_by = now, actor.label
    stretch.save()


def _require_ahead(stretch: OnCallStretch) -> None:
    if stretch.removed_at is not None or stretch.end <= clock.now():
        raise StretchOver


def _locked(stretch: OnCallStretch) -> OnCallStretch:
    lock(stretch)
    return OnCallStretch.objects.select_related("practitioner__user", "taken_from").get(id=stretch.id)


def _tell_person(actor: Actor, stretch: OnCallStretch) -> None:
    """Let whose stretch it is hear of it, unless they did it themselves."""
    if actor.user_id is None or stretch.practitioner.user_id != actor.user_id:
        publish(OnCallChanged(stretch_id=stretch.id))


def _note(name: str, actor: Actor, stretch: OnCallStretch) -> None:
    record(name, actor=actor, target=stretch, target_label=stretch.practitioner.display_name,
           changes={"from": stretch.start.isoformat(), "to": stretch.end.isoformat(),
                    **({"instead_of": stretch.taken_from.display_name} if stretch.taken_from else {})})  # fmt: skip


def _clinic() -> Tenant:
    return Tenant.objects.get(id=frames.current_tenant_id())


# The clinic's hours, and where nobody is on call


@action("scheduling.on-call.add-hours")
def add_on_call_hours(*, actor: Actor, weekdays: list[int], starts_at: time, ends_at: time) -> list[OnCallHours]:
    """Say that somebody is to be on call on these days of the week, by the clinic's clock; an end not after the start is the
    next day's.

    Raises :class:`NotAllowed`, and :class:`HoursOverlap` where they share time with hours that are there.
    """
    if not policies.can_plan_for_all(actor):
        raise NotAllowed
    clinic = _clinic()
    lock(clinic)
    today = clock.today(clinic.timezone)
    kept = [WeeklyHours(row.weekday, row.starts_at, row.ends_at, row.timezone) for row in selectors.on_call_hours()]
    added = []
    for weekday in weekdays:
        new = WeeklyHours(weekday, starts_at, ends_at, clinic.timezone)
        if rules.clash(new, kept, today=today):
            raise HoursOverlap(None)
        kept.append(new)
        added.append(
            OnCallHours.objects.create(
                weekday=weekday, starts_at=starts_at, ends_at=ends_at, timezone=clinic.timezone
            )
        )  # fmt: skip
    record("scheduling.on-call.add-hours", actor=actor, target=clinic, target_label=clinic.name, changes={
        "hours": [f"{row.weekday} {row.starts_at:%H:%M}-{row.ends_at:%H:%M} {row.timezone}" for row in added],
    })  # fmt: skip
    look_for_gaps()
    return added


@action("scheduling.on-call.remove-hours")
def remove_on_call_hours(*, actor: Actor, hours: OnCallHours) -> None:
    """Say that nobody needs to be on call in these hours any more. Who is planned stays on call."""
    if not policies.can_plan_for_all(actor):
        raise NotAllowed
    clinic = _clinic()
    record("scheduling.on-call.remove-hours", actor=actor, target=clinic, target_label=clinic.name, changes={
        "hours": [f"{hours.weekday} {hours.starts_at:%H:%M}-{hours.ends_at:%H:%M} {hours.timezone}"],
    })  # fmt: skip
    hours.delete()
    look_for_gaps()


def look_for_gaps() -> list[OnCallGap]:
    """Let the front desk be told, once, of each stretch ahead in which nobody is on call; return those it is told of now.

    Called at each change of hours or plan, and by a timer that is set here for when the next one must be told. One that was
    filled and is open again is told again.
    """
    now = clock.now()
    tenant_id = frames.current_tenant_id()
    lock(_clinic())
    plan = selectors.on_call_plan(now, rules.horizon(now))
    gaps = plan.gaps
    before = list(OnCallGap.objects.all())
    known = [Span(row.start, row.end) for row in before]
    due = rules.to_tell(gaps, now)
    for row in before:
        if Span(row.start, row.end) not in due:
            row.delete()
    kept = [OnCallGap(period=TimestamptzRange(gap.start, gap.end)) for gap in due if gap not in known]
    for row in kept:
        row.save()
    new = [row for row in kept if not rules.told(Span(row.start, row.end), known)]
    if new:
        publish(OnCallUncovered(gap_id=new[0].id))
    if plan.hours:
        timers.set_timer(GAP_TIMER, key=str(tenant_id), due_at=rules.next_look(gaps, now))
    else:
        timers.cancel_timer(GAP_TIMER, key=str(tenant_id))
    return new


def look_when_due(payload: Mapping[str, Any]) -> None:
    """Do what the timer was set for."""
    look_for_gaps()


# Reaching who is on call


@action("scheduling.on-call.reach")
def reach_on_call(*, actor: Actor, why: OnCallWhy, key: str, desk: bool = True) -> list[OnCallStretch]:
    """Tell who is on call now, by e-mail, text and push, that something is left undone; return whom.

    Nothing of a patient is in it: what it is stands on the page, behind its own guards. Where nobody is on call, the front
    desk is told so (and administrators, where it has nobody), unless ``desk`` is false. The same ``key`` again tells nobody.
    """
    now = clock.now()
    reached = selectors.on_call_at(now)
    if reached:
        for stretch in reached:
            _reach(stretch, why, key)
    elif desk:
        _tell_desk(why, key)
    record("scheduling.on-call.reach", actor=actor, target=_clinic(), target_label=_clinic().name, changes={
        "why": str(why), "reached": [each.practitioner.display_name for each in reached],
    })  # fmt: skip
    return reached


def _once(*parts: str) -> str:
    """Return the key of a message, of one length whatever the caller's own is."""
    return f"on-call:{hashlib.sha256(':'.join(parts).encode()).hexdigest()}"


def _reach(stretch: OnCallStretch, why: OnCallWhy, key: str) -> None:
    who, clinic = stretch.practitioner, _clinic()
    context = {"clinic": clinic, "why": str(why), "on_call": True, "link": page_of(clinic)}
    once = _once(why, key, str(stretch.id))
    expires_at = clock.now() + STILL_NEWS
    if who.mail_to:
        send_email(
            template="scheduling/on_call", to=who.mail_to, context=context, kind=MessageKind.READY,
            subject=_("You are on call, and you are needed"), idempotency_key=once, about_id=stretch.id,
        )  # fmt: skip
    if stretch.reached_at:
        send_sms(
            template="scheduling/on_call", to=stretch.reached_at, context=context, kind=MessageKind.READY,
            idempotency_key=f"{once}:text", about_id=stretch.id, expires_at=expires_at,
        )  # fmt: skip
    if who.user_id:
        push_to_users(
            template="scheduling/on_call", user_ids=[who.user_id], kind=MessageKind.READY, about_id=stretch.id,
            idempotency_key=f"{once}:push", expires_at=expires_at,
        )  # fmt: skip


def _tell_desk(why: OnCallWhy, key: str) -> None:
    clinic = _clinic()
    once = _once(why, key, "desk")
    if to := desk_addresses():
        send_email(
            template="scheduling/on_call", to=to, kind=MessageKind.READY, idempotency_key=once,
            context={"clinic": clinic, "why": str(why), "on_call": False, "link": page_of(clinic)},
            subject=_("Somebody is needed, and nobody is on call"),
        )  # fmt: skip
    push_to_users(
        template="scheduling/on_call_nobody", user_ids=users_of(Role.COORDINATOR) or users_of(Role.ADMINISTRATOR),
        kind=MessageKind.READY, about_id=clinic.id, idempotency_key=f"{once}:push",
        expires_at=clock.now() + STILL_NEWS,
    )  # fmt: skip


def desk_addresses() -> list[str]:
    """Return where the front desk is written to; administrators, where it has nobody."""
    return emails_of(Role.COORDINATOR) or emails_of(Role.ADMINISTRATOR)


def page_of(clinic: Tenant) -> str:
    """Return the address of the page of who is on call."""
    return settings.PUBLIC_URL + reverse("scheduling:on-call", args=[clinic.slug])


# A line that nobody looks after


def remember_left_line(entry: QueueEntry) -> bool:
    """Note that somebody waits and nobody is left; return whether it was not so at the last look."""
    if is_line_left():
        return False
    _tell_again(1)
    return True


def is_line_left() -> bool:
    """Whether somebody waited, and nobody was left who may see her, at the last look at the line."""
    return timers.is_set(LINE_TIMER, key=str(frames.current_tenant_id()))


def forget_left_line() -> None:
    """Note that somebody looks after the line again."""
    timers.cancel_timer(LINE_TIMER, key=str(frames.current_tenant_id()))


def reach_about_line(*, actor: Actor, key: str) -> list[OnCallStretch]:
    """Reach who is on call about the line, if it is still so that nobody looks after it."""
    if not selectors.left_in_line():
        return []
    return reach_on_call(actor=actor, why=OnCallWhy.LINE, key=key)


def reach_again(payload: Mapping[str, Any]) -> None:
    """Tell who is on call once more of a line that nobody looks after, and look again later. A timer of its own calls it."""
    number = int(payload["number"])
    if selectors.left_in_line():
        reach_on_call(actor=frames.current().actor, why=OnCallWhy.LINE, key=f"{payload['since']}:{number}")
        _tell_again(number + 1, since=str(payload["since"]))


def _tell_again(number: int, since: str = "") -> None:
    now = clock.now()
    after = rules.lasting("on_call_again", now.date()) or _LEAST
    timers.set_timer(
        LINE_TIMER, key=str(frames.current_tenant_id()), due_at=now + after,
        payload={"number": number, "since": since or now.isoformat()},
    )  # fmt: skip
