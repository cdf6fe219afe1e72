"""The line from the other side: who gives care calls the next one; the front desk orders, assigns, calls back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webside.audit.services import record, refuse
from webside.core import clock
from webside.core.actor import Actor, Role
from webside.people.selectors import practitioner as practitioner_by_id
from webside.people.selectors import practitioner_of
from webside.scheduling import policies, registry, selectors, services
from webside.scheduling.codes import CallOutcome, QueueStatus, Urgency
from webside.scheduling.rules import Before
from webside.scheduling.views._sent import in_words
from webside.scheduling.views.queue import entry_or_404
from webside.ui.when import clock_time, local

DUTY_HOURS = (1, 2, 4, 8)
URGENCY_WORDS: dict[str, tuple[str, Promise]] = {
    Urgency.URGENT: ("danger", gettext_lazy("Urgent")),
    Urgency.SOON: ("warning", gettext_lazy("Soon")),
    Urgency.ROUTINE: ("muted", gettext_lazy("Routine")),
}
WHY_BEFORE: dict[Before, Promise] = {
    Before.URGENCY: gettext_lazy("After %(name)s, who is more urgent."),
    Before.LONGER: gettext_lazy("After %(name)s, who has waited longer."),
    Before.LONGER_ALL_THE_SAME: gettext_lazy("After %(name)s, who is less urgent but has waited much longer."),
    Before.SAME_MOMENT: gettext_lazy("After %(name)s, who joined just before."),
}


def why_text(before: tuple[Any, Before] | None) -> str:
    """Return why somebody is after who is just before her; for who is first, that she is."""
    if before is None:
        return _("Next.")
    entry, why = before
    return str(WHY_BEFORE[why]) % {"name": entry.patient.full_name}


def _practitioner(request: HttpRequest, action: str) -> Any:
    """Return whom the actor is who takes people from the line; anybody else is refused."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = practitioner_of(actor) if actor.has(Role.CLINICIAN, Role.COACH) else None
    if found is None:
        refuse(action, actor=actor)
    return found


@never_cache
@require_safe
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who waits whom one may see, who is next first, and the switch that says whether one takes people.

    ``?part=list`` gives the fragment that follows what changes.
    """
    who = _practitioner(request, "scheduling.queue.read")
    actor = request.actor  # type: ignore[attr-defined]
    line = selectors.line()
    duty_ = next((duty for duty in line.duties if duty.practitioner_id == who.id), None)
    waiting = line.waiting_for(who)
    held = line.claim_of(who.id)
    unanswered = [each for each in line.with_status(QueueStatus.UNANSWERED) if each.practitioner_id == who.id]
    appointment = selectors.appointment_of(held) if held else None
    context = {
        "who": who,
        "zone": who.timezone or request.tenant.timezone,  # type: ignore[attr-defined]
        "now": line.now,
        "live_topic": f"queue:{request.tenant.id}",  # type: ignore[attr-defined]
        "gives": duty_ is not None or bool(selectors.on_demand_services_of(who)),
        "duty": duty_,
        "hours": DUTY_HOURS,
        "rows": [_row(line, entry, who) for entry in waiting],
        "held": held,
        "room_url": registry.room_of(appointment) if appointment else "",
        "begun": appointment is not None and registry.is_under_way(appointment),
        "colleagues": [each for each in line.who_may_see(held) if each.id != who.id] if held else [],
        "unanswered": unanswered,
        "others": len(line.waiting) - len(waiting),
    }
    if request.GET.get("part") == "list":
        return render(request, "scheduling/_queue_list.html", context)
    record("scheduling.queue.read", actor=actor, ground="whom they may see", changes={"waiting": len(waiting)})
    return render(request, "scheduling/queue_mine.html", context)


def _row(line: selectors.Line, entry: Any, who: Any) -> dict[str, Any]:
    tone, word = URGENCY_WORDS[entry.urgency]
    return {
        "entry": entry,
        "waited": minutes_between(entry.joined_at, line.now),
        "tone": tone,
        "urgency": word,
        "asked_for": entry.asked_for_id == who.id,
        "why": why_text(line.why_after(entry.id)),
    }


def minutes_between(since: Any, until: Any) -> int:
    """Return whole minutes."""
    return int((until - since) / timedelta(minutes=1))


# ------------------------------------------------------------------------------------------------- on duty


@require_POST
def duty(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch on or off whether one takes people from the line."""
    who = _practitioner(request, "scheduling.duty.start")
    actor = request.actor  # type: ignore[attr-defined]
    if request.POST.get("on") == "1":
        hours = request.POST.get("hours", "")
        until = clock.now() + timedelta(hours=int(hours)) if hours in map(str, DUTY_HOURS) else None
        try:
            services.go_on_duty(actor=actor, practitioner=who, until=until)
        except services.NotOnDuty:
            messages.warning(request, _("You give no service that people wait in line for."))
        else:
            messages.success(request, _("You take people from the line now."))
    else:
        alone = services.go_off_duty(actor=actor, practitioner=who)
        messages.success(request, _("You take no more people."))
        if alone:
            messages.warning(
                request,
                ngettext(
                    "%d person waits whom nobody else on duty may see. We tell them now.",
                    "%d people wait whom nobody else on duty may see. We tell them now.",
                    alone,
                )
                % alone,
            )
    return HttpResponseRedirect(_back(request, slug))


@never_cache
@require_safe
def beat(request: HttpRequest, slug: str) -> HttpResponse:
    """Note that a page of who is on duty is open.

    Fetched, not sent: what a page does by itself mustn't count as a use of the sign-in, which ends when nobody is there.
    """
    who = _practitioner(request, "scheduling.duty.start")
    on_duty = services.keep_on_duty(actor=request.actor, practitioner=who)  # type: ignore[attr-defined]
    return HttpResponse(status=204 if on_duty else 200)


def _back(request: HttpRequest, slug: str) -> str:
    """Return the page on which something was pressed: one's own list, the day, or the board."""
    pages = {"day": "portal:home", "board": "portal:queue-board"}
    actor: Actor = request.actor  # type: ignore[attr-defined]
    usual = "board" if policies.can_read_line(actor) and not actor.has(Role.CLINICIAN, Role.COACH) else ""
    name = pages.get(request.POST.get("from", "") or usual, "scheduling:queue")
    return reverse(name, args=[slug])


# ------------------------------------------------------------------------------------------------- calling


@require_POST
def see_next(request: HttpRequest, slug: str) -> HttpResponse:
    """Call who is next, and go to the room."""
    who = _practitioner(request, "scheduling.queue.claim")

    def call() -> services.Called:
        return services.call_next(actor=request.actor, practitioner=who)  # type: ignore[attr-defined]

    return _called(request, slug, who, call)


@require_POST
def take(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Call another one, with a reason."""
    who = _practitioner(request, "scheduling.queue.claim")
    line = selectors.line()
    seen = {each.id: each for each in line.waiting_for(who)}
    held = line.claim_of(who.id)
    entry = seen.get(entry_id) or (held if held is not None and held.id == entry_id else None)
    if entry is None:
        refuse("scheduling.queue.claim", actor=request.actor, target_type="QueueEntry", target_id=entry_id)  # type: ignore[attr-defined]

    def call() -> services.Called:
        return services.call_entry(
            actor=request.actor, practitioner=who, entry=entry, reason=request.POST.get("reason", "")  # type: ignore[attr-defined]
        )  # fmt: skip

    return _called(request, slug, who, call)


def _called(request: HttpRequest, slug: str, who: Any, call: Callable[[], services.Called]) -> HttpResponse:
    try:
        found = call()
    except services.WithSomebody as busy:
        messages.warning(request, _("You are still with %(name)s.") % {"name": busy.entry.patient.full_name})
    except services.NoTime as soon:
        zone = who.timezone or request.tenant.timezone  # type: ignore[attr-defined]
        at = clock_time(local(soon.start, zone))
        messages.warning(
            request, _("Your booked visit at %(time)s leaves too little time for another one.") % {"time": at}
        )
    except (services.NotOnDuty, services.ReasonMissing, services.NobodyMay, services.WrongPlace) as trouble:
        messages.warning(request, str(_TROUBLES[type(trouble)]))
    except services.CannotBook as refusal:
        messages.warning(request, _refusal(refusal))
    else:
        for entry, why in found.passed_over:
            messages.warning(
                request,
                _("%(name)s keeps the place, and can’t be seen now: %(why)s")
                % {"name": entry.patient.full_name, "why": _refusal(why)},
            )
        if found.entry is None:
            messages.info(request, _("Nobody waits for you now."))
        else:
            room = registry.room_of(found.appointment) if found.appointment else ""
            return HttpResponseRedirect(room or reverse("scheduling:queue", args=[slug]))
    return HttpResponseRedirect(_back(request, slug))


_TROUBLES: dict[type[Exception], Promise] = {
    services.NotOnDuty: gettext_lazy("Switch on first that you take people from the line."),
    services.ReasonMissing: gettext_lazy("Say why in a few words. Nothing was changed."),
    services.NobodyMay: gettext_lazy("They may not see her where she is now, or are not on duty. Nothing was changed."),
    services.WrongPlace: gettext_lazy("Somebody was faster, or it is over. Nothing was changed."),
    services.QueueShut: gettext_lazy("The line is closed, and nobody is here who may see her. Nothing was changed."),
}


def _refusal(refusal: services.CannotBook) -> str:
    if isinstance(refusal, services.PatientBusy):
        return _("The patient has another visit about now.")
    findings = getattr(refusal, "findings", [])
    return " ".join(told["text"] for told in in_words(findings)) or _("The time is taken.")


# ------------------------------------------------------------------------------------------------ letting go


def _done(request: HttpRequest, slug: str, do: Callable[[], object], said: str) -> HttpResponse:
    """Do something with a place and say so, or what stood in the way; then back to where it was pressed."""
    try:
        do()
    except services.WithSomebody:
        messages.warning(request, _("They are with somebody. Nothing was changed."))
    except services.NoTime:
        messages.warning(request, _("Their next booked visit begins too soon. Nothing was changed."))
    except tuple(_TROUBLES) as trouble:
        messages.warning(request, str(_TROUBLES[type(trouble)]))
    except services.CannotBook as refusal:
        messages.warning(request, _refusal(refusal))
    else:
        messages.success(request, said)
    return HttpResponseRedirect(_back(request, slug))


def _entry(request: HttpRequest, entry_id: UUID, action: str, may: Callable[[Actor, Any], bool]) -> Any:
    entry = entry_or_404(request, entry_id, action)
    if not may(request.actor, entry):  # type: ignore[attr-defined]
        refuse(action, actor=request.actor, target_type="QueueEntry", target_id=entry_id)  # type: ignore[attr-defined]
    return entry


@require_POST
def let_go(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Put somebody back in line at her place, or note that she did not come; with a reason."""
    entry = _entry(request, entry_id, "scheduling.queue.release", policies.can_let_go)
    actor, reason = request.actor, request.POST.get("reason", "")  # type: ignore[attr-defined]
    if request.POST.get("outcome") == "noshow":
        said = _("Noted that %(name)s did not come.") % {"name": entry.patient.full_name}
        return _done(request, slug, lambda: services.mark_absent(actor=actor, entry=entry, reason=reason), said)
    said = _("%(name)s is back in line, at the same place.") % {"name": entry.patient.full_name}
    return _done(request, slug, lambda: services.release_entry(actor=actor, entry=entry, reason=reason), said)


@require_POST
def hand_over(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """Give somebody who was called to a colleague."""
    entry = _entry(request, entry_id, "scheduling.queue.hand-over", policies.can_let_go)
    actor, to = request.actor, _chosen(request)  # type: ignore[attr-defined]

    def do() -> object:
        if to is None:
            raise services.NobodyMay
        return services.hand_over_entry(actor=actor, entry=entry, to=to, reason=request.POST.get("reason", ""))

    said = _("%(name)s is with %(colleague)s now.") % {
        "name": entry.patient.full_name,
        "colleague": to.display_name if to else "",
    }
    return _done(request, slug, do, said)


def _chosen(request: HttpRequest) -> Any:
    try:
        return practitioner_by_id(request.actor, UUID(request.POST.get("to", "")))  # type: ignore[attr-defined]
    except ValueError:
        return None


# ---------------------------------------------------------------------------------------------- the front desk


@require_POST
def order(request: HttpRequest, slug: str, entry_id: UUID) -> HttpResponse:
    """What the front desk does with a place, with a reason: how urgent, for whom, called back, taken out."""
    entry = _entry(request, entry_id, "scheduling.queue.order", lambda actor, _entry: policies.can_order_line(actor))
    actor, given = request.actor, request.POST  # type: ignore[attr-defined]
    reason, name = given.get("reason", ""), entry.patient.full_name
    what = given.get("what", "")
    if what == "urgency" and given.get("urgency") in list(Urgency):
        urgency = Urgency(given["urgency"])
        said = _("Noted how urgent %(name)s is.") % {"name": name}
        return _done(
            request, slug, lambda: services.set_urgency(actor=actor, entry=entry, urgency=urgency, reason=reason), said
        )
    if what == "assign":
        to = _chosen(request)
        said = (
            _("%(name)s waits for %(who)s.") % {"name": name, "who": to}
            if to
            else _("Anybody may see %(name)s.") % {"name": name}
        )
        return _done(
            request, slug, lambda: services.assign_entry(actor=actor, entry=entry, practitioner=to, reason=reason), said
        )
    if what == "call-back":
        said = _("%(name)s is called instead.") % {"name": name}
        return _done(
            request, slug, lambda: services.ask_call_back(actor=actor, entry=entry, phone="", why=reason), said
        )
    if what == "return":
        said = _("%(name)s is back in line, at the same place.") % {"name": name}
        return _done(request, slug, lambda: services.return_to_queue(actor=actor, entry=entry), said)
    if what == "remove":
        said = _("%(name)s is taken out of the line and reads why.") % {"name": name}
        return _done(request, slug, lambda: services.remove_entry(actor=actor, entry=entry, reason=reason), said)
    messages.warning(request, _("Choose what should be done. Nothing was changed."))
    return HttpResponseRedirect(_back(request, slug))


@require_POST
def note_call(request: HttpRequest, slug: str, call_back_id: UUID) -> HttpResponse:
    """Note what became of a call."""
    actor = request.actor  # type: ignore[attr-defined]
    task = selectors.call_back(actor, call_back_id)
    if task is None:
        refuse("scheduling.queue.note-call", actor=actor, target_type="CallBack", target_id=call_back_id)
    asked = request.POST.get("outcome", "")
    outcomes = (CallOutcome.REACHED, CallOutcome.NOT_REACHED, CallOutcome.CLOSED)
    if asked not in outcomes:
        messages.warning(request, _("Choose what became of the call. Nothing was changed."))
        return HttpResponseRedirect(_back(request, slug))
    said = _("Noted what became of the call to %(name)s.") % {"name": task.entry.patient.full_name}
    words = request.POST.get("reason", "")
    return _done(
        request, slug,
        lambda: services.note_call(actor=actor, task=task, outcome=CallOutcome(asked), words=words), said,
    )  # fmt: skip
