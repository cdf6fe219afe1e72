"""The schedule of a day, for the front desk and for those who give care."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webside.audit.services import refuse
from webside.core import clock
from webside.core.actor import Role
from webside.people.selectors import practitioner, practitioner_of, practitioners
from webside.scheduling import policies, selectors, services
from webside.scheduling.codes import Missed
from webside.scheduling.forms import TimeOffForm
from webside.scheduling.views._times import day_of
from webside.ui.undo import undo
from webside.ui.when import clock_time


def _guard(request: HttpRequest, action: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_see_schedules(actor):
        refuse(action, actor=actor)
    return actor


def _whose(request: HttpRequest) -> Any:
    """Return whose hours are shown: one's own; for the front desk, whom it chose."""
    actor = request.actor  # type: ignore[attr-defined]
    asked = request.POST.get("who") or request.GET.get("who")
    if asked and actor.has(Role.COORDINATOR):
        try:
            return practitioner(actor, UUID(asked))
        except ValueError:
            return None
    return practitioner_of(actor)


@require_safe
def schedule(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a day's appointments and, for one practitioner, hours and time off."""
    return _schedule(request, slug, None, 200)


def _schedule(request: HttpRequest, slug: str, form: TimeOffForm | None, status: int) -> HttpResponse:
    actor = _guard(request, "scheduling.appointment.read")
    who = _whose(request)
    zone = (who.timezone if who else "") or request.tenant.timezone  # type: ignore[attr-defined]
    today = clock.today(zone)
    day = day_of(request.GET.get("day", "")) or today
    if who is not None:  # with what she is booked for beside a colleague: that is her time too
        found = selectors.day_of(actor, who, day, zone)
    else:
        found = list(selectors.with_wishes(selectors.with_clashes(selectors.day_for(actor, day, zone))))
    now = clock.now()
    desk = actor.has(Role.COORDINATOR)
    clashes = selectors.clashes_ahead(who) if who is not None else []

    def address(**query: str) -> str:
        pairs = {"who": str(who.id) if who and desk else "", **query}
        return "?" + "&".join(f"{key}={value}" for key, value in pairs.items() if value)

    with timezone.override(zone):
        return render(
            request,
            "scheduling/schedule.html",
            {
                "day": day,
                "today": today,
                "zone": zone,
                "now": now,
                "rows": [
                    {
                        "appointment": one,
                        "standing": selectors.standing(one),
                        "confirmed": selectors.confirmed_text(one),
                        "missed": selectors.missed_text(one),
                        "may_noshow": selectors.may_be_noshow(one),
                        "can_change": selectors.can_still_change(one),
                        "clashes": one.clashes,  # type: ignore[attr-defined]
                        "wish": one.wished,  # type: ignore[attr-defined]
                        "beside": getattr(one, "beside", False),
                        "opens": policies.can_view_appointment(actor, one),
                    }
                    for one in found
                ],
                "earlier_url": address(day=(day - timedelta(days=1)).isoformat()),
                "later_url": address(day=(day + timedelta(days=1)).isoformat()),
                "today_url": address(),
                "who": who,
                "clashes": [each for each in clashes if policies.can_view_appointment(actor, each)],
                "clash_count": len(clashes),
                "stale": selectors.stale_calendars(who) if who is not None or desk else [],
                "keeps": who is not None and policies.can_keep_calendars(actor, who),
                "follows": who is not None and policies.can_keep_feed(actor, who),
                "people": list(practitioners(actor)) if desk else [],
                "hours": [_hours(block, day) for block in selectors.hours_of(who, today)] if who else [],
                "exceptions": list(selectors.exceptions_of(who, now)) if who else [],
                "form": form or TimeOffForm(),
            },
            status=status,
        )


def _hours(block: Any, day: date) -> dict[str, str]:
    """Return weekly hours in words: ``day``, ``starts``, ``ends``."""
    return {
        "day": str(WEEKDAYS[block.weekday]),
        "starts": clock_time(datetime.combine(day, block.starts_at)),
        "ends": clock_time(datetime.combine(day, block.ends_at)),
    }


@require_POST
def add_time_off(request: HttpRequest, slug: str) -> HttpResponse:
    """Add time off for oneself; the front desk for anybody."""
    actor = _guard(request, "scheduling.exception.add")
    who = _whose(request)
    if who is None or not policies.can_change_hours(actor, who):
        refuse("scheduling.exception.add", actor=actor)
    # What is typed is wall-clock time where the practitioner works.
    with timezone.override(ZoneInfo(who.timezone or request.tenant.timezone)):  # type: ignore[attr-defined]
        form = TimeOffForm(request.POST)
        if not form.is_valid():
            return _schedule(request, slug, form, 422)
    exception = services.add_exception(
        actor=actor, practitioner=who, start=form.cleaned_data["start"], end=form.cleaned_data["end"],
        reason=form.cleaned_data["reason"],
    )  # fmt: skip
    messages.success(
        request,
        _("Time off is noted. Nobody can book it. What was booked stays booked."),
        extra_tags=undo(reverse("scheduling:time-off-remove", args=[slug, exception.id])),
    )
    return HttpResponseRedirect(_back(slug, request))


@require_POST
def remove_time_off(request: HttpRequest, slug: str, exception_id: UUID) -> HttpResponse:
    """Take time off back."""
    actor = _guard(request, "scheduling.exception.remove")
    exception = selectors.exception(exception_id)
    if exception is None or not policies.can_change_hours(actor, exception.practitioner):
        refuse("scheduling.exception.remove", actor=actor, target_id=exception_id)
    services.remove_exception(actor=actor, exception=exception)
    messages.success(request, _("These hours can be booked again."))
    return HttpResponseRedirect(_back(slug, request))


@require_POST
def noshow(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Note that a visit did not take place, and why."""
    actor = _guard(request, "scheduling.appointment.noshow")
    appointment = selectors.appointment(actor, appointment_id)
    if appointment is None or not policies.can_run_appointment(actor, appointment):
        refuse("scheduling.appointment.noshow", actor=actor, target_id=appointment_id)
    given = request.POST.get("reason", "")
    reason = Missed(given) if given in set(Missed) else Missed.PATIENT
    try:
        services.mark_noshow(actor=actor, appointment=appointment, reason=reason, note=request.POST.get("note", ""))
    except services.NeedsWords:
        messages.warning(request, _("Nothing was noted yet: say in a few words what it was."))
        return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]))
    except services.WrongStatus:
        messages.warning(request, _("Nothing was changed: the visit has begun, is over, or is still ahead."))
    else:
        messages.success(request, _("Noted: %(why)s.") % {"why": selectors.MISSED[reason]})
    return HttpResponseRedirect(_back(slug, request))


@require_POST
def send_link(request: HttpRequest, slug: str, appointment_id: UUID) -> HttpResponse:
    """Send the patient who has lost her link another one."""
    actor = _guard(request, "scheduling.link.ask")
    appointment = selectors.appointment(actor, appointment_id)
    if appointment is None or not policies.can_send_link(actor, appointment):
        refuse("scheduling.link.ask", actor=actor, target_id=appointment_id)
    try:
        services.send_link_again(actor=actor, appointment=appointment)
    except services.WrongStatus:
        messages.warning(request, _("Nothing was sent: the visit is over, cancelled, or came of the line."))
    except services.NoWay:
        messages.warning(request, _("Nothing was sent: there is no address and no number that takes texts."))
    except services.SentJustNow:
        messages.info(request, _("A link was sent a moment ago. Give it a minute to arrive."))
    else:
        messages.success(request, _("The link is on its way. Below you see when it has arrived."))
    return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, appointment.id]))


def _back(slug: str, request: HttpRequest) -> str:
    address = reverse("scheduling:schedule", args=[slug])
    who = request.POST.get("who", "")
    try:
        return f"{address}?who={UUID(who)}" if who else address
    except ValueError:
        return address
