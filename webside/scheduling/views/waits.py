"""The waiting list, from the patient's side: getting on it, her place, what is held for her, leaving.

The link of a message opens the same page. Whatever previews messages opens their links, so opening changes nothing; what
is pressed does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import record, record_guess, refuse
from webside.catalog.codes import Kind
from webside.catalog.policies import is_shown
from webside.core import clock
from webside.core.actor import Actor, ActorKind, Role
from webside.people.codes import Scope
from webside.people.selectors import patient, patient_for
from webside.scheduling import policies, selectors, services
from webside.scheduling.codes import DayPart, OfferStatus, WaitlistStatus
from webside.scheduling.forms import NOTICES, PARTS, VisitorWishForm, WishForm
from webside.scheduling.views._sent import in_words, visitor_of, with_new_key
from webside.scheduling.views._times import time_text
from webside.scheduling.views.booking import consent_asked, danger_in, open_door, service_or_404
from webside.scheduling.views.places import Place, place_of, zone_choices
from webside.ui.kept import Kept, ask_again, forget, kept_for
from webside.ui.when import whole_date

OVER = gettext_lazy("This time isn’t held for you any more. Nothing was booked or changed.")

# ----------------------------------------------------------------------------------------------- getting on the list


@dataclass(frozen=True, slots=True)
class Joining:
    """For what somebody is about to wait. ``patient`` is nobody for a visitor; ``visit`` is one that she would move."""

    service: Any
    place: Place
    patient: Any
    visit: Any
    agree_to: Any
    people: list[Any]

    def form(self, data: Any) -> WishForm:
        """Return the form of who joins, with ``data`` if there are any."""
        today = clock.today(self.place.zone)
        longest = today + timedelta(days=selectors.LONGEST_WAIT_DAYS)
        if self.visit is not None:
            longest = self.visit.start.astimezone(ZoneInfo(self.place.zone)).date()
        people = [(str(one.id), one.display_name) for one in self.people]
        kind = VisitorWishForm if self.patient is None else WishForm
        return kind(data, agree_to=self.agree_to, today=today, longest=longest, people=people, initial={"key": uuid4()})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """Say which times suit and until when; get on the list. ``visit`` is one of hers that she would move."""
    service = service_or_404(request, service_id)
    actor = request.actor  # type: ignore[attr-defined]
    if service.kind == Kind.TELECARE:
        raise Http404
    visit = _visit(request, service)
    person = (
        visit.patient
        if visit is not None
        else person_of(request, "scheduling.waitlist.join") or patient_for(actor, Scope.APPOINTMENTS)
    )
    if actor.on_behalf is not None and (person is None or not is_shown(actor, service)):
        # As with a booking: she puts nobody else on the list meanwhile, least of all herself.
        refuse("scheduling.waitlist.join", actor=actor, target_type="HealthcareService", target_id=service.id)
    back = reverse("scheduling:service-detail", args=[slug, service.id])
    if visit is not None:
        back = reverse("scheduling:appointment-detail", args=[slug, visit.id])
    if actor.is_staff and not actor.has(Role.COORDINATOR):
        return render(request, "scheduling/book_staff.html", {"service": service, "back_url": back})
    today = clock.now().date()
    place = _place(request, person)
    if visit is not None:
        place = Place(selectors.state(visit.patient_state, today), visit.patient_timezone)
    context: dict[str, Any] = {
        "service": service,
        "visit": visit,
        "patient": person,
        "chosen": person if policies.can_read_waitlist(actor) and visit is None else None,
        "back_url": back,
        "place": place,
        "states": selectors.states(today),
        "path": request.path,
        "ask_url": f"{request.path}?place=ask",
        "needs_licence": service.kind == Kind.TELEMEDICINE,
    }
    if not place.known:
        zones = zone_choices(place.state) if place.state else []
        return render(request, "scheduling/waitlist_join.html", context | {"zones": zones})
    scope, text = consent_asked(request, service, person)
    if scope and text is None:
        return render(request, "scheduling/waitlist_join.html", context | {"no_consent_text": True}, status=409)
    offers = selectors.offers(service=service, state=place.state.code, at=clock.now())  # type: ignore[union-attr]
    joining = Joining(service, place, person, visit, text, [each.practitioner for each in offers if each.allowed])
    if request.method == "POST":
        return _join(request, joining)
    kept = kept_for(request)
    trouble = {"trouble": kept.trouble, "findings": kept.findings} if kept else {}
    context |= {"form": joining.form(kept.data if kept else None), "consent_text": text, "may": bool(joining.people)}
    return render(request, "scheduling/waitlist_join.html", context | trouble)


def _visit(request: HttpRequest, service: Any) -> Any:
    """Return the visit that she would move to an earlier time, if one is named; one that isn't hers isn't there."""
    given = request.POST.get("visit") or request.GET.get("visit") or ""
    if not given:
        return None
    actor = request.actor  # type: ignore[attr-defined]
    try:
        found = selectors.appointment(actor, UUID(given))
    except ValueError:
        found = None
    if found is None or found.service_id != service.id or not policies.can_change_appointment(actor, found):
        refuse("scheduling.waitlist.join", actor=actor, target_type="HealthcareService", target_id=service.id)
    if not selectors.can_still_change(found):
        return None
    note_look(request, found.patient)
    return found


def _place(request: HttpRequest, person: Any) -> Place:
    """Return where she will be: what was said, or what stands in the record of whom the front desk chose."""
    given = request.GET if request.method == "GET" else request.POST
    state = selectors.state(person.state, clock.now().date()) if person is not None else None
    if given.get("patient") and not given.get("state") and state is not None and person.timezone in state.zones:
        return Place(state, person.timezone)
    return place_of(request)


def person_of(request: HttpRequest, action: str) -> Any:
    """Return for whom the front desk does it; who has no account, and nobody looked up, is registered with the form."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    given = request.POST.get("patient") or request.GET.get("patient") or ""
    if not given or not policies.can_read_waitlist(actor):
        return None
    try:
        found = patient(actor, UUID(given))
    except ValueError:
        found = None
    if found is None:
        refuse(action, actor=actor)
    note_look(request, found)
    return found


def note_look(request: HttpRequest, person: Any) -> None:
    """Note that the front desk was shown whose page this is."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if request.method != "POST" and policies.can_read_waitlist(actor):
        record("people.patient.read", actor=actor, target=person, patient_id=person.id, ground="front desk")


def _join(request: HttpRequest, joining: Joining) -> HttpResponse:
    """Get on the list, or lead back to the form with what was typed and what stood in the way."""
    form = joining.form(request.POST)
    danger = [] if request.POST.get("read") == "1" else danger_in(request.POST.get("reason_text", ""))
    if danger:  # said even to who has left a field empty
        return _ask_again(request, joining, form, trouble="danger", findings=danger)
    if not form.is_valid():
        return _ask_again(request, joining, form)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    slug = request.tenant.slug  # type: ignore[attr-defined]
    try:
        entry = _joined(actor, joining, form)
    except services.WaitsAlready as held:
        entry = held.entry
        messages.info(request, _("You are on this list already. This is your place."))
    except services.NobodyMay:
        return _ask_again(request, joining, form, trouble="nobody")
    except services.GatesStop as refusal:
        return _ask_again(request, joining, form, trouble="gates", findings=in_words(refusal.findings))
    except services.KeyReused:
        return _ask_again(request, joining, joining.form(with_new_key(request)), trouble="again")
    forget(request)
    if policies.can_read_waitlist(actor):
        messages.success(request, _("%(name)s is on the waiting list.") % {"name": entry.patient.full_name})
        return HttpResponseRedirect(reverse("scheduling:waitlist", args=[slug]))
    if actor.kind is ActorKind.PERSON and joining.patient is not None:
        return HttpResponseRedirect(reverse("scheduling:waitlist-entry", args=[slug, entry.id]))
    # Without an account her place is opened by a link, as it is from the e-mail.
    token = services.issue_waitlist_link(entry=entry)
    return HttpResponseRedirect(reverse("scheduling:waitlist-open", args=[slug, token]))


def _joined(actor: Actor, joining: Joining, form: WishForm) -> Any:
    given = form.cleaned_data
    wanted = next((each for each in joining.people if str(each.id) == given["practitioner"]), None)
    details: dict[str, Any] = {
        "actor": actor,
        "service": joining.service,
        "state": joining.place.state.code,  # type: ignore[union-attr]
        "timezone": joining.place.zone,
        "practitioner": wanted,
        "weekdays": given["weekdays"],
        "day_parts": [DayPart(part) for part in given["day_parts"]],
        "notice_hours": given["notice_hours"],
        "until": given["until"],
        "reason_text": given["reason_text"],
        "idempotency_key": given["key"].hex,
        **form.agreed,
    }
    if joining.patient is not None:
        return services.join_waitlist(patient=joining.patient, appointment=joining.visit, **details)
    return services.join_waitlist_as_visitor(details=visitor_of(actor, given), **details)


def _ask_again(request: HttpRequest, joining: Joining, form: Any, **stood_in_the_way: Any) -> HttpResponse:
    visit = str(joining.visit.id) if joining.visit is not None else ""
    more = {"visit": visit, "patient": str(request.POST.get("patient", ""))}
    return ask_again(request, Kept.of(form, **stood_in_the_way), joining.place.query(**more))


# ------------------------------------------------------------------------------------------------ her place


def wish_words(entry: Any) -> list[tuple[str, str]]:
    """Return what suits somebody who waits, as names with their values."""
    days = [str(WEEKDAYS[day]) for day in entry.weekdays]
    parts = [str(PARTS[DayPart(part)]) for part in entry.day_parts]
    had = selectors.earlier_visit(entry)
    earlier = [(_("Earlier than"), _moment_words(had, entry.timezone))] if had else []
    return [
        (_("Who"), entry.practitioner.display_name if entry.practitioner else _("Anyone who is free first")),
        (_("Days"), ", ".join(days) or _("Any day")),
        (_("Time of the day"), ", ".join(parts) or _("Any time")),
        (_("Notice"), str(NOTICES[entry.notice_hours])),
        *earlier,
        (_("We look until"), whole_date(entry.until)),
    ]


def _moment_words(moment: Any, zone: str) -> str:
    return f"{whole_date(moment.astimezone(ZoneInfo(zone)).date())}, {time_text(moment, zone)}"


def entry_or_404(request: HttpRequest, wait_id: UUID, action: str) -> Any:
    """Return a place on the list that the actor may see; anything else looks as if it weren't there."""
    actor = request.actor  # type: ignore[attr-defined]
    entry = selectors.waitlist_entry(actor, wait_id)
    if entry is None:
        refuse(action, actor=actor, target_type="WaitlistEntry", target_id=wait_id)
    return entry


@never_cache
@require_safe
def place(request: HttpRequest, slug: str, wait_id: UUID) -> HttpResponse:
    """Show her place: for what she waits, what is held for her now, how she leaves."""
    entry = entry_or_404(request, wait_id, "scheduling.waitlist.read")
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.waits_for_time(actor, entry):
        return HttpResponseRedirect(reverse("scheduling:waitlist", args=[slug]))
    record("scheduling.waitlist.read", actor=actor, target=entry, patient_id=entry.patient_id,
           ground="own place on the list")  # fmt: skip
    answer_url = reverse("scheduling:waitlist-answer", args=[slug, entry.id])
    entry.tenant = request.tenant  # type: ignore[attr-defined] # at hand: it isn't read again
    return render(request, "scheduling/waitlist_place.html", place_context(entry, answer_url))


def place_context(entry: Any, answer_url: str) -> dict[str, Any]:
    """Return what the page of somebody's place says."""
    offer = selectors.open_offer(entry)
    latest = next(iter(entry.offers.all()), None)
    zone = entry.timezone
    context = {
        "entry": entry,
        "service": entry.service,
        "zone": zone,
        "status": entry.status,
        "waiting": entry.status == WaitlistStatus.WAITING,
        "wish": wish_words(entry),
        "offer": offer,
        "missed": latest if offer is None else None,
        "had": selectors.earlier_visit(entry) is not None,
        "answer_url": answer_url,
    }
    if entry.status == WaitlistStatus.WAITING and offer is None:
        context["texts_wait"] = selectors.held_texts_wait(entry)
    if offer is not None:
        context |= {"start_text": time_text(offer.start, zone), "until_text": time_text(offer.until, zone)}
    return context


@require_POST
def answer(request: HttpRequest, slug: str, wait_id: UUID) -> HttpResponse:
    """Take or decline what is held for her, or leave the list (``do``); the front desk does so for her on the phone."""
    entry = entry_or_404(request, wait_id, "scheduling.waitlist.accept")
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_change_wait(actor, entry):
        refuse("scheduling.waitlist.accept", actor=actor, target_type="WaitlistEntry", target_id=wait_id)
    own = policies.waits_for_time(actor, entry)
    here = "scheduling:waitlist-entry" if own else "scheduling:waitlist"
    back = reverse(here, args=[slug, entry.id] if own else [slug])
    taken = _do(request, actor, entry)
    if taken is None:
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, taken.id]))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Show somebody's place, and do what is pressed there, by the link of a message. Opening it changes nothing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    link = selectors.waitlist_link_by_hash(services.token_hash(token))
    if link is None or link.expires_at <= clock.now():
        if link is None:
            record_guess("scheduling.waitlist.guess", actor=actor)
        status = 404 if link is None else 410
        return render(request, "scheduling/waitlist_stopped.html", {"known": link is not None}, status=status)
    holder = Actor(kind=ActorKind.LINK, label=_("Link of a message"), tenant_id=actor.tenant_id,
                   roles=frozenset({Role.PATIENT}), subject_id=link.entry_id)  # fmt: skip
    entry = selectors.waitlist_entry(holder, link.entry_id)
    if entry is None:
        raise Http404
    if actor.kind is ActorKind.PERSON and not policies.waits_for_time(actor, entry):
        if policies.can_read_waitlist(actor):
            return HttpResponseRedirect(reverse("scheduling:waitlist", args=[slug]))
        return render(request, "scheduling/link_signed_in.html", {"path": request.path}, status=403)
    who = actor if actor.kind is ActorKind.PERSON else holder
    if request.method != "POST":
        entry.tenant = request.tenant  # type: ignore[attr-defined] # as above
        return render(request, "scheduling/waitlist_place.html", place_context(entry, request.path) | {"by_link": True})
    services.open_waitlist_link(actor=who, link=link, entry=entry)
    before = {str(each.id) for each in entry.offers.all() if each.status == OfferStatus.ACCEPTED}
    taken = _do(request, who, entry)
    if taken is None:
        return HttpResponseRedirect(request.path)
    came = actor.kind is ActorKind.LINK and actor.subject_id == taken.id  # this browser has the visit open already
    if who.kind is ActorKind.LINK and not came:
        if request.POST.get("offer") in before:
            # The visit has links of its own, which end where it moves or is cancelled. This one doesn't, and opens it once.
            messages.info(request, _("You have taken this time. Your link to the visit is in our e-mail."))
            return HttpResponseRedirect(request.path)
        open_door(request, taken)
    return HttpResponseRedirect(reverse("scheduling:appointment-detail", args=[slug, taken.id]))


def _do(request: HttpRequest, actor: Actor, entry: Any) -> Any:
    """Do what was pressed and say so; return the visit that came of it, if one did."""
    what = request.POST.get("do", "")
    if what == "leave":
        try:
            services.leave_waitlist(actor=actor, entry=entry)
        except services.WrongPlace:
            messages.info(request, _("You are not on this list any more."))
        else:
            messages.success(request, _("You have left the waiting list."))
        return None
    offer = next((each for each in entry.offers.all() if str(each.id) == request.POST.get("offer")), None)
    if offer is None:
        messages.warning(request, OVER)
        return None
    try:
        if what == "accept":
            return _accept(request, actor, offer)
        if what == "decline":
            services.decline_offer(actor=actor, offer=offer)
            messages.success(request, _("The time goes to the next one. You stay on the list."))
    except services.OfferOver:
        messages.warning(request, OVER)
    return None


def _accept(request: HttpRequest, actor: Actor, offer: Any) -> Any:
    """Take what is held; say plainly where that can't be any more, and give the time free."""
    try:
        taken = services.accept_offer(actor=actor, offer=offer)
    except services.PatientBusy:
        messages.warning(
            request, _("You have another visit at this time. Move or cancel it first, then take this one.")
        )
        return None
    except services.GatesStop as refusal:
        why = " ".join(told["text"] for told in in_words(refusal.findings))
        services.withdraw_offer(actor=actor, offer=offer, reason="the gates say no")
        messages.warning(request, _("This time can’t be booked any more: %(why)s You stay on the list.") % {"why": why})
        return None
    except (services.CannotBook, services.WrongStatus):
        services.withdraw_offer(actor=actor, offer=offer, reason="it can be booked no more")
        messages.warning(request, _("This time can’t be booked any more. You stay on the list, and we look on."))
        return None
    messages.success(request, _("The time is yours. We are sending you an e-mail with your link."))
    return taken
