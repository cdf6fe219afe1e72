"""Who is on call: now, next, planned; and when the clinic wants somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webside.audit.services import refuse
from webside.core import clock
from webside.core.actor import Role
from webside.people.selectors import practitioner_of, practitioners
from webside.scheduling import policies, rules, selectors, services
from webside.scheduling.forms import OnCallForm, OnCallHoursForm
from webside.ui.when import clock_time

READ = "scheduling.on-call.read"


def _guard(request: HttpRequest, action: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_see_on_call(actor):
        refuse(action, actor=actor)
    return actor


@never_cache
@require_safe
def everybody(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who is on call, who is next, where nobody is, and the plan; ``?all=1`` all of it."""
    return _show(request, _guard(request, READ))


def _show(request: HttpRequest, actor: Any, *, status: int = 200, **more: Any) -> HttpResponse:
    now, zone = clock.now(), request.tenant.timezone  # type: ignore[attr-defined]
    me, for_all = practitioner_of(actor), policies.can_plan_for_all(actor)
    plan = selectors.on_call_plan(now, now + selectors.GAPS_SHOWN)
    until = None if request.GET.get("all") else now + selectors.ON_CALL_SHOWN
    shown = [each for each in plan.ahead if until is None or each.start < until]
    people = _people(actor, me, for_all)
    return render(request, "scheduling/on_call.html", {
        "now": now,
        "zone": zone,
        "for_all": for_all,
        "treats": actor.has(Role.CLINICIAN, Role.COACH),
        "plan": plan,
        "left": services.is_line_left(),
        "rows": [{"stretch": each, "acts": _acts(actor, each, me)} for each in shown],
        "later": len(plan.ahead) - len(shown),
        "form": OnCallForm(people=people) if people else None,
        "hours": [_hours(row, now) for row in plan.hours],
        "hours_form": OnCallHoursForm() if for_all else None,
        **more,
    }, status=status)  # fmt: skip


def _people(actor: Any, me: Any, for_all: bool) -> list[tuple[str, str]]:
    """Return whom the actor may plan for, as a form takes them."""
    if for_all:
        return [(str(each.id), each.display_name) for each in practitioners(actor)]
    return [(str(me.id), me.display_name)] if me is not None and policies.can_plan_on_call(actor, me) else []


def _acts(actor: Any, stretch: Any, me: Any) -> list[tuple[str, str, str]]:
    """Return what the actor may do with a stretch: what is sent, the button's words, how it looks."""
    acts = []
    if policies.can_take_stretch(actor, stretch, me):
        acts.append(("take", _("Take it"), "s"))
    if policies.can_offer_stretch(actor, stretch):
        if not stretch.is_agreed:
            acts.append(("confirm", _("Yes, I am on call"), "s"))
        keep = ("withdraw", _("Keep it"), "secondary s")
        acts.append(keep if stretch.offered_at else ("offer", _("Offer to colleagues"), "secondary s"))
    if policies.can_remove_stretch(actor, stretch):
        acts.append(("remove", _("Take it out"), "plain s"))
    return acts


def _hours(row: Any, now: datetime) -> dict[str, Any]:
    """Return hours of the clinic in words: ``id``, ``day``, ``starts``, ``ends``, ``next_day``."""
    return {
        "id": row.id,
        "day": str(WEEKDAYS[row.weekday]),
        "starts": clock_time(datetime.combine(now, row.starts_at)),
        "ends": clock_time(datetime.combine(now, row.ends_at)),
        "next_day": row.ends_at <= row.starts_at,
    }


@require_POST
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Let somebody be on call."""
    actor = _guard(request, "scheduling.on-call.plan")
    people = _people(actor, practitioner_of(actor), policies.can_plan_for_all(actor))
    if not people:
        refuse("scheduling.on-call.plan", actor=actor)
    form = OnCallForm(request.POST, people=people)
    if not form.is_valid():
        return _show(request, actor, form=form, status=422)
    data = form.cleaned_data
    who = next(each for each in practitioners(actor) if str(each.id) == data["who"])
    try:
        made = services.plan_on_call(
            actor=actor, practitioner=who, starts=data["starts"], ends=data["ends"], weeks=data["weeks"],
            phone=data["phone"],
        )  # fmt: skip
    except rules.NotAStretch:
        form.add_error(None, _("A stretch lasts a week at most, and comes again for half a year at most."))
        return _show(request, actor, form=form, status=422)
    except services.StretchOver:
        form.add_error("ends", _("This time has passed."))
        return _show(request, actor, form=form, status=422)
    except services.OnCallAlready as refusal:
        return _show(request, actor, form=form, clash=refusal.stretch, status=409)
    said = ngettext("%(who)s is on call then.", "%(who)s is on call then, in %(n)d weeks.", len(made))
    messages.success(request, said % {"who": who.display_name, "n": len(made)})
    return _back(slug)


@require_POST
def change(request: HttpRequest, slug: str, stretch_id: UUID) -> HttpResponse:
    """Take a stretch out, offer it, keep it, or take what a colleague offers, say yes to one; by ``do``."""
    actor = _guard(request, "scheduling.on-call.remove")
    stretch, do = selectors.on_call_stretch(stretch_id), request.POST.get("do", "")
    if stretch is None:
        refuse("scheduling.on-call.remove", actor=actor, target_type="OnCallStretch", target_id=stretch_id)
    name = stretch.practitioner.display_name
    try:
        if do == "take" and (me := practitioner_of(actor)) is not None:
            services.take_stretch(actor=actor, stretch=stretch, practitioner=me)
            messages.success(request, _("You are on call instead of %(who)s.") % {"who": name})
        elif do == "offer":
            services.offer_stretch(actor=actor, stretch=stretch)
            messages.success(request, _("It is offered. You are on call until a colleague takes it."))
        elif do == "confirm":
            services.confirm_stretch(actor=actor, stretch=stretch)
            messages.success(request, _("Thank you. Who plans sees that you have said yes."))
        elif do == "withdraw":
            services.withdraw_stretch(actor=actor, stretch=stretch)
            messages.success(request, _("You keep it."))
        elif do == "remove":
            services.remove_stretch(actor=actor, stretch=stretch)
            messages.success(request, _("%(who)s is not on call then any more.") % {"who": name})
        else:
            refuse("scheduling.on-call.remove", actor=actor, target_type="OnCallStretch", target_id=stretch_id)
    except services.NotAllowed:
        refuse("scheduling.on-call.remove", actor=actor, target_type="OnCallStretch", target_id=stretch_id)
    except services.OnCallAlready:
        messages.warning(request, _("You are on call in a part of that time already. Nothing was changed."))
    except services.StretchOver:
        messages.warning(request, _("It is over, or a colleague has taken it. Nothing was changed."))
    return _back(slug)


@require_POST
def add_hours(request: HttpRequest, slug: str) -> HttpResponse:
    """Say when somebody is to be on call."""
    actor = _guard(request, "scheduling.on-call.add-hours")
    if not policies.can_plan_for_all(actor):
        refuse("scheduling.on-call.add-hours", actor=actor)
    form = OnCallHoursForm(request.POST)
    if not form.is_valid():
        return _show(request, actor, hours_form=form, status=422)
    try:
        services.add_on_call_hours(actor=actor, **form.cleaned_data)
    except services.HoursOverlap:
        return _show(request, actor, hours_form=form, overlap=True, status=409)
    messages.success(request, _("The hours are added. Who is missing in them stands above."))
    return _back(slug)


@require_POST
def remove_hours(request: HttpRequest, slug: str, on_call_id: UUID) -> HttpResponse:
    """Say that nobody needs to be on call in these hours any more."""
    actor = _guard(request, "scheduling.on-call.remove-hours")
    hours = selectors.on_call_hours_row(on_call_id)
    if hours is None or not policies.can_plan_for_all(actor):
        refuse("scheduling.on-call.remove-hours", actor=actor, target_type="OnCallHours", target_id=on_call_id)
    services.remove_on_call_hours(actor=actor, hours=hours)
    messages.success(request, _("The hours are removed. Who is planned stays on call."))
    return _back(slug)


def _back(slug: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("scheduling:on-call", args=[slug]))
