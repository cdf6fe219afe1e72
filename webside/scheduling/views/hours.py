"""The weekly hours of who gives care: what holds, what will, what was; add, end, take back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from webside.audit.services import refuse
from webside.catalog.policies import can_set_limits
from webside.core import clock
from webside.people.selectors import practitioner, practitioner_of, practitioners
from webside.scheduling import policies, selectors, services
from webside.scheduling.forms import LastDayForm, WeeklyHoursForm
from webside.ui.undo import undo
from webside.ui.when import clock_time, whole_date

UNDO_SECONDS = 15 * 60


def _whose(request: HttpRequest, action: str) -> Any:
    """Return whose hours are asked for, one's own where nobody is chosen; nobody while the desk hasn't chosen.

    Refuses who may see no hours, and a choice that isn't theirs to make or isn't there.
    """
    actor = request.actor  # type: ignore[attr-defined]
    asked = request.POST.get("who") or request.GET.get("who") or ""
    if not policies.can_see_hours(actor):
        refuse(action, actor=actor)
    if not asked or not policies.can_choose_whose_hours(actor):
        return practitioner_of(actor)
    try:
        chosen = practitioner(actor, UUID(asked))
    except ValueError:
        chosen = None
    if chosen is None:
        refuse(action, actor=actor)
    return chosen


def _zone(request: HttpRequest, who: Any) -> str:
    return str(who.timezone or request.tenant.timezone)  # type: ignore[attr-defined]


@require_safe
def week(request: HttpRequest, slug: str) -> HttpResponse:
    """Show weekly hours, and what is booked outside them."""
    return _show(request, _whose(request, "scheduling.hours.read"))


def _show(request: HttpRequest, who: Any, *, form: Any = None, overlap: Any = None, status: int = 200) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "who": who,
        "people": list(practitioners(actor)) if policies.can_choose_whose_hours(actor) else [],
        "now": clock.now(),
        "sets_limits": can_set_limits(actor),
    }
    if who is not None:
        zone = _zone(request, who)
        today = clock.today(zone)
        outside = selectors.booked_outside_hours(who)
        context |= {
            "zone": zone,
            "today": today,
            "blocks": [_block(row, today) for row in selectors.hours_of(who, today)],
            "ended": [_block(row, today) for row in selectors.hours_ended(who, today)],
            "outside": [each for each in outside if policies.can_view_appointment(actor, each)],
            "outside_count": len(outside),
            "form": form or WeeklyHoursForm(today=today),
            "stale": selectors.stale_calendars(who),
            "keeps": policies.can_keep_calendars(actor, who),
            "overlap": _block(overlap, today) if overlap else None,
        }
    return render(request, "scheduling/hours.html", context, status=status)


def _block(row: Any, today: date) -> dict[str, Any]:
    """Return weekly hours in words: ``day``, ``starts``, ``ends``, ``holds``; and ``id``, ``zone``, ``last_day``."""
    return {
        "id": row.id,
        "day": str(WEEKDAYS[row.weekday]),
        "starts": clock_time(datetime.combine(today, row.starts_at)),
        "ends": clock_time(datetime.combine(today, row.ends_at)),
        "zone": row.timezone,
        "holds": _holds(row, today),
        "last_day": row.valid_to,
    }


def _holds(row: Any, today: date) -> str:
    """Return from when until when hours hold, in words; nothing where they simply hold."""
    first = _day(row.valid_from) if row.valid_from and row.valid_from > today else ""
    last = _day(row.valid_to) if row.valid_to else ""
    if first and last:
        return _("%(first)s to %(last)s") % {"first": first, "last": last}
    if first:
        return _("from %(day)s") % {"day": first}
    return _("until %(day)s") % {"day": last} if last else _("until further notice")


def _day(day: date) -> str:
    return whole_date(day)


@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add hours on some days of the week."""
    who = _whose(request, "scheduling.hours.add")
    actor = request.actor  # type: ignore[attr-defined]
    if who is None or not policies.can_change_hours(actor, who):
        refuse("scheduling.hours.add", actor=actor)
    zone = _zone(request, who)
    form = WeeklyHoursForm(request.POST, today=clock.today(zone))
    if not form.is_valid():
        return _show(request, who, form=form, status=422)
    try:
        added = services.add_week(actor=actor, practitioner=who, timezone=zone, **form.cleaned_data)
    except services.HoursOverlap as refusal:
        return _show(request, who, form=form, overlap=refusal.hours, status=409)
    said = ngettext("The hours are added on %d day.", "The hours are added on %d days.", len(added)) % len(added)
    _say(request, slug, who, said, {"added": [str(hours.id) for hours in added]})
    return _back(slug, who)


@require_POST
def end(request: HttpRequest, slug: str, hours_id: UUID) -> HttpResponse:
    """Let hours end with a day. Nothing is deleted, and what is booked stays booked."""
    actor = request.actor  # type: ignore[attr-defined]
    hours = selectors.one_of_the_hours(hours_id)
    if hours is None or not policies.can_see_hours(actor) or not policies.can_change_hours(actor, hours.practitioner):
        refuse("scheduling.hours.end", actor=actor, target_type="Availability", target_id=hours_id)
    who, was = hours.practitioner, hours.valid_to
    form = LastDayForm(request.POST, today=clock.today(hours.timezone))
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for error in form.errors["last_day"]))
        return _back(slug, who)
    last_day = form.cleaned_data["last_day"]
    try:
        services.end_hours(actor=actor, hours=hours, last_day=last_day)
    except services.HoursOver:
        messages.warning(request, _("These hours have ended already."))
    else:
        said = _("These hours end with %(day)s. What is booked stays booked.") % {"day": _day(last_day)}
        _say(request, slug, who, said, {"ended": str(hours.id), "was": was.isoformat() if was else ""})
    return _back(slug, who)


def _say(request: HttpRequest, slug: str, who: Any, said: str, change: dict[str, Any]) -> None:
    """Say what was done, with a way back that is bound to whose hours they are."""
    what = signing.dumps(change, salt=_salt(who.id))
    way_back = f"{reverse('scheduling:hours-undo', args=[slug])}?who={who.id}&what={what}"
    messages.success(request, said, extra_tags=undo(way_back))


def _salt(practitioner_id: UUID) -> str:
    return f"scheduling.hours:{practitioner_id}"


@require_POST
def undo_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Take back what was added or ended some minutes ago."""
    who = _whose(request, "scheduling.hours.add")
    actor = request.actor  # type: ignore[attr-defined]
    if who is None or not policies.can_change_hours(actor, who):
        refuse("scheduling.hours.add", actor=actor)
    try:
        change = signing.loads(request.GET.get("what", ""), salt=_salt(who.id), max_age=UNDO_SECONDS)
    except signing.BadSignature:
        messages.warning(request, _("It’s too late to take this back. You can change the hours again."))
        return _back(slug, who)
    try:
        _take_back(actor, change)
    except services.HoursOver:
        messages.warning(request, _("These hours have ended already."))
    except services.HoursOverlap:
        messages.warning(request, _("Other hours have taken their place since. Nothing was changed."))
    else:
        messages.success(request, _("Taken back: the hours are as they were."))
    return _back(slug, who)


def _take_back(actor: Any, change: dict[str, Any]) -> None:
    """Let what was added end before its first day, or what was ended go on."""
    for hours_id in change.get("added", []):
        hours = selectors.one_of_the_hours(UUID(hours_id))
        if hours is not None and hours.valid_from is not None:
            services.end_hours(actor=actor, hours=hours, last_day=hours.valid_from - timedelta(days=1))
    if "ended" in change and (hours := selectors.one_of_the_hours(UUID(change["ended"]))) is not None:
        was = date.fromisoformat(change["was"]) if change["was"] else None
        services.reopen_hours(actor=actor, hours=hours, last_day=was)


def _back(slug: str, who: Any) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('scheduling:hours', args=[slug])}?who={who.id}")
