"""The waiting list, for the front desk: who waits, for what; offering a time by hand; taking somebody off."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record, refuse
from webside.core import clock
from webside.people.selectors import practitioner
from webside.scheduling import policies, rules, selectors, services
from webside.scheduling.forms import parse_slot
from webside.scheduling.views._sent import in_words
from webside.scheduling.views._times import nearest_groups
from webside.scheduling.views.waits import entry_or_404, wish_words
from webside.ui.kept import Kept, ask_again, forget, kept_for

SHOWN = 40
"""So many free times a page of an offer shows."""


def _guard(request: HttpRequest, action: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_read_waitlist(actor):
        refuse(action, actor=actor)
    return actor


@require_safe
def everybody(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who waits, the longest wait first, with what suits and what is held."""
    actor = _guard(request, "scheduling.waitlist.read")
    record("scheduling.waitlist.read", actor=actor, ground="front desk")
    zone = request.tenant.timezone  # type: ignore[attr-defined]
    rows = [
        {
            "entry": entry,
            "wish": wish_words(entry),
            "offer": selectors.open_offer(entry),
            "offers": len(entry.offers.all()),
        }
        for entry in selectors.waiting_list(actor)
    ]
    return render(request, "scheduling/waitlist.html", {"rows": rows, "zone": zone, "now": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, slug: str, wait_id: UUID) -> HttpResponse:
    """Choose a free time for somebody, whether it suits by what she said or not, and hold it for her."""
    actor = _guard(request, "scheduling.waitlist.offer")
    entry = entry_or_404(request, wait_id, "scheduling.waitlist.offer")
    if request.method == "POST":
        return _offer(request, actor, slug, entry)
    record("scheduling.waitlist.read", actor=actor, target=entry, patient_id=entry.patient_id, ground="front desk")
    kept = kept_for(request)
    slots = selectors.offerable(entry)
    wish, now = selectors.wish_of(entry), clock.now()
    suiting = [each for each in slots if rules.suits(wish, each.start, each.practitioner.id, now)]
    context = {
        "entry": entry,
        "zone": entry.timezone,
        "wish": wish_words(entry),
        "now": now,
        "suiting": nearest_groups(suiting[:SHOWN], entry.timezone),
        "others": nearest_groups([each for each in slots if each not in suiting][:SHOWN], entry.timezone),
        "held": selectors.open_offer(entry),
        "trouble": kept.trouble if kept else "",
        "night": not slots and selectors.is_night(entry),
        "findings": kept.findings if kept else [],
    }
    return render(request, "scheduling/waitlist_offer.html", context)


def _offer(request: HttpRequest, actor: Any, slug: str, entry: Any) -> HttpResponse:
    parsed = parse_slot(request.POST.get("slot", ""))
    who = practitioner(actor, parsed[1]) if parsed else None
    if parsed is None or who is None:
        return ask_again(request, Kept(trouble="none"))
    try:
        made = services.offer_time(actor=actor, entry=entry, practitioner=who, start=parsed[0])
    except services.CannotOffer:
        return ask_again(request, Kept(trouble="night"))
    except services.WrongPlace:
        return ask_again(request, Kept(trouble="held"))
    except services.GatesStop as refusal:
        return ask_again(request, Kept(trouble="gates", findings=in_words(refusal.findings, who=who.display_name)))
    except services.CannotBook:
        return ask_again(request, Kept(trouble="taken"))
    forget(request)
    until = made.until.astimezone(ZoneInfo(request.tenant.timezone))  # type: ignore[attr-defined]
    messages.success(
        request,
        _("The time is held for %(name)s until %(until)s. We have told them.")
        % {"name": entry.patient.full_name, "until": services.short_when_at(until, request.tenant.timezone)},  # type: ignore[attr-defined]
    )
    return HttpResponseRedirect(reverse("scheduling:waitlist", args=[slug]))


@require_POST
def remove(request: HttpRequest, slug: str, wait_id: UUID) -> HttpResponse:
    """Take somebody off the list, with a reason."""
    actor = _guard(request, "scheduling.waitlist.remove")
    entry = entry_or_404(request, wait_id, "scheduling.waitlist.remove")
    try:
        services.remove_from_waitlist(actor=actor, entry=entry, reason=request.POST.get("reason", ""))
    except services.ReasonMissing:
        messages.error(request, _("Say in a few words why. Nobody was taken off the list."))
    except services.WrongPlace:
        messages.info(request, _("This person isn’t on the list any more."))
    else:
        messages.success(request, _("%(name)s is off the list.") % {"name": entry.patient.full_name})
    return HttpResponseRedirect(reverse("scheduling:waitlist", args=[slug]))
