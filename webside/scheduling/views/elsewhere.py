"""The calendars that somebody who gives care keeps elsewhere, and that block her hours here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webside.audit.services import refuse
from webside.people.selectors import practitioner, practitioner_of, practitioners
from webside.scheduling import policies, selectors, services
from webside.scheduling.codes import CalendarTrouble
from webside.scheduling.forms import OtherCalendarForm

TROUBLES: dict[str, Promise] = {
    CalendarTrouble.UNREACHABLE: gettext_lazy(
        "Nobody answers at this address. If that stays so, check it, and add it anew."
    ),
    CalendarTrouble.SLOW: gettext_lazy("The other calendar takes too long to answer. We go on trying."),
    CalendarTrouble.GONE: gettext_lazy(
        "There is no calendar at this address any more. Copy its new address, add it, and remove this one."
    ),
    CalendarTrouble.REFUSED: gettext_lazy(
        "The other calendar doesn’t let us in. Copy its private address anew: a public one isn’t enough."
    ),
    CalendarTrouble.SERVER: gettext_lazy("The other calendar’s server has a fault of its own. We go on trying."),
    CalendarTrouble.NOT_A_CALENDAR: gettext_lazy(
        "What stands at this address is no calendar, perhaps a page for people. Copy the address in iCal format (.ics)."
    ),
    CalendarTrouble.TOO_BIG: gettext_lazy("This calendar is too big to be read. Give the address of a smaller one."),
    CalendarTrouble.INSIDE: gettext_lazy("This address leads into a network that this server may not ask."),
    CalendarTrouble.UNREADABLE: gettext_lazy(
        "This calendar can’t be made sense of in a few seconds. Try a smaller one."
    ),
    CalendarTrouble.SEALED: gettext_lazy(
        "Its address can’t be opened here any more. Add it anew, and remove this one."
    ),
}
"""What went wrong, and what to do."""


def _whose(request: HttpRequest, action: str) -> Any:
    """Return whose calendars are asked for: one's own, and for an administrator whom she chose; nobody until she has."""
    actor = request.actor  # type: ignore[attr-defined]
    asked = request.POST.get("who") or request.GET.get("who") or ""
    own = practitioner_of(actor)
    who = own
    if asked and policies.can_choose_whose_calendars(actor):
        try:
            who = practitioner(actor, UUID(asked))
        except ValueError:
            who = None
        if who is None:
            refuse(action, actor=actor)
    if who is None and not policies.can_choose_whose_calendars(actor):
        refuse(action, actor=actor)
    if who is not None and not policies.can_keep_calendars(actor, who):
        refuse(action, actor=actor)
    return who


@never_cache
@require_safe
def calendars(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which calendars block somebody's hours, when each was read, and what is wrong."""
    return _show(request, _whose(request, "scheduling.calendar.look"), OtherCalendarForm(), 200)


def _show(request: HttpRequest, who: Any, form: OtherCalendarForm, status: int) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    chooses = policies.can_choose_whose_calendars(actor)
    context: dict[str, Any] = {"who": who, "people": list(practitioners(actor)) if chooses else []}
    if who is not None:
        clashes = selectors.clashes_ahead(who)
        rows = selectors.calendars_of(who)
        context |= {
            "zone": who.timezone or request.tenant.timezone,  # type: ignore[attr-defined]
            "own": who.user_id is not None and who.user_id == actor.user_id,
            "rows": [{"state": each, "words": TROUBLES.get(each.calendar.trouble, "")} for each in rows],
            "full": len(rows) >= services.MOST_CALENDARS,
            "clashes": [each for each in clashes if policies.can_view_appointment(actor, each)],
            "clash_count": len(clashes),
            "form": form,
        }
    part = who is not None and request.GET.get("part") == "list"
    return render(request, f"scheduling/{'_calendars' if part else 'calendars'}.html", context, status=status)


@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Take in the address of a calendar."""
    who = _whose(request, "scheduling.calendar.add")
    actor = request.actor  # type: ignore[attr-defined]
    if who is None:
        refuse("scheduling.calendar.add", actor=actor)
    form = OtherCalendarForm(request.POST)
    if not form.is_valid():
        return _show(request, who, form, 422)
    try:
        services.add_calendar(actor=actor, practitioner=who, **form.cleaned_data)
    except services.KnownAlready:
        form.add_error("address", _("This calendar is read already."))
        return _show(request, who, form, 409)
    except services.TooManyCalendars:
        form.add_error("address", _("No more calendars can be added. Remove one first."))
        return _show(request, who, form, 409)
    messages.success(request, _("The calendar is added. It is read within a minute; look here again then."))
    return _back(slug, who)


def _calendar(request: HttpRequest, other_id: UUID, action: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.other_calendar(other_id)
    if found is None or not policies.can_keep_calendars(actor, found.practitioner):
        refuse(action, actor=actor, target_type="OtherCalendar", target_id=other_id)
    return found


@require_POST
def read_now(request: HttpRequest, slug: str, other_id: UUID) -> HttpResponse:
    """Let a calendar be read now."""
    found = _calendar(request, other_id, "scheduling.calendar.ask")
    services.read_soon(actor=request.actor, calendar=found)  # type: ignore[attr-defined]
    messages.success(request, _("The calendar is read within a minute. Look here again then."))
    return _back(slug, found.practitioner)


@require_POST
def remove(request: HttpRequest, slug: str, other_id: UUID) -> HttpResponse:
    """Forget a calendar, and all that it blocked."""
    found = _calendar(request, other_id, "scheduling.calendar.remove")
    services.remove_calendar(actor=request.actor, calendar=found)  # type: ignore[attr-defined]
    messages.success(
        request, _("The calendar is removed, and with it all that it blocked. These hours can be booked again.")
    )
    return _back(slug, found.practitioner)


def _back(slug: str, who: Any) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('scheduling:calendar-list', args=[slug])}?who={who.id}")
